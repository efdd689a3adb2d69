"""Checks the documents that the Terraform module renders, which neither Terraform nor its provider looks into: Batch's
container, the enqueuer's container and the schedules' input against AWS's own model, policies against AWS's list of actions.

    terraform test -json -verbose | check_terraform_documents.py OPERATOR_SHELL

Prints what is wrong, and ends with 1 if anything is. Writes the operators' shell to the file OPERATOR_SHELL."""

import json
import sys

import parliament
from check_aws_bodies import problems

# Findings that say nothing here: some actions know no resource; parliament's list of ARNs is older than AWS's.
NO_FINDING = {"RESOURCE_STAR", "RESOURCE_MISMATCH"}

POLICIES_OF_RESOURCES = {
    "aws_kms_key": "policy",
    "aws_s3_bucket_policy": "policy",
    "aws_sns_topic_policy": "policy",
    "aws_sqs_queue_policy": "policy",
    "aws_iam_role": "assume_role_policy",
}


def request(service, operation, body):
    yield from problems({"service": service, "operation": operation, "direction": "request", "body": body})


def job_definition(it):
    def rule(block):
        names = {"action": "action", "on_exit_code": "onExitCode", "on_reason": "onReason", "on_status_reason": "onStatusReason"}
        return {names[name]: value for name, value in block.items() if value}

    strategy = it["retry_strategy"][0]
    container = json.loads(it["container_properties"])
    yield from request("batch", "RegisterJobDefinition", {
        "jobDefinitionName": it["name"],
        "type": it["type"],
        "platformCapabilities": it["platform_capabilities"],
        "propagateTags": it["propagate_tags"],
        "timeout": {"attemptDurationSeconds": it["timeout"][0]["attempt_duration_seconds"]},
        "retryStrategy": {"attempts": strategy["attempts"], "evaluateOnExit": [rule(block) for block in strategy["evaluate_on_exit"]]},
        "containerProperties": container,
    })
    for name in {"vcpus", "memory", "privileged", "instanceType", "ulimits"} & container.keys():
        yield f"containerProperties: Fargate refuses {name}"


def task_definition(it):
    yield from request("ecs", "RegisterTaskDefinition", {
        "family": it["family"],
        "cpu": it["cpu"],
        "memory": it["memory"],
        "requiresCompatibilities": it["requires_compatibilities"],
        "containerDefinitions": json.loads(it["container_definitions"]),
    })


def schedule(it):
    yield from request("ecs", "RunTask", {"taskDefinition": "enqueuer", "overrides": json.loads(it["target"][0]["input"])})


def policy_of_identity(it):
    for finding in parliament.analyze_policy_string(it["policy"]).findings:
        if finding.issue not in NO_FINDING:
            yield f"{finding.issue} {finding.detail}"
    yield from statements(it["policy"])


def statements(text):
    """What every policy has, whoever reads it: a sid says what a statement is for."""
    sids = [statement.get("Sid") for statement in json.loads(text)["Statement"]]
    if None in sids or len(set(sids)) < len(sids):
        yield f"a statement has no sid of its own: {sids}"


CHECKS = {
    "aws_batch_job_definition": job_definition,
    "aws_ecs_task_definition": task_definition,
    "aws_scheduler_schedule": schedule,
    "aws_iam_policy": policy_of_identity,
    "aws_iam_role_policy": policy_of_identity,
    **{kind: lambda it, name=name: statements(it[name]) for kind, name in POLICIES_OF_RESOURCES.items()},
}


def main():
    seen, found, shell = set(), set(), None
    for line in sys.stdin:
        event = json.loads(line)
        state = event.get("test_state", {})
        for resource in state.get("root_module", {}).get("resources", []):
            check = CHECKS.get(resource["type"])
            if check is None or resource["mode"] != "managed":
                continue
            seen.add(resource["type"])
            found.update(f"{event['@testrun']}: {resource['address']}: {problem}" for problem in check(resource["values"]))
        if shell is None and "operator_shell" in state.get("outputs", {}):
            shell = state["outputs"]["operator_shell"]["value"]
    # A check that has seen nothing has checked nothing.
    found.update(f"no {kind} was rendered: did the tests run?" for kind in CHECKS.keys() - seen)
    if shell is None:
        found.add("there is no output operator_shell")
    else:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            file.write(shell)
    for problem in sorted(found):
        print(problem)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()

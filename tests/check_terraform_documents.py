"""Checks the documents that the Terraform module renders, which neither Terraform nor its provider looks into: Batch's
container, the tasks' definitions and the schedules' input against AWS's own model, policies against AWS's list of actions,
descriptions of security groups against what EC2 takes.

    terraform test -json -verbose | check_terraform_documents.py OPERATOR_SHELL

Prints what is wrong, and ends with 1 if anything is. Writes the operators' shell to the file OPERATOR_SHELL."""

import fnmatch
import functools
import json
import re
import sys

import parliament
from check_aws_bodies import FARGATE, problems

# Findings that say nothing here: some actions know no resource; parliament's list of ARNs is older than AWS's.
NO_FINDING = {"RESOURCE_STAR", "RESOURCE_MISMATCH"}

# Actions that AWS has and parliament's list does not yet: https://docs.aws.amazon.com/service-authorization/latest/reference/list_batch.html
NEWER_THAN_THE_LIST = {"batch:DescribeConsumableResource", "batch:ListJobsByConsumableResource"}

# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html and API_IpRange.html: no apostrophe.
DESCRIPTION_OF_GROUP = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{1,255}")
GROUPS_AND_RULES = ("aws_security_group", "aws_vpc_security_group_ingress_rule", "aws_vpc_security_group_egress_rule")

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
    containers = json.loads(it["container_definitions"])
    platform, volumes = it["runtime_platform"][0], [volume["name"] for volume in it["volume"]]
    disk = it["ephemeral_storage"]
    yield from request("ecs", "RegisterTaskDefinition", {
        "family": it["family"],
        "cpu": it["cpu"],
        "memory": it["memory"],
        "networkMode": it["network_mode"],
        "requiresCompatibilities": it["requires_compatibilities"],
        "runtimePlatform": {"operatingSystemFamily": platform["operating_system_family"], "cpuArchitecture": platform["cpu_architecture"]},
        "volumes": [{"name": name} for name in volumes],
        "containerDefinitions": containers,
        **({"ephemeralStorage": {"sizeInGiB": disk[0]["size_in_gib"]}} if disk else {}),
    })
    if it["network_mode"] != "awsvpc":
        yield f"networkMode: Fargate has awsvpc only, not {it['network_mode']}"
    cpu, memory = int(it["cpu"]) / 1024, int(it["memory"])
    if memory not in FARGATE.get(cpu, []):
        yield f"Fargate has no {cpu:g} vCPU with {memory} MiB"
    for container in containers:
        for mount in container["mountPoints"]:
            if mount["sourceVolume"] not in volumes:
                yield f"{container['name']} mounts {mount['sourceVolume']}, which is no volume of the task"
        # Docker refuses the buffer of the one in the other.
        options = container["logConfiguration"]["options"]
        if options["mode"] == "blocking" and "max-buffer-size" in options:
            yield f"{container['name']}: a log that blocks takes no max-buffer-size"


def schedule(it):
    yield from request("ecs", "RunTask", {"taskDefinition": "enqueuer", "overrides": json.loads(it["target"][0]["input"])})


def policy_of_identity(it):
    for finding in parliament.analyze_policy_string(it["policy"]).findings:
        is_newer = finding.issue == "UNKNOWN_ACTION" and finding.detail.split()[-1] in NEWER_THAN_THE_LIST
        if finding.issue not in NO_FINDING and not is_newer:
            yield f"{finding.issue} {finding.detail}"
    yield from statements(it["policy"])


def statements(text):
    """What every policy has, whoever reads it: a sid says what a statement is for."""
    sids = [statement.get("Sid") for statement in json.loads(text)["Statement"]]
    if None in sids or len(set(sids)) < len(sids):
        yield f"a statement has no sid of its own: {sids}"


def actions_of_aws():
    return {f"{service['prefix']}:{privilege['privilege']}".lower() for service in parliament.iam_definition for privilege in service["privileges"]}


ACTIONS = actions_of_aws()


@functools.cache
def is_known(action):
    return bool(fnmatch.filter(ACTIONS, action.lower()))


def policy_of_resource(text):
    """parliament reads policies of identities only; of the others it is the list of actions that says what AWS knows."""
    yield from statements(text)
    for statement in json.loads(text)["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            if not is_known(action):
                yield f"{statement.get('Sid')}: AWS has no action {action}"


def group_or_rule(it):
    if not DESCRIPTION_OF_GROUP.fullmatch(it["description"]):
        yield f"EC2 refuses the description {it['description']!r}"


CHECKS = {
    "aws_batch_job_definition": job_definition,
    "aws_ecs_task_definition": task_definition,
    "aws_scheduler_schedule": schedule,
    "aws_iam_policy": policy_of_identity,
    "aws_iam_role_policy": policy_of_identity,
    **{kind: lambda it, name=name: policy_of_resource(it[name]) for kind, name in POLICIES_OF_RESOURCES.items()},
    **{kind: group_or_rule for kind in GROUPS_AND_RULES},
}


def main():
    seen, found, shell = set(), set(), None

    def look(event, resource, values):
        check = CHECKS.get(resource["type"])
        if check is None or resource["mode"] != "managed":
            return
        seen.add(resource["type"])
        found.update(f"{event['@testrun']}: {resource['address']}: {problem}" for problem in check(values))

    for line in sys.stdin:
        event = json.loads(line)
        state = event.get("test_state", {})
        for resource in state.get("root_module", {}).get("resources", []):
            look(event, resource, resource["values"])
        # The example is only planned: documents are not known yet, descriptions are.
        for resource in event.get("test_plan", {}).get("resource_changes", []):
            # What goes has nothing to be looked at.
            if resource["type"] in GROUPS_AND_RULES and resource["change"]["after"] is not None:
                look(event, resource, resource["change"]["after"])
        if shell is None and "operator_shell" in state.get("outputs", {}):
            shell = state["outputs"]["operator_shell"]["value"]
    # A check that has seen nothing has checked nothing.
    found.update(f"NEWER_THAN_THE_LIST: the list has {action} by now" for action in NEWER_THAN_THE_LIST if is_known(action))
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

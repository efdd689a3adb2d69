"""Checks bodies of AWS calls against AWS's own model of the service, which botocore carries, and against limits that only
AWS's documentation names. Reads JSON lines {"service", "operation", "direction": "request" | "response", "body"} from stdin;
prints what is wrong, and ends with 1 if anything is."""

import json
import re
import sys

from botocore.session import get_session
from botocore.validate import ParamValidator

SESSION = get_session()

# A job that has not run yet has none, although the model demands it.
ABSENT_AT_TIMES = 'Missing required parameter in jobs[{}]: "startedAt"'

# Fargate: MiB that go with a number of vCPU.
FARGATE = {
    0.25: [512, 1024, 2048],
    0.5: range(1024, 4097, 1024),
    1: range(2048, 8193, 1024),
    2: range(4096, 16385, 1024),
    4: range(8192, 30721, 1024),
    8: range(16384, 61441, 4096),
    16: range(32768, 122881, 8192),
}


def by_shape(shape, body):
    """Names, types, what is required: botocore checks these itself before it sends a request."""
    report = ParamValidator().validate(body, shape).generate_report()
    return [line for line in report.splitlines() if re.sub(r"\[\d+\]", "[{}]", line) != ABSENT_AT_TIMES]


def by_constraint(shape, value, path):
    """Enumerations, patterns and sizes, which botocore leaves to the service."""
    if value is None:
        return
    size = value if isinstance(value, (int, float)) else len(value)
    least, most = shape.metadata.get("min", size), shape.metadata.get("max", size)
    if not least <= size <= most:
        yield f"{path}: {size} is not {least} to {most}"
    if shape.type_name == "string":
        # Batch takes a rule's action in any case.
        known = value.upper() if path.endswith(".action") else value
        if getattr(shape, "enum", None) and known not in shape.enum:
            yield f"{path}: {value!r} is none of {', '.join(shape.enum)}"
        if "pattern" in shape.metadata and not re.fullmatch(shape.metadata["pattern"], value):
            yield f"{path}: {value!r} does not match {shape.metadata['pattern']}"
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from by_constraint(member, value.get(name), f"{path}.{name}")
    elif shape.type_name == "list":
        for index, item in enumerate(value):
            yield from by_constraint(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "map":
        for name, item in value.items():
            yield from by_constraint(shape.key, name, f"{path} key")
            yield from by_constraint(shape.value, item, f"{path}.{name}")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def submit_job(body):
    size = len(compact(body).encode())
    if size > 30 * 1024:
        yield f"{size} bytes are more than 30 KiB"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,127}", body["jobName"]):
        yield f"jobName: {body['jobName']!r} is not 1 to 128 letters, digits, - and _"
    children = body.get("arrayProperties", {}).get("size")
    if children is not None and not 2 <= children <= 10_000:
        yield f"arrayProperties.size: {children} is not 2 to 10,000"
    overrides = body.get("containerOverrides", {})
    counted = compact([{name: overrides[name] for name in ("command", "environment") if name in overrides}])
    if len(counted) > 8192:
        yield f"containerOverrides: {len(counted)} characters are more than 8,192, and the job would fail"
    yield from job(body)


def job(body):
    """What a submission and a job definition have alike."""
    seconds = body.get("timeout", {}).get("attemptDurationSeconds")
    if seconds is not None and seconds < 60:
        yield f"timeout: {seconds} s are less than 60"
    yield from retries(body.get("retryStrategy", {}))
    for name in ("containerOverrides", "containerProperties"):
        container = body.get(name, {})
        for variable in container.get("environment", []):
            if variable.get("name", "").startswith("AWS_BATCH"):
                yield f"{name}: {variable['name']} is one of Batch's own names"
        asked = {item["type"]: item["value"] for item in container.get("resourceRequirements", [])}
        if {"VCPU", "MEMORY"} <= asked.keys():
            vcpu, memory = float(asked["VCPU"]), int(asked["MEMORY"])
            if memory not in FARGATE.get(vcpu, []):
                yield f"{name}: Fargate has no {vcpu:g} vCPU with {memory} MiB"


def retries(strategy):
    rules = strategy.get("evaluateOnExit", [])
    if not 1 <= strategy.get("attempts", 1) <= 10 or (rules and "attempts" not in strategy):
        yield f"retryStrategy.attempts: {strategy.get('attempts')} is not 1 to 10"
    if len(rules) > 5:
        yield f"retryStrategy: {len(rules)} rules are more than 5"
    for rule in rules:
        for name in rule.keys() & {"onReason", "onStatusReason", "onExitCode"}:
            allowed = r"[0-9]*\*?" if name == "onExitCode" else r"[A-Za-z0-9.:\s]*\*?"
            if len(rule[name]) > 512 or not re.fullmatch(allowed, rule[name]):
                yield f"retryStrategy: {name} {rule[name]!r} is no pattern of Batch's"


def describe_jobs(body):
    if len(body["jobs"]) > 100:
        yield f"jobs: {len(body['jobs'])} ids are more than 100"


def list_jobs(body):
    if len(body.keys() & {"jobQueue", "arrayJobId", "multiNodeJobId"}) != 1:
        yield "exactly one of jobQueue, arrayJobId, multiNodeJobId must be given"
    if len(body.get("filters", [])) > 1:
        yield "filters: only one at a time"
    if body.get("maxResults", 1) < 1:
        yield f"maxResults: {body['maxResults']} is less than 1"


def end_job(body):
    if not 1 <= len(body["reason"]) <= 1024:
        yield f"reason: {len(body['reason'])} characters are not 1 to 1,024"


def publish(body):
    size = len(body["Message"].encode())
    if not 1 <= size <= 262_144:
        yield f"Message: {size} bytes are not 1 to 262,144"
    subject = body.get("Subject", "-")
    if not 1 <= len(subject) < 100 or re.search(r"[\x00-\x1f\x7f]", subject):
        yield f"Subject: {subject!r} is not one line of less than 100 characters"


RULES = {
    "SubmitJob": submit_job,
    "RegisterJobDefinition": job,
    "DescribeJobs": describe_jobs,
    "ListJobs": list_jobs,
    "CancelJob": end_job,
    "TerminateJob": end_job,
    "Publish": publish,
}


def problems(call):
    operation = SESSION.get_service_model(call["service"]).operation_model(call["operation"])
    is_request = call["direction"] == "request"
    shape = operation.input_shape if is_request else operation.output_shape
    found = by_shape(shape, call["body"])
    # What has a wrong shape cannot be looked at further.
    if not found:
        found += by_constraint(shape, call["body"], call["operation"])
        if is_request:
            found += RULES.get(call["operation"], lambda body: [])(call["body"])
    return found


def main():
    wrong = 0
    for line in sys.stdin:
        call = json.loads(line)
        for problem in problems(call):
            wrong = 1
            print(f"{call['operation']} {call['direction']}: {problem}\n  {compact(call['body'])[:2000]}")
    sys.exit(wrong)


if __name__ == "__main__":
    main()

"""Checks command lines of the AWS CLI against AWS's own model of the services, which botocore carries. Reads JSON lines, each the
words after `aws`, from stdin; prints what is wrong, and ends with 1 if anything is."""

import json
import re
import sys

import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.session import get_session

SESSION = get_session()

# The CLI's own name of a service.
SERVICES = {"s3api": "s3"}

# Options of every command: those with a value, and those without.
GLOBAL = {"--query", "--output", "--region", "--profile", "--endpoint-url", "--cli-input-json"}
GLOBAL_SWITCHES = {"--no-cli-pager", "--no-paginate"}
# Of operations that come in pages.
PAGES = {"--max-items", "--page-size", "--starting-token"}

# What the CLI adds to the services: options with a value, options without, and how many words besides.
CUSTOM = {
    ("ecr", "get-login-password"): (set(), set(), 0),
    ("logs", "tail"): ({"--since", "--filter-pattern", "--format", "--log-stream-name-prefix"}, {"--follow"}, 1),
    ("s3", "ls"): (set(), {"--recursive", "--human-readable", "--summarize"}, 1),
    ("s3", "cp"): ({"--content-type"}, {"--recursive", "--dryrun"}, 2),
}


def options(words):
    """Words that are no option, and options with what follows them."""
    besides, found, current = [], {}, None
    for word in words:
        if re.fullmatch(r"--[a-z][a-z0-9-]*", word):
            current = found.setdefault(word, [])
        elif current is None or (word.startswith("--") and len(word) > 2):
            besides.append(word)
        else:
            current.append(word)
    return besides, found


def custom(words, valued, switches, count):
    """A command of the CLI's own. An option takes one word; the rest stand by themselves."""
    besides, words = [], list(words)
    while words:
        word = words.pop(0)
        if word in switches | GLOBAL_SWITCHES:
            continue
        if word in valued | GLOBAL:
            if not words:
                yield f"{word} has no value"
            words = words[1:]
        elif word.startswith("--"):
            yield f"{word}: there is no such option"
        else:
            besides.append(word)
    if len(besides) != count:
        yield f"{len(besides)} words {besides} instead of {count}"


def operation(service, name, words):
    try:
        model = SESSION.get_service_model(SERVICES.get(service, service))
    except UnknownServiceError:
        yield f"there is no service {service}"
        return
    by_name = {xform_name(known, "-"): known for known in model.operation_names}
    if name == "wait":
        waiters = SESSION.get_waiter_model(SERVICES.get(service, service))
        by_waiter = {xform_name(known, "-"): waiters.get_waiter(known).operation for known in waiters.waiter_names}
        if not words or words[0] not in by_waiter:
            yield f"{service} cannot wait for {words[:1]}"
            return
        known, words = by_waiter[words[0]], words[1:]
    elif name in by_name:
        known = by_name[name]
    else:
        yield f"{service} has no operation {name}"
        return
    yield from members(model.operation_model(known), words)


def members(called, words):
    # Where the answer is a file, its name comes last.
    if called.has_streaming_output:
        if not words or words[-1].startswith("--"):
            yield "the file for the answer is missing"
        words = words[:-1]
    besides, found = options(words)
    shape = called.input_shape
    by_option = {"--" + xform_name(member, "-"): member for member in (shape.members if shape else {})}
    for option, values in found.items():
        if option in by_option:
            yield from value(shape.members[by_option[option]], values, option)
        elif option.startswith("--no-") and "--" + option[5:] in by_option:
            if shape.members[by_option["--" + option[5:]]].type_name != "boolean":
                yield f"{option}: it is no switch"
        elif option in GLOBAL_SWITCHES:
            besides += values
        elif option not in GLOBAL | PAGES:
            yield f"{option}: there is no such option"
        elif len(values) != 1:
            yield f"{option} has {len(values)} values"
        elif option == "--query":
            yield from query(called.output_shape, values[0])
    if "--cli-input-json" not in found:
        for required in shape.required_members if shape else []:
            if "--" + xform_name(required, "-") not in found:
                yield f"--{xform_name(required, '-')} is missing"
    if besides:
        yield f"{besides} belong to no option"


def value(shape, values, option):
    if shape.type_name == "boolean":
        if values:
            yield f"{option} takes no value"
    elif shape.type_name == "list":
        if not values:
            yield f"{option} has no value"
        for one in values:
            yield from scalar(shape.member, one, option)
    elif len(values) != 1:
        yield f"{option} has {len(values)} values"
    else:
        yield from scalar(shape, values[0], option)


def scalar(shape, text, option):
    """One value, or a structure in the CLI's shorthand: NAME=VALUE,NAME=VALUE, where a list goes on after its commas."""
    if shape.type_name in ("structure", "map"):
        if text.startswith(("{", "file://")):
            return
        names = [part.split("=", 1)[0] for part in text.split(",") if "=" in part]
        if not names:
            yield f"{option}: {text!r} is not NAME=VALUE"
        if shape.type_name == "structure":
            for name in names:
                if name not in shape.members:
                    yield f"{option}: there is no {name}, but {', '.join(shape.members)}"
            given = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
            for name, member in shape.members.items():
                if name in given:
                    yield from scalar(member, given[name], f"{option} {name}")
    elif shape.type_name in ("integer", "long"):
        if not re.fullmatch(r"-?[0-9]+", text):
            yield f"{option}: {text!r} is no number"
    elif shape.type_name == "string":
        if getattr(shape, "enum", None) and text not in shape.enum:
            yield f"{option}: {text!r} is none of {', '.join(shape.enum)}"
        if len(text) < shape.metadata.get("min", 0):
            yield f"{option}: {text!r} is shorter than {shape.metadata['min']}"


def query(shape, text):
    """Every field that is asked for must be in the answer, at that place."""
    try:
        tree = jmespath.compile(text).parsed
    except jmespath.exceptions.JMESPathError as wrong:
        yield f"--query {text!r}: {wrong}"
        return
    try:
        walk(tree, shape)
    except LookupError as wrong:
        yield f"--query: {wrong.args[0]}"


class Items:
    """A list of something, within the answer or made by the query."""

    type_name = "list"

    def __init__(self, member):
        self.member = member


# What is nothing of the answer's: a literal, a number that a function gives, a list or map that the query makes.
ANYTHING = None


def walk(node, shape):
    """What the answer has where this leads; a LookupError where it has nothing."""
    kind, children = node["type"], node["children"]
    if kind in ("literal", "identity", "current"):
        return shape if kind != "literal" else ANYTHING
    if kind == "field":
        return field(shape, node["value"])
    if kind in ("subexpression", "index_expression", "pipe"):
        for child in children:
            shape = walk(child, shape)
        return shape
    if kind == "index":
        return items(shape, "[…]")
    if kind == "slice":
        items(shape, "[:]")
        return shape
    if kind == "flatten":
        member = items(walk(children[0], shape), called(children[0]))
        return member if isinstance(member, Items) or getattr(member, "type_name", "") == "list" else Items(member)
    if kind in ("projection", "filter_projection"):
        member = items(walk(children[0], shape), called(children[0]))
        if kind == "filter_projection":
            walk(children[2], member)
        return Items(walk(children[1], member))
    if kind == "value_projection":
        values = walk(children[0], shape)
        return Items(walk(children[1], values.value if getattr(values, "type_name", "") == "map" else ANYTHING))
    if kind == "function_expression":
        for child in children:
            # What an expression for each of a list is about is not followed.
            if child["type"] != "expref":
                walk(child, shape)
        return ANYTHING
    for child in children:
        walk(child, shape)
    return ANYTHING


def field(shape, name):
    kind = getattr(shape, "type_name", None)
    if shape is ANYTHING:
        return ANYTHING
    if kind == "map":
        return shape.value
    if kind == "list":
        raise LookupError(f"{name} is asked of what is a list")
    if kind != "structure" or name not in shape.members:
        raise LookupError(f"the answer has no {name} there")
    return shape.members[name]


def items(shape, what):
    if shape is ANYTHING:
        return ANYTHING
    if getattr(shape, "type_name", None) != "list":
        raise LookupError(f"{what} is no list")
    return shape.member


def called(node):
    while inner := [child for child in node["children"] if isinstance(child, dict)]:
        node = inner[-1]
    return node.get("value", node["type"])


# What a filter of ListJobs may be by, says its documentation.
JOB_FILTERS = {"JOB_NAME", "JOB_DEFINITION", "BEFORE_CREATED_AT", "AFTER_CREATED_AT"}


def known_traps(service, name, words):
    """What AWS would take, and answer with nothing."""
    found = options(words)[1]
    if (service, name) == ("batch", "describe-job-definitions"):
        for definition in found.get("--job-definitions", []):
            if not re.fullmatch(r"(arn:.*|[^:]+):[0-9]+", definition):
                yield f"--job-definitions {definition}: only NAME:REVISION or an ARN is found"
    if (service, name) == ("batch", "list-jobs"):
        for given in found.get("--filters", []):
            by = dict(part.split("=", 1) for part in given.split(",") if "=" in part).get("name")
            if by not in JOB_FILTERS:
                yield f"--filters: there is no {by}, but {', '.join(sorted(JOB_FILTERS))}"
        status = found.get("--job-status", [None])[0]
        if "--job-queue" in found and status in ("STARTING", "RUNNING"):
            yield f"--job-status {status}: a queue does not list the slots of arrays, whose array is PENDING meanwhile"


def problems(words):
    if len(words) < 2:
        return [f"{words} is no command"]
    if (words[0], words[1]) in CUSTOM:
        return custom(words[2:], *CUSTOM[words[0], words[1]])
    return [*operation(words[0], words[1], words[2:]), *known_traps(words[0], words[1], words[2:])]


def main():
    wrong = 0
    for line in sys.stdin:
        words = json.loads(line)
        for problem in problems(words):
            wrong = 1
            print(f"aws {' '.join(words)}\n  {problem}")
    sys.exit(wrong)


if __name__ == "__main__":
    main()

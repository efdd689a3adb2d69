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
        # A word that the operator fills in may be of any length.
        if "…" not in text and len(text) < shape.metadata.get("min", 0):
            yield f"{option}: {text!r} is shorter than {shape.metadata['min']}"


def query(shape, text):
    """Every field that is asked for must be somewhere in the answer."""
    try:
        tree = jmespath.compile(text).parsed
    except jmespath.exceptions.JMESPathError as wrong:
        yield f"--query {text!r}: {wrong}"
        return
    known, maps = set(), set()
    gather(shape, known, maps, set())
    stack = [tree]
    while stack:
        node = stack.pop()
        if node["type"] == "field" and node["value"] not in known:
            yield f"--query: the answer has no {node['value']}"
        children = [child for child in node["children"] if isinstance(child, dict)]
        if node["type"] == "subexpression" and children[0].get("value") in maps:
            known.update(first_fields(children[1]))
        stack += children


def first_fields(node):
    """What is asked of a map, whose keys are anybody's."""
    if node["type"] == "field":
        return {node["value"]}
    children = [child for child in node["children"] if isinstance(child, dict)]
    if node["type"] == "multi_select_list":
        return {name for child in children for name in first_fields(child)}
    return first_fields(children[0]) if children else set()


def gather(shape, known, maps, seen):
    if shape is None or shape.name in seen:
        return
    seen.add(shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            known.add(name)
            if member.type_name == "map":
                maps.add(name)
            gather(member, known, maps, seen)
    elif shape.type_name == "list":
        gather(shape.member, known, maps, seen)
    elif shape.type_name == "map":
        gather(shape.value, known, maps, seen)


def problems(words):
    if len(words) < 2:
        return [f"{words} is no command"]
    if (words[0], words[1]) in CUSTOM:
        return custom(words[2:], *CUSTOM[words[0], words[1]])
    return operation(words[0], words[1], words[2:])


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

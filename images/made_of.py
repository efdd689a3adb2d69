"""Looks at what an image says it is made of: made_of.py DIRECTORY, with sbom.cdx.json and third-party.txt."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

directory = Path(sys.argv[1])
text = (directory / "sbom.cdx.json").read_text()
notices = (directory / "third-party.txt").read_text()
wrong = []
if said := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
    wrong.append(f"sbom.cdx.json is not of the schema: {said}")
components = json.loads(text)["components"]
# What is linked whatever the versions are.
for name in ["libc6-dev", "ring", "rust-std", "rust_xlsxwriter", "sqlite", "sqlx", "tokio"]:
    if name not in {component["name"] for component in components}:
        wrong.append(f"{name} is not listed")
if not any(component["name"].startswith("libgcc-") for component in components):
    wrong.append("libgcc is not listed")
for component in components:
    if f"\n{component['name']} {component['version']} (" not in notices:
        wrong.append(f"{component['name']} has no licence in third-party.txt")
    if component["purl"].startswith("pkg:cargo/") and "hashes" not in component:
        wrong.append(f"{component['name']} has no checksum")
for line in wrong:
    print(f"made_of: {line}", file=sys.stderr)
if wrong:
    sys.exit(1)
print(f"made_of: {len(components)} parts, {len(notices)} bytes of licences")

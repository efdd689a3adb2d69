#!/usr/bin/env bash
# Documents and scripts: Markdown, spelling, links (between files and headings; the network is not asked), shell, the CI
# workflow. The programs are installed below target/.
set -euo pipefail
cd "$(dirname "$0")/.."

# shellcheck source=tests/setup.sh
. tests/setup.sh
use_python_tools lint-docs "$PWD/target/lint" tests/lint-requirements.txt

mapfile -t documents < <(git ls-files --cached --others --exclude-standard '*.md')
# The operators' shell is a part of what Terraform renders, and is checked as that.
mapfile -t scripts < <(git ls-files --cached --others --exclude-standard '*.sh' .ci/run ':!terraform/operator.sh')
rumdl check --quiet "${documents[@]}"
typos
lychee --offline --include-fragments --no-progress --quiet "${documents[@]}"
shellcheck "${scripts[@]}"
check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
echo "lint-docs: ${#documents[@]} documents and ${#scripts[@]} scripts are sound"

#!/usr/bin/env bash
# Runs a command with a python3 that has botocore, AWS's own model of its services; the command finds it at
# TEST_BOTOCORE_PYTHON. Installs it below target/ when no python3 has it, and fails where that cannot be done: what is said to AWS
# would stay unchecked.
set -euo pipefail

venv=$(cd "$(dirname "$0")/.." && pwd)/target/botocore

# The first python3 of PATH may be another than the one that Debian's packages are for.
find_python() {
    local program
    for program in "$(command -v python3 || true)" /usr/bin/python3 "$venv/bin/python3"; do
        if [ -x "$program" ] && "$program" -c 'import botocore' >/dev/null 2>&1; then
            echo "$program"
            return
        fi
    done
}

install() {
    command -v python3 >/dev/null || return
    echo "with-botocore: installing botocore into $venv" >&2
    python3 -m venv "$venv" >&2 && "$venv/bin/python3" -m pip install --quiet --disable-pip-version-check botocore >&2
}

python=$(find_python)
if [ -z "$python" ]; then
    install || true
    python=$(find_python)
fi
if [ -z "$python" ]; then
    echo "with-botocore: there is no botocore, and it cannot be installed" >&2
    exit 1
fi
export TEST_BOTOCORE_PYTHON="$python"
exec "$@"

#!/usr/bin/env bash
# Runs a command with what `make bench` measures beside and with: Python's libraries (BENCH_PYTHON), libxlsxwriter
# (BENCH_LIBXLSXWRITER, a program that is compiled here), psql and valgrind. Installs Debian's packages for what is missing, and
# Python's below target/.
set -euo pipefail
# shellcheck source=tests/setup.sh
. "$(dirname "$0")/setup.sh"

tests=$(cd "$(dirname "$0")" && pwd)
peers=$tests/benches/peers
target=${tests%/tests}/target/bench
mkdir -p "$target"

missing=()
command -v valgrind >/dev/null || missing+=(valgrind)
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v psql >/dev/null || missing+=(postgresql-client)
python3 -c 'import ensurepip' 2>/dev/null || missing+=(python3-venv)
echo '#include <xlsxwriter.h>' | cc -E - >/dev/null 2>&1 || missing+=(libxlsxwriter-dev)
if [ ${#missing[@]} -gt 0 ]; then
    install_packages with-bench-peers "valgrind, a C compiler, psql, python3 with venv, and libxlsxwriter's headers" "${missing[@]}"
fi

# -rdynamic: the library shall find the program's own deflateInit2_, which sets the level.
cc -O2 -Wall -Wextra -rdynamic -o "$target/libxlsxwriter" "$peers/libxlsxwriter.c" -lxlsxwriter -ldl
use_python_tools with-bench-peers "$target/python" "$peers/requirements.txt"

export BENCH_PYTHON="$target/python/bin/python3" BENCH_LIBXLSXWRITER="$target/libxlsxwriter"
exec "$@"

#!/usr/bin/env bash
# Runs a command with two programs that open workbooks: LibreOffice and openpyxl. The command finds them at TEST_SOFFICE
# and TEST_PYTHON. Installs Debian's packages for what is missing.
set -euo pipefail
# shellcheck source=tests/setup.sh
. "$(dirname "$0")/setup.sh"

find_soffice() {
    local program
    for program in "$(command -v soffice || true)" /usr/lib/libreoffice/program/soffice /Applications/LibreOffice.app/Contents/MacOS/soffice; do
        # soffice may be there without Calc: each application is a package of its own.
        if [ -x "$program" ] && calc_of "$program"; then
            echo "$program"
            return
        fi
    done
}

calc_of() {
    local directory
    directory=$(dirname "$(readlink -f "$1")")
    compgen -G "$directory/libsclo.*" >/dev/null || compgen -G "$directory/../Frameworks/libsclo.*" >/dev/null
}

# The first python3 of PATH may be another than the one that Debian's packages are for.
find_python() {
    local program
    for program in "$(command -v python3 || true)" /usr/bin/python3; do
        if [ -x "$program" ] && "$program" -c 'import openpyxl' >/dev/null 2>&1; then
            echo "$program"
            return
        fi
    done
}

soffice=$(find_soffice)
python=$(find_python)
missing=()
[ -n "$soffice" ] || missing+=(libreoffice-calc-nogui)
[ -n "$python" ] || missing+=(python3-openpyxl)
if [ ${#missing[@]} -gt 0 ]; then
    install_packages with-office "LibreOffice Calc 7.4 or newer, and openpyxl 3.0 or newer for python3" "${missing[@]}"
    soffice=$(find_soffice)
    python=$(find_python)
fi
if [ -z "$soffice" ] || [ -z "$python" ]; then
    echo "with-office: still without LibreOffice Calc (${soffice:-missing}) or a python3 with openpyxl (${python:-missing}) after installing ${missing[*]}" >&2
    exit 1
fi

export TEST_SOFFICE="$soffice" TEST_PYTHON="$python"
exec "$@"

#!/usr/bin/env bash
# Runs a command with the programs that customers and analysts read workbooks with. The command finds them at TEST_READERS_PYTHON,
# TEST_READERS_NODE (a directory) and on the PATH; TEST_READERS_MISSING names what cannot be had here. Installs Debian's packages,
# and Python's and npm's below target/.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
# shellcheck source=tests/setup.sh
. "$here/setup.sh"
below=$here/../target/readers
mkdir -p "$below"
missing=()

# What a package of Debian is good for: the readers that need it, and whether they are here.
declare -A here_if=(
    [gnumeric]='command -v ssconvert'
    [r-cran-readxl]="Rscript -e 'library(readxl)'"
    [r-cran-openxlsx]="Rscript -e 'library(openxlsx)'"
    [libspreadsheet-xlsx-perl]='perl -MSpreadsheet::XLSX -e 1'
    [libspreadsheet-parsexlsx-perl]='perl -MSpreadsheet::ParseXLSX -e 1'
    [nodejs]='command -v node'
    [npm]='command -v npm'
)
lacking() {
    local package
    for package in "${!here_if[@]}"; do
        bash -c "${here_if[$package]}" >/dev/null 2>&1 || echo "$package"
    done
}
mapfile -t packages < <(lacking | sort)
if [ ${#packages[@]} -gt 0 ]; then
    install_packages with-readers "the programs of tests/with-readers.sh" "${packages[@]}" || true
    mapfile -t packages < <(lacking | sort)
fi
missing+=("${packages[@]}")

(use_python_tools with-readers "$below/python" "$here/readers/requirements.txt") || missing+=(python)

node_packages() {
    cmp -s "$here/readers/package.json" "$below/node/package.json" && [ -d "$below/node/node_modules" ] && return
    echo "with-readers: installing the packages of tests/readers/package.json into $below/node" >&2
    rm -rf "$below/node" && mkdir -p "$below/node"
    cp "$here/readers/package.json" "$below/node/"
    npm install --prefix "$below/node" --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error >&2 || {
        rm -rf "$below/node"
        return 1
    }
}
node_packages || missing+=(node)

[ ${#missing[@]} -eq 0 ] || echo "with-readers: these cannot be had here, and no workbook is opened with them: ${missing[*]}" >&2
export TEST_READERS_PYTHON="$below/python/bin/python3" TEST_READERS_NODE="$below/node" TEST_READERS_MISSING="${missing[*]}"
exec "$@"

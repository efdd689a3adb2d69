#!/usr/bin/env bash
# Every cell of a workbook as gnumeric's ssconvert writes it: read-gnumeric.sh FILE. A line per cell: sheet, row and column from 0, what
# it is, and its value; dates as they are written in the file's format.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
HOME=$directory ssconvert --export-type=Gnumeric_stf:stf_assistant \
    --export-options='separator=, format=raw charset=UTF-8 locale=C' \
    --export-file-per-sheet "$1" "$directory/%n.csv" >&2
"$TEST_READERS_PYTHON" - "$1" "$directory" <<'PYTHON'
import csv, sys
import python_calamine

def escaped(field):
    return field.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")

for number, name in enumerate(python_calamine.CalamineWorkbook.from_path(sys.argv[1]).sheet_names):
    with open(f"{sys.argv[2]}/{number}.csv", encoding="utf-8", newline="") as file:
        for r, row in enumerate(csv.reader(file)):
            for c, value in enumerate(row):
                if value:
                    print(escaped(name), r, c, "text", escaped(value), sep="\t")
PYTHON

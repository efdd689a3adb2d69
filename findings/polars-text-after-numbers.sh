#!/usr/bin/env bash
# polars 2.1.0 with fastexcel 0.21.0, and a column of security codes that XlsxWriter 3.2.9 wrote: numbers as long as they are digits,
# then one with a letter, as Tokyo's exchange gives them since 2024.
#
# Guess, written down first: reading fails, or the column is one of texts.
# Seen (Python 3.11): no error and no warning. The type is that of the first 100 rows; the text in row 101 is null, the one in
# row 100 makes all of the column texts. `infer_schema_length=None` looks at every row.
#
# Output seen:
#   letter in row 100: String, last code 130A, 0 nulls
#   letter in row 101: Int64, last code None, 1 nulls
#   letter in row 101, infer_schema_length=None: String, last code 130A, 0 nulls
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv python && python/bin/python3 -m pip install --quiet --disable-pip-version-check polars==2.1.0 fastexcel==0.21.0 XlsxWriter==3.2.9
cat >read.py <<'PYTHON'
import polars
import xlsxwriter


def told(rows, words="", **options):
    name = f"{rows}.xlsx"
    with xlsxwriter.Workbook(name) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["code", "quantity"])
        for row in range(1, rows):
            sheet.write_row(row, 0, [1300 + row, 100])
        sheet.write_row(rows, 0, ["130A", 100])
    codes = polars.read_excel(name, **options)["code"]
    print(f"letter in row {rows}{words}: {codes.dtype}, last code {codes[-1]}, {codes.null_count()} nulls")


told(100)
told(101)
told(101, ", infer_schema_length=None", infer_schema_length=None)
PYTHON
output=$(python/bin/python3 read.py 2>&1)
echo "$output"
[ "$output" = "letter in row 100: String, last code 130A, 0 nulls
letter in row 101: Int64, last code None, 1 nulls
letter in row 101, infer_schema_length=None: String, last code 130A, 0 nulls" ]

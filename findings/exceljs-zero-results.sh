#!/usr/bin/env bash
# exceljs 4.4.0 and a formula whose value is 0, in a workbook that XlsxWriter 3.2.9 wrote.
#
# Guess, written down first: the cell's result is what stands in the file, 0 as well as 5.
# Seen (node 20, exceljs 4.4.0): no error and no warning; the formula with 5 has its result, the one with 0 has none. Whoever adds
# results up or tells a value of 0 from a missing one gets it wrong.
#
# Output seen:
#   A1: {"formula":"2+3","result":5}
#   A2: {"formula":"2-2"}
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv python && python/bin/python3 -m pip install --quiet --disable-pip-version-check XlsxWriter==3.2.9
echo '{"private":true}' >package.json
npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error exceljs@4.4.0 >/dev/null
python/bin/python3 - <<'PYTHON'
import xlsxwriter

with xlsxwriter.Workbook("book.xlsx") as book:
    sheet = book.add_worksheet()
    sheet.write_formula("A1", "=2+3", value=5)
    sheet.write_formula("A2", "=2-2", value=0)
PYTHON
cat >read.js <<'NODE'
const { Workbook } = require("exceljs");
(async () => {
  const book = new Workbook();
  await book.xlsx.readFile("book.xlsx");
  for (const place of ["A1", "A2"]) {
    console.log(place + ": " + JSON.stringify(book.worksheets[0].getCell(place).value));
  }
})();
NODE
found=$(node read.js)
echo "$found"
[ "$found" = $'A1: {"formula":"2+3","result":5}\nA2: {"formula":"2-2"}' ] || {
    echo "this has changed" >&2
    exit 1
}

#!/usr/bin/env bash
# The streaming reader of exceljs 4.4.0 and a workbook that openpyxl 3.1.5 wrote.
#
# Guess, written down first: the sheet is called as it is called in the workbook, "Trades", as with the other reader of exceljs.
# Seen (node 20, exceljs 4.4.0): no error and no warning; the streaming reader calls it "Sheet1", the other one "Trades".
# Why: openpyxl puts xl/workbook.xml, where the names stand, behind the worksheets, as a package may. The streaming reader takes
# parts as they come and makes up a name from the part's number. Whoever looks for a sheet by its name does not find it.
#
# Output seen:
#   whole: Trades
#   streaming: Sheet1
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv python && python/bin/python3 -m pip install --quiet --disable-pip-version-check openpyxl==3.1.5
echo '{"private":true}' >package.json
npm install --no-package-lock --no-audit --no-fund --ignore-scripts --loglevel error exceljs@4.4.0 >/dev/null
python/bin/python3 - <<'PYTHON'
import openpyxl

book = openpyxl.Workbook()
book.active.title = "Trades"
book.active["A1"] = 1
book.save("book.xlsx")
PYTHON
cat >read.js <<'NODE'
const { Workbook, stream } = require("exceljs");
(async () => {
  const book = new Workbook();
  await book.xlsx.readFile("book.xlsx");
  console.log("whole: " + book.worksheets.map((sheet) => sheet.name));
  for await (const sheet of new stream.xlsx.WorkbookReader("book.xlsx", {})) {
    console.log("streaming: " + sheet.name);
    for await (const _ of sheet);
  }
})();
NODE
found=$(node read.js)
echo "$found"
[ "$found" = $'whole: Trades\nstreaming: Sheet1' ] || {
    echo "this has changed" >&2
    exit 1
}

// Every cell of a workbook as a package of npm shows it: read.mjs LIBRARY FILE. A line per cell: sheet, row and column from 0, what
// it is (text, number, date), and its value. Packages are found below TEST_READERS_NODE.
import { createRequire } from "node:module";

const require = createRequire(process.env.TEST_READERS_NODE + "/package.json");
const [library, path] = process.argv.slice(2);
const lines = [];

function tell(...fields) {
  const escaped = fields.map((field) =>
    String(field).replaceAll("\\", "\\\\").replaceAll("\t", "\\t").replaceAll("\n", "\\n").replaceAll("\r", "\\r"),
  );
  lines.push(escaped.join("\t") + "\n");
}

function cell(sheet, row, column, value) {
  if (value === null || value === undefined || value === "") return;
  if (value instanceof Date) tell(sheet, row, column, "date", value.toISOString().slice(0, 10));
  else tell(sheet, row, column, typeof value === "number" ? "number" : "text", value);
}

function ofExceljs(value) {
  if (value === null || typeof value !== "object" || value instanceof Date) return value;
  // A formula, a link, or runs of text.
  if (value.richText) return value.richText.map((run) => run.text).join("");
  return ofExceljs(value.result ?? value.text ?? null);
}

const readers = {
  sheetjs() {
    const book = require("xlsx").readFile(path);
    for (const name of book.SheetNames) {
      for (const [place, found] of Object.entries(book.Sheets[name])) {
        if (place.startsWith("!") || found.t === "z") continue;
        const { r, c } = require("xlsx").utils.decode_cell(place);
        cell(name, r, c, found.v);
      }
    }
  },
  async exceljs() {
    const book = new (require("exceljs").Workbook)();
    await book.xlsx.readFile(path);
    for (const sheet of book.worksheets) {
      sheet.eachRow((row, r) => {
        row.eachCell((found, c) => {
          // What is merged shows the first cell's value in all.
          if (found.isMerged && found.master !== found) return;
          cell(sheet.name, r - 1, c - 1, ofExceljs(found.value));
        });
      });
    }
  },
  async "exceljs-streaming"() {
    const { stream } = require("exceljs");
    const options = { sharedStrings: "cache", styles: "cache", worksheets: "emit", hyperlinks: "ignore" };
    for await (const sheet of new stream.xlsx.WorkbookReader(path, options)) {
      for await (const row of sheet) {
        row.eachCell((found, c) => cell(sheet.name, row.number - 1, c - 1, ofExceljs(found.value)));
      }
    }
  },
  async excel() {
    const read = require("excel").default;
    // It knows sheets by their numbers alone.
    const names = require("xlsx").readFile(path, { bookSheets: true }).SheetNames;
    for (const [index, name] of names.entries()) {
      const rows = await read(path, String(index + 1));
      rows.forEach((row, r) => row.forEach((value, c) => cell(name, r, c, value)));
    }
  },
  async "read-excel-file"() {
    const { default: read } = await import(
      require.resolve("read-excel-file/node").replace(/commonjs/, "modules").replace(/\.cjs$/, ".js")
    );
    for (const { sheet, data } of await read(path, { trim: false })) {
      data.forEach((row, r) => row.forEach((value, c) => cell(sheet, r, c, value)));
    }
  },
};
await readers[library]();
process.stdout.write(lines.join(""));

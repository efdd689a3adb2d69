"""Every cell of a workbook as a library of Python shows it: read.py LIBRARY FILE. A line per cell: sheet, row and column from 0,
what it is (text, number, date), and its value. `types` tells the types of columns instead: sheet, heading, type."""

import datetime
import sys


def tell(*fields):
    escaped = (
        str(field).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
        for field in fields
    )
    print("\t".join(escaped))


def cell(sheet, row, column, value):
    if value is None or value == "" or value != value:
        return
    if isinstance(value, str):
        tell(sheet, row, column, "text", value)
    elif isinstance(value, (datetime.date, datetime.datetime)):
        tell(sheet, row, column, "date", value.strftime("%Y-%m-%d"))
    else:
        tell(sheet, row, column, "number", repr(float(value)))


def openpyxl(path, read_only=False):
    import openpyxl

    for sheet in openpyxl.load_workbook(path, data_only=True, read_only=read_only):
        for r, row in enumerate(sheet.iter_rows(values_only=True)):
            for c, value in enumerate(row):
                cell(sheet.title, r, c, value)


def pandas(path):
    import pandas

    # keep_default_na: a note "NA" is no missing value.
    sheets = pandas.read_excel(path, sheet_name=None, header=None, dtype=object, keep_default_na=False, engine="openpyxl")
    for name, frame in sheets.items():
        for r, row in enumerate(frame.itertuples(index=False)):
            for c, value in enumerate(row):
                cell(name, r, c, value)


def calamine(path):
    import python_calamine

    book = python_calamine.CalamineWorkbook.from_path(path)
    for name in book.sheet_names:
        rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for r, row in enumerate(rows):
            for c, value in enumerate(row):
                cell(name, r, c, value)


def polars(path):
    import fastexcel

    book = fastexcel.read_excel(path)
    for name in book.sheet_names:
        sheet = book.load_sheet(name, header_row=None, dtypes="string", skip_rows=0)
        frame = sheet.to_polars()
        for r, row in enumerate(frame.iter_rows()):
            for c, value in enumerate(row):
                cell(name, r, c, value)


def pylightxl(path):
    import pylightxl

    book = pylightxl.readxl(path)
    for name in book.ws_names:
        for r, row in enumerate(book.ws(name).rows):
            for c, value in enumerate(row):
                cell(name, r, c, value)


def types(path):
    import pandas
    import polars

    sheets = pandas.read_excel(path, sheet_name=None, dtype={"銘柄コード": str, "Code": str}, engine="calamine")
    for name, frame in list(sheets.items())[1:]:
        for heading in frame.columns:
            tell("pandas", name, heading, frame[heading].dtype)
        frame = polars.read_excel(path, sheet_name=name)
        for heading in frame.columns:
            tell("polars", name, heading, frame[heading].dtype)


READERS = {
    "openpyxl": openpyxl,
    "openpyxl-read-only": lambda path: openpyxl(path, read_only=True),
    "pandas": pandas,
    "calamine": calamine,
    "polars": polars,
    "pylightxl": pylightxl,
    "types": types,
}
READERS[sys.argv[1]](sys.argv[2])

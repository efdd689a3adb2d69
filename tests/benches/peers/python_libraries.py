"""Python's libraries writing the cells of month_end/alone.rs, each in the fastest way it has.

    python_libraries.py (XlsxWriter|openpyxl) DOCUMENTS ROWS DIRECTORY LEVEL     writes DIRECTORY/0.xlsx ...
    python_libraries.py psycopg DATABASE_URL DIRECTORY LEVEL                     one account's trades, from PostgreSQL
    python_libraries.py --versions
"""

import functools
import importlib.metadata
import sys
import zipfile

# Days from 1899-12-30 to 2026-10-01.
FIRST_DAY = 46_296
COLUMNS = 18
DATES = (0, 1)
TEXTS = (2, 3, 4, 5, 6, 9, 16, 17)
DATE_FORMAT, TEXT_FORMAT = "yyyy/mm/dd", "@"
NUMBER_FORMAT, HALF_FORMAT = "#,##0;▲#,##0;0", "#,##0.0;▲#,##0.0;0.0"
HEADING = "見出し"


def trades(rows):
    """The values of each row; a price that is not whole is the only float."""
    for i in range(rows):
        day = FIRST_DAY + i * 31 // rows
        quantity = 100 * (1 + i % 9)
        double_price = 2000 + 2 * (i % 997) + i % 2
        commission = 100 + i % 400
        tax = commission // 10
        gross = quantity * double_price // 2
        net = -(gross + commission + tax) if i % 2 == 0 else gross - commission - tax
        code = str(1301 + i % 50)
        yield (
            day, day + 2, code, "見本銘柄" + code, "東証プライム", "買付" if i % 2 == 0 else "売付", "特定", quantity,
            double_price / 2 if double_price % 2 else double_price // 2, "JPY", None, gross, commission, tax, 0, net,
            f"T{i:08}", None,
        )


def column_format(column):
    return DATE_FORMAT if column in DATES else TEXT_FORMAT if column in TEXTS else NUMBER_FORMAT


def with_xlsxwriter(path, rows, level):
    import xlsxwriter.workbook

    # It has no setting for the deflate level; all shall have the same.
    xlsxwriter.workbook.ZipFile = functools.partial(zipfile.ZipFile, compresslevel=level)
    workbook = xlsxwriter.Workbook(path, {"constant_memory": True})
    sheet = workbook.add_worksheet()
    half = workbook.add_format({"num_format": HALF_FORMAT})
    formats = {name: workbook.add_format({"num_format": name}) for name in (DATE_FORMAT, TEXT_FORMAT, NUMBER_FORMAT)}
    for column in range(COLUMNS):
        sheet.set_column(column, column, None, formats[column_format(column)])
        sheet.write_string(0, column, HEADING)
    string, number = sheet.write_string, sheet.write_number
    for row, values in enumerate(rows, 1):
        for column, value in enumerate(values):
            if value is None:
                continue
            if isinstance(value, str):
                string(row, column, value)
            elif isinstance(value, float):
                number(row, column, value, half)
            else:
                number(row, column, value)
    workbook.close()


def with_openpyxl(path, rows, level):
    import openpyxl
    import openpyxl.writer.excel
    from openpyxl.cell import WriteOnlyCell

    openpyxl.writer.excel.ZipFile = functools.partial(zipfile.ZipFile, compresslevel=level)
    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet()

    # Its columns have no formats that cells take over. A row is written at once, so that its cells can be used again.
    def cell(number_format):
        made = WriteOnlyCell(sheet)
        made.number_format = number_format
        return made

    cells = [cell(column_format(column)) for column in range(COLUMNS)]
    whole, half = cells[8], cell(HALF_FORMAT)
    sheet.append([HEADING] * COLUMNS)
    for values in rows:
        cells[8] = half if isinstance(values[8], float) else whole
        for made, value in zip(cells, values):
            made.value = value
        sheet.append([made if made.value is not None else None for made in cells])
    workbook.save(path)


def from_postgres(url):
    """What a script of a firm would do: a server-side cursor, numbers as floats."""
    import datetime

    import psycopg

    epoch = datetime.date(1899, 12, 30)
    sides, custodies = {"buy": "買付", "sell": "売付"}, {"specific": "特定"}
    columns = (
        "trade_date, settlement_date, security_code, security_name, market, side, custody, quantity, unit_price, currency,"
        " fx_rate, gross_amount, commission, consumption_tax, withholding_tax, net_amount, trade_id, note"
    )
    query = (
        f"SELECT {columns} FROM statement_trades WHERE account_id = 'A0000'"
        " AND trade_date BETWEEN '2026-10-01' AND '2026-10-31'"
        ' ORDER BY settlement_date, trade_date, trade_id COLLATE "C"'
    )
    with psycopg.connect(url) as connection, connection.cursor("trades") as cursor:
        cursor.itersize = 10_000
        for row in cursor.execute(query):
            price = float(row[8])
            yield (
                (row[0] - epoch).days, (row[1] - epoch).days, row[2], row[3], row[4], sides[row[5]], custodies[row[6]],
                int(row[7]), int(price) if price.is_integer() else price, row[9], row[10], int(row[11]), int(row[12]),
                int(row[13]), int(row[14]), int(row[15]), row[16], row[17],
            )


def main(arguments):
    match arguments:
        case ["--versions"]:
            print("Python", sys.version.split()[0])
            for package in ("XlsxWriter", "openpyxl", "lxml", "psycopg"):
                print(package, importlib.metadata.version(package))
        case ["psycopg", url, directory, level]:
            with_xlsxwriter(f"{directory}/0.xlsx", from_postgres(url), int(level))
        case [("XlsxWriter" | "openpyxl") as library, documents, rows, directory, level]:
            write = with_xlsxwriter if library == "XlsxWriter" else with_openpyxl
            for document in range(int(documents)):
                write(f"{directory}/{document}.xlsx", trades(int(rows)), int(level))
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

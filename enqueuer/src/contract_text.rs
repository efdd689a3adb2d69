//! The source contract as text: `enqueuer contract` prints it, `--views` prints view templates that meet it.

use std::fmt::Write as _;

use common::contract::{Column, ColumnType, RELATIONS, Relation};
use common::dialect::Dialect;

/// Terminals and mails show this many columns.
const WIDTH: usize = 100;

const INTRODUCTION: &str = "\
The firm owns five relations (tables or views); Statement Export reads them and never writes them. Names and types \
below are the whole contract. `enqueuer check` verifies it and names every deviation; `enqueuer contract --views \
postgres` (or `sqlite`) prints view templates; `enqueuer load DIR` creates the relations from CSV files.\n\
\"optional\" columns may be null, and the column itself may be absent. All others are never null. A relation may be \
empty, but it must exist.";

const NOTES: [(&str, &str); 6] = [
    (
        "Scope",
        "Cash trades of securities, holdings and cash. Margin trades and derivatives are out of scope for now: leave \
         them out of the relations, and report them by other means.",
    ),
    (
        "Snapshots (as_of)",
        "Positions and cash balances are snapshots, taken on whatever days the firm takes them, positions and cash each \
         on their own. A snapshot holds the whole firm: the opening one of a month is the latest as_of in the relation \
         before the month begins, the closing one the latest within the month. A run waits (exit 75) while the closing \
         one is missing or more than 4 days before the month's end; --accept-snapshot DATE overrides.",
    ),
    (
        "Decimals",
        "Exact from database to cell: NUMERIC in PostgreSQL, TEXT in SQLite, which has no decimals (REAL is refused: it \
         has rounded already). Plain digits, no exponent. Money has at most its currency's minor unit, quantities at \
         most 6 decimals, prices and rates at most 8, and nothing needs more than the 15 significant digits that Excel \
         keeps: anything finer is a data error, never rounded. Only net_amount, settlement_amount, accrued_interest (traded \
         ex-dividend) and withholding_tax (a refund) of a trade may be negative.",
    ),
    (
        "Amounts of a trade",
        "fees = commission + foreign_fees + consumption_tax. buy: net_amount = -(gross_amount + accrued_interest + fees + \
         withholding_tax). sell, redemption: net_amount = gross_amount + accrued_interest - fees - withholding_tax. receipt, \
         delivery: net_amount = -(fees + withholding_tax), since a cost that is taken over is no payment. \
         settlement_amount is net_amount in the same currency; in another one it has its sign, and in the account's \
         base currency it is about net_amount x fx_rate (settlement_rate_percent in the profile).",
    ),
    (
        "Dates",
        "Calendar dates of the business, without time and time zone: DATE in PostgreSQL, TEXT as YYYY-MM-DD in SQLite, \
         from 1900-01-01 to 9999-12-31. opened_on of 1900-01-01 or earlier means that it is not known, closed_on of the year \
         9999 that the account is open.",
    ),
    (
        "Text",
        "Codes are compared exactly, in lower case as listed. Text sorts by code point, so indexes on text want the \
         collation \"C\" in PostgreSQL (BINARY, the default, in SQLite); account_id, which is looked up and not sorted, \
         its own. Ids are the same when their bytes are, whatever the column's collation or type takes for equal. A text that is not optional has something to read, but for a cash movement's description; in an \
         optional column an empty or blank text is no value. In a cell CR LF and CR are line feeds, and blanks at the end \
         of a text (also full-width and no-break ones) are left out; blanks at its beginning are kept. Whose row it is, \
         and the digest, are of the text as it is in the source.",
    ),
];

/// The whole contract, readable at 100 columns.
pub fn contract() -> String {
    let mut text = String::from("The source contract of Statement Export\n\n");
    for paragraph in INTRODUCTION.lines() {
        push_wrapped(&mut text, "", paragraph, 0);
        text.push('\n');
    }
    for relation in RELATIONS {
        push_relation(&mut text, relation);
        text.push('\n');
    }
    push_wrapped(
        &mut text,
        "",
        "Indexes wanted for speed, beside a unique one on each relation's unique columns, in the orders in which \
         documents and runs read. `load` and `demo` create them; for views they belong on the firm's own tables:",
        0,
    );
    for relation in RELATIONS {
        for columns in relation.indexes {
            push_wrapped(
                &mut text,
                "  ",
                &format!("{} ({})", relation.name, columns.join(", ")),
                4,
            );
        }
    }
    for (title, note) in NOTES {
        let _ = writeln!(text, "\n{title}");
        push_wrapped(&mut text, "  ", note, 2);
    }
    text
}

fn push_relation(text: &mut String, relation: &Relation) {
    let _ = writeln!(text, "{}: {}", relation.name, relation.meaning);
    push_wrapped(
        text,
        "  ",
        &format!("unique: {}", relation.unique.join(", ")),
        4,
    );
    for column in relation.columns {
        let null = if column.optional { "optional" } else { "" };
        let head = format!(
            "  {:<20} {:<8} {null:<8}  ",
            column.name,
            column.column_type.as_str()
        );
        push_wrapped(text, &head, &explain(column), head.len());
    }
}

/// What a column holds, with its codes.
fn explain(column: &Column) -> String {
    if column.codes.is_empty() {
        column.meaning.to_owned()
    } else {
        format!("{}: {}", column.meaning, column.codes.join(" | "))
    }
}

/// Commented CREATE VIEW statements for one engine, one per relation; the firm puts in the names of its own tables.
pub fn views(dialect: Dialect) -> String {
    let mut text = String::new();
    for paragraph in view_notes(dialect) {
        push_wrapped(&mut text, "-- ", &paragraph, 0);
        text.push_str("--\n");
    }
    for relation in RELATIONS {
        text.push('\n');
        push_view(&mut text, relation, dialect);
    }
    text
}

fn view_notes(dialect: Dialect) -> Vec<String> {
    let of_engine = match dialect {
        Dialect::Postgres => {
            "Decimals must be numeric, never real or double precision, which have rounded already. An index serves only \
             a column that the view passes on as it is: where account_id or a date has the right type already, leave it \
             bare. A timestamp needs its business day: CAST(t.traded_at AT TIME ZONE 'Asia/Tokyo' AS date) for timestamptz, \
             with an index on that same expression."
        }
        Dialect::Sqlite => {
            "Decimals must be TEXT: SQLite has no decimals, and CAST AS TEXT keeps what an INTEGER or TEXT column holds; \
             from a REAL column it comes too late, since that has rounded already. Dates are TEXT as YYYY-MM-DD: for a column \
             with a time of day write date(t.traded_at). An index serves only a column that the view passes on as it is."
        }
    };
    vec![
        format!(
            "View templates for {dialect}. Put the names of your own tables and columns in place of your_trades, \
             t.trade_date and so on; \
             then `enqueuer check` says what is still amiss."
        ),
        "Lines marked optional may be deleted. Where your codes differ, translate them: CASE t.side WHEN '1' THEN 'buy' \
         WHEN '3' THEN 'sell' END. Leave out margin trades and derivatives with a WHERE: they are out of scope."
            .to_owned(),
        of_engine.to_owned(),
        of_integer_ids(dialect),
    ]
}

/// Ids of the contract are texts, and those of many a firm are numbers.
fn of_integer_ids(dialect: Dialect) -> String {
    let text = dialect.column_type(ColumnType::Text);
    let cast = |name: &str| format!("CAST({name} AS {text})");
    format!(
        "Ids are texts here. Where one is an integer in your tables (account_id, trade_id, movement_id), write {} AS account_id, \
         and the same expression into every index that has it, or each document reads the whole table: \
         CREATE INDEX your_positions_by_0 ON your_positions ({}, as_of);",
        cast("t.account_id"),
        cast("account_id"),
    )
}

fn push_view(text: &mut String, relation: &Relation, dialect: Dialect) {
    let base = relation.name.replacen("statement_", "your_", 1);
    push_wrapped(text, "-- ", relation.meaning, 0);
    push_wrapped(
        text,
        "-- ",
        &format!("Unique: {}", relation.unique.join(", ")),
        2,
    );
    for (n, columns) in relation.indexes.iter().enumerate() {
        let columns = index_columns(relation, columns, dialect);
        push_wrapped(
            text,
            "-- ",
            &format!("CREATE INDEX {base}_by_{n} ON {base} ({columns});"),
            4,
        );
    }
    let _ = writeln!(text, "CREATE VIEW {} AS\nSELECT", relation.name);
    for (position, column) in relation.columns.iter().enumerate() {
        // With the comma in front any optional line can be deleted, the last one too.
        let comma = if position == 0 { ' ' } else { ',' };
        let optional = if column.optional { "optional; " } else { "" };
        let value = format!("{} AS {}", expression(column, dialect), column.name);
        let _ = writeln!(
            text,
            "    {comma} {value:<58} -- {optional}{}",
            explain(column)
        );
    }
    let _ = writeln!(text, "FROM {base} t;");
}

/// The column of the firm's table as the contract's type.
fn expression(column: &Column, dialect: Dialect) -> String {
    let name = column.name;
    match (dialect, column.column_type) {
        (_, ColumnType::Text) | (Dialect::Sqlite, ColumnType::Date) => format!("t.{name}"),
        (Dialect::Postgres, ColumnType::Date) => format!("CAST(t.{name} AS date)"),
        (Dialect::Postgres, ColumnType::Decimal) => format!("CAST(t.{name} AS numeric)"),
        (Dialect::Postgres, ColumnType::Integer) => format!("CAST(t.{name} AS bigint)"),
        (Dialect::Sqlite, ColumnType::Decimal) => format!("CAST(t.{name} AS TEXT)"),
        (Dialect::Sqlite, ColumnType::Integer) => format!("CAST(t.{name} AS INTEGER)"),
    }
}

/// The account is looked up by equality, for which PostgreSQL takes an index of the column's own collation only; other text
/// is sorted by code point.
fn index_columns(relation: &Relation, columns: &[&str], dialect: Dialect) -> String {
    let is_text = |name: &str| {
        let column = relation.column(name);
        name != "account_id" && column.is_some_and(|column| column.column_type == ColumnType::Text)
    };
    let columns = columns.iter().map(|name| match dialect {
        Dialect::Postgres if is_text(name) => dialect.sql(&format!("{name} COLLATE {{C}}")),
        _ => (*name).to_owned(),
    });
    columns.collect::<Vec<_>>().join(", ")
}

/// Adds a paragraph behind `head`, broken at spaces. Lines after the first begin with `indent` spaces, or with `head`
/// again when that is a comment mark.
fn push_wrapped(text: &mut String, head: &str, paragraph: &str, indent: usize) {
    let is_comment = head.starts_with("--");
    let next = if is_comment {
        format!("{head}{:indent$}", "")
    } else {
        " ".repeat(indent)
    };
    text.push_str(head);
    let mut column = display_width(head);
    let mut line_is_empty = true;
    for word in paragraph.split_whitespace() {
        let width = display_width(word);
        if !line_is_empty && column + 1 + width > WIDTH {
            text.push('\n');
            text.push_str(&next);
            column = next.len();
            line_is_empty = true;
        }
        if !line_is_empty {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
        line_is_empty = false;
    }
    text.push('\n');
}

/// Kanji and kana take two columns of a terminal.
fn display_width(text: &str) -> usize {
    text.chars()
        .map(|c| if c >= '\u{3000}' { 2 } else { 1 })
        .sum()
}

#[cfg(test)]
mod tests;

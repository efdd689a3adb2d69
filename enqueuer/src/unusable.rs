//! Rows whose account_id no account can have: they do not stop a month, but they are in no statement, and somebody must be told.

use common::catalog::cast;
use common::contract::{ACCOUNTS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::dialect::Dialect;
use common::ledger::{UnusableId, UnusableIds};
use common::source::Source;
use common::{Error, Result};
use serde_json::json;
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::activity::ActiveRows;

/// Rows that are kept and told in full; of further ones only their number.
const EXAMPLES: u32 = 10;

/// The condition that a text is no account id: 1 to 64 ASCII letters, digits, `_` and `-` are.
pub fn condition(dialect: Dialect, bytes: &str) -> String {
    match dialect {
        Dialect::Postgres => {
            format!("({bytes} IS NULL OR {bytes} !~ '^[A-Za-z0-9_-]{{1,64}}$')")
        }
        // It takes a text to end at its first NUL.
        Dialect::Sqlite => format!(
            "({bytes} IS NULL OR {bytes} GLOB '*[^A-Za-z0-9_-]*' OR length({bytes}) NOT BETWEEN 1 AND 64
              OR instr(CAST({bytes} AS blob), x'00') > 0)"
        ),
    }
}

/// The rows of a relation whose account_id is unusable, among those of a condition on the relation called `t`.
pub async fn of_rows(source: &mut Source, rows: &ActiveRows) -> Result<UnusableIds> {
    let relation = rows.relation;
    let bytes = source.catalog.bytes(relation, "account_id");
    let keys: Vec<&str> = keys(relation).collect();
    let columns: Vec<String> = keys
        .iter()
        .map(|key| cast(&source.catalog.column(relation, key)))
        .collect();
    let order: Vec<String> = (2..2 + keys.len()).map(|n| n.to_string()).collect();
    let query = format!(
        "SELECT count(*) OVER (), {}, {} FROM {} t WHERE {} AND {} ORDER BY {} LIMIT {EXAMPLES}",
        cast("t.account_id"),
        columns.join(", "),
        relation.name,
        rows.condition,
        condition(source.database.dialect, &bytes),
        order.join(", ")
    );
    let found = sqlx::query(query_text(query))
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed(
            "looking for unusable account ids",
            Whose::Source,
        ))?;
    let count: i64 = match found.first() {
        Some(row) => row.try_get(0).map_err(unreadable)?,
        None => 0,
    };
    Ok(UnusableIds {
        relation: relation.name.to_owned(),
        rows: u64::try_from(count).unwrap_or_default(),
        examples: found
            .iter()
            .map(|row| example(row, &keys))
            .collect::<Result<_>>()?,
    })
}

/// What identifies a row besides its account.
fn keys(relation: &'static Relation) -> impl Iterator<Item = &'static str> {
    let of_account = (relation.name == ACCOUNTS.name).then_some("account_no");
    let of_row = relation.unique.iter().copied();
    of_row
        .filter(|column| *column != "account_id")
        .chain(of_account)
}

fn example(row: &AnyRow, keys: &[&str]) -> Result<UnusableId> {
    let text = |n: usize| row.try_get::<Option<String>, _>(n).map_err(unreadable);
    let mut named = Vec::new();
    for (n, key) in (2..).zip(keys) {
        if let Some(value) = text(n)? {
            named.push(format!("{key} {}", escaped(&value)));
        }
    }
    Ok(UnusableId {
        account_id: text(1)?.map(|id| escaped(&id)),
        row: named.join(", "),
    })
}

/// A value of the source as text that any terminal can show, with its blanks to be seen, and not longer than a line.
fn escaped(value: &str) -> String {
    const LONGEST: usize = 80;
    let short: String = value.chars().take(LONGEST).collect();
    let cut = if short.len() < value.len() { "…" } else { "" };
    format!("{short:?}{cut}")
}

fn unreadable(reason: sqlx::Error) -> Error {
    Error::bug("unusable account ids could not be read").because(reason)
}

/// How many rows there are in all.
pub fn rows(found: &[UnusableIds]) -> u64 {
    found.iter().map(|found| found.rows).sum()
}

/// A line for every relation that has such rows.
pub fn words(found: &[UnusableIds]) -> Vec<String> {
    found
        .iter()
        .filter(|found| found.rows > 0)
        .map(|found| {
            let rows = match found.rows {
                1 => "1 row".to_owned(),
                rows => format!("{rows} rows"),
            };
            let examples: Vec<String> = found.examples.iter().take(3).map(example_words).collect();
            format!(
                "{}: {rows} with an account_id that no account can have, in no statement, e.g. {}",
                found.relation,
                examples.join("; ")
            )
        })
        .collect()
}

fn example_words(example: &UnusableId) -> String {
    let id = example.account_id.as_deref().unwrap_or("null");
    if example.row.is_empty() {
        id.to_owned()
    } else {
        format!("{id} ({})", example.row)
    }
}

/// As `--json` answers have it.
pub fn to_json(found: &[UnusableIds]) -> serde_json::Value {
    found
        .iter()
        .filter(|found| found.rows > 0)
        .map(|found| {
            let examples: Vec<_> = found
                .examples
                .iter()
                .map(|example| json!({"account_id": example.account_id, "row": example.row}))
                .collect();
            json!({"relation": found.relation, "rows": found.rows, "examples": examples})
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_whatever_is_in_them() {
        assert_eq!(escaped("A 1 "), "\"A 1 \"");
        assert_eq!(escaped("\u{1b}[2J\n"), "\"\\u{1b}[2J\\n\"");
        let long = escaped(&"x".repeat(100));
        assert_eq!(long, format!("\"{}\"…", "x".repeat(80)));
    }

    #[test]
    fn relations_without_such_rows_are_not_told() {
        let of = |rows, examples| UnusableIds {
            relation: "statement_trades".to_owned(),
            rows,
            examples,
        };
        assert_eq!(words(&[of(0, Vec::new())]), Vec::<String>::new());
        assert_eq!(to_json(&[of(0, Vec::new())]), json!([]));
        let example = UnusableId {
            account_id: None,
            row: "trade_id \"T1\"".to_owned(),
        };
        let told = words(&[of(1, vec![example])]).join("");
        assert!(
            told.contains("1 row with") && told.ends_with("e.g. null (trade_id \"T1\")"),
            "{told}"
        );
    }
}

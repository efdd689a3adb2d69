//! What only the data can show: one look at every row of a relation counts the faults of all its columns; where there are any, a
//! second look at the column finds examples.

use common::Result;
use common::catalog::cast;
use common::contract::{Column, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::source::Source;
use sqlx::Row;

use super::Deviation;
use super::fault::{self, Fault};

/// Values of a fault that are told.
const EXAMPLES: u32 = 3;

/// The deviations of columns, each named with counts and examples. Columns of other types than the contract's are told already and
/// cannot be looked into.
pub async fn deviations(
    source: &mut Source,
    relation: &'static Relation,
    columns: &[&'static Column],
) -> Result<Vec<Deviation>> {
    let looked_at: Vec<(&Column, String)> = columns
        .iter()
        .filter_map(|column| {
            let expression = fault::expression(source, relation, column, columns)?;
            Some((*column, expression))
        })
        .collect();
    let counts: Vec<String> = looked_at
        .iter()
        .map(|(_, expression)| format!("count({expression})"))
        .collect();
    if counts.is_empty() {
        return Ok(Vec::new());
    }
    let failed = |reason| statement_failed("looking at every row", Whose::Source)(reason);
    let query = format!("SELECT {} FROM {} t", counts.join(", "), relation.name);
    let row = sqlx::query(query_text(query))
        .fetch_one(source.connection())
        .await
        .map_err(failed)?;
    let mut found = Vec::new();
    for (n, (column, expression)) in looked_at.iter().enumerate() {
        let rows: i64 = row.try_get(n).map_err(failed)?;
        if rows > 0 {
            found.extend(of_column(source, relation, column, expression).await?);
        }
    }
    Ok(found)
}

/// Number of the fault, rows of it, a value, rows of that value, the first row.
type Found = (i64, i64, Option<String>, i64, Option<String>);

/// One deviation per fault of a column, with the most frequent values and a row of each.
async fn of_column(
    source: &mut Source,
    relation: &'static Relation,
    column: &Column,
    expression: &str,
) -> Result<Vec<Deviation>> {
    let dialect = source.database.dialect;
    let value = dialect.bytes(&format!("t.{}", column.name));
    let query = format!(
        "SELECT CAST(g.fault AS bigint), CAST(g.total AS bigint), CAST(g.value AS text), CAST(g.value_rows AS bigint), g.first_row
         FROM (SELECT f.fault, f.value, count(*) AS value_rows, min(f.row_key) AS first_row,
                      sum(count(*)) OVER (PARTITION BY f.fault) AS total,
                      row_number() OVER (PARTITION BY f.fault ORDER BY count(*) DESC, f.value) AS place
               FROM (SELECT {expression} AS fault, {value} AS value, {} AS row_key FROM {} t) f
               WHERE f.fault IS NOT NULL GROUP BY f.fault, f.value) g
         WHERE g.place <= {EXAMPLES} ORDER BY g.fault, g.place",
        row_key(source, relation),
        relation.name
    );
    let rows: Vec<Found> = sqlx::query_as(query_text(query))
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking for examples", Whose::Source))?;
    let mut deviations = Vec::new();
    for alike in rows.chunk_by(|a, b| a.0 == b.0) {
        let Some(fault) = Fault::of_number(alike[0].0) else {
            continue;
        };
        let examples: Vec<String> = alike.iter().map(example).collect();
        let (what, fix) = fault.words(column, alike[0].1, dialect);
        let problem = if fix.is_empty() {
            format!("{what}, e.g. {}", examples.join(", "))
        } else {
            format!("{what}, e.g. {}; {fix}", examples.join(", "))
        };
        deviations.push(Deviation {
            place: format!("{}.{}", relation.name, column.name),
            problem,
        });
    }
    Ok(deviations)
}

/// What identifies a row, as one text.
fn row_key(source: &Source, relation: &Relation) -> String {
    let parts: Vec<String> = relation
        .unique
        .iter()
        .filter(|column| source.catalog.has(relation, column))
        .map(|column| {
            let value = cast(&source.catalog.column(relation, column));
            format!("'{column} ' || COALESCE({value}, 'null')")
        })
        .collect();
    let key = parts.join(" || ', ' || ");
    source.database.dialect.bytes(&format!("({key})"))
}

fn example((_, _, value, rows, first): &Found) -> String {
    /// A longer value says no more.
    const LONGEST: usize = 60;
    let value = match value {
        Some(value) if value.chars().count() > LONGEST => {
            let short: String = value.chars().take(LONGEST).collect();
            format!("{short:?}…")
        }
        Some(value) => format!("{value:?}"),
        None => "null".to_owned(),
    };
    let first = first.as_deref().unwrap_or_default();
    // A key's control characters do nothing on a terminal.
    let first = first.replace(char::is_control, "\u{FFFD}");
    match rows {
        1 => format!("{value} ({first})"),
        rows => format!("{value} ({rows} rows, first {first})"),
    }
}

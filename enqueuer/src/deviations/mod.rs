//! How the source deviates from the contract: relations, columns, types, and values that only the data can show.

mod fault;
mod numbers;
pub mod rights;
mod scan;
mod whole;

use common::contract::{ACCOUNTS, Column, ColumnType, RELATIONS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::dialect::Dialect;
use common::source::{Filtered, Source};
use common::{Class, Error, Result};

use crate::whole_source;

/// A deviation: where, and what is wrong with the mend.
#[derive(Debug, Clone)]
pub struct Deviation {
    pub place: String,
    pub problem: String,
}

/// What is wrong with a SQLite column of numbers.
const FLOATS: &str =
    "holds binary floating point numbers, which are not exact; store decimals as TEXT";

/// Every deviation of a relation.
pub async fn of_relation(
    source: &mut Source,
    relation: &'static Relation,
    filtered: &[Filtered],
) -> Vec<Deviation> {
    if source.catalog.columns(relation).is_empty() {
        let engine = match source.database.dialect {
            Dialect::Postgres => "postgres",
            Dialect::Sqlite => "sqlite",
        };
        return vec![Deviation {
            place: relation.name.to_owned(),
            problem: format!(
                "is missing; create it as a table or view: `enqueuer contract --views {engine}` prints templates"
            ),
        }];
    }
    let of_relation = filtered
        .iter()
        .filter(|found| found.relation == relation.name);
    let hidden: Vec<Deviation> = of_relation
        .filter(|found| !found.shows_all())
        .map(|hidden| of_whole(relation, whole_source::hides(hidden)))
        .collect();
    if !hidden.is_empty() {
        return hidden;
    }
    let mut found = Vec::new();
    let mut sound = Vec::new();
    for column in relation.columns {
        match type_problem(source, relation, column) {
            Some(problem) => found.push(Deviation {
                place: format!("{}.{}", relation.name, column.name),
                problem,
            }),
            None if source.catalog.has(relation, column.name) => sound.push(column),
            None => {}
        }
    }
    // Row-level security stays off as long as any relation hides rows, so that others cannot be read although they show all.
    let is_hidden = filtered.iter().any(|found| !found.shows_all());
    let is_off = |relation: &Relation| {
        is_hidden && filtered.iter().any(|found| found.relation == relation.name)
    };
    if is_off(relation) {
        return found;
    }
    match scan::deviations(source, relation, &sound).await {
        Ok(deviations) => found.extend(deviations),
        Err(error) => found.push(of_whole(relation, after_failure(source, error).await)),
    }
    if whole::is_comparable(source, relation, &sound) && !is_off(&ACCOUNTS) {
        match whole::problems(source, relation).await {
            Ok(problems) => {
                found.extend(
                    problems
                        .into_iter()
                        .map(|problem| of_whole(relation, problem)),
                );
            }
            Err(error) => found.push(of_whole(relation, after_failure(source, error).await)),
        }
    }
    found
}

fn of_whole(relation: &Relation, problem: String) -> Deviation {
    Deviation {
        place: relation.name.to_owned(),
        problem,
    }
}

/// What a failure says. A statement that failed has ended the snapshot on PostgreSQL: what is looked at next has another one.
async fn after_failure(source: &mut Source, error: Error) -> String {
    if error.is_of_failed_statement()
        && let Err(error) = source.begin_anew().await
    {
        return error.chain();
    }
    error.chain()
}

/// What the engine's catalogue says of the column.
fn type_problem(source: &Source, relation: &Relation, column: &Column) -> Option<String> {
    let dialect = source.database.dialect;
    let wanted = dialect.column_type(column.column_type);
    match source.catalog.declared(relation, column.name) {
        None if column.optional => None,
        None => Some(format!(
            "is missing; add it as {wanted} ({})",
            column.meaning
        )),
        Some(declared) if dialect.accepts(column, declared.base_type()) => None,
        Some(declared) => Some(format!(
            "is of type {}; the contract wants {wanted}, so cast it in a view: CAST({name} AS {wanted}) AS {name}",
            declared.described(),
            name = column.name
        )),
    }
}

/// What a run refuses to begin with: deviations by which rows would silently be in no statement, or numbers not be exact.
/// One that concerns single rows only fails their documents instead.
pub async fn preflight(source: &mut Source) -> Result<()> {
    for relation in RELATIONS {
        let name = relation.name;
        for column in relation.columns {
            if let Some(problem) = type_problem(source, relation, column) {
                let see = "`enqueuer check` names every deviation";
                return Err(Error::config(format!(
                    "the source's {name}.{} {problem}; {see}",
                    column.name
                )));
            }
            let floats = holds_floats(source, relation, column).await;
            if unless_unreadable(source, floats).await? == Some(true) {
                return Err(Error::config(format!(
                    "the source's {name}.{} {FLOATS}",
                    column.name
                )));
            }
            if !selects_rows(relation, column) {
                continue;
            }
            let other = other_than_date(source, relation, column).await?;
            let problem = if let Some(value) = other {
                format!(
                    "{value:?} is not a date, so that its row would be in no period; write YYYY-MM-DD"
                )
            } else {
                let nulls = nulls(source, relation, column).await;
                match unless_unreadable(source, nulls).await? {
                    None | Some(0) => continue,
                    Some(rows) => format!(
                        "it is null in {rows} rows, which would be in no statement; the contract allows no null"
                    ),
                }
            };
            return Err(Error::data(
                "shape",
                format!("{name}, column {}: {problem}", column.name),
            ));
        }
    }
    Ok(())
}

/// `None` where a row cannot be read: that is a matter of its document, which fails by it. The statement may have ended the snapshot.
async fn unless_unreadable<T>(source: &mut Source, answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class() == Class::Data => {
            source.begin_anew().await?;
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Whether rows are selected by this column: one without a value would be overlooked. A row without an account_id is not: it is
/// recorded with the run, and told. Nor are accounts selected by their dates: one that is none fails its account's documents.
fn selects_rows(relation: &Relation, column: &Column) -> bool {
    relation.name != ACCOUNTS.name
        && !column.optional
        && (column.column_type == ColumnType::Date || column.name == "amount")
}

/// How many rows have a null in a column. With the contract's indexes most of these counts are index look-ups.
async fn nulls(source: &mut Source, relation: &Relation, column: &Column) -> Result<i64> {
    let query = format!(
        "SELECT count(*) FROM {} t WHERE t.{} IS NULL",
        relation.name, column.name
    );
    sqlx::query_scalar(query_text(query))
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed("looking for nulls", Whose::Source))
}

/// Dates of SQLite are text, and text that is no date falls out of every comparison with one: a row of
/// `2026-10-31 00:00:00` would silently be in no October. So would an infinity of PostgreSQL, or a day of the year 20266. Returns
/// such a value.
async fn other_than_date(
    source: &mut Source,
    relation: &Relation,
    column: &Column,
) -> Result<Option<String>> {
    if column.column_type != ColumnType::Date {
        return Ok(None);
    }
    let name = column.name;
    let is_none = match source.database.dialect {
        Dialect::Sqlite => format!("{name} IS NOT NULL AND date({name}) IS NOT {name}"),
        // The days that SQLite has.
        Dialect::Postgres => {
            format!("{name} > date('9999-12-31') OR {name} < date('0001-01-01')")
        }
    };
    let query = format!(
        "SELECT CAST({name} AS text) FROM {} WHERE {is_none} LIMIT 1",
        relation.name
    );
    sqlx::query_scalar(query_text(query))
        .fetch_optional(source.connection())
        .await
        .map_err(statement_failed(
            "looking for dates that are none",
            Whose::Source,
        ))
}

/// A SQLite column that is not declared as text may hold binary floating point numbers.
async fn holds_floats(source: &mut Source, relation: &Relation, column: &Column) -> Result<bool> {
    let declared = source.catalog.declared(relation, column.name);
    let may = declared.is_some_and(|declared| declared.base != "text");
    if source.database.dialect != Dialect::Sqlite
        || column.column_type != ColumnType::Decimal
        || !may
    {
        return Ok(false);
    }
    let query = format!(
        "SELECT count(*) FROM {} WHERE typeof({}) = 'real'",
        relation.name, column.name
    );
    let floats: i64 = sqlx::query_scalar(query_text(query))
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed(
            "looking for floating point numbers",
            Whose::Source,
        ))?;
    Ok(floats > 0)
}

//! How the source deviates from the contract: relations, columns, types, and values that only the data can show.

use common::contract::{ACCOUNTS, Column, ColumnType, RELATIONS, Relation};
use common::database::{Whose, query_text, statement_failed};
use common::dialect::Dialect;
use common::source::{Filtered, Source};
use common::{Error, Result};

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
        let mend = "create it as a table or view; `enqueuer contract --views` prints templates";
        return vec![Deviation {
            place: relation.name.to_owned(),
            problem: format!("is missing; {mend}"),
        }];
    }
    let mut hidden = filtered.iter().filter(|found| !found.shows_all());
    let name = relation.name;
    let mut found: Vec<Deviation> = hidden
        .clone()
        .filter(|hidden| hidden.relation == name)
        .map(|hidden| Deviation {
            place: name.to_owned(),
            problem: whole_source::hides(hidden),
        })
        .collect();
    if !found.is_empty() {
        return found;
    }
    for column in relation.columns {
        found.extend(of_column(source, relation, column).await);
    }
    if found.is_empty()
        && !hidden.any(|hidden| hidden.relation == ACCOUNTS.name)
        && let Err(error) = accounts_known(source, relation).await
    {
        let mut problem = error.chain();
        if let Err(error) = after_failure(source, &error).await {
            problem = error.chain();
        }
        found.push(Deviation {
            place: relation.name.to_owned(),
            problem,
        });
    }
    found
}

/// How a column deviates: absent, of another type, or with values that its type allows and the contract does not.
async fn of_column(source: &mut Source, relation: &Relation, column: &Column) -> Option<Deviation> {
    let place = format!("{}.{}", relation.name, column.name);
    match value_problem(source, relation, column).await {
        Ok(problem) => problem.map(|problem| Deviation { place, problem }),
        Err(error) => {
            let ended = after_failure(source, &error).await;
            Some(Deviation {
                place,
                problem: ended.err().unwrap_or(error).chain(),
            })
        }
    }
}

/// A statement that failed has ended the snapshot on PostgreSQL: what is looked at next has another one.
async fn after_failure(source: &mut Source, error: &Error) -> Result<()> {
    if std::error::Error::source(error).is_some() {
        source.begin_anew().await?;
    }
    Ok(())
}

async fn value_problem(
    source: &mut Source,
    relation: &Relation,
    column: &Column,
) -> Result<Option<String>> {
    if let Some(problem) = type_problem(source, relation, column) {
        return Ok(Some(problem));
    }
    if !source.catalog.has(relation, column.name) {
        return Ok(None);
    }
    if holds_floats(source, relation, column).await? {
        return Ok(Some(FLOATS.to_owned()));
    }
    if let Some(value) = other_than_date(source, relation, column).await? {
        return Ok(Some(format!(
            "holds {value:?}, which is no date; store dates as TEXT, YYYY-MM-DD"
        )));
    }
    if !column.optional {
        let nulls = nulls(source, relation, column).await?;
        if nulls > 0 {
            return Ok(Some(format!(
                "is null in {nulls} rows; the contract allows no null, so fill it or leave the rows out"
            )));
        }
    }
    Ok(None)
}

/// What the engine's catalogue says of the column.
fn type_problem(source: &Source, relation: &Relation, column: &Column) -> Option<String> {
    let dialect = source.database.dialect;
    let wanted = dialect.column_type(column.column_type);
    match source
        .catalog
        .columns(relation)
        .iter()
        .find(|(name, _)| name == column.name)
    {
        None if column.optional => None,
        None => Some(format!(
            "is missing; add it as {wanted} ({})",
            column.meaning
        )),
        Some((_, declared)) if dialect.accepts(column, declared) => None,
        Some((_, declared)) => Some(format!(
            "is of type {declared}; the contract wants {wanted}, so cast it in a view"
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
            if holds_floats(source, relation, column).await? {
                return Err(Error::config(format!(
                    "the source's {name}.{} {FLOATS}",
                    column.name
                )));
            }
            if !selects_rows(column) {
                continue;
            }
            let problem = match other_than_date(source, relation, column).await? {
                Some(value) => format!(
                    "{value:?} is not a date, so that its row would be in no period; write YYYY-MM-DD"
                ),
                None => match nulls(source, relation, column).await? {
                    0 => continue,
                    rows => format!(
                        "it is null in {rows} rows, which would be in no statement; the contract allows no null"
                    ),
                },
            };
            return Err(Error::data(
                "shape",
                format!("{name}, column {}: {problem}", column.name),
            ));
        }
    }
    Ok(())
}

/// Whether rows are selected by this column: one without a value would be overlooked.
fn selects_rows(column: &Column) -> bool {
    !column.optional
        && (column.column_type == ColumnType::Date
            || matches!(column.name, "account_id" | "amount"))
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
/// `2026-10-31 00:00:00` would silently be in no October. Returns such a value.
async fn other_than_date(
    source: &mut Source,
    relation: &Relation,
    column: &Column,
) -> Result<Option<String>> {
    if source.database.dialect != Dialect::Sqlite || column.column_type != ColumnType::Date {
        return Ok(None);
    }
    let name = column.name;
    let query = format!(
        "SELECT CAST({name} AS text) FROM {} WHERE {name} IS NOT NULL AND date({name}) IS NOT {name} LIMIT 1",
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
    let declared = source
        .catalog
        .columns(relation)
        .iter()
        .find(|(name, _)| name == column.name);
    let may = declared.is_some_and(|(_, declared)| declared != "text");
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

/// Rows must belong to an account, and every account id must be usable in keys and job names.
async fn accounts_known(source: &mut Source, relation: &'static Relation) -> Result<()> {
    let failed = |reason| statement_failed("looking for unknown accounts", Whose::Source)(reason);
    let name = relation.name;
    if name == ACCOUNTS.name {
        let ids: Vec<(Option<String>, i64)> = sqlx::query_as(query_text(format!(
            "SELECT CAST(t.account_id AS text), count(*) FROM {name} t GROUP BY t.account_id"
        )))
        .fetch_all(source.connection())
        .await
        .map_err(failed)?;
        if ids.is_empty() {
            return Err(whole_source::no_account());
        }
        for (id, rows) in ids {
            let id = id.ok_or_else(|| {
                Error::config("account_id is null in a row; every account needs one")
            })?;
            id.parse::<common::statement::AccountId>()?;
            if rows > 1 {
                return Err(Error::config(format!(
                    "account_id {id} occurs {rows} times; it must be unique"
                )));
            }
        }
        return Ok(());
    }
    let orphans: (i64, Option<String>) = sqlx::query_as(query_text(format!(
        "SELECT count(*), CAST(min(t.account_id) AS text) FROM {name} t
         WHERE t.account_id IS NULL
            OR NOT EXISTS (SELECT 1 FROM statement_accounts a WHERE a.account_id = t.account_id)"
    )))
    .fetch_one(source.connection())
    .await
    .map_err(failed)?;
    match orphans {
        (0, _) => Ok(()),
        (rows, example) => Err(Error::config(format!(
            "{rows} rows belong to no account of statement_accounts (e.g. account_id {}); add the accounts or leave the rows out",
            example.map_or_else(|| "null".to_owned(), |id| format!("{id:?}"))
        ))),
    }
}

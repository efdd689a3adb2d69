//! What `check` verifies. Every deviation is named, not only the first.

use common::config::{Config, Settings};
use common::contract::{ColumnType, RELATIONS, Relation};
use common::database::{Database, Dialect, Whose, query_text, statement_failed};
use common::ledger::Ledger;
use common::{Error, Result};

use crate::context::Source;
use crate::queue::converter_path;

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    pub subject: String,
    /// What is wrong and the mend; `None` = nothing.
    pub problem: Option<String>,
}

fn finding(subject: impl Into<String>, result: Result<()>) -> Finding {
    Finding {
        subject: subject.into(),
        problem: result.err().map(|error| error.chain()),
    }
}

/// Verifies everything a run needs.
pub async fn all(settings: &Settings) -> Vec<Finding> {
    let config = match settings.resolve_all() {
        Ok(config) => config,
        Err(errors) => {
            return errors
                .into_iter()
                .map(|error| finding("settings", Err(error)))
                .collect();
        }
    };
    let mut findings = vec![finding("settings", Ok(()))];
    findings.push(finding(
        format!("ledger {}", config.database_url),
        ledger(&config).await,
    ));
    match Source::connect(&config).await {
        Ok(mut source) => {
            findings.push(finding(
                format!("source {}", config.source_database_url),
                Ok(()),
            ));
            for relation in RELATIONS {
                findings.extend(relation_findings(&mut source, relation).await);
            }
        }
        Err(error) => findings.push(finding(
            format!("source {}", config.source_database_url),
            Err(error),
        )),
    }
    findings.push(finding(format!("store {}", config.store), store(&config)));
    findings.push(finding("converter", converter_path().map(drop)));
    findings
}

/// Looks at the ledger without changing it: an old or absent one is brought up to date by the next command locally.
async fn ledger(config: &Config) -> Result<()> {
    let database = Database::new(&config.database_url)?;
    database.verify().await?;
    let ledger = Ledger::connect(config, 1).await?;
    let current = ledger.is_current().await;
    ledger.close().await;
    if current? || config.deployment == common::config::Deployment::Local {
        return Ok(());
    }
    Err(Error::config(format!(
        "the ledger at {} is not up to date: run `enqueuer migrate`",
        database.url
    )))
}

/// Makes and removes a file where documents will be published.
pub fn store(config: &Config) -> Result<()> {
    let directory = config.store.partial_directory();
    let probe = directory.join(format!("check-{:08x}", fastrand::u32(..)));
    let tried = std::fs::create_dir_all(&directory)
        .and_then(|()| std::fs::write(&probe, b"check"))
        .and_then(|()| std::fs::remove_file(&probe));
    tried.map_err(|reason| {
        Error::config(format!(
            "{} cannot be written; give it rights or another STORE_URL",
            directory.display()
        ))
        .because(reason)
    })
}

/// Every deviation of a relation from the contract: the relation itself, columns, types, and values that only the data
/// can show.
async fn relation_findings(source: &mut Source, relation: &'static Relation) -> Vec<Finding> {
    let columns = source.catalog.columns(relation).to_vec();
    if columns.is_empty() {
        let mend = "create it as a table or view; `enqueuer contract --views` prints templates";
        return vec![Finding {
            subject: relation.name.to_owned(),
            problem: Some(format!("is missing; {mend}")),
        }];
    }
    let dialect = source.database.dialect;
    let mut findings = Vec::new();
    for column in relation.columns {
        let subject = format!("{}.{}", relation.name, column.name);
        let wanted = dialect.column_type(column.column_type);
        match columns.iter().find(|(name, _)| name == column.name) {
            None if column.optional => {}
            None => findings.push(Finding {
                subject,
                problem: Some(format!(
                    "is missing; add it as {wanted} ({})",
                    column.meaning
                )),
            }),
            Some((_, declared)) if !dialect.accepts(column, declared) => findings.push(Finding {
                subject,
                problem: Some(format!(
                    "is of type {declared}; the contract wants {wanted}, so cast it in a view"
                )),
            }),
            Some((_, declared)) => {
                let problem = match column.column_type {
                    _ if dialect != Dialect::Sqlite => None,
                    ColumnType::Decimal
                        if declared != "text"
                            && holds_floats(source, relation, column.name).await =>
                    {
                        Some(
                            "holds binary floating point numbers, which are not exact; store decimals as TEXT",
                        )
                    }
                    ColumnType::Date
                        if matches!(
                            other_than_date(source, relation, column.name).await,
                            Ok(Some(_))
                        ) =>
                    {
                        Some("holds values that are not YYYY-MM-DD; store dates as such TEXT")
                    }
                    _ => None,
                };
                findings.extend(problem.map(|problem| Finding {
                    subject,
                    problem: Some(problem.to_owned()),
                }));
            }
        }
    }
    if findings.is_empty() {
        findings.push(finding(
            relation.name,
            accounts_known(source, relation).await,
        ));
    }
    findings
}

/// Refuses a source in which a date is none: see `other_than_date`.
pub async fn dates(source: &mut Source) -> Result<()> {
    for relation in RELATIONS {
        for column in relation
            .columns
            .iter()
            .filter(|column| column.column_type == ColumnType::Date)
        {
            if let Some(value) = other_than_date(source, relation, column.name).await? {
                return Err(Error::data(
                    "shape",
                    format!(
                        "{}, column {}: {value:?} is not a date, so that its row would be in no period; write YYYY-MM-DD",
                        relation.name, column.name
                    ),
                ));
            }
        }
    }
    Ok(())
}

/// Dates of SQLite are text, and text that is no date falls out of every comparison with one: a row of
/// `2026-10-31 00:00:00` would silently be in no October. Returns such a value.
async fn other_than_date(
    source: &mut Source,
    relation: &Relation,
    column: &str,
) -> Result<Option<String>> {
    let present = source
        .catalog
        .columns(relation)
        .iter()
        .any(|(name, _)| name == column);
    if source.database.dialect != Dialect::Sqlite || !present {
        return Ok(None);
    }
    let query = format!(
        "SELECT CAST({column} AS text) FROM {}
         WHERE {column} IS NOT NULL AND date({column}) IS NOT {column} LIMIT 1",
        relation.name
    );
    sqlx::query_scalar(query_text(query))
        .fetch_optional(&mut source.connection)
        .await
        .map_err(statement_failed(
            "looking for dates that are none",
            Whose::Source,
        ))
}

async fn holds_floats(source: &mut Source, relation: &Relation, column: &str) -> bool {
    let query = format!(
        "SELECT count(*) FROM {} WHERE typeof({column}) = 'real'",
        relation.name
    );
    let floats = sqlx::query_scalar::<_, i64>(query_text(query))
        .fetch_one(&mut source.connection)
        .await;
    floats.is_ok_and(|floats| floats > 0)
}

/// Rows must belong to an account, and every account id must be usable in keys and job names.
async fn accounts_known(source: &mut Source, relation: &'static Relation) -> Result<()> {
    let failed = |reason| statement_failed("looking for unknown accounts", Whose::Source)(reason);
    let name = relation.name;
    if name == "statement_accounts" {
        let ids: Vec<(Option<String>, i64)> = sqlx::query_as(query_text(format!(
            "SELECT CAST(t.account_id AS text), count(*) FROM {name} t GROUP BY t.account_id"
        )))
        .fetch_all(&mut source.connection)
        .await
        .map_err(failed)?;
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
    .fetch_one(&mut source.connection)
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

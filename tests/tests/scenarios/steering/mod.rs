//! Steering a month end on this machine: what operators make again, reissue, excuse and stop, what holds a period, and
//! whether everything adds up.

pub mod alerts;
mod certificate;
mod changed;
mod choice;
mod excuse;
mod groups;
mod packing;
mod refusals;
mod reissue;
mod resubmit;
mod stop;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tests::{Engine, Program, World};

use crate::fixtures::{PERIOD, document};

/// After the run, so that dates of issue differ.
pub const LATER: &str = "2026-11-05T10:00:00+09:00";

/// Makes every trade of these accounts contradict itself: their trade documents are refused by `identity`.
pub async fn spoil_trades(world: &World, accounts: &[&str]) -> Result<()> {
    let accounts: Vec<String> = accounts.iter().map(|id| format!("'{id}'")).collect();
    world
        .execute(&format!(
            "UPDATE statement_trades SET net_amount = '-1' WHERE account_id IN ({})",
            accounts.join(", ")
        ))
        .await
}

/// Makes every trade contradict itself.
pub async fn spoil_all_trades(world: &World) -> Result<()> {
    world
        .execute("UPDATE statement_trades SET net_amount = '-1'")
        .await
}

/// Undoes it for every account.
pub async fn mend_trades(world: &World) -> Result<()> {
    world
        .execute("UPDATE statement_trades SET net_amount = '-1000'")
        .await
}

/// Makes closing holdings that no trade explains: the balance document is refused by `positions`.
pub async fn spoil_holdings(world: &World, account: &str) -> Result<()> {
    change_holdings(world, account, "+ 7").await
}

pub async fn mend_holdings(world: &World, account: &str) -> Result<()> {
    change_holdings(world, account, "- 7").await
}

async fn change_holdings(world: &World, account: &str, change: &str) -> Result<()> {
    world
        .execute(&format!(
            "UPDATE statement_positions SET quantity = quantity {change}
             WHERE account_id = '{account}' AND as_of = '2026-10-31'"
        ))
        .await
}

/// A command that is answered as JSON, with a reason and a date of issue of its own where it takes them.
pub fn steer<'a>(
    world: &World,
    command: &'a str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Program {
    world.enqueuer(steering(command, arguments))
}

/// Its arguments.
pub fn steering<'a>(
    command: &'a str,
    arguments: impl IntoIterator<Item = &'a str>,
) -> Vec<&'a str> {
    let mut all = vec![
        command,
        "--json",
        "--reason",
        "looked at by the back office",
    ];
    if command != "excuse" {
        all.extend(["--at", LATER]);
    }
    all.extend(arguments);
    all
}

/// What the only run of a `resubmit` or `reissue` came to, as `submitted`, `succeeded` and `failed`.
pub fn came_to(answer: &Value) -> Result<[i64; 3]> {
    let runs = answer["runs"].as_array().context("no runs")?;
    ensure!(runs.len() == 1, "not one run: {answer}");
    Ok(["submitted", "succeeded", "failed"].map(|count| runs[0][count].as_i64().unwrap_or(-1)))
}

/// State and cause of a document.
pub async fn stands(world: &World, id: &str) -> Result<(String, Option<String>)> {
    let document = document(world, id).await?;
    let text = |field: &str| document[field].as_str().map(ToOwned::to_owned);
    Ok((text("state").unwrap_or_default(), text("cause")))
}

/// Demands a document's state and cause.
pub async fn expect_stands(
    world: &World,
    id: &str,
    state: &str,
    cause: Option<&str>,
) -> Result<()> {
    let found = stands(world, id).await?;
    ensure!(
        found == (state.to_owned(), cause.map(ToOwned::to_owned)),
        "{id} is {found:?}, not {state} {cause:?}"
    );
    Ok(())
}

/// How many documents stand in these states.
pub async fn in_states<const N: usize>(world: &World, states: [&str; N]) -> Result<[i64; N]> {
    let counts = world.status(PERIOD).await?["counts"].clone();
    Ok(states.map(|state| counts[state].as_i64().unwrap_or(-1)))
}

/// A column of a document as the ledger keeps it.
pub async fn kept(world: &World, id: &str, column: &str) -> Result<String> {
    let query =
        format!("SELECT CAST({column} AS text) FROM export_documents WHERE document_id = '{id}'");
    let rows = world.texts(&query).await?;
    let value = rows.into_iter().flatten().next().flatten();
    value.with_context(|| format!("{column} of {id} is null"))
}

/// What operators did: document, action and reason.
pub async fn actions(world: &World) -> Result<Vec<String>> {
    let rows = world
        .texts(
            "SELECT document_id, action, reason FROM export_actions ORDER BY acted_at, document_id",
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
        .collect())
}

/// Every row of every table of the ledger, so that two of them can be compared.
pub async fn whole_ledger(world: &World) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    for table in [
        "export_runs",
        "export_documents",
        "export_jobs",
        "export_job_documents",
        "export_attempts",
        "export_holds",
        "export_actions",
        "export_alerts",
        "export_comparisons",
        "export_changes",
        "export_certificates",
        "export_prunings",
    ] {
        let columns = world
            .texts(&match world.engine {
                Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
                Engine::Postgres => format!(
                    "SELECT CAST(column_name AS text) FROM information_schema.columns WHERE table_name = '{table}'"
                ),
            })
            .await?;
        let columns: Vec<String> = columns
            .into_iter()
            .flatten()
            .flatten()
            .map(|column| format!("CAST({column} AS text)"))
            .collect();
        ensure!(!columns.is_empty(), "there is no table {table}");
        let query = format!("SELECT {} FROM {table}", columns.join(", "));
        for row in world.texts(&query).await? {
            rows.push(format!("{table} {row:?}"));
        }
    }
    rows.sort();
    Ok(rows)
}

/// Demands that the ledger is as it was.
pub async fn expect_untouched(world: &World, before: &[String], what: &str) -> Result<()> {
    let after = whole_ledger(world).await?;
    let differences: Vec<&String> = after
        .iter()
        .filter(|row| !before.contains(row))
        .chain(before.iter().filter(|row| !after.contains(row)))
        .collect();
    ensure!(differences.is_empty(), "{what} changed {differences:#?}");
    Ok(())
}

/// Demands that the certificate adds up, and how a kind's accounts are accounted for.
pub async fn expect_adds_up(world: &World, kind: &str, expected: &Value) -> Result<()> {
    let answer = world
        .enqueuer(["certificate", "--period", PERIOD, "--json"])
        .run()
        .await?
        .expect(0)?
        .json()?;
    ensure!(answer["adds_up"] == json!(true), "{answer}");
    ensure!(answer["kinds"][kind] == *expected, "{kind}: {answer}");
    Ok(())
}

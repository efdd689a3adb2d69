//! Of how many accounts rule `settlement` proves nothing. It is told here, once, and not by every document.

use common::Result;
use common::contract::CASH_MOVEMENTS;
use common::database::{Whose, statement_failed};
use common::ledger::Snapshots;
use common::source::Source;
use common::statement::Period;

use super::same_account;

/// Accounts whose payments name no trade, or whose trades are paid for elsewhere, between the snapshots of cash.
pub async fn unproven_accounts(
    source: &mut Source,
    period: Period,
    snapshots: &Snapshots,
) -> Result<u64> {
    let trade_id = source.column(&CASH_MOVEMENTS, "trade_id");
    let text = include_str!("unproven.sql")
        .replace("{trade_id}", &trade_id)
        .replace("{same_account}", &same_account(source, ["m", "s"]));
    let query = source.sql(&text);
    let first_day = period.first_day();
    let eve = first_day.yesterday().unwrap_or(first_day);
    let after = snapshots.cash_opening.unwrap_or(eve);
    let up_to = snapshots.cash_closing.unwrap_or(period.last_day());
    let accounts: i64 = sqlx::query_scalar(query)
        .bind(after.to_string())
        .bind(up_to.to_string())
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed(
            "counting accounts whose payments name no trade",
            Whose::Source,
        ))?;
    Ok(u64::try_from(accounts).unwrap_or_default())
}

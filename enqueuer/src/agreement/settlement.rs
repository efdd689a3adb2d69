//! Of how many accounts rule `settlement` leaves something out. It is told here, once, and not by every document.

use common::Result;
use common::contract::CASH_MOVEMENTS;
use common::database::{Whose, statement_failed};
use common::ledger::Snapshots;
use common::source::Source;
use common::statement::Period;

/// Accounts with a payment that names no trade, or with a trade that no payment names, between the snapshots of cash.
pub async fn unproven_accounts(
    source: &mut Source,
    period: Period,
    snapshots: &Snapshots,
) -> Result<u64> {
    let dialect = source.database.dialect;
    let trade_id = source.catalog.present(&CASH_MOVEMENTS, "trade_id");
    let text = include_str!("unproven.sql")
        .replace("{account_id}", &dialect.bytes("t.account_id"))
        .replace("{id_of_trade}", &dialect.bytes("t.trade_id"))
        .replace("{named_bytes}", &dialect.bytes(&trade_id))
        .replace("{named}", &trade_id);
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
            "counting accounts whose settlement is not proven",
            Whose::Source,
        ))?;
    Ok(u64::try_from(accounts).unwrap_or_default())
}

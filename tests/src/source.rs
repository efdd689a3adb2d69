//! The source as the tests read it: raw columns as text, by SQL of their own, so that what a workbook must say is
//! computed apart from the product.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::World;

/// One row of a source relation.
#[derive(Debug, Clone)]
pub struct Row {
    relation: &'static str,
    values: BTreeMap<&'static str, Option<String>>,
}

impl Row {
    /// A column that may be null.
    pub fn optional(&self, column: &str) -> Result<Option<&str>> {
        let value = self
            .values
            .get(column)
            .with_context(|| format!("{} is read without column {column}", self.relation))?;
        Ok(value.as_deref())
    }

    pub fn text(&self, column: &str) -> Result<&str> {
        self.optional(column)?
            .with_context(|| format!("{}.{column} is null: {:?}", self.relation, self.values))
    }

    pub fn decimal(&self, column: &str) -> Result<Decimal> {
        parse_decimal(self.text(column)?)
    }

    pub fn optional_decimal(&self, column: &str) -> Result<Option<Decimal>> {
        self.optional(column)?.map(parse_decimal).transpose()
    }

    pub fn date(&self, column: &str) -> Result<Date> {
        parse_date(self.text(column)?)
    }

    pub fn optional_date(&self, column: &str) -> Result<Option<Date>> {
        self.optional(column)?.map(parse_date).transpose()
    }
}

fn parse_decimal(text: &str) -> Result<Decimal> {
    Decimal::from_str_exact(text).with_context(|| format!("{text:?} is not a decimal"))
}

fn parse_date(text: &str) -> Result<Date> {
    text.parse()
        .with_context(|| format!("{text:?} is not a date"))
}

/// Every row of the source. Rows are by account, in no order.
pub struct Source {
    pub accounts: BTreeMap<String, Row>,
    trades: BTreeMap<String, Vec<Row>>,
    movements: BTreeMap<String, Vec<Row>>,
    positions: BTreeMap<String, Vec<Row>>,
    balances: BTreeMap<String, Vec<Row>>,
}

#[rustfmt::skip]
const ACCOUNTS: &[&str] = &[
    "account_id", "account_no", "holder_name", "postal_address", "language", "base_currency", "electronic_delivery",
    "rollout_group", "opened_on", "closed_on",
];
#[rustfmt::skip]
const TRADES: &[&str] = &[
    "account_id", "trade_id", "trade_date", "trade_time", "settlement_date", "asset_class", "security_code", "security_name", "market",
    "side", "event", "custody", "quantity", "unit_price", "price_unit", "currency", "fx_rate", "gross_amount",
    "accrued_interest", "commission", "foreign_fees", "consumption_tax", "withholding_tax", "net_amount",
    "settlement_currency", "settlement_amount", "note",
];
#[rustfmt::skip]
const CASH_MOVEMENTS: &[&str] = &[
    "account_id", "movement_id", "booked_on", "sequence", "kind", "description", "currency", "pocket", "amount",
    "gross_currency", "gross_amount", "income_tax", "local_tax", "foreign_tax", "fee",
];
#[rustfmt::skip]
const POSITIONS: &[&str] = &[
    "account_id", "as_of", "asset_class", "security_code", "security_name", "market", "custody", "quantity",
    "average_cost", "price", "price_date", "price_unit", "price_factor", "currency", "fx_rate", "market_value", "unrealized_pl",
];
const CASH_BALANCES: &[&str] = &[
    "account_id",
    "as_of",
    "currency",
    "pocket",
    "amount",
    "fx_rate",
];

impl Source {
    pub async fn read(world: &World) -> Result<Self> {
        let by_account = async |relation, columns| -> Result<BTreeMap<String, Vec<Row>>> {
            let mut accounts: BTreeMap<String, Vec<Row>> = BTreeMap::new();
            for row in rows(world, relation, columns).await? {
                accounts
                    .entry(row.text("account_id")?.to_owned())
                    .or_default()
                    .push(row);
            }
            Ok(accounts)
        };
        let mut accounts = BTreeMap::new();
        for row in rows(world, "statement_accounts", ACCOUNTS).await? {
            accounts.insert(row.text("account_id")?.to_owned(), row);
        }
        Ok(Self {
            accounts,
            trades: by_account("statement_trades", TRADES).await?,
            movements: by_account("statement_cash_movements", CASH_MOVEMENTS).await?,
            positions: by_account("statement_positions", POSITIONS).await?,
            balances: by_account("statement_cash_balances", CASH_BALANCES).await?,
        })
    }

    pub fn account(&self, account: &str) -> Result<&Row> {
        self.accounts
            .get(account)
            .with_context(|| format!("the source has no account {account}"))
    }

    pub fn trades(&self, account: &str) -> &[Row] {
        self.trades.get(account).map_or(&[], Vec::as_slice)
    }

    pub fn movements(&self, account: &str) -> &[Row] {
        self.movements.get(account).map_or(&[], Vec::as_slice)
    }

    /// The holdings of a snapshot; none when there is no such snapshot.
    pub fn positions(&self, account: &str, as_of: Option<Date>) -> Result<Vec<&Row>> {
        of_day(self.positions.get(account), as_of)
    }

    /// The cash of a snapshot; none when there is no such snapshot.
    pub fn balances(&self, account: &str, as_of: Option<Date>) -> Result<Vec<&Row>> {
        of_day(self.balances.get(account), as_of)
    }

    /// The days on which the firm took snapshots of holdings.
    pub fn position_days(&self) -> Result<Vec<Date>> {
        days(&self.positions)
    }

    /// The days on which the firm took snapshots of cash.
    pub fn balance_days(&self) -> Result<Vec<Date>> {
        days(&self.balances)
    }
}

async fn rows(
    world: &World,
    relation: &'static str,
    columns: &'static [&'static str],
) -> Result<Vec<Row>> {
    let list: Vec<String> = columns
        .iter()
        .map(|column| format!("CAST({column} AS text)"))
        .collect();
    let query = format!("SELECT {} FROM {relation}", list.join(", "));
    let rows = world.texts(&query).await?;
    Ok(rows
        .into_iter()
        .map(|values| Row {
            relation,
            values: columns.iter().copied().zip(values).collect(),
        })
        .collect())
}

fn of_day(rows: Option<&Vec<Row>>, day: Option<Date>) -> Result<Vec<&Row>> {
    let mut found = Vec::new();
    for row in rows.into_iter().flatten() {
        if Some(row.date("as_of")?) == day {
            found.push(row);
        }
    }
    Ok(found)
}

fn days(accounts: &BTreeMap<String, Vec<Row>>) -> Result<Vec<Date>> {
    let mut days = Vec::new();
    for row in accounts.values().flatten() {
        days.push(row.date("as_of")?);
    }
    days.sort();
    days.dedup();
    Ok(days)
}

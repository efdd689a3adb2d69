//! The rows of an account's books as rows of the source relations.

use common::contract::{ACCOUNTS, CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, Relation, TRADES};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::rows::{Account, Balance, Movement, Position, Trade, Valuation};
use super::securities::Currency;
use crate::source_writer::Row;

impl Account {
    pub fn row(&self) -> Row {
        row(
            &ACCOUNTS,
            [
                ("account_id", text(&self.id)),
                ("account_no", text(&self.no)),
                ("holder_name", text(&self.holder_name)),
                ("postal_address", self.postal_address.clone()),
                ("language", text(self.language.as_str())),
                ("base_currency", text(Currency::Jpy.as_str())),
                (
                    "electronic_delivery",
                    text(if self.consented { "1" } else { "0" }),
                ),
                ("rollout_group", self.rollout_group.and_then(text)),
                ("opened_on", date(self.opened_on)),
                ("closed_on", self.closed_on.and_then(date)),
            ],
        )
    }
}

impl Trade {
    pub fn row(&self, account_id: &str) -> Row {
        let security = self.security;
        row(
            &TRADES,
            [
                ("account_id", text(account_id)),
                ("trade_id", Some(self.id())),
                ("trade_date", date(self.trade_date)),
                ("trade_time", None),
                ("settlement_date", date(self.settlement_date)),
                ("asset_class", text(security.class.as_str())),
                ("security_code", text(security.code)),
                ("security_name", text(security.name)),
                ("market", security.market.and_then(text)),
                ("side", text(self.side.as_str())),
                ("event", self.event.and_then(text)),
                ("custody", text(self.custody.as_str())),
                ("quantity", decimal(self.quantity)),
                ("unit_price", decimal(self.unit_price)),
                ("price_unit", Some(security.price_unit.to_string())),
                ("price_factor", None),
                ("currency", text(security.currency.as_str())),
                ("fx_rate", self.fx_rate.and_then(decimal)),
                ("gross_amount", decimal(self.gross_amount)),
                ("accrued_interest", self.accrued_interest.and_then(decimal)),
                ("commission", decimal(self.commission)),
                ("foreign_fees", self.foreign_fees.and_then(decimal)),
                ("consumption_tax", decimal(self.consumption_tax)),
                ("withholding_tax", decimal(self.withholding_tax)),
                ("net_amount", decimal(self.net_amount)),
                (
                    "settlement_currency",
                    self.yen_amount.and_then(|_| text(Currency::Jpy.as_str())),
                ),
                ("settlement_amount", self.yen_amount.and_then(decimal)),
                ("note", self.note.and_then(text)),
            ],
        )
    }
}

impl Movement {
    pub fn row(&self, account_id: &str) -> Row {
        row(
            &CASH_MOVEMENTS,
            [
                ("account_id", text(account_id)),
                ("movement_id", Some(self.id())),
                ("booked_on", date(self.booked_on)),
                (
                    "sequence",
                    self.sequence.map(|sequence| sequence.to_string()),
                ),
                ("kind", text(self.kind)),
                ("description", text(&self.description)),
                ("currency", text(self.currency.as_str())),
                ("pocket", self.pocket.and_then(text)),
                ("amount", decimal(self.amount)),
                ("trade_id", self.trade_id.clone()),
                (
                    "security_code",
                    self.security.and_then(|security| text(security.code)),
                ),
                (
                    "security_name",
                    self.security.and_then(|security| text(security.name)),
                ),
                ("gross_currency", None),
                ("gross_amount", self.gross_amount.and_then(decimal)),
                ("income_tax", self.income_tax.and_then(decimal)),
                ("local_tax", self.local_tax.and_then(decimal)),
                ("foreign_tax", self.foreign_tax.and_then(decimal)),
                ("fee", None),
            ],
        )
    }
}

impl Position {
    pub fn row(&self, account_id: &str) -> Row {
        let security = self.security;
        let valued =
            |pick: fn(&Valuation) -> Option<String>| self.valuation.as_ref().and_then(pick);
        row(
            &POSITIONS,
            [
                ("account_id", text(account_id)),
                ("as_of", date(self.as_of)),
                ("asset_class", text(security.class.as_str())),
                ("security_code", text(security.code)),
                ("security_name", text(security.name)),
                ("market", security.market.and_then(text)),
                ("custody", text(self.custody.as_str())),
                ("quantity", decimal(self.quantity)),
                ("average_cost", decimal(self.average_cost)),
                ("cost_currency", None),
                ("price", valued(|valuation| decimal(valuation.price))),
                ("price_date", valued(|valuation| date(valuation.price_date))),
                ("price_unit", Some(security.price_unit.to_string())),
                ("price_factor", None),
                ("currency", text(security.currency.as_str())),
                ("fx_rate", self.fx_rate.and_then(decimal)),
                (
                    "market_value",
                    valued(|valuation| decimal(valuation.market_value)),
                ),
                ("accrued_interest", None),
                (
                    "unrealized_pl",
                    valued(|valuation| decimal(valuation.unrealized_pl)),
                ),
            ],
        )
    }
}

impl Balance {
    pub fn row(&self, account_id: &str) -> Row {
        row(
            &CASH_BALANCES,
            [
                ("account_id", text(account_id)),
                ("as_of", date(self.as_of)),
                ("currency", text(self.currency.as_str())),
                ("pocket", self.pocket.and_then(text)),
                ("amount", decimal(self.amount)),
                ("fx_rate", self.fx_rate.and_then(decimal)),
            ],
        )
    }
}

/// A row of the relation. Naming every column keeps a value from slipping into its neighbour's place.
fn row<const N: usize>(
    relation: &'static Relation,
    values: [(&'static str, Option<String>); N],
) -> Row {
    debug_assert!(
        relation
            .columns
            .iter()
            .map(|column| column.name)
            .eq(values.iter().map(|(name, _)| *name)),
        "{} has other columns",
        relation.name
    );
    values.into_iter().map(|(_, value)| value).collect()
}

#[expect(clippy::unnecessary_wraps, reason = "a column's value is optional")]
fn text(value: &str) -> Option<String> {
    Some(value.to_owned())
}

#[expect(clippy::unnecessary_wraps, reason = "a column's value is optional")]
fn date(value: Date) -> Option<String> {
    Some(value.to_string())
}

#[expect(clippy::unnecessary_wraps, reason = "a column's value is optional")]
fn decimal(value: Decimal) -> Option<String> {
    // A negated zero would print as -0.
    Some(if value.is_zero() {
        "0".to_owned()
    } else {
        value.normalize().to_string()
    })
}

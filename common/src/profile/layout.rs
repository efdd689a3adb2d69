//! The sections of a statement and their columns, by the names that a profile uses for them.

use serde::Deserialize;

use super::wording::Word;
use crate::statement::Kind;

/// A section of a statement: a table on sheets of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    Trades,
    CashMovements,
    Holdings,
    Cash,
    Movements,
    UnsettledTrades,
}

const TRADE_COLUMNS: &[&str] = &[
    "trade_date",
    "trade_time",
    "settlement_date",
    "security_code",
    "security_name",
    "market",
    "side",
    "custody",
    "quantity",
    "unit_price",
    "currency",
    "fx_rate",
    "gross_amount",
    "accrued_interest",
    "foreign_fees",
    "commission",
    "consumption_tax",
    "withholding_tax",
    "net_amount",
    "settlement_currency",
    "settlement_amount",
    "trade_id",
    "note",
];

impl Section {
    pub const ALL: [Section; 6] = [
        Section::Trades,
        Section::CashMovements,
        Section::Holdings,
        Section::Cash,
        Section::Movements,
        Section::UnsettledTrades,
    ];

    /// The sections of a kind of statement, in the order they have unless the profile says otherwise.
    pub const fn of(kind: Kind) -> &'static [Section] {
        match kind {
            Kind::Trade => &[Section::Trades, Section::CashMovements],
            Kind::Balance => &[
                Section::Holdings,
                Section::Cash,
                Section::Movements,
                Section::UnsettledTrades,
            ],
        }
    }

    /// Its name in profiles, in the ledger and in the workbook's properties.
    pub const fn as_str(self) -> &'static str {
        match self {
            Section::Trades => "trades",
            Section::CashMovements => "cash_movements",
            Section::Holdings => "holdings",
            Section::Cash => "cash",
            Section::Movements => "movements",
            Section::UnsettledTrades => "unsettled_trades",
        }
    }

    /// Its sheet's name.
    pub const fn sheet(self) -> Word {
        match self {
            Section::Trades => Word::SheetTrades,
            Section::CashMovements => Word::SheetCashMovements,
            Section::Holdings => Word::SheetHoldings,
            Section::Cash => Word::SheetCash,
            Section::Movements => Word::SheetMovements,
            Section::UnsettledTrades => Word::SheetUnsettledTrades,
        }
    }

    /// All its columns, in the order they have unless the profile says otherwise.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Section::Trades | Section::UnsettledTrades => TRADE_COLUMNS,
            Section::CashMovements => &[
                "date",
                "kind",
                "description",
                "currency",
                "pocket",
                "in",
                "out",
                "balance",
                "gross_currency",
                "gross_amount",
                "income_tax",
                "local_tax",
                "foreign_tax",
                "fee",
            ],
            Section::Holdings => &[
                "asset_class",
                "security_code",
                "security_name",
                "custody",
                "quantity",
                "average_cost",
                "price",
                "price_date",
                "currency",
                "fx_rate",
                "market_value",
                "unrealized_pl",
            ],
            Section::Cash => &["currency", "pocket", "amount", "fx_rate", "base_amount"],
            Section::Movements => &[
                "security_code",
                "security_name",
                "market",
                "custody",
                "opening",
                "bought",
                "received",
                "sold",
                "delivered",
                "redeemed",
                "closing",
            ],
        }
    }

    /// Columns that cannot be left out: a line must say what it is about, and totals are by these.
    pub(super) const fn required(self) -> &'static [&'static str] {
        match self {
            Section::Trades | Section::UnsettledTrades => &[
                "security_code",
                "side",
                "quantity",
                "currency",
                "net_amount",
            ],
            Section::CashMovements => &["date", "currency", "in", "out", "balance"],
            Section::Holdings => &[
                "asset_class",
                "security_code",
                "quantity",
                "currency",
                "market_value",
            ],
            Section::Cash => &["currency", "amount"],
            Section::Movements => &["security_code", "opening", "closing"],
        }
    }
}

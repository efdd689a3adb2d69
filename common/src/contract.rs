//! The source contract: the relations that the firm owns, their columns and types. It is data, so that `check`
//! verifies, `contract` prints, `load` and `demo` create, and the converter reads exactly the same thing.

/// The type of a source column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    Text,
    /// A calendar date without time zone.
    Date,
    /// Exact, never binary floating point.
    Decimal,
    Integer,
}

impl ColumnType {
    /// The word of the contract.
    pub const fn as_str(self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Date => "date",
            ColumnType::Decimal => "decimal",
            ColumnType::Integer => "int",
        }
    }
}

/// A column of a source relation.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub name: &'static str,
    pub column_type: ColumnType,
    /// Nullable, and the column itself may be absent.
    pub optional: bool,
    /// Newer than the first contract. A null of it is left out of a document's digest, so that a document that was published
    /// before the column existed is still of the same rows.
    pub added: bool,
    /// A text that may be empty or blank although it is not optional.
    pub may_be_blank: bool,
    /// The only values allowed; empty = any.
    pub codes: &'static [&'static str],
    /// One line on what it holds.
    pub meaning: &'static str,
}

/// A relation (table or view) of the source.
#[derive(Debug)]
pub struct Relation {
    pub name: &'static str,
    pub columns: &'static [Column],
    /// Columns that identify a row.
    pub unique: &'static [&'static str],
    /// The orders in which documents read it; each wants an index.
    pub indexes: &'static [&'static [&'static str]],
    pub meaning: &'static str,
}

impl Relation {
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

const fn column(name: &'static str, column_type: ColumnType, meaning: &'static str) -> Column {
    Column {
        name,
        column_type,
        optional: false,
        added: false,
        may_be_blank: false,
        codes: &[],
        meaning,
    }
}

const fn text(name: &'static str, meaning: &'static str) -> Column {
    column(name, ColumnType::Text, meaning)
}

const fn date(name: &'static str, meaning: &'static str) -> Column {
    column(name, ColumnType::Date, meaning)
}

const fn decimal(name: &'static str, meaning: &'static str) -> Column {
    column(name, ColumnType::Decimal, meaning)
}

const fn int(name: &'static str, meaning: &'static str) -> Column {
    column(name, ColumnType::Integer, meaning)
}

impl Column {
    const fn optional(self) -> Self {
        Self {
            optional: true,
            ..self
        }
    }

    /// An optional column that is newer than the first contract.
    const fn added(self) -> Self {
        Self {
            optional: true,
            added: true,
            ..self
        }
    }

    const fn may_be_blank(self) -> Self {
        Self {
            may_be_blank: true,
            ..self
        }
    }

    const fn codes(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }
}

const ACCOUNT_ID: Column = text("account_id", "the account the row belongs to");
const ASSET_CLASS: Column =
    text("asset_class", "class of the security").codes(&["equity", "etf", "fund", "bond", "other"]);
const CUSTODY: Column = text("custody", "tax custody").codes(&[
    "specific",
    "general",
    "nisa",
    "nisa_growth",
    "nisa_tsumitate",
]);
const CURRENCY: Column = text("currency", "ISO 4217");
const PRICE_UNIT: Column = decimal(
    "price_unit",
    "the quantity the price is for: 1; 10000 for funds quoted per 10,000 units; 100 for bonds",
);
const PRICE_FACTOR: Column = decimal(
    "price_factor",
    "> 0; the price is for so much of each unit of quantity: index ratio, pool factor; absent = 1",
)
.added();
const FX_RATE: Column = decimal(
    "fx_rate",
    "base currency per 1 unit of currency; > 0, null where it is not known",
)
.optional();
/// The pocket of cash that names none.
pub const DEFAULT_POCKET: &str = "deposit";
const POCKET: Column = text("pocket", "cash pocket; absent = deposit").optional();

/// Who holds what: one row per account.
pub static ACCOUNTS: Relation = Relation {
    name: "statement_accounts",
    meaning: "one row per account",
    unique: &["account_id"],
    indexes: &[],
    columns: &[
        text("account_id", "unique; 1 to 64 letters, digits, '_' and '-'"),
        text("account_no", "account number as printed"),
        text("holder_name", "name of the holder as printed"),
        text("postal_address", "address as printed").optional(),
        text("language", "language of the documents").codes(&["ja", "en"]),
        text(
            "base_currency",
            "ISO 4217; the currency valuations are totalled in",
        ),
        int("electronic_delivery", "1 = consented, 0 = on paper").codes(&["0", "1"]),
        text("rollout_group", "for runs of a part of the accounts").optional(),
        date(
            "opened_on",
            "first day of the account; 1900-01-01 or earlier = not known",
        ),
        date(
            "closed_on",
            "last day of the account, not before opened_on; null or 9999-12-31 = open",
        )
        .optional(),
    ],
};

/// Trades, receipts, deliveries and redemptions.
pub static TRADES: Relation = Relation {
    name: "statement_trades",
    meaning: "trades, receipts, deliveries and redemptions of securities",
    unique: &["account_id", "trade_id"],
    indexes: &[
        &["account_id", "trade_date", "trade_id"],
        &["account_id", "settlement_date"],
        &["trade_date", "account_id"],
        &["settlement_date", "account_id"],
    ],
    columns: &[
        ACCOUNT_ID,
        text("trade_id", "unique per account"),
        date("trade_date", "約定日"),
        text(
            "trade_time",
            "約定時刻, HH:MM or HH:MM:SS: the order within a day",
        )
        .added(),
        date("settlement_date", "受渡日; not before trade_date"),
        ASSET_CLASS,
        text("security_code", "銘柄コード"),
        text("security_name", "銘柄名"),
        text(
            "market",
            "the market under which the holding is kept, not the place of trade; absent = that of the \
             holding, of one without a market where there is one",
        )
        .optional(),
        text("side", "what happened").codes(&["buy", "sell", "receipt", "delivery", "redemption"]),
        text(
            "event",
            "label printed with the side: split, merger, transfer…",
        )
        .optional(),
        CUSTODY,
        decimal("quantity", "> 0, at most 6 decimals"),
        decimal("unit_price", "per price_unit, at most 8 decimals"),
        PRICE_UNIT,
        PRICE_FACTOR,
        CURRENCY,
        FX_RATE,
        decimal(
            "gross_amount",
            "約定代金; of a buy, sell or redemption quantity × unit_price × price_factor ÷ price_unit (docs/gate.md)",
        ),
        decimal(
            "accrued_interest",
            "経過利子; negative = traded ex-dividend; absent = 0",
        )
        .optional(),
        decimal("commission", "手数料"),
        decimal("foreign_fees", "現地手数料; absent = 0").optional(),
        decimal("consumption_tax", "消費税"),
        decimal("withholding_tax", "譲渡益税等; negative = refund"),
        decimal("net_amount", "受渡金額; negative = the customer pays"),
        text("settlement_currency", "ISO 4217; absent = currency").optional(),
        decimal(
            "settlement_amount",
            "signed as net_amount, and equal to it in one currency; absent = net_amount",
        )
        .optional(),
        text("note", "備考").optional(),
    ],
};

/// Every movement of cash.
pub static CASH_MOVEMENTS: Relation = Relation {
    name: "statement_cash_movements",
    meaning: "every movement of cash",
    unique: &["account_id", "movement_id"],
    indexes: &[&["account_id", "booked_on"], &["booked_on", "account_id"]],
    columns: &[
        ACCOUNT_ID,
        text("movement_id", "unique per account"),
        date("booked_on", "the day it was booked"),
        int("sequence", "order within the day").optional(),
        text("kind", "what moved it").codes(&[
            "deposit",
            "withdrawal",
            "trade",
            "dividend",
            "interest",
            "redemption",
            "fee",
            "tax",
            "refund",
            "exchange",
            "other",
        ]),
        text("description", "摘要; may be empty").may_be_blank(),
        CURRENCY,
        POCKET,
        decimal(
            "amount",
            "signed: negative = out; with a gross_amount, of dividend, interest or redemption, gross_amount − taxes − fee",
        ),
        text("trade_id", "the trade it settles").optional(),
        text("security_code", "the security that paid").optional(),
        text("security_name", "its name").optional(),
        text(
            "gross_currency",
            "ISO 4217, of gross_amount; absent = currency. In another currency it is not compared",
        )
        .added(),
        decimal("gross_amount", "dividend before tax").optional(),
        decimal("income_tax", "所得税; positive = taken, absent = 0").optional(),
        decimal("local_tax", "住民税; as income_tax").optional(),
        decimal(
            "foreign_tax",
            "外国税; as income_tax; in the account's base currency it may be for information (分配時調整外国税相当額)",
        )
        .optional(),
        decimal("fee", "手数料; positive = taken, absent = 0").added(),
    ],
};

/// Holdings on the days the firm takes snapshots.
pub static POSITIONS: Relation = Relation {
    name: "statement_positions",
    meaning: "holdings on the days the firm takes snapshots",
    unique: &["account_id", "as_of", "market", "security_code", "custody"],
    indexes: &[&["account_id", "as_of"], &["as_of", "account_id"]],
    columns: &[
        ACCOUNT_ID,
        date("as_of", "the day of the snapshot"),
        ASSET_CLASS,
        text("security_code", "銘柄コード"),
        text("security_name", "銘柄名"),
        text(
            "market",
            "the market under which the holding is kept, as in trades",
        )
        .optional(),
        CUSTODY,
        decimal("quantity", "数量, at most 6 decimals"),
        decimal("average_cost", "平均取得単価, per price_unit").optional(),
        text("cost_currency", "ISO 4217, of average_cost; absent = currency").added(),
        decimal(
            "price",
            "参考単価, per price_unit; 0 is a price, null = not known",
        )
        .optional(),
        date("price_date", "the day of the price; not after as_of").optional(),
        PRICE_UNIT,
        PRICE_FACTOR,
        CURRENCY,
        FX_RATE,
        decimal(
            "market_value",
            "評価額: quantity × price × price_factor ÷ price_unit (docs/gate.md); absent = computed",
        )
        .optional(),
        decimal(
            "accrued_interest",
            "経過利子, where market_value or unrealized_pl include it; absent = 0",
        )
        .added(),
        decimal(
            "unrealized_pl",
            "評価損益: (price − average_cost) × quantity × price_factor ÷ price_unit, unless cost_currency differs",
        )
        .optional(),
    ],
};

/// Cash on the days the firm takes snapshots.
pub static CASH_BALANCES: Relation = Relation {
    name: "statement_cash_balances",
    meaning: "cash on the days the firm takes snapshots",
    unique: &["account_id", "as_of", "currency", "pocket"],
    indexes: &[&["account_id", "as_of"], &["as_of", "account_id"]],
    columns: &[
        ACCOUNT_ID,
        date("as_of", "the day of the snapshot"),
        CURRENCY,
        POCKET,
        decimal("amount", "残高"),
        FX_RATE,
    ],
};

/// The whole contract, accounts first.
pub static RELATIONS: [&Relation; 5] = [
    &ACCOUNTS,
    &TRADES,
    &CASH_MOVEMENTS,
    &POSITIONS,
    &CASH_BALANCES,
];

pub fn relation(name: &str) -> Option<&'static Relation> {
    RELATIONS.into_iter().find(|relation| relation.name == name)
}

/// The decimal places that the contract allows a column, given its row's currency exponent: money has at most its
/// currency's minor unit, quantities 6, prices and rates 8.
pub fn max_decimal_places(column: &str, currency_exponent: u32) -> u32 {
    match column {
        "quantity" => 6,
        "unit_price" | "price" | "average_cost" | "fx_rate" | "price_unit" | "price_factor" => 8,
        _ => currency_exponent,
    }
}

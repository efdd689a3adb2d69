//! The rows of a source as the texts they are, right or wrong.

use common::blank::is_absent;
use common::contract::{
    ACCOUNTS, CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, RELATIONS, Relation, TRADES,
};

/// The account that documents are made for.
pub const ACCOUNT: &str = "A1";
/// The snapshots of the period.
pub const OPENING: &str = "2026-09-30";
pub const CLOSING: &str = "2026-10-31";
/// The period.
pub const FIRST_DAY: &str = "2026-10-01";
pub const LAST_DAY: &str = "2026-10-31";

/// A column's bytes; `None` = null.
pub type Value = Option<Vec<u8>>;

/// A row, its values in the contract's order.
#[derive(Debug, Clone)]
pub struct Row {
    pub relation: &'static Relation,
    pub values: Vec<Value>,
}

impl Row {
    /// A row of which these columns have a value.
    fn new(relation: &'static Relation, values: &[(&str, &str)]) -> Self {
        let value = |name| {
            let (_, value) = values.iter().find(|(known, _)| *known == name)?;
            Some(value.as_bytes().to_vec())
        };
        let known = |name| relation.column(name).is_some();
        assert!(values.iter().all(|(name, _)| known(name)), "{values:?}");
        Self {
            relation,
            values: relation
                .columns
                .iter()
                .map(|column| value(column.name))
                .collect(),
        }
    }

    /// A column's text; what is not UTF-8 is in no document, and a blank in an optional column no value.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut columns = self.relation.columns.iter();
        let position = columns.position(|column| column.name == name);
        let position = position.expect("the contract has the column");
        let text = str::from_utf8(self.values[position].as_ref()?).ok()?;
        let is_none = self.relation.columns[position].optional && is_absent(text);
        (!is_none).then_some(text)
    }
}

/// All rows of a source.
#[derive(Debug, Clone)]
pub struct Rows(pub Vec<Row>);

impl Rows {
    pub fn of<'r>(&'r self, relation: &Relation) -> impl Iterator<Item = &'r Row> {
        let name = relation.name;
        self.0.iter().filter(move |row| row.relation.name == name)
    }

    /// The row that a number stands for, whatever number it is.
    pub fn pick(&mut self, relation: usize, row: usize) -> &mut Row {
        let name = RELATIONS[relation % RELATIONS.len()].name;
        let mut rows: Vec<_> = self
            .0
            .iter_mut()
            .filter(|row| row.relation.name == name)
            .collect();
        let row = row % rows.len();
        rows.swap_remove(row)
    }

    /// A month that adds up.
    #[rustfmt::skip]
    pub fn balanced() -> Self {
        let (buy, sell, receipt) = trades();
        let movement = |id, on, kind, description, currency, pocket, amount| Row::new(&CASH_MOVEMENTS, &[
            ("account_id", ACCOUNT), ("movement_id", id), ("booked_on", on), ("sequence", "1"), ("kind", kind),
            ("description", description), ("currency", currency), ("pocket", pocket), ("amount", amount),
        ]);
        let position = |on, class, code, name, market, custody, quantity, result| Row::new(&POSITIONS, &[
            ("account_id", ACCOUNT), ("as_of", on), ("asset_class", class), ("security_code", code), ("security_name", name),
            ("market", market), ("custody", custody), ("quantity", quantity), ("average_cost", "950.5"), ("price", "1010"),
            ("price_date", on), ("price_unit", "1"), ("currency", "JPY"), ("unrealized_pl", result),
        ]);
        let balance = |on, currency, pocket, amount| Row::new(&CASH_BALANCES, &[
            ("account_id", ACCOUNT), ("as_of", on), ("currency", currency), ("pocket", pocket), ("amount", amount),
            ("fx_rate", if currency == "JPY" { "1" } else { "150.5" }),
        ]);
        let account = Row::new(&ACCOUNTS, &[
            ("account_id", ACCOUNT), ("account_no", "001-0000001"), ("holder_name", "山田 太郎"),
            ("postal_address", "東京都千代田区1-1"), ("language", "en"), ("base_currency", "JPY"),
            ("electronic_delivery", "1"), ("opened_on", "2020-01-01"),
        ]);
        Self(vec![
            account, buy, sell, receipt,
            movement("M1", "2026-10-05", "trade", "買付代金", "JPY", "deposit", "-100550"),
            movement("M2", "2026-10-08", "exchange", "Sale", "JPY", "deposit", "283128"),
            movement("M3", "2026-10-15", "dividend", "Dividend", "USD", "fx", "7.97"),
            position(OPENING, "equity", "130A", "見本", "TSE", "specific", "50", "2975"),
            position(OPENING, "etf", "0001", "ETF", "NYSE", "general", "30.5", "1815"),
            position(CLOSING, "equity", "130A", "見本", "TSE", "specific", "150", "8925"),
            position(CLOSING, "etf", "0001", "ETF", "NYSE", "general", "20.5", "1220"),
            balance(OPENING, "JPY", "deposit", "1000000"),
            balance(OPENING, "USD", "fx", "100.00"),
            balance(CLOSING, "JPY", "deposit", "1182578"),
            balance(CLOSING, "USD", "fx", "107.97"),
        ])
    }
}

/// A trade of each kind that documents treat differently.
#[rustfmt::skip]
fn trades() -> (Row, Row, Row) {
    let trade = |values: &[_]| {
        let zero = ["gross_amount", "commission", "consumption_tax", "withholding_tax", "net_amount", "unit_price"];
        let mut all = values.to_vec();
        all.extend([("account_id", ACCOUNT), ("price_unit", "1")]);
        all.extend(zero.map(|name| (name, "0")));
        Row::new(&TRADES, &all)
    };
    let buy = trade(&[
        ("trade_id", "T1"), ("trade_date", "2026-10-01"), ("settlement_date", "2026-10-05"), ("asset_class", "equity"),
        ("security_code", "130A"), ("security_name", "見本"), ("market", "TSE"), ("side", "buy"), ("custody", "specific"),
        ("quantity", "100"), ("unit_price", "1000"), ("currency", "JPY"), ("gross_amount", "100000"), ("commission", "500"),
        ("consumption_tax", "50"), ("net_amount", "-100550"), ("note", "note"),
    ]);
    let sell = trade(&[
        ("trade_id", "T2"), ("trade_date", "2026-10-06"), ("settlement_date", "2026-10-08"), ("asset_class", "etf"),
        ("security_code", "0001"), ("security_name", "ETF"), ("market", "NYSE"), ("side", "sell"), ("custody", "general"),
        ("quantity", "10"), ("unit_price", "200.25"), ("currency", "USD"), ("fx_rate", "150.5"), ("gross_amount", "2002.50"),
        ("accrued_interest", "1.25"), ("commission", "20"), ("foreign_fees", "0.50"), ("consumption_tax", "2"),
        ("withholding_tax", "100"), ("net_amount", "1881.25"), ("settlement_currency", "JPY"), ("settlement_amount", "283128"),
    ]);
    let receipt = trade(&[
        ("trade_id", "T3"), ("trade_date", "2026-10-30"), ("settlement_date", "2026-11-04"), ("asset_class", "equity"),
        ("security_code", "130A"), ("security_name", "見本"), ("market", "TSE"), ("side", "receipt"), ("event", "株式分割"),
        ("custody", "specific"), ("quantity", "5"), ("currency", "JPY"),
    ]);
    (buy, sell, receipt)
}

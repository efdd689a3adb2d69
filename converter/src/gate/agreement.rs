//! Rule 8, agreement: a row whose price or rate is another one than the source says elsewhere. What disagrees was found once, at
//! the run's beginning; here is only looked whether a row of the document is concerned.

use common::Result;
use common::agreement::{
    Doubt, Finding, JUMP_TIMES, Price, SNAPSHOT_BAND_PERCENT, TRADE_BAND_PERCENT, is_within,
};
use common::blank::is_absent;
use common::contract::{CASH_BALANCES, POSITIONS, Relation, TRADES};
use common::currency::Currency;
use common::decimal;
use common::profile::Rule;
use common::source::SourceRow;
use rust_decimal::Decimal;

use super::Gate;

/// What a row says that may disagree with other rows.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'r> {
    pub relation: &'static Relation,
    pub code: &'r str,
    pub market: Option<&'r str>,
    pub name: &'r str,
    pub currency: Currency,
    /// Of a holding: the day of its price. Of a balance: the day of its snapshot.
    pub day: &'r str,
    pub price: Option<Price>,
    pub rate: Option<Decimal>,
}

/// How a row stands to a finding.
enum Verdict {
    /// It is one of those that are unlike the others, in these words.
    Deviates(String),
    /// It is of the same security or currency: nobody knows which of them is wrong.
    IsConcerned,
    IsNot,
}

/// Looks whether a row with every column of the contract is concerned. What cannot be read is refused elsewhere.
pub fn check(gate: &mut Gate, relation: &'static Relation, row: &SourceRow) -> Result<()> {
    if gate.findings.count() == 0 {
        return Ok(());
    }
    Facts::of(relation, row).map_or(Ok(()), |facts| check_facts(gate, &facts))
}

/// Refuses a row that is concerned, where the rule blocks; where it warns only one that is unlike the others, because all the others
/// would be half a million warnings.
pub fn check_facts(gate: &mut Gate, facts: &Facts) -> Result<()> {
    let findings = gate.findings.clone();
    for finding in &findings.kept {
        match facts.verdict(&finding.doubt) {
            Verdict::Deviates(what) => gate.broken(Rule::Agreement, facts.said(&what, finding))?,
            Verdict::IsConcerned if gate.refuses(Rule::Agreement) => {
                let what = "the source disagrees about it";
                gate.broken(Rule::Agreement, facts.said(what, finding))?;
            }
            Verdict::IsConcerned | Verdict::IsNot => {}
        }
    }
    if findings.more > 0 && facts.is_priced() && gate.refuses(Rule::Agreement) {
        let what = format!(
            "{} {}: {} prices and rates of the source disagree, more than can be told one by one",
            facts.relation.name,
            facts.code,
            findings.count()
        );
        gate.broken(Rule::Agreement, what)?;
    }
    Ok(())
}

impl<'r> Facts<'r> {
    fn of(relation: &'static Relation, row: &'r SourceRow) -> Option<Self> {
        let field = |name: &str| {
            let at = relation
                .columns
                .iter()
                .position(|column| column.name == name)?;
            row.get(at).filter(|text| !is_absent(text))
        };
        let number = |name: &str| field(name).and_then(decimal::parse);
        let price = number("price").or_else(|| number("unit_price"));
        // What is not bought or sold has a price of its own.
        let is_plain =
            field("event").is_none() && matches!(field("side"), None | Some("buy" | "sell"));
        let price = price.filter(|_| is_plain);
        let unit = number("price_unit").filter(|unit| *unit > Decimal::ZERO);
        let factor = number("price_factor").or(Some(Decimal::ONE));
        Some(Self {
            relation,
            code: field("security_code").unwrap_or_default(),
            market: field("market"),
            name: field("security_name").unwrap_or_default(),
            currency: Currency::from_code(field("currency")?)?,
            day: field("price_date")
                .or_else(|| field("as_of"))
                .unwrap_or_default(),
            price: Price::times(price, factor, unit),
            rate: number("fx_rate").filter(|rate| *rate > Decimal::ZERO),
        })
    }

    fn is_of(&self, relation: &Relation) -> bool {
        self.relation.name == relation.name
    }

    fn is_priced(&self) -> bool {
        self.is_of(&POSITIONS) && self.price.is_some()
    }

    fn verdict(&self, doubt: &Doubt) -> Verdict {
        let is = |security: &common::agreement::Security| {
            security.is(self.code, self.market, self.name, self.currency)
        };
        let verdict = match doubt {
            Doubt::Price {
                security,
                date,
                usual,
            } => self
                .price
                .filter(|_| self.is_of(&POSITIONS) && is(security) && self.day == date)
                .map(|price| {
                    deviates(!price.is_same(*usual), || {
                        format!("price {price}, others have {usual}")
                    })
                }),
            Doubt::PriceJump { security } => {
                (self.is_priced() && is(security)).then_some(Verdict::IsConcerned)
            }
            Doubt::TradePrice {
                security,
                lowest,
                highest,
            } => self
                .price
                .filter(|price| self.is_of(&TRADES) && !price.price.is_zero() && is(security))
                .filter(|price| {
                    price.is_times(JUMP_TIMES, *highest) || lowest.is_times(JUMP_TIMES, *price)
                })
                .map(|price| {
                    Verdict::Deviates(format!(
                        "price {price}, the snapshots have {lowest} to {highest}"
                    ))
                }),
            Doubt::Rate {
                relation,
                date,
                currency,
                usual,
                ..
            } => self
                .off(currency, *usual, SNAPSHOT_BAND_PERCENT)
                .filter(|_| self.relation.name == relation && self.day_of_snapshot(date)),
            Doubt::RateJump { currency, .. } => {
                let is_in_snapshot = self.is_of(&POSITIONS) || self.is_of(&CASH_BALANCES);
                let has_rate = self.rate.is_some() && self.currency.code() == currency;
                (is_in_snapshot && has_rate).then_some(Verdict::IsConcerned)
            }
            Doubt::TradeRate {
                currency, usual, ..
            } => self
                .off(currency, *usual, TRADE_BAND_PERCENT)
                .filter(|_| self.is_of(&TRADES)),
        };
        verdict.unwrap_or(Verdict::IsNot)
    }

    /// The rate, when it is that far off the usual one.
    fn off(&self, currency: &str, usual: Decimal, percent: u32) -> Option<Verdict> {
        let rate = self.rate.filter(|_| self.currency.code() == currency)?;
        let off = !is_within(rate, usual, percent);
        off.then(|| Verdict::Deviates(format!("rate {rate}, others have {usual}")))
    }

    /// Balances of the opening snapshot are read, too. Holdings are the closing one's.
    fn day_of_snapshot(&self, date: &str) -> bool {
        self.is_of(&POSITIONS) || self.day == date
    }

    fn said(&self, what: &str, finding: &Finding) -> String {
        let subject = if self.code.is_empty() {
            self.currency.code()
        } else {
            self.code
        };
        format!("{} {subject}: {what}: {}", self.relation.name, finding.says)
    }
}

fn deviates(does: bool, what: impl FnOnce() -> String) -> Verdict {
    if does {
        Verdict::Deviates(what())
    } else {
        Verdict::IsConcerned
    }
}

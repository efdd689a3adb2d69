//! What the source says of one security or currency in two ways: prices and rates that disagree. The enqueuer finds it once per
//! run, by aggregates; it is kept with the run, and the converter holds it against the rows of each document.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::currency::Currency;

/// A rate of a snapshot may be off the usual one of its currency by so much, in percent: middle rates of one day and source.
pub const SNAPSHOT_BAND_PERCENT: u32 = 1;

/// A trade's rate may be off the snapshot's by so much, in percent: customers buy and sell at a spread, on other days.
pub const TRADE_BAND_PERCENT: u32 = 25;

/// From so many times the price before on, and down to that part of it, a price wants a reason.
pub const JUMP_TIMES: u32 = 3;

/// Findings that are kept with a run. Every document of it reads them.
pub const MAX_KEPT: usize = 100;

/// What a run found out about its source.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// At most [`MAX_KEPT`].
    pub kept: Vec<Finding>,
    /// How many there are besides.
    pub more: u64,
    /// Accounts of which rule `settlement` proves nothing: their payments name no trade, or are made elsewhere.
    pub settlement_not_proven: u64,
    /// Why the comparison ended early; `None` = all was compared.
    pub not_compared: Option<String>,
}

impl Findings {
    /// How many prices and rates disagree.
    pub fn count(&self) -> u64 {
        self.kept.len() as u64 + self.more
    }

    /// Keeps a finding, or counts it.
    pub fn add(&mut self, finding: Finding) {
        if self.kept.len() < MAX_KEPT {
            self.kept.push(finding);
        } else {
            self.more += 1;
        }
    }
}

/// One thing that the source says in two ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// For operators: what, where, both figures.
    pub says: String,
    pub doubt: Doubt,
}

impl Doubt {
    /// The base currency of a doubt about a rate. Rows of accounts with another one are not meant.
    pub fn base(&self) -> Option<&str> {
        match self {
            Doubt::Rate { base, .. }
            | Doubt::RateJump { base, .. }
            | Doubt::TradeRate { base, .. } => Some(base),
            Doubt::Price { .. } | Doubt::PriceJump { .. } | Doubt::TradePrice { .. } => None,
        }
    }
}

/// Which rows a finding is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Doubt {
    /// Holdings of one security and day have other prices than the usual one.
    Price {
        security: Security,
        date: String,
        usual: Price,
    },
    /// The price of all holdings of a security is far from the snapshot's before.
    PriceJump { security: Security },
    /// Trades of the security were made far from what the snapshots say.
    TradePrice {
        security: Security,
        lowest: Price,
        highest: Price,
    },
    /// A snapshot's rows have other rates than the usual one.
    Rate {
        relation: String,
        date: String,
        base: String,
        currency: String,
        #[serde(with = "text")]
        usual: Decimal,
    },
    /// The rate of all rows of a currency is far from another snapshot's.
    RateJump { base: String, currency: String },
    /// Trades have rates that are far from the snapshot's.
    TradeRate {
        base: String,
        currency: String,
        #[serde(with = "text")]
        usual: Decimal,
    },
}

/// A security as holdings and trades name it. Where there is no market the name belongs to it, because one code can be two
/// securities.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Security {
    pub code: String,
    /// Empty = none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub market: String,
    /// Empty where there is a market.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    pub currency: String,
}

impl Security {
    pub fn new(code: &str, market: &str, name: &str, currency: &str) -> Self {
        let name = if market.is_empty() { name } else { "" };
        Self {
            code: code.to_owned(),
            market: market.to_owned(),
            name: name.to_owned(),
            currency: currency.to_owned(),
        }
    }

    /// Whether a row is of this security.
    pub fn is(&self, code: &str, market: Option<&str>, name: &str, currency: Currency) -> bool {
        self.code == code
            && self.market == market.unwrap_or_default()
            && (!self.market.is_empty() || self.name == name)
            && self.currency == currency.code()
    }
}

/// A price for so many units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Price {
    #[serde(with = "text")]
    pub price: Decimal,
    #[serde(with = "text")]
    pub unit: Decimal,
}

impl Price {
    /// What is known of a price that counts for a part of each unit.
    pub fn times(
        price: Option<Decimal>,
        factor: Option<Decimal>,
        unit: Option<Decimal>,
    ) -> Option<Self> {
        let price = price?.checked_mul(factor?)?.normalize();
        Some(Self { price, unit: unit? })
    }

    /// Whether both are the same price of one unit.
    pub fn is_same(self, other: Self) -> bool {
        cross(self, other) == cross(other, self)
    }

    /// Whether it is at least so many times the other one.
    pub fn is_times(self, times: u32, other: Self) -> bool {
        cross(self, other) >= cross(other, self).saturating_mul(times.into())
    }

    /// Whether it is so far from another one, up or down, that it wants a reason. From nothing no price is far.
    pub fn is_far_from(self, other: Self) -> bool {
        !other.price.is_zero()
            && (self.is_times(JUMP_TIMES, other) || other.is_times(JUMP_TIMES, self))
    }
}

impl std::fmt::Display for Price {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.price)?;
        if self.unit != Decimal::ONE {
            write!(f, " per {}", self.unit)?;
        }
        Ok(())
    }
}

/// A price times the other one's unit: both sides of a comparison without a division.
fn cross(price: Price, other: Price) -> Decimal {
    price.price.saturating_mul(other.unit)
}

/// Whether a rate is within so many percent of the usual one.
pub fn is_within(rate: Decimal, usual: Decimal, percent: u32) -> bool {
    let difference = (rate - usual).abs();
    difference.saturating_mul(Decimal::ONE_HUNDRED) <= usual.abs().saturating_mul(percent.into())
}

/// Whether a rate is the usual one the wrong way round, as 0.0066 for 151.
pub fn is_inverse(rate: Decimal, usual: Decimal) -> bool {
    is_within(rate.saturating_mul(usual), Decimal::ONE, TRADE_BAND_PERCENT)
        && !is_within(rate, usual, TRADE_BAND_PERCENT)
}

/// Decimals as texts: a number of JSON would be read as a double.
mod text {
    use rust_decimal::Decimal;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::decimal;

    pub fn serialize<S: Serializer>(value: &Decimal, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Decimal, D::Error> {
        let text = String::deserialize(deserializer)?;
        decimal::parse(&text).ok_or_else(|| D::Error::custom("not a decimal"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn price(price: &str, unit: &str) -> Price {
        Price {
            price: decimal(price),
            unit: decimal(unit),
        }
    }

    #[test]
    fn a_price_is_of_its_unit() {
        assert!(price("10.0", "1").is_same(price("10", "1")));
        assert!(price("10000", "10000").is_same(price("1", "1")));
        assert!(!price("10000", "10000").is_same(price("10000", "1")));
        assert!(price("0", "1").is_same(price("0", "100")));
    }

    #[test]
    fn a_price_counts_for_a_part_of_each_unit() {
        let [two, half, hundred] = ["2.00", "0.5", "100"].map(|text| Some(decimal(text)));
        let known = Price::times(two, half, hundred).unwrap();
        assert_eq!(known, price("1", "100"));
        assert_eq!(known.to_string(), "1 per 100");
        for [price, factor, unit] in [
            [None, half, hundred],
            [two, None, hundred],
            [two, half, None],
        ] {
            assert_eq!(Price::times(price, factor, unit), None);
        }
    }

    #[test]
    fn a_doubt_about_a_rate_is_of_one_base_currency() {
        let (base, currency, usual) = ("JPY".to_owned(), "USD".to_owned(), decimal("150"));
        let security = Security::new("1", "X", "A", "JPY");
        let price = price("1", "1");
        let rate = Doubt::Rate {
            relation: "statement_positions".to_owned(),
            date: "2026-10-30".to_owned(),
            base: base.clone(),
            currency: currency.clone(),
            usual,
        };
        let jump = Doubt::RateJump {
            base: base.clone(),
            currency: currency.clone(),
        };
        let traded = Doubt::TradeRate {
            base,
            currency,
            usual,
        };
        for doubt in [rate, jump, traded] {
            assert_eq!(doubt.base(), Some("JPY"), "{doubt:?}");
        }
        let jump = Doubt::PriceJump {
            security: security.clone(),
        };
        let traded = Doubt::TradePrice {
            security: security.clone(),
            lowest: price,
            highest: price,
        };
        let other = Doubt::Price {
            security,
            date: "2026-10-30".to_owned(),
            usual: price,
        };
        for doubt in [jump, traded, other] {
            assert_eq!(doubt.base(), None, "{doubt:?}");
        }
    }

    #[test]
    fn three_times_and_a_third_want_a_reason() {
        for (now, before, far) in [
            ("300", "100", true),
            ("299.99", "100", false),
            ("100", "300", true),
            ("100", "299.99", false),
            ("0", "100", true),
            ("0", "0", false),
            ("100", "0", false),
        ] {
            let found = price(now, "1").is_far_from(price(before, "1"));
            assert_eq!(found, far, "{now} after {before}");
        }
        assert!(!price("98", "100").is_far_from(price("0.97", "1")));
    }

    #[test]
    fn rates_lie_in_a_band_or_are_the_wrong_way_round() {
        let usual = decimal("150");
        for (rate, within) in [
            ("151.5", true),
            ("151.51", false),
            ("148.5", true),
            ("148.49", false),
        ] {
            assert_eq!(is_within(decimal(rate), usual, 1), within, "{rate}");
        }
        assert!(is_inverse(decimal("0.0066"), usual) && is_inverse(usual, decimal("0.0066")));
        assert!(!is_inverse(decimal("0.66"), usual));
        // Near 1 a rate and its inverse are alike.
        assert!(!is_inverse(decimal("1.02"), decimal("0.99")));
    }

    #[test]
    fn a_security_without_a_market_has_its_name() {
        let yen = Currency::from_code("JPY").unwrap();
        let named = Security::new("1", "", "A", "JPY");
        assert!(named.is("1", None, "A", yen) && named.is("1", Some(""), "A", yen));
        assert!(!named.is("1", None, "B", yen) && !named.is("1", Some("X"), "A", yen));
        let listed = Security::new("1", "X", "A", "JPY");
        assert!(listed.is("1", Some("X"), "B", yen));
        assert!(!listed.is("2", Some("X"), "B", yen) && !listed.is("1", None, "A", yen));
        assert!(!listed.is("1", Some("X"), "B", Currency::from_code("USD").unwrap()));
    }

    #[test]
    fn findings_are_read_as_they_were_kept_and_only_so_many() {
        let mut findings = Findings::default();
        for _ in 0..=MAX_KEPT {
            findings.add(Finding {
                says: "x".to_owned(),
                doubt: Doubt::Rate {
                    relation: "statement_positions".to_owned(),
                    date: "2026-10-30".to_owned(),
                    base: "JPY".to_owned(),
                    currency: "USD".to_owned(),
                    usual: decimal("150.123456789"),
                },
            });
        }
        assert_eq!((findings.kept.len(), findings.more), (MAX_KEPT, 1));
        assert_eq!(findings.count(), MAX_KEPT as u64 + 1);
        let text = serde_json::to_string(&findings).unwrap();
        assert_eq!(serde_json::from_str::<Findings>(&text).unwrap(), findings);
    }
}

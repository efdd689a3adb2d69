//! One security, one day: one price.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use common::Result;
use common::agreement::{Doubt, Finding, Findings, Price, Security};
use common::contract::POSITIONS;
use common::ledger::Snapshots;
use common::source::{Source, SourceRow};
use jiff::civil::Date;

use super::numbers::{counted, parse, positive};
use super::{columns, factor, query};

const COLUMNS: &[&str] = &[
    "code", "market", "name", "currency", "day", "price", "unit", "factor", "holdings", "example",
];

/// The usual price of each security.
pub type Usual = BTreeMap<Security, Price>;

/// The prices of both snapshots.
#[derive(Debug, Default)]
pub struct Known {
    pub before: Usual,
    pub now: Usual,
}

/// Finds securities of the closing snapshot that have several prices on a day.
pub async fn find(
    source: &mut Source,
    snapshots: &Snapshots,
    findings: &mut Findings,
) -> Result<Known> {
    let mut known = Known::default();
    if let Some(closing) = snapshots.positions_closing {
        let disagrees = |finding| findings.add(finding);
        known.now = read(source, closing, disagrees).await?;
    }
    if let Some(opening) = snapshots.positions_opening {
        // It was told of when it was the closing one.
        known.before = read(source, opening, drop).await?;
    }
    Ok(known)
}

/// A price that some holdings have.
#[derive(Debug, Clone)]
struct Quoted {
    price: Price,
    holdings: u64,
    example: String,
}

/// The prices of a security on a day.
#[derive(Debug)]
struct OfDay {
    security: Security,
    day: String,
    /// In the order in which they came.
    quoted: Vec<Quoted>,
    /// Where a price is among them: there may be as many as there are holdings.
    places: BTreeMap<OfOneUnit, usize>,
}

/// A price by what one unit costs, however it is worded.
#[derive(Debug, Clone, Copy)]
struct OfOneUnit(Price);

impl Ord for OfOneUnit {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.0.is_same(other.0) {
            Ordering::Equal
        } else if self.0.is_times(1, other.0) {
            Ordering::Greater
        } else {
            Ordering::Less
        }
    }
}

impl PartialOrd for OfOneUnit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OfOneUnit {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for OfOneUnit {}

/// Reads a snapshot's prices, security by security.
async fn read(
    source: &mut Source,
    as_of: Date,
    mut disagrees: impl FnMut(Finding),
) -> Result<Usual> {
    let text = include_str!("prices.sql")
        .replace("{market}", &source.catalog.present(&POSITIONS, "market"))
        .replace(
            "{price_date}",
            &source.catalog.present(&POSITIONS, "price_date"),
        )
        .replace("{price}", &source.column(&POSITIONS, "price"))
        .replace("{factor}", &factor(source, &POSITIONS));
    let (columns, as_of) = (columns(COLUMNS), as_of.to_string());
    // With the number of holdings, so that the day with most of them is the usual one.
    let mut usual: BTreeMap<Security, (u64, Price)> = BTreeMap::new();
    let mut current: Option<OfDay> = None;
    let mut end = |day: OfDay| {
        let Some(most) = day.usual() else { return };
        let known = usual.entry(day.security.clone());
        let known = known.or_insert((0, most.price));
        if most.holdings >= known.0 {
            *known = (most.holdings, most.price);
        }
        if let Some(finding) = day.finding() {
            disagrees(finding);
        }
    };
    let each = async |row: &SourceRow| {
        let field = |column| row.get(column).unwrap_or_default();
        let security = Security::new(field(0), field(1), field(2), field(3));
        let same = |day: &OfDay| day.security == security && day.day == field(4);
        if !current.as_ref().is_some_and(same) {
            let next = OfDay {
                security,
                day: field(4).to_owned(),
                quoted: Vec::new(),
                places: BTreeMap::new(),
            };
            if let Some(done) = current.replace(next) {
                end(done);
            }
        }
        let price = Price::times(parse(field(5)), positive(field(7)), positive(field(6)));
        if let (Some(price), Some(day)) = (price, &mut current) {
            let holdings = field(8).parse().unwrap_or_default();
            day.add(price, holdings, field(9));
        }
        Ok(())
    };
    source
        .for_each(query(&text, &columns, &[&as_of]), each)
        .await?;
    if let Some(done) = current {
        end(done);
    }
    let usual = usual.into_iter();
    Ok(usual
        .map(|(security, (_, price))| (security, price))
        .collect())
}

impl OfDay {
    /// The same price in other words is one: 10 and 10.0, 1 per 1 and 10,000 per 10,000.
    fn add(&mut self, price: Price, holdings: u64, example: &str) {
        match self.places.entry(OfOneUnit(price)) {
            Entry::Occupied(place) => self.quoted[*place.get()].holdings += holdings,
            Entry::Vacant(place) => {
                place.insert(self.quoted.len());
                self.quoted.push(Quoted {
                    price,
                    holdings,
                    example: example.to_owned(),
                });
            }
        }
    }

    /// What most holdings have; of as many the lower one, so that it is the same every time.
    fn usual(&self) -> Option<&Quoted> {
        self.quoted.iter().max_by(|one, other| {
            let lower = || other.price.price.cmp(&one.price.price);
            one.holdings.cmp(&other.holdings).then_with(lower)
        })
    }

    fn finding(&self) -> Option<Finding> {
        let usual = self.usual()?;
        let others: Vec<&Quoted> = self
            .quoted
            .iter()
            .filter(|quoted| !quoted.price.is_same(usual.price))
            .collect();
        let first = others.first()?;
        let more = match others.len() - 1 {
            0 => String::new(),
            more => format!(", and {} more", counted(more as u64, "other price")),
        };
        Some(Finding {
            says: format!(
                "{} on {}: price {} {} in {}, but {} in {} (e.g. account {}){more}",
                super::words::security(&self.security),
                self.day,
                usual.price,
                self.security.currency,
                counted(usual.holdings, "holding"),
                first.price,
                counted(first.holdings, "holding"),
                first.example,
            ),
            doubt: Doubt::Price {
                security: self.security.clone(),
                date: self.day.clone(),
                usual: usual.price,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(prices: &[(&str, &str, u64)]) -> OfDay {
        let mut day = OfDay {
            security: Security::new("130A", "", "Veritas", "JPY"),
            day: "2026-10-30".to_owned(),
            quoted: Vec::new(),
            places: BTreeMap::new(),
        };
        for (price, unit, holdings) in prices {
            let price = Price {
                price: price.parse().unwrap(),
                unit: unit.parse().unwrap(),
            };
            day.add(price, *holdings, "A1");
        }
        day
    }

    #[test]
    fn a_price_is_usual_when_most_holdings_have_it() {
        let found = day(&[("1000", "1", 2), ("1", "1", 1200), ("7", "1", 1)])
            .finding()
            .unwrap();
        assert_eq!(
            found.says,
            "130A Veritas on 2026-10-30: price 1 JPY in 1,200 holdings, but 1000 in 2 holdings (e.g. account A1), and 1 other price more"
        );
        // Of as many the lower one, in whatever order they come.
        for prices in [
            [("2", "1", 1), ("1", "1", 1)],
            [("1", "1", 1), ("2", "1", 1)],
        ] {
            let usual = day(&prices).usual().unwrap().price.price;
            assert_eq!(usual.to_string(), "1");
        }
    }

    #[test]
    fn one_price_in_several_words_is_one() {
        assert_eq!(
            day(&[("10", "1", 1), ("10.0", "1", 1), ("100000", "10000", 3)]).finding(),
            None
        );
        assert_eq!(day(&[("0", "1", 1), ("0.00", "100", 1)]).finding(), None);
        assert_eq!(day(&[]).finding(), None);
    }
}

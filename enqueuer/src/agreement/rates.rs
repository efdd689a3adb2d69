//! One currency, one day: one rate, within a band.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use common::Result;
use common::agreement::{
    Doubt, Finding, Findings, JUMP_TIMES, Price, SNAPSHOT_BAND_PERCENT, TRADE_BAND_PERCENT,
    is_inverse, is_within,
};
use common::contract::{CASH_BALANCES, POSITIONS, Relation};
use common::ledger::Snapshots;
use common::source::{Source, SourceRow};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::numbers::{counted, positive};
use super::{columns, query, same_account};

const COLUMNS: &[&str] = &["base", "currency", "rate", "found", "example"];

/// A base currency and a currency.
pub type Pair = (String, String);

/// The usual rate of each pair in the closing snapshots.
pub type Usual = BTreeMap<Pair, Decimal>;

/// Finds currencies that have several rates in a closing snapshot, other ones in the other relation, or rates far from those of
/// the snapshot before.
pub async fn find(
    source: &mut Source,
    snapshots: &Snapshots,
    findings: &mut Findings,
) -> Result<Usual> {
    let mut usual = Usual::new();
    for (relation, opening, closing) in [
        (
            &POSITIONS,
            snapshots.positions_opening,
            snapshots.positions_closing,
        ),
        (
            &CASH_BALANCES,
            snapshots.cash_opening,
            snapshots.cash_closing,
        ),
    ] {
        let Some(closing) = closing else { continue };
        let now = read(source, relation, closing).await?;
        for finding in now
            .iter()
            .filter_map(|of_pair| of_pair.finding(relation, closing))
        {
            findings.add(finding);
        }
        let now = usual_of(now);
        if let Some(opening) = opening {
            let before = usual_of(read(source, relation, opening).await?);
            let days = (opening, closing);
            for finding in jumps(relation, days, &before, &now) {
                findings.add(finding);
            }
        }
        for (pair, rate) in now {
            // Positions and cash are taken on days of their own.
            match usual.get(&pair) {
                Some(known) if !is_within(rate, *known, TRADE_BAND_PERCENT) => {
                    findings.add(apart(&pair, *known, rate));
                }
                Some(_) => {}
                None => {
                    usual.insert(pair, rate);
                }
            }
        }
    }
    Ok(usual)
}

/// The rates of a pair in a snapshot.
#[derive(Debug)]
struct OfPair {
    pair: Pair,
    /// With the number of rows and an account that has it. There may be as many as there are rows.
    quoted: BTreeMap<Decimal, (u64, String)>,
}

/// Reads a snapshot's rates, pair by pair.
async fn read(source: &mut Source, relation: &Relation, as_of: Date) -> Result<Vec<OfPair>> {
    let text = include_str!("rates.sql")
        .replace("{relation}", relation.name)
        .replace("{same_account}", &same_account(source, ["a", "t"]))
        .replace("{rate}", &source.column(relation, "fx_rate"));
    let (columns, as_of) = (columns(COLUMNS), as_of.to_string());
    let mut found: Vec<OfPair> = Vec::new();
    let each = async |row: &SourceRow| {
        let field = |column| row.get(column).unwrap_or_default();
        let Some(rate) = positive(field(2)) else {
            return Ok(());
        };
        let pair = (field(0).to_owned(), field(1).to_owned());
        if found.last().is_none_or(|last| last.pair != pair) {
            let quoted = BTreeMap::new();
            found.push(OfPair { pair, quoted });
        }
        if let Some(of_pair) = found.last_mut() {
            of_pair.add(rate, field(3).parse().unwrap_or_default(), field(4));
        }
        Ok(())
    };
    source
        .for_each(query(&text, &columns, &[&as_of]), each)
        .await?;
    Ok(found)
}

fn usual_of(found: Vec<OfPair>) -> Usual {
    let usual = found.into_iter().filter_map(|of_pair| {
        let usual = of_pair.usual()?;
        Some((of_pair.pair, usual))
    });
    usual.collect()
}

impl OfPair {
    /// 152.5 and 152.50 are one rate.
    fn add(&mut self, rate: Decimal, rows: u64, example: &str) {
        let known = self.quoted.entry(rate);
        known.or_insert_with(|| (0, example.to_owned())).0 += rows;
    }

    /// What most rows have; of as many the lower one.
    fn usual(&self) -> Option<Decimal> {
        let most = self
            .quoted
            .iter()
            .max_by_key(|(rate, (rows, _))| (*rows, Reverse(**rate)));
        most.map(|(rate, _)| *rate)
    }

    fn finding(&self, relation: &Relation, as_of: Date) -> Option<Finding> {
        let usual = self.usual()?;
        let off = |rate: &Decimal| !is_within(*rate, usual, SNAPSHOT_BAND_PERCENT);
        let others = || self.quoted.iter().filter(|(rate, _)| off(rate));
        let (rate, (_, example)) = others().next()?;
        let rows = counted(others().map(|(_, (rows, _))| rows).sum(), "row");
        let (base, currency) = &self.pair;
        Some(Finding {
            says: format!(
                "{} of {as_of}: rate of {currency} in {base} is {usual}, but more than {SNAPSHOT_BAND_PERCENT} % off in {rows}, such as \
                 {rate} of account {example}{}",
                relation.name,
                inverse(*rate, usual)
            ),
            doubt: Doubt::Rate {
                relation: relation.name.to_owned(),
                date: as_of.to_string(),
                base: base.clone(),
                currency: currency.clone(),
                usual,
            },
        })
    }
}

/// What is said of a rate that is the other one the wrong way round.
pub fn inverse(rate: Decimal, usual: Decimal) -> &'static str {
    if is_inverse(rate, usual) {
        ", which looks like the inverse"
    } else {
        ""
    }
}

fn jumps<'u>(
    relation: &'u Relation,
    (opening, closing): (Date, Date),
    before: &'u Usual,
    now: &'u Usual,
) -> impl Iterator<Item = Finding> {
    now.iter().filter_map(move |(pair, rate)| {
        let was = before.get(pair)?;
        let per_one = |price| Price {
            price,
            unit: Decimal::ONE,
        };
        if !per_one(*rate).is_far_from(per_one(*was)) {
            return None;
        }
        let (base, currency) = pair;
        Some(Finding {
            says: format!(
                "{}: rate of {currency} in {base} was {was} in the snapshot of {opening} and is {rate} in that of {closing}, \
                 {JUMP_TIMES} times or a third{}",
                relation.name,
                inverse(*rate, *was)
            ),
            doubt: Doubt::RateJump {
                base: base.clone(),
                currency: currency.clone(),
            },
        })
    })
}

/// Holdings and cash of one currency are converted differently.
fn apart((base, currency): &Pair, positions: Decimal, balances: Decimal) -> Finding {
    Finding {
        says: format!(
            "rate of {currency} in {base} is {positions} in {} and {balances} in {}{}",
            POSITIONS.name,
            CASH_BALANCES.name,
            inverse(balances, positions)
        ),
        doubt: Doubt::RateJump {
            base: base.clone(),
            currency: currency.clone(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quoted(rates: &[(&str, u64)]) -> OfPair {
        let mut of_pair = OfPair {
            pair: ("JPY".to_owned(), "USD".to_owned()),
            quoted: BTreeMap::new(),
        };
        for (rate, rows) in rates {
            of_pair.add(positive(rate).unwrap(), *rows, "A1");
        }
        of_pair
    }

    fn said(rates: &[(&str, u64)]) -> Option<String> {
        let day = common::statement::parse_date("2026-10-30").unwrap();
        let finding = quoted(rates).finding(&POSITIONS, day);
        finding.map(|finding| finding.says)
    }

    #[test]
    fn a_rate_off_the_band_is_told_and_its_inverse_named() {
        assert_eq!(
            said(&[("152", 1), ("152.00", 2), ("153.5", 1), ("150.5", 1)]),
            None
        );
        assert_eq!(
            said(&[("0.0066", 1), ("152", 7), ("165", 2)]).as_deref(),
            Some(
                "statement_positions of 2026-10-30: rate of USD in JPY is 152, but more than 1 % off in 3 rows, such as 0.0066 of \
                 account A1, which looks like the inverse"
            )
        );
        assert!(
            said(&[("152", 7), ("165", 1)])
                .unwrap()
                .ends_with("165 of account A1")
        );
    }

    #[test]
    fn a_rate_far_from_the_one_before_is_told() {
        let day = |text| common::statement::parse_date(text).unwrap();
        let days = (day("2026-09-30"), day("2026-10-30"));
        let usual = |rate| usual_of(vec![quoted(&[(rate, 1)])]);
        let found = |was, is| {
            let (was, is) = (usual(was), usual(is));
            let found: Vec<_> = jumps(&CASH_BALANCES, days, &was, &is).collect();
            found.into_iter().map(|finding| finding.says).next()
        };
        assert_eq!(found("152", "300"), None);
        assert!(
            found("152", "0.0066")
                .unwrap()
                .ends_with("looks like the inverse")
        );
        assert!(
            found("152", "15200")
                .unwrap()
                .contains("was 152 in the snapshot of 2026-09-30 and is 15200")
        );
    }
}

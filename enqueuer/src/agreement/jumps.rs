//! A price far from the snapshot's before wants a reason: an event of the security, or holdings that changed the other way.

use std::collections::{BTreeMap, HashSet};

use common::Result;
use common::agreement::{Doubt, Finding, Findings, Price, Security};
use common::blank::absent_as_null;
use common::contract::{POSITIONS, TRADES};
use common::database::{Whose, statement_failed};
use common::ledger::Snapshots;
use common::source::{Source, SourceRow};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::numbers::parse;
use super::prices::Known;
use super::{columns, query, same_account};

/// Of more securities nobody looks at the holdings: it is the price file, and no splits.
const MOST_EXPLAINED: usize = 500;

/// A security whose price is far from what it was.
#[derive(Debug, Clone, Copy)]
struct Jump {
    before: Price,
    now: Price,
}

/// Finds securities whose price has changed without a reason.
pub async fn find(
    source: &mut Source,
    snapshots: &Snapshots,
    known: &Known,
    findings: &mut Findings,
) -> Result<()> {
    let (Some(opening), Some(closing)) = (snapshots.positions_opening, snapshots.positions_closing)
    else {
        return Ok(());
    };
    let mut jumps: BTreeMap<&Security, Jump> = BTreeMap::new();
    for (security, now) in &known.now {
        let before = known.before.get(security);
        if let Some(before) = before.filter(|before| now.is_far_from(**before)) {
            let jump = Jump {
                before: *before,
                now: *now,
            };
            jumps.insert(security, jump);
        }
    }
    if jumps.is_empty() {
        return Ok(());
    }
    let events = events(source, opening, closing).await?;
    jumps.retain(|security, _| {
        !events.contains(&(security.code.clone(), security.currency.clone()))
    });
    let explained = by_holdings(source, (opening, closing), &jumps).await?;
    jumps.retain(|security, _| !explained.contains(*security));
    for (security, Jump { before, now }) in jumps {
        findings.add(Finding {
            says: format!(
                "{}: price {before} {currency} in the snapshot of {opening}, but {now} in that of {closing}, without an event or a \
                 matching change of holdings",
                super::words::security(security),
                currency = security.currency,
            ),
            doubt: Doubt::PriceJump {
                security: security.clone(),
            },
        });
    }
    Ok(())
}

/// The securities, by code and currency, of which a trade between the snapshots has an event.
async fn events(
    source: &mut Source,
    opening: Date,
    closing: Date,
) -> Result<HashSet<(String, String)>> {
    let event = source.catalog.present(&TRADES, "event");
    let query = source.sql(&format!(
        "SELECT DISTINCT CAST(t.security_code AS text), CAST(t.currency AS text) FROM statement_trades t
         WHERE COALESCE({event}, '') <> '' AND t.settlement_date > date($1) AND t.trade_date <= date($2)"
    ));
    let found: Vec<(String, String)> = sqlx::query_as(query)
        .bind(opening.to_string())
        .bind(closing.to_string())
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed("looking for events", Whose::Source))?;
    Ok(found.into_iter().collect())
}

/// The securities of which most holdings changed as their price did, the other way round: what they are worth is about the same.
async fn by_holdings(
    source: &mut Source,
    (opening, closing): (Date, Date),
    jumps: &BTreeMap<&Security, Jump>,
) -> Result<HashSet<Security>> {
    if !may_be_explained(jumps.len()) {
        return Ok(HashSet::new());
    }
    let has_market = source.catalog.has(&POSITIONS, "market");
    let market = |alias: &str| {
        if has_market {
            absent_as_null(&format!("{alias}.market"))
        } else {
            "''".to_owned()
        }
    };
    let (opening, closing) = (opening.to_string(), closing.to_string());
    let mut parameters = vec![opening.as_str(), closing.as_str()];
    parameters.extend(jumps.keys().map(|security| security.code.as_str()));
    let codes: Vec<String> = (3..=parameters.len()).map(|n| format!("${n}")).collect();
    let text = include_str!("holders.sql")
        .replace("{market_before}", &market("b"))
        .replace("{market_after}", &market("a"))
        .replace("{same_account}", &same_account(source, ["a", "b"]))
        .replace("{codes}", &codes.join(", "));
    let columns = columns(&["code", "market", "name", "currency", "before", "after"]);
    let mut holdings: BTreeMap<&Security, Holdings> = BTreeMap::new();
    let each = async |row: &SourceRow| {
        let field = |column| row.get(column).unwrap_or_default();
        let security = Security::new(field(0), field(1), field(2), field(3));
        let quantities = parse(field(4)).zip(parse(field(5)));
        if let (Some((security, jump)), Some((before, after))) =
            (jumps.get_key_value(&security), quantities)
        {
            let of_security = holdings.entry(*security).or_default();
            of_security.add(jump.is_explained_by(before, after));
        }
        Ok(())
    };
    source
        .for_each(query(&text, &columns, &parameters), each)
        .await?;
    let explained = holdings
        .into_iter()
        .filter(|(_, holdings)| holdings.most_changed());
    Ok(explained.map(|(security, _)| security.clone()).collect())
}

fn may_be_explained(securities: usize) -> bool {
    (1..=MOST_EXPLAINED).contains(&securities)
}

/// A security's holdings, and of these how many changed with the price.
#[derive(Debug, Default)]
struct Holdings {
    all: u64,
    changed: u64,
}

impl Holdings {
    fn add(&mut self, has_changed: bool) {
        self.all += 1;
        self.changed += u64::from(has_changed);
    }

    fn most_changed(&self) -> bool {
        self.changed * 2 > self.all
    }
}

impl Jump {
    /// Whether a holding is worth between a half and double of what it was, though its price is far from that.
    fn is_explained_by(self, before: Decimal, after: Decimal) -> bool {
        let worth = |price: Price, quantity| Price {
            price: price.price.saturating_mul(quantity),
            unit: price.unit,
        };
        let (was, is) = (worth(self.before, before), worth(self.now, after));
        !is.price.is_zero() && is.is_times(1, half(was)) && was.is_times(1, half(is))
    }
}

fn half(price: Price) -> Price {
    Price {
        unit: price.unit * Decimal::TWO,
        ..price
    }
}

#[cfg(test)]
mod tests {
    use super::super::numbers::positive;
    use super::*;

    #[test]
    fn more_than_half_of_the_holdings_explain_a_price() {
        for (changed, unchanged, most) in [
            (1, 0, true),
            (0, 1, false),
            (1, 1, false),
            (2, 1, true),
            (1, 2, false),
            (3, 2, true),
            (2, 3, false),
        ] {
            let mut holdings = Holdings::default();
            (0..changed).for_each(|_| holdings.add(true));
            (0..unchanged).for_each(|_| holdings.add(false));
            assert_eq!(holdings.most_changed(), most, "{holdings:?}");
        }
    }

    #[test]
    fn a_price_file_has_more_jumps_than_holdings_explain() {
        for (securities, may_be) in [(0, false), (1, true), (500, true), (501, false)] {
            assert_eq!(may_be_explained(securities), may_be, "{securities}");
        }
    }

    #[test]
    fn a_split_explains_its_price_and_a_purchase_does_not() {
        let number = |text: &str| positive(text).unwrap();
        let price = |text: &str| Price {
            price: number(text),
            unit: number("1"),
        };
        let jump = Jump {
            before: price("1000"),
            now: price("190"),
        };
        for (before, after, explains) in [
            ("100", "500", true),
            ("100", "1052", true),
            ("100", "1053", false),
            ("100", "264", true),
            ("100", "263", false),
            ("100", "100", false),
        ] {
            let explained = jump.is_explained_by(number(before), number(after));
            assert_eq!(explained, explains, "{before} to {after}");
        }
    }
}

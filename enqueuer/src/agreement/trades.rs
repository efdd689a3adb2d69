//! Trades have many prices and rates a day: they are held against those of the snapshots around them.

use common::Result;
use common::agreement::{
    Doubt, Finding, Findings, JUMP_TIMES, Price, Security, TRADE_BAND_PERCENT, is_within,
};
use common::contract::TRADES;
use common::source::{Source, SourceRow};
use common::statement::Period;
use rust_decimal::Decimal;

use super::numbers::positive;
use super::prices::Known;
use super::rates::{Usual, inverse};
use super::{columns, factor, query, same_account};

/// Which trades: those of a period, by the date that the firm counts.
#[derive(Debug, Clone, Copy)]
pub struct Days {
    pub column: &'static str,
    pub period: Period,
}

impl Days {
    fn texts(self) -> [String; 2] {
        [self.period.first_day(), self.period.last_day()].map(|day| day.to_string())
    }
}

/// Finds securities that were bought or sold at a price three times as high, or a third, of any snapshot's.
pub async fn prices(
    source: &mut Source,
    days: Days,
    known: &Known,
    findings: &mut Findings,
) -> Result<()> {
    let text = include_str!("trade_prices.sql")
        .replace("{market}", &source.catalog.present(&TRADES, "market"))
        .replace("{event}", &source.catalog.present(&TRADES, "event"))
        .replace("{factor}", &factor(source, &TRADES))
        .replace("{day}", days.column);
    let columns = columns(&[
        "code", "market", "name", "currency", "unit", "factor", "lowest", "highest",
    ]);
    let [from, to] = days.texts();
    let each = async |row: &SourceRow| {
        let field = |column| row.get(column).unwrap_or_default();
        let security = Security::new(field(0), field(1), field(2), field(3));
        let snapshots = [known.before.get(&security), known.now.get(&security)];
        let (unit, factor) = (positive(field(4)), positive(field(5)));
        let price = |column| Price::times(positive(field(column)), factor, unit);
        if let (Some(lowest), Some(highest)) = (price(6), price(7)) {
            let traded = [lowest, highest];
            if let Some(finding) = finding_of_price(security, snapshots, traded) {
                findings.add(finding);
            }
        }
        Ok(())
    };
    source
        .for_each(query(&text, &columns, &[&from, &to]), each)
        .await
}

fn finding_of_price(
    security: Security,
    snapshots: [Option<&Price>; 2],
    traded: [Price; 2],
) -> Option<Finding> {
    let mut of_snapshots = snapshots.into_iter().flatten().copied();
    let first = of_snapshots.next().filter(|price| !price.price.is_zero())?;
    let second = of_snapshots.next().unwrap_or(first);
    let (lowest, highest) = if second.is_times(1, first) {
        (first, second)
    } else {
        (second, first)
    };
    let off = traded
        .into_iter()
        .find(|price| price.is_times(JUMP_TIMES, highest) || lowest.is_times(JUMP_TIMES, *price))?;
    Some(Finding {
        says: format!(
            "{}: traded at {off} {}, but the snapshots say {lowest} to {highest}",
            super::words::security(&security),
            security.currency,
        ),
        doubt: Doubt::TradePrice {
            security,
            lowest,
            highest,
        },
    })
}

/// Finds currencies that trades convert at a rate far from the snapshot's.
pub async fn rates(
    source: &mut Source,
    days: Days,
    usual: &Usual,
    findings: &mut Findings,
) -> Result<()> {
    let text = include_str!("trade_rates.sql")
        .replace("{same_account}", &same_account(source, ["a", "t"]))
        .replace("{rate}", &source.column(&TRADES, "fx_rate"))
        .replace("{day}", days.column);
    let columns = columns(&["base", "currency", "lowest", "highest"]);
    let [from, to] = days.texts();
    let each = async |row: &SourceRow| {
        let field = |column| row.get(column).unwrap_or_default();
        let pair = (field(0).to_owned(), field(1).to_owned());
        if let Some((lowest, highest)) = positive(field(2)).zip(positive(field(3)))
            && let Some(usual) = usual.get(&pair)
            && let Some(finding) = finding_of_rate(pair, *usual, [lowest, highest])
        {
            findings.add(finding);
        }
        Ok(())
    };
    source
        .for_each(query(&text, &columns, &[&from, &to]), each)
        .await
}

fn finding_of_rate(
    (base, currency): (String, String),
    usual: Decimal,
    traded: [Decimal; 2],
) -> Option<Finding> {
    let off = |rate: &Decimal| !is_within(*rate, usual, TRADE_BAND_PERCENT);
    let rate = traded.into_iter().find(off)?;
    Some(Finding {
        says: format!(
            "{}: rate of {currency} in {base} is {rate}, more than {TRADE_BAND_PERCENT} % off the snapshot's {usual}{}",
            TRADES.name,
            inverse(rate, usual)
        ),
        doubt: Doubt::TradeRate {
            base,
            currency,
            usual,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(text: &str) -> Price {
        Price {
            price: text.parse().unwrap(),
            unit: Decimal::ONE,
        }
    }

    #[test]
    fn a_trade_far_from_both_snapshots_is_told() {
        let security = || Security::new("130A", "TSE", "", "JPY");
        let (low, high) = (price("90"), price("100"));
        let found = |snapshots, traded: [&str; 2]| {
            finding_of_price(security(), snapshots, traded.map(price)).map(|finding| finding.says)
        };
        for snapshots in [[Some(&low), Some(&high)], [Some(&high), Some(&low)]] {
            assert_eq!(found(snapshots, ["30.1", "299"]), None);
            assert_eq!(
                found(snapshots, ["80", "300"]).as_deref(),
                Some("130A (TSE): traded at 300 JPY, but the snapshots say 90 to 100")
            );
            assert!(
                found(snapshots, ["30", "100"])
                    .unwrap()
                    .contains("traded at 30 ")
            );
        }
        assert!(found([None, Some(&low)], ["30", "90"]).is_some());
        assert_eq!(found([None, None], ["1", "1000"]), None);
        assert_eq!(found([None, Some(&price("0"))], ["1", "1000"]), None);
    }

    #[test]
    fn a_traded_rate_has_a_wider_band() {
        let rate = |text: &str| text.parse::<Decimal>().unwrap();
        let found = |traded: [&str; 2]| {
            let pair = ("JPY".to_owned(), "USD".to_owned());
            finding_of_rate(pair, rate("152"), traded.map(rate)).map(|finding| finding.says)
        };
        assert_eq!(found(["115", "190"]), None);
        assert!(
            found(["113", "150"])
                .unwrap()
                .contains("is 113, more than 25 % off the snapshot's 152")
        );
        assert!(
            found(["0.0066", "150"])
                .unwrap()
                .ends_with("looks like the inverse")
        );
        assert!(found(["150", "1520"]).unwrap().ends_with("snapshot's 152"));
    }
}

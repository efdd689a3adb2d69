//! Rule 8: which rows a finding of the run concerns.

use std::sync::Arc;

use common::agreement::{Doubt, Finding, Findings, Price, Security};
use common::contract::{CASH_BALANCES, POSITIONS, Relation, TRADES};
use common::profile::{Policies, Policy, Rule};
use common::source::SourceRow;

use super::amount;
use crate::gate::Gate;
use crate::gate::agreement::{Facts, check, check_facts};
use crate::samples::currency;

fn price(price: &str, unit: &str) -> Price {
    Price {
        price: amount(price),
        unit: amount(unit),
    }
}

fn row(relation: &'static Relation, its_price: &str, rate: &str) -> Facts<'static> {
    Facts {
        relation,
        code: "130A",
        market: Some("TSE"),
        name: "Veritas",
        currency: currency("USD"),
        day: "2026-10-30",
        price: Some(price(its_price, "1")),
        rate: Some(amount(rate)),
    }
}

/// Whether a row is refused where the rule blocks, and whether it is warned of where it warns.
fn judged(doubt: &Doubt, facts: &Facts) -> (bool, bool) {
    let findings = Arc::new(Findings {
        kept: vec![Finding {
            says: "both figures".to_owned(),
            doubt: doubt.clone(),
        }],
        ..Findings::default()
    });
    let gate = |agreement| {
        let policies = Policies {
            agreement,
            ..Policies::default()
        };
        let mut gate = Gate::new(policies);
        gate.learn(&findings, currency("JPY"));
        gate
    };
    let refused = check_facts(&mut gate(Policy::Block), facts);
    if let Err(error) = &refused {
        assert_eq!(error.cause(), Rule::Agreement.as_str());
        assert!(error.to_string().ends_with(": both figures"), "{error}");
    }
    let mut warns = gate(Policy::Warn);
    check_facts(&mut warns, facts).unwrap();
    (refused.is_err(), warns.into_warning().is_some())
}

const DEVIATES: (bool, bool) = (true, true);
const CONCERNED: (bool, bool) = (true, false);
const NOT: (bool, bool) = (false, false);

fn security() -> Security {
    Security::new("130A", "TSE", "", "USD")
}

#[test]
fn prices_concern_all_who_hold_the_security() {
    let doubt = Doubt::Price {
        security: security(),
        date: "2026-10-30".to_owned(),
        usual: price("1000", "100"),
    };
    assert_eq!(judged(&doubt, &row(&POSITIONS, "11", "150")), DEVIATES);
    assert_eq!(judged(&doubt, &row(&POSITIONS, "10.0", "150")), CONCERNED);
    let other_day = Facts {
        day: "2026-10-29",
        ..row(&POSITIONS, "11", "150")
    };
    let other_market = Facts {
        market: Some("JNX"),
        ..row(&POSITIONS, "11", "150")
    };
    for facts in [row(&TRADES, "11", "150"), other_day, other_market] {
        assert_eq!(judged(&doubt, &facts), NOT, "{facts:?}");
    }
    let jump = Doubt::PriceJump {
        security: security(),
    };
    assert_eq!(judged(&jump, &row(&POSITIONS, "11", "150")), CONCERNED);
    assert_eq!(judged(&jump, &row(&TRADES, "11", "150")), NOT);
}

#[test]
fn trades_are_concerned_when_they_are_far_off() {
    let doubt = Doubt::TradePrice {
        security: security(),
        lowest: price("9", "1"),
        highest: price("10", "1"),
    };
    for (traded, verdict) in [
        ("30", DEVIATES),
        ("29.9", NOT),
        ("3", DEVIATES),
        ("3.1", NOT),
        ("0", NOT),
    ] {
        assert_eq!(
            judged(&doubt, &row(&TRADES, traded, "150")),
            verdict,
            "{traded}"
        );
    }
    assert_eq!(judged(&doubt, &row(&POSITIONS, "30", "150")), NOT);
    let rate = |base: &str| Doubt::TradeRate {
        base: base.to_owned(),
        currency: "USD".to_owned(),
        usual: amount("150"),
    };
    assert_eq!(
        judged(&rate("JPY"), &row(&TRADES, "10", "0.0066")),
        DEVIATES
    );
    assert_eq!(judged(&rate("JPY"), &row(&TRADES, "10", "180")), NOT);
    assert_eq!(judged(&rate("JPY"), &row(&POSITIONS, "10", "0.0066")), NOT);
    // Rates into another base currency are none of this account's.
    assert_eq!(judged(&rate("EUR"), &row(&TRADES, "10", "0.0066")), NOT);
}

#[test]
fn rates_concern_rows_off_the_band_and_jumps_all_rows() {
    let rate = |relation: &Relation| Doubt::Rate {
        relation: relation.name.to_owned(),
        date: "2026-10-30".to_owned(),
        base: "JPY".to_owned(),
        currency: "USD".to_owned(),
        usual: amount("150"),
    };
    assert_eq!(
        judged(&rate(&POSITIONS), &row(&POSITIONS, "1", "152")),
        DEVIATES
    );
    assert_eq!(judged(&rate(&POSITIONS), &row(&POSITIONS, "1", "151")), NOT);
    assert_eq!(
        judged(&rate(&POSITIONS), &row(&CASH_BALANCES, "1", "152")),
        NOT
    );
    assert_eq!(
        judged(&rate(&CASH_BALANCES), &row(&CASH_BALANCES, "1", "152")),
        DEVIATES
    );
    let opening = Facts {
        day: "2026-09-30",
        ..row(&CASH_BALANCES, "1", "140")
    };
    assert_eq!(judged(&rate(&CASH_BALANCES), &opening), NOT);
    // A holding's price may be of another day than its rate.
    let priced_before = Facts {
        day: "2026-10-29",
        ..row(&POSITIONS, "1", "152")
    };
    assert_eq!(judged(&rate(&POSITIONS), &priced_before), DEVIATES);
    let jump = Doubt::RateJump {
        base: "JPY".to_owned(),
        currency: "USD".to_owned(),
    };
    assert_eq!(judged(&jump, &row(&CASH_BALANCES, "1", "150")), CONCERNED);
    assert_eq!(judged(&jump, &row(&TRADES, "1", "150")), NOT);
    let other_currency = Facts {
        currency: currency("EUR"),
        ..row(&CASH_BALANCES, "1", "150")
    };
    let without_rate = Facts {
        rate: None,
        ..row(&CASH_BALANCES, "1", "150")
    };
    for facts in [other_currency, without_rate] {
        assert_eq!(judged(&jump, &facts), NOT, "{facts:?}");
    }
}

#[test]
fn more_findings_than_are_kept_refuse_whatever_has_a_price() {
    let findings = Arc::new(Findings {
        more: 1,
        ..Findings::default()
    });
    let check = |agreement, facts: &Facts| {
        let policies = Policies {
            agreement,
            ..Policies::default()
        };
        let mut gate = Gate::new(policies);
        gate.learn(&findings, currency("JPY"));
        check_facts(&mut gate, facts).map(|()| gate.into_warning())
    };
    assert!(check(Policy::Block, &row(&POSITIONS, "1", "1")).is_err());
    assert!(
        check(Policy::Block, &row(&CASH_BALANCES, "1", "1"))
            .unwrap()
            .is_none()
    );
    assert!(
        check(Policy::Warn, &row(&POSITIONS, "1", "1"))
            .unwrap()
            .is_none()
    );
}

/// A row of the source with these columns.
fn source_row(relation: &Relation, columns: &[(&str, &'static str)]) -> SourceRow {
    let value = |name: &str| columns.iter().find(|(column, _)| *column == name);
    let names = relation.columns.iter().map(|column| column.name);
    names
        .map(|name| value(name).map(|(_, text)| *text))
        .collect()
}

/// A trade at 40 for a security whose snapshots have 9 to 10, with other values for some columns.
fn far_trade(columns: &[(&str, &'static str)]) -> SourceRow {
    let usual = [
        ("security_code", "130A"),
        ("market", "TSE"),
        ("side", "buy"),
        ("unit_price", "40"),
        ("price_unit", "1"),
        ("currency", "USD"),
        ("fx_rate", "150"),
    ];
    let of_others = usual
        .iter()
        .filter(|(name, _)| columns.iter().all(|(other, _)| other != name));
    let columns: Vec<_> = columns.iter().chain(of_others).copied().collect();
    source_row(&TRADES, &columns)
}

/// Whether a row of the source is refused by a finding, as it is read.
fn is_refused(doubt: Doubt, relation: &'static Relation, row: &SourceRow) -> bool {
    let findings = Arc::new(Findings {
        kept: vec![Finding {
            says: String::new(),
            doubt,
        }],
        ..Findings::default()
    });
    let mut gate = Gate::new(Policies {
        agreement: Policy::Block,
        ..Policies::default()
    });
    gate.learn(&findings, currency("JPY"));
    check(&mut gate, relation, row).is_err()
}

#[test]
fn a_row_is_held_against_findings_as_the_source_has_it() {
    let far = || Doubt::TradePrice {
        security: security(),
        lowest: price("9", "1"),
        highest: price("10", "1"),
    };
    for (columns, refused) in [
        (vec![], true),
        (vec![("side", "sell")], true),
        // What is not bought or sold has a price of its own.
        (vec![("side", "receipt")], false),
        (vec![("event", "split 1:4")], false),
        // 40 for 100 units, and 40 of which a tenth counts.
        (vec![("price_unit", "100"), ("unit_price", "4000")], true),
        (vec![("price_unit", "10")], false),
        (vec![("price_factor", "0.1")], false),
        (vec![("market", "JNX")], false),
        // Refused elsewhere, where they are read.
        (vec![("price_unit", "0")], false),
        (vec![("price_unit", "-1")], false),
        (vec![("unit_price", "forty")], false),
        (vec![("currency", "XXX1")], false),
    ] {
        let row = far_trade(&columns);
        assert_eq!(is_refused(far(), &TRADES, &row), refused, "{columns:?}");
    }
}

#[test]
fn a_rate_is_held_against_findings_as_the_source_has_it() {
    let rate = |relation: &Relation| Doubt::Rate {
        relation: relation.name.to_owned(),
        date: "2026-10-30".to_owned(),
        base: "JPY".to_owned(),
        currency: "USD".to_owned(),
        usual: amount("150"),
    };
    for (fx_rate, as_of, refused) in [
        ("152", "2026-10-30", true),
        ("151", "2026-10-30", false),
        ("152", "2026-09-30", false),
        // Refused elsewhere.
        ("0", "2026-10-30", false),
        ("-152", "2026-10-30", false),
    ] {
        let columns = [("currency", "USD"), ("fx_rate", fx_rate), ("as_of", as_of)];
        let row = source_row(&CASH_BALANCES, &columns);
        let found = is_refused(rate(&CASH_BALANCES), &CASH_BALANCES, &row);
        assert_eq!(found, refused, "{fx_rate} of {as_of}");
    }
    // The day of a holding's price, and of its snapshot where it has none.
    let priced = |price_date| Doubt::Price {
        security: security(),
        date: price_date,
        usual: price("10", "1"),
    };
    let held = [
        ("security_code", "130A"),
        ("market", "TSE"),
        ("price", "11"),
        ("price_unit", "1"),
        ("currency", "USD"),
        ("as_of", "2026-10-30"),
        ("price_date", "2026-10-29"),
    ];
    for (columns, date) in [(&held[..], "2026-10-29"), (&held[..6], "2026-10-30")] {
        let row = source_row(&POSITIONS, columns);
        assert!(
            is_refused(priced(date.to_owned()), &POSITIONS, &row),
            "{date}"
        );
        assert!(
            !is_refused(priced("2026-10-28".to_owned()), &POSITIONS, &row),
            "{date}"
        );
    }
}

//! Every rule, held and broken, one comparison at a time.

mod policies;
mod reopened;
mod rows;
mod unique;

use common::currency::Currency;
use common::profile::{Policies, Policy, Rule};
use common::statement::parse_date;
use common::{Class, Result};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::{Custody, Side};
use crate::rows::trade::Trade;

fn blocking() -> Gate {
    Gate::new(Policies::default())
}

/// The gate that only warns of a rule, and blocks by every other.
fn warning_of(rule: Rule) -> Gate {
    let mut policies = Policies::default();
    let policy = match rule {
        Rule::Identity => &mut policies.identity,
        Rule::Positions => &mut policies.positions,
        Rule::Cash => &mut policies.cash,
        Rule::Ownership => &mut policies.ownership,
        Rule::Shape => &mut policies.shape,
    };
    *policy = Policy::Warn;
    Gate::new(policies)
}

fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

/// The check refuses under the rule's name and says all of this; with a warning it lets pass and notes the same.
fn refused(rule: Rule, says: &[&str], check: impl Fn(&mut Gate) -> Result<()>) {
    let error = check(&mut blocking()).expect_err("it was not refused");
    assert_eq!((error.class(), error.cause()), (Class::Data, rule.as_str()));
    for words in says {
        assert!(error.to_string().contains(words), "{words:?} in: {error}");
    }
    let mut gate = warning_of(rule);
    check(&mut gate).expect("it was not only noted");
    let warning = gate.into_warning().expect("nothing was noted");
    assert_eq!(warning.cause, rule.as_str());
    assert!(
        warning.text.contains(&error.to_string()),
        "{}",
        warning.text
    );
}

fn passes(check: impl Fn(&mut Gate) -> Result<()>) {
    let mut gate = blocking();
    check(&mut gate).unwrap();
    assert_eq!(gate.into_warning(), None);
}

/// A sale for 1,000 dollars without fees, whose net amount is right.
fn trade() -> Trade {
    Trade {
        account_id: "A1".into(),
        trade_id: "T1".into(),
        trade_date: day("2026-10-01"),
        settlement_date: day("2026-10-03"),
        security_code: "130A".into(),
        security_name: "Veritas".into(),
        market: None,
        side: Side::Sell,
        event: None,
        custody: Custody::Specific,
        quantity: amount("100"),
        unit_price: amount("10"),
        currency: currency("USD"),
        fx_rate: None,
        gross_amount: amount("1000"),
        accrued_interest: None,
        commission: Decimal::ZERO,
        foreign_fees: None,
        consumption_tax: Decimal::ZERO,
        withholding_tax: Decimal::ZERO,
        net_amount: amount("1000"),
        settlement_currency: None,
        settlement_amount: None,
        note: None,
    }
}

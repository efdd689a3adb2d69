//! Every rule, held and broken, one comparison at a time.

mod agreement;
mod identity;
mod income;
mod policies;
mod positions;
mod reopened;
mod rows;
mod settlement;
mod unique;

use common::profile::{Policies, Policy, Rule};
use common::{Class, Result};
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::Custody;
use crate::rows::trade::Trade;
use crate::samples::{self, currency, day};

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
        Rule::Value => &mut policies.value,
        Rule::Settlement => &mut policies.settlement,
        Rule::Agreement => &mut policies.agreement,
    };
    *policy = Policy::Warn;
    Gate::new(policies)
}

pub(super) fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// The check refuses under the rule's name and says all of this; with a warning it lets pass and notes the same.
pub(super) fn refused(rule: Rule, says: &[&str], check: impl Fn(&mut Gate) -> Result<()>) {
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

pub(super) fn passes(check: impl Fn(&mut Gate) -> Result<()>) {
    let mut gate = blocking();
    check(&mut gate).unwrap();
    assert_eq!(gate.into_warning(), None);
}

/// A sale for 1,000 dollars without fees, whose net amount is right.
fn trade() -> Trade {
    Trade {
        settlement_date: day("2026-10-03"),
        security_code: "130A".into(),
        custody: Custody::Specific,
        quantity: amount("100"),
        unit_price: amount("10"),
        currency: currency("USD"),
        gross_amount: amount("1000"),
        net_amount: amount("1000"),
        ..samples::trade()
    }
}

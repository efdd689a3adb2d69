//! What becomes of a break.

use common::Class;
use common::profile::{Policies, Policy, Rule};

use crate::gate::{Gate, MAX_TOLD};

fn gate(policy: Policy) -> Gate {
    Gate::new(Policies {
        cash: policy,
        ..Policies::default()
    })
}

#[test]
fn a_break_is_refused_noted_or_not_looked_at() {
    let refused = gate(Policy::Block)
        .broken(Rule::Cash, "1 is not 2")
        .unwrap_err();
    assert_eq!(refused.cause(), "cash");
    assert_eq!(refused.class(), Class::Data);
    assert_eq!(refused.to_string(), "1 is not 2");

    let mut warns = gate(Policy::Warn);
    warns.broken(Rule::Cash, "1 is not 2").unwrap();
    assert!(warns.looks_at(Rule::Cash));
    assert!(!warns.refuses(Rule::Cash) && warns.refuses(Rule::Shape));
    assert!(warns.broken(Rule::Shape, "other rules block").is_err());
    let warning = warns.into_warning().unwrap();
    assert_eq!(warning.cause, "cash");
    assert_eq!(warning.text, "cash: 1 is not 2");

    let mut off = gate(Policy::Off);
    off.broken(Rule::Cash, "1 is not 2").unwrap();
    off.not_proven(Rule::Cash, "nobody asked");
    assert!(!off.looks_at(Rule::Cash));
    assert!(off.into_warning().is_none());
}

#[test]
fn what_cannot_be_proven_is_a_warning_even_where_a_break_is_refused() {
    let mut gate = gate(Policy::Block);
    gate.not_proven(Rule::Cash, "there is no snapshot");
    let warning = gate.into_warning().unwrap();
    assert_eq!(warning.text, "cash: not proven: there is no snapshot");
}

#[test]
fn many_warnings_are_counted() {
    let mut gate = gate(Policy::Warn);
    for n in 0..=MAX_TOLD + 1 {
        gate.broken(Rule::Cash, n.to_string()).unwrap();
    }
    let text = gate.into_warning().unwrap().text;
    assert!(text.starts_with("cash: 0; cash: 1; "), "{text}");
    assert!(text.ends_with("cash: 9; and 2 more"), "{text}");
}

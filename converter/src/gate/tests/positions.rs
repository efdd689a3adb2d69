//! Rule 2 over the lines of securities.

use common::Result;
use common::profile::Rule;

use super::{amount, passes, refused, warning_of};
use crate::gate::Gate;
use crate::gate::positions::Proof;
use crate::rows::codes::Custody;
use crate::rows::quantity::QuantityMovement;

fn check(gate: &mut Gate, lines: &[QuantityMovement]) -> Result<()> {
    let mut proof = Proof::default();
    for line in lines {
        proof.add(gate, line)?;
    }
    proof.end(gate)
}

fn rolled(closing: &str) -> QuantityMovement {
    QuantityMovement {
        market: "XTKS".into(),
        security_code: "130A".into(),
        security_name: "Veritas".into(),
        custody: Some(Custody::NisaGrowth),
        opening: amount("100000"),
        rolled: amount("0"),
        bought: amount("20000"),
        received: amount("3000"),
        sold: amount("400"),
        delivered: amount("50"),
        redeemed: amount("6"),
        closing: amount(closing),
    }
}

#[test]
fn opening_and_movements_make_the_closing_quantity() {
    passes(|gate| check(gate, &[rolled("122544")]));
    let says = [
        "security 130A of XTKS (nisa_growth)",
        "opening 100000 + bought 20000 + received 3000 − sold 400 − delivered 50 − redeemed 6 = 122544",
        "holds 122545",
        "a difference of 1",
    ];
    refused(Rule::Positions, &says, |gate| {
        check(gate, &[rolled("122545")])
    });
    let without_market = QuantityMovement {
        market: "".into(),
        ..rolled("0.000001")
    };
    refused(Rule::Positions, &["security 130A (nisa_growth)"], |gate| {
        check(gate, std::slice::from_ref(&without_market))
    });
}

#[test]
fn an_opening_that_was_rolled_forward_says_from_what() {
    let forward = QuantityMovement {
        rolled: amount("-7"),
        ..rolled("1")
    };
    let says = "opening 100000 (the snapshot's 100007 and -7 before the period) + bought 20000";
    refused(Rule::Positions, &[says], |gate| {
        check(gate, std::slice::from_ref(&forward))
    });
}

/// A holding that nothing moved, in a security, market and custody.
fn held(
    code: &str,
    market: &str,
    custody: Custody,
    opening: &str,
    closing: &str,
) -> QuantityMovement {
    QuantityMovement {
        market: market.into(),
        security_code: code.into(),
        custody: Some(custody),
        opening: amount(opening),
        closing: amount(closing),
        ..QuantityMovement::default()
    }
}

#[test]
fn differences_that_cancel_out_over_markets_are_told_as_such() {
    let (nisa, general) = (Custody::Nisa, Custody::General);
    let moved = [
        held("7203", "", nisa, "5", "0"),
        held("7203", "PTS", nisa, "95", "0"),
        held("7203", "TSE", nisa, "0", "100"),
    ];
    let says = [
        "security 7203 (nisa): its markets add up together, but not one by one",
        "no market: opening and trades make 5, but the closing snapshot holds 0, a difference of -5",
        "PTS: opening and trades make 95",
        "a difference of -95",
        "TSE: opening and trades make 0, but the closing snapshot holds 100, a difference of 100",
        "market in statement_trades must be the one under which statement_positions keeps the holding, or absent in both",
    ];
    refused(Rule::Positions, &says, |gate| check(gate, &moved));
    // Of another security, another custody, or by another amount, it is a break of its own.
    for other in [
        held("7204", "TSE", nisa, "0", "95"),
        held("7203", "TSE", general, "0", "95"),
        held("7203", "TSE", nisa, "0", "96"),
    ] {
        let mut gate = warning_of(Rule::Positions);
        check(&mut gate, &[held("7203", "PTS", nisa, "95", "0"), other]).unwrap();
        let text = gate.into_warning().unwrap().text;
        assert!(!text.contains("together"), "{text}");
        assert_eq!(text.matches("a difference of").count(), 2, "{text}");
    }
}

#[test]
fn markets_without_end_are_told_as_they_come() {
    let lines: Vec<_> = (0..200)
        .map(|n| held("7203", &format!("M{n}"), Custody::Nisa, "0", "1"))
        .collect();
    let mut gate = warning_of(Rule::Positions);
    check(&mut gate, &lines).unwrap();
    let text = gate.into_warning().unwrap().text;
    assert!(text.ends_with("; and 190 more"), "{text}");
}

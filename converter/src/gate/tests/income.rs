//! Rule 1: what a dividend pays.

use common::profile::Rule;

use super::{amount, currency, day, passes, refused};
use crate::gate::income;
use crate::rows::cash::CashMovement;
use crate::rows::codes::CashKind;

/// Every deduction differs, so that none can stand in for another.
fn dividend(code: &str, paid: &str) -> CashMovement {
    CashMovement {
        account_id: "A1".into(),
        movement_id: "M1".into(),
        booked_on: day("2026-10-15"),
        kind: CashKind::Dividend,
        description: "".into(),
        currency: currency(code),
        pocket: "deposit".into(),
        amount: amount(paid),
        gross_currency: currency(code),
        gross_amount: Some(amount("10000")),
        income_tax: Some(amount("1000")),
        local_tax: Some(amount("200")),
        foreign_tax: Some(amount("30")),
        fee: Some(amount("4")),
    }
}

fn is_paid(movement: &CashMovement) {
    passes(|gate| income::check(gate, movement, Some(currency("JPY"))));
}

fn is_not_paid(movement: &CashMovement, says: &[&str]) {
    refused(Rule::Identity, says, |gate| {
        income::check(gate, movement, Some(currency("JPY")))
    });
}

#[test]
fn a_dividend_is_what_taxes_and_fee_leave() {
    for kind in [CashKind::Dividend, CashKind::Interest, CashKind::Redemption] {
        let of = |paid| CashMovement {
            kind,
            ..dividend("USD", paid)
        };
        is_paid(&of("8766"));
        for off in ["8766.01", "8765.99", "8796", "10000"] {
            let says = [
                "cash movement M1 of 2026-10-15",
                off,
                "USD",
                "gross_amount 10000",
                "is 8766, a difference of",
            ];
            is_not_paid(&of(off), &says);
        }
    }
}

#[test]
fn a_foreign_tax_in_the_base_currency_may_be_for_information() {
    is_paid(&dividend("JPY", "8766"));
    is_paid(&dividend("JPY", "8796"));
    for off in ["8767", "8795", "8797", "8765"] {
        is_not_paid(&dividend("JPY", off), &[off, "is 8766"]);
    }
}

#[test]
fn absent_deductions_are_nothing() {
    let plain = |paid| CashMovement {
        income_tax: None,
        local_tax: None,
        foreign_tax: None,
        fee: None,
        ..dividend("USD", paid)
    };
    is_paid(&plain("10000"));
    is_not_paid(&plain("9999"), &["a difference of -1"]);
    // A reversal takes back what was paid.
    is_paid(&CashMovement {
        gross_amount: Some(amount("-10000")),
        ..plain("-10000")
    });
}

#[test]
fn what_has_no_gross_amount_of_its_currency_is_not_compared() {
    is_paid(&CashMovement {
        gross_amount: None,
        ..dividend("USD", "1")
    });
    is_paid(&CashMovement {
        gross_currency: currency("EUR"),
        ..dividend("USD", "1")
    });
    for kind in [
        CashKind::Deposit,
        CashKind::Fee,
        CashKind::Trade,
        CashKind::Other,
    ] {
        is_paid(&CashMovement {
            kind,
            ..dividend("USD", "1")
        });
    }
}

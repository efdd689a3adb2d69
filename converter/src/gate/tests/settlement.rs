//! Rule 7: what the movements of a trade add up to, and what they are held against.

use common::Result;
use common::profile::Rule;

use super::{amount, passes, refused};
use crate::gate::Gate;
use crate::gate::settlement::{Due, Settled, Window};
use crate::rows::codes::CashKind;
use crate::samples::{currency, day};

type Movement<'a> = (CashKind, &'a str, &'a str);

/// A trade of dollars for so much, due on that day; what settles it in another currency.
fn due(on: &str, net: &str, settled_in: Option<(&str, &str)>) -> Due {
    Due {
        is_transfer: false,
        settlement_date: day(on),
        currency: currency("USD"),
        net_amount: amount(net),
        settlement_currency: settled_in.map(|(code, _)| currency(code)),
        settlement_amount: settled_in.map(|(_, text)| amount(text)),
    }
}

fn checked(gate: &mut Gate, due: Option<&Due>, movements: &[Movement]) -> Result<()> {
    netted(gate, due, movements, None)
}

/// As above, where a payment of that day names no trade.
fn netted(
    gate: &mut Gate,
    due: Option<&Due>,
    movements: &[Movement],
    netted_until: Option<&str>,
) -> Result<()> {
    let booked: Vec<_> = movements
        .iter()
        .map(|movement| (*movement, "2026-10-05"))
        .collect();
    booked_on(gate, due, &booked, netted_until)
}

/// As above, each movement with its day.
fn booked_on(
    gate: &mut Gate,
    due: Option<&Due>,
    movements: &[(Movement, &str)],
    netted_until: Option<&str>,
) -> Result<()> {
    let window = Window {
        after: day("2026-09-30"),
        up_to: day("2026-10-31"),
    };
    let mut settled = Settled::new("T1");
    assert_eq!(settled.trade_id(), "T1");
    if let Some(due) = due {
        settled.trade(due.clone());
    }
    for (number, ((kind, code, text), booked_on)) in movements.iter().enumerate() {
        let movement = crate::gate::settlement::Movement {
            movement_id: &format!("M{number}"),
            booked_on: day(booked_on),
            kind: *kind,
            currency: currency(code),
            amount: amount(text),
        };
        settled.movement(movement, window).unwrap();
    }
    settled.check(gate, window, netted_until.map(day))
}

use CashKind::{Exchange, Fee, Redemption, Refund, Tax, Trade};

#[test]
fn what_makes_the_amount_passes() {
    let plain = due("2026-10-05", "-100.5", None);
    let in_yen = due("2026-10-05", "-100.5", Some(("JPY", "-15000")));
    let sold = due("2026-10-31", "90", None);
    let cases: &[(&Due, &[Movement])] = &[
        (&plain, &[(Trade, "USD", "-100.5")]),
        (&plain, &[(Redemption, "USD", "-100.50")]),
        // In parts, and with what is booked apart.
        (&plain, &[(Trade, "USD", "-60"), (Trade, "USD", "-40.5")]),
        (&plain, &[(Trade, "USD", "-100"), (Fee, "USD", "-0.5")]),
        (
            &sold,
            &[
                (Trade, "USD", "100"),
                (Tax, "USD", "-12"),
                (Refund, "USD", "2"),
            ],
        ),
        // Cancelled and booked again.
        (
            &plain,
            &[
                (Trade, "USD", "-100"),
                (Trade, "USD", "100"),
                (Trade, "USD", "-100.5"),
            ],
        ),
        (&in_yen, &[(Trade, "JPY", "-15000")]),
        // In the trade's own currency, bought for it.
        (&in_yen, &[(Trade, "USD", "-100.5")]),
        (
            &in_yen,
            &[
                (Trade, "USD", "-100.5"),
                (Exchange, "USD", "100.5"),
                (Exchange, "JPY", "-15000"),
            ],
        ),
        (
            &plain,
            &[
                (Trade, "USD", "-100.5"),
                (Exchange, "USD", "100.5"),
                (Exchange, "JPY", "-15000"),
            ],
        ),
        // A tax in yen is none of the trade's amounts.
        (&plain, &[(Trade, "USD", "-100.5"), (Tax, "JPY", "-300")]),
        // Nothing names it, or only what is booked apart: it is paid for elsewhere.
        (&plain, &[]),
        (&plain, &[(Fee, "USD", "-0.5")]),
    ];
    for (due, movements) in cases {
        passes(|gate| checked(gate, Some(due), movements));
    }
}

#[test]
fn what_does_not_make_it_is_refused_with_both_sums() {
    let plain = due("2026-10-31", "-100.5", None);
    let says = [
        "trade T1 settled on 2026-10-31: net_amount is -100.5 USD",
        "up to 2026-10-31 that name it (M0) sum to -100 USD, a difference of 0.5",
    ];
    refused(Rule::Settlement, &says, |gate| {
        checked(gate, Some(&plain), &[(Trade, "USD", "-100")])
    });
    let in_yen = due("2026-10-01", "-100.5", Some(("JPY", "-15000")));
    let says = [
        "settlement_amount is -15000 JPY",
        "(M0, M1, M2 and 1 more) sum to -14997 JPY and -1 USD, a difference of 3",
    ];
    let parts = [
        (Trade, "JPY", "-14990"),
        (Trade, "JPY", "-5"),
        (Tax, "JPY", "-2"),
        (Trade, "USD", "-1"),
    ];
    refused(Rule::Settlement, &says, |gate| {
        checked(gate, Some(&in_yen), &parts)
    });
    let wrong: &[(&Due, &[Movement])] = &[
        // Twice, not at all any more, with the other sign.
        (
            &plain,
            &[(Trade, "USD", "-100.5"), (Trade, "USD", "-100.5")],
        ),
        (&plain, &[(Trade, "USD", "-100.5"), (Trade, "USD", "100.5")]),
        (&plain, &[(Trade, "USD", "100.5")]),
        // In yen and in dollars; in a currency that is not the trade's; the dollars for yen.
        (
            &in_yen,
            &[(Trade, "JPY", "-15000"), (Trade, "USD", "-100.5")],
        ),
        (&plain, &[(Trade, "JPY", "-15000")]),
        (&plain, &[(Trade, "JPY", "-100.5")]),
        (&in_yen, &[(Trade, "USD", "-15000")]),
        (&plain, &[(Trade, "USD", "-100.5"), (Fee, "USD", "-0.5")]),
    ];
    for (due, movements) in wrong {
        refused(Rule::Settlement, &["trade T1"], |gate| {
            checked(gate, Some(due), movements)
        });
    }
}

#[test]
fn what_is_paid_besides_the_right_amount_is_the_difference() {
    let in_yen = due("2026-10-01", "-100.5", Some(("JPY", "-15000")));
    let says = ["sum to -15000 JPY and -100.5 USD, a difference of -100.5 USD"];
    refused(Rule::Settlement, &says, |gate| {
        let both = [(Trade, "JPY", "-15000"), (Trade, "USD", "-100.5")];
        checked(gate, Some(&in_yen), &both)
    });
    // Booked in the trade's own currency alone, it is held against the net amount.
    let says = [
        "net_amount is -100.5 USD",
        "(M0) sum to -99.5 USD, a difference of 1.0",
    ];
    refused(Rule::Settlement, &says, |gate| {
        checked(gate, Some(&in_yen), &[(Trade, "USD", "-99.5")])
    });
}

#[test]
fn fees_are_all_that_a_transfer_of_securities_costs() {
    let transfer = |net| Due {
        is_transfer: true,
        ..due("2026-10-05", net, None)
    };
    passes(|gate| {
        checked(
            gate,
            Some(&transfer("-22")),
            &[(Fee, "USD", "-20"), (Tax, "USD", "-2")],
        )
    });
    refused(
        Rule::Settlement,
        &["sum to -20 USD, a difference of 2"],
        |gate| checked(gate, Some(&transfer("-22")), &[(Fee, "USD", "-20")]),
    );
}

#[test]
fn an_id_without_a_trade_moves_nothing_in_the_end() {
    passes(|gate| checked(gate, None, &[(Trade, "JPY", "-5"), (Trade, "JPY", "5")]));
    let says = [
        "trade_id T1: statement_trades has no such trade",
        "(M0, M1) sum to -1 JPY instead of 0",
    ];
    refused(Rule::Settlement, &says, |gate| {
        checked(gate, None, &[(Trade, "JPY", "-5"), (Trade, "JPY", "4")])
    });
    refused(Rule::Settlement, &["-5 JPY instead of 0"], |gate| {
        checked(gate, None, &[(Trade, "JPY", "-5"), (Trade, "USD", "5")])
    });
}

#[test]
fn what_is_not_due_or_netted_is_not_compared() {
    let wrong = [(Trade, "USD", "-1")];
    let later = due("2026-11-01", "-100.5", None);
    passes(|gate| checked(gate, Some(&later), &wrong));
    let now = due("2026-10-05", "-100.5", None);
    // One netted payment of the month leaves nothing proven, also of what names no trade.
    passes(|gate| netted(gate, Some(&now), &wrong, Some("2026-10-01")));
    passes(|gate| netted(gate, None, &wrong, Some("2026-10-01")));
    // One of an earlier month may hold what was settled by then.
    let then = due("2026-09-15", "-100.5", None);
    passes(|gate| netted(gate, Some(&then), &wrong, Some("2026-09-15")));
    for (due, netted_until) in [(&then, "2026-09-14"), (&now, "2026-09-30")] {
        refused(Rule::Settlement, &["trade T1"], |gate| {
            netted(gate, Some(due), &wrong, Some(netted_until))
        });
    }
}

#[test]
fn what_comes_late_for_a_proven_trade_is_no_part_of_it() {
    let september = due("2026-09-03", "-110", None);
    let paid = [
        ((Trade, "USD", "-100"), "2026-09-03"),
        ((Fee, "USD", "-10"), "2026-09-03"),
    ];
    let on = |day, late: Movement<'static>| [paid[0], paid[1], (late, day)];
    let and = |late| on("2026-10-09", late);
    for late in [
        (Refund, "USD", "10"),
        (Fee, "USD", "-3"),
        (Tax, "JPY", "-7"),
    ] {
        passes(|gate| booked_on(gate, Some(&september), &and(late), None));
    }
    // On the last day before the period it is not late.
    let on_the_eve = on("2026-09-30", (Fee, "USD", "-3"));
    refused(Rule::Settlement, &["sum to -113 USD"], |gate| {
        booked_on(gate, Some(&september), &on_the_eve, None)
    });
    // The trade was corrected together with its fee.
    let corrected = due("2026-09-03", "-100", None);
    let refund = and((Refund, "USD", "10"));
    passes(|gate| booked_on(gate, Some(&corrected), &refund, None));
    // A second payment is no refund, and in the month that it settles everything counts.
    let again = and((Trade, "USD", "-110"));
    refused(Rule::Settlement, &["sum to -220 USD"], |gate| {
        booked_on(gate, Some(&september), &again, None)
    });
    let october = due("2026-10-01", "-110", None);
    refused(Rule::Settlement, &["sum to -100 USD"], |gate| {
        booked_on(gate, Some(&october), &refund, None)
    });
}

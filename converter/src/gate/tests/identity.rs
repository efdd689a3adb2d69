//! Rule 1: what makes the net amount, and what is settled.

use common::profile::Rule;

use super::{amount, currency, passes, refused, trade};
use crate::gate::identity::{self, Terms};
use crate::rows::codes::Side;
use crate::rows::trade::Trade;

/// Of an account whose base currency is yen.
fn terms(percent: u8) -> Terms {
    Terms {
        base_currency: Some(currency("JPY")),
        settlement_rate_percent: percent,
    }
}

fn accepted(trade: &Trade) {
    passes(|gate| identity::check(gate, trade, terms(5)));
}

fn broken(trade: &Trade, says: &[&str]) {
    refused(Rule::Identity, says, |gate| {
        identity::check(gate, trade, terms(5))
    });
}

/// Every amount differs, so that none can stand in for another.
fn with_amounts(side: Side, net: &str) -> Trade {
    Trade {
        side,
        gross_amount: amount("1000"),
        accrued_interest: Some(amount("200")),
        commission: amount("30"),
        foreign_fees: Some(amount("4")),
        consumption_tax: amount("0.5"),
        withholding_tax: amount("0.06"),
        net_amount: amount(net),
        ..trade()
    }
}

#[test]
fn the_amounts_make_the_net_amount() {
    for (side, net) in [
        (Side::Buy, "-1234.56"),
        (Side::Sell, "1165.44"),
        (Side::Redemption, "1165.44"),
        // Gross and accrued interest are a cost that is taken over.
        (Side::Receipt, "-34.56"),
        (Side::Delivery, "-34.56"),
    ] {
        accepted(&with_amounts(side, net));
        let cent_off = (amount(net) + amount("0.01")).to_string();
        let says = [
            "trade T1 of 2026-10-01 in 130A",
            &format!("net_amount is {cent_off} USD"),
            &format!("is {net}, a difference of 0.01"),
        ];
        broken(&with_amounts(side, &cent_off), &says);
    }
}

#[test]
fn a_side_is_named_with_its_rule() {
    for (side, rule) in [
        (
            Side::Buy,
            "−(gross + accrued interest + fees + withholding tax)",
        ),
        (
            Side::Sell,
            "gross + accrued interest − fees − withholding tax",
        ),
        (
            Side::Redemption,
            "gross + accrued interest − fees − withholding tax",
        ),
        (Side::Receipt, "−(fees + withholding tax)"),
        (Side::Delivery, "−(fees + withholding tax)"),
    ] {
        broken(&with_amounts(side, "7"), &[&format!("but {rule} is")]);
    }
}

#[test]
fn what_nothing_makes_is_told_as_zero() {
    for side in [Side::Buy, Side::Receipt, Side::Delivery] {
        let paid = Trade {
            side,
            gross_amount: amount("0"),
            net_amount: amount("-3000"),
            ..trade()
        };
        broken(&paid, &[" is 0, a difference of -3000"]);
    }
}

#[test]
fn absent_amounts_are_nothing() {
    accepted(&trade());
    let one_off = Trade {
        net_amount: amount("999"),
        ..trade()
    };
    broken(&one_off, &["a difference of -1"]);
}

#[test]
fn a_bond_traded_ex_dividend_has_negative_accrued_interest() {
    for (side, net) in [(Side::Buy, "-987.66"), (Side::Sell, "987.66")] {
        let ex_dividend = Trade {
            side,
            accrued_interest: Some(amount("-12.34")),
            net_amount: amount(net),
            ..trade()
        };
        accepted(&ex_dividend);
        let not_deducted = Trade {
            net_amount: amount("1012.34"),
            ..ex_dividend
        };
        broken(&not_deducted, &["net_amount is 1012.34 USD"]);
    }
}

/// The sale for 1,000 dollars, settled.
fn settled(settled_in: Option<&str>, settled: &str, rate: Option<&str>) -> Trade {
    Trade {
        settlement_currency: settled_in.map(currency),
        settlement_amount: Some(amount(settled)),
        fx_rate: rate.map(amount),
        ..trade()
    }
}

#[test]
fn in_the_trades_own_currency_the_net_amount_is_settled() {
    for settled_in in [None, Some("USD")] {
        // The rate is of no concern.
        accepted(&settled(settled_in, "1000", Some("150")));
        for (amount, difference) in [("1000.01", "0.01"), ("-1000", "-2000"), ("0", "-1000")] {
            let says = [
                "trade T1 of 2026-10-01 in 130A",
                &format!("settlement_amount is {amount} USD"),
                "net_amount is 1000 USD",
                &format!("a difference of {difference}"),
            ];
            broken(&settled(settled_in, amount, Some("150")), &says);
        }
    }
}

#[test]
fn in_the_base_currency_the_rate_makes_the_settlement_within_its_percentage() {
    // 150,000 yen by the rate; 7,500 are 5 % of it, and one yen is for rounding.
    for amount in ["150000", "157501", "142499"] {
        accepted(&settled(Some("JPY"), amount, Some("150")));
    }
    for (amount, difference) in [("157502", "7502"), ("142498", "-7502")] {
        let says = [
            &*format!("settlement_amount is {amount} JPY"),
            "net_amount is 1000 USD",
            "at the rate of 150 makes 150000 JPY",
            &format!("a difference of {difference}, more than 5 %"),
        ];
        broken(&settled(Some("JPY"), amount, Some("150")), &says);
    }
    let negative = |amount_in_yen: &str| Trade {
        side: Side::Buy,
        net_amount: amount("-1000"),
        ..settled(Some("JPY"), amount_in_yen, Some("150"))
    };
    accepted(&negative("-157501"));
    broken(&negative("-157502"), &["a difference of -7502"]);
    // Without a rate, only the sign is known.
    accepted(&settled(Some("JPY"), "1", None));
}

#[test]
fn the_percentage_is_the_profiles() {
    let exact = settled(Some("JPY"), "150001", Some("150"));
    passes(|gate| identity::check(gate, &exact, terms(0)));
    let off = settled(Some("JPY"), "150002", Some("150"));
    refused(Rule::Identity, &["more than 0 %"], |gate| {
        identity::check(gate, &off, terms(0))
    });
    let double = settled(Some("JPY"), "300001", Some("150"));
    passes(|gate| identity::check(gate, &double, terms(100)));
}

#[test]
fn the_signs_agree_in_any_two_currencies() {
    for (settled_in, rate) in [
        ("JPY", Some("150")),
        ("JPY", None),
        ("EUR", Some("150")),
        ("EUR", None),
    ] {
        for amount in ["-150000", "0"] {
            let says = [
                "settlement_amount is ",
                settled_in,
                "net_amount is 1000 USD",
                "the signs must agree",
            ];
            broken(&settled(Some(settled_in), amount, rate), &says);
        }
    }
    // Between two currencies that are not the base, the rate says nothing.
    accepted(&settled(Some("EUR"), "1", Some("150")));
    let nothing = |settled_for: &str| Trade {
        gross_amount: amount("0"),
        net_amount: amount("0"),
        ..settled(Some("JPY"), settled_for, Some("150"))
    };
    accepted(&nothing("0"));
    broken(
        &nothing("-1"),
        &["net_amount is 0 USD", "the signs must agree"],
    );
    broken(
        &nothing("1"),
        &["net_amount is 0 USD", "the signs must agree"],
    );
}

#[test]
fn less_than_the_minor_unit_may_settle_as_nothing() {
    let tiny = |rate: &str, settled_for: &str| Trade {
        gross_amount: amount("0.01"),
        net_amount: amount("0.01"),
        ..settled(Some("JPY"), settled_for, Some(rate))
    };
    accepted(&tiny("99", "0"));
    accepted(&tiny("99", "1"));
    broken(&tiny("100", "0"), &["the signs must agree"]);
    broken(&tiny("99", "-1"), &["the signs must agree"]);
}

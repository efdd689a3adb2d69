//! Gross amounts of trades.

use common::profile::{Policies, Policy};

use super::super::*;
use super::holdings::holding;
use super::quote;
use crate::gate::tests::{amount, passes, refused};
use crate::samples::{currency, trade};

fn yen(side: Side, quantity: &str, unit_price: &str, gross: &str) -> Trade {
    Trade {
        side,
        quantity: amount(quantity),
        unit_price: amount(unit_price),
        gross_amount: amount(gross),
        ..trade()
    }
}

fn dollars(side: Side, quantity: &str, unit_price: &str, gross: &str) -> Trade {
    Trade {
        currency: currency("USD"),
        ..yen(side, quantity, unit_price, gross)
    }
}

fn gross_passes(quote: &Quote, trade: &Trade) {
    passes(|gate| check_trade(gate, trade, quote));
}

fn gross_refused(quote: &Quote, trade: &Trade, says: &[&str]) {
    refused(Rule::Value, says, |gate| check_trade(gate, trade, quote));
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of edges")]
fn a_gross_amount_is_within_half_a_step_of_the_price() {
    // Class, currency, quantity, price, price unit; what is within; what is a minor unit outside.
    for (class, code, quantity, price, unit, within, outside) in [
        (
            AssetClass::Equity,
            "JPY",
            "100",
            "120",
            "1",
            ["11949", "12051"],
            ["11948", "12052"],
        ),
        (
            AssetClass::Etf,
            "JPY",
            "10",
            "2500.5",
            "1",
            ["24999", "25011"],
            ["24998", "25012"],
        ),
        (
            AssetClass::Other,
            "JPY",
            "10",
            "2500",
            "1",
            ["24994", "25006"],
            ["24993", "25007"],
        ),
        (
            AssetClass::Equity,
            "USD",
            "1000",
            "35.12",
            "1",
            ["35114.99", "35125.01"],
            ["35114.98", "35125.02"],
        ),
        (
            AssetClass::Etf,
            "USD",
            "3",
            "400.123",
            "1",
            ["1200.35", "1200.39"],
            ["1200.34", "1200.40"],
        ),
        (
            AssetClass::Other,
            "USD",
            "1000",
            "35.12",
            "1",
            ["35114.99", "35125.01"],
            ["35114.98", "35125.02"],
        ),
        (
            AssetClass::Bond,
            "JPY",
            "1000000",
            "99.5",
            "100",
            ["994949", "995051"],
            ["994948", "995052"],
        ),
        (
            AssetClass::Bond,
            "USD",
            "10000",
            "98.5",
            "100",
            ["9849.49", "9850.51"],
            ["9849.48", "9850.52"],
        ),
        // And a unit more or less, 2.8349 yen; or a thousandth of one that has a price of its own, 0.01234 dollars.
        (
            AssetClass::Fund,
            "JPY",
            "3528",
            "28349",
            "10000",
            ["9998", "10005"],
            ["9997", "10006"],
        ),
        (
            AssetClass::Fund,
            "USD",
            "10",
            "12.34",
            "1",
            ["123.33", "123.47"],
            ["110.99", "135.81"],
        ),
    ] {
        let quote = quote(class, unit);
        for side in [Side::Buy, Side::Sell, Side::Redemption] {
            let of = |gross: &str| Trade {
                currency: currency(code),
                ..yen(side, quantity, price, gross)
            };
            for gross in within {
                gross_passes(&quote, &of(gross));
            }
            for gross in outside {
                gross_refused(
                    &quote,
                    &of(gross),
                    &["trade T1 of 2026-10-01 in 0001", gross, code],
                );
            }
        }
    }
}

#[test]
fn a_refusal_says_all_that_is_needed() {
    let buy = yen(Side::Buy, "100", "120", "1200000000");
    let says = "gross_amount is 1200000000 JPY, but unit_price 120 × quantity 100 ÷ price_unit 1 is 12000, a difference of 1199988000, \
                more than the tolerance of 51";
    gross_refused(&quote(AssetClass::Equity, "1"), &buy, &[says]);
    let third = yen(Side::Buy, "100", "100", "1");
    gross_refused(
        &quote(AssetClass::Equity, "3"),
        &third,
        &["is 3333.33333333, a difference of -3332.33333333"],
    );
}

#[test]
fn wrong_units_and_factors_of_ten_are_seen_at_any_price() {
    for price in ["0.5", "1", "3", "120", "28349"] {
        for (class, unit) in [
            (AssetClass::Equity, "1"),
            (AssetClass::Fund, "10000"),
            (AssetClass::Bond, "100"),
        ] {
            let right = amount(price) * amount("1000000") / amount(unit);
            for code in ["JPY", "USD"] {
                for wrong in ["0.0001", "0.01", "0.1", "0", "10", "100", "10000"] {
                    let gross = (right * amount(wrong)).round_dp(currency(code).exponent());
                    let trade = Trade {
                        currency: currency(code),
                        ..yen(Side::Sell, "1000000", price, &gross.to_string())
                    };
                    gross_refused(&quote(class, unit), &trade, &["a difference of"]);
                }
            }
        }
    }
}

#[test]
fn a_price_of_next_to_nothing_is_off_by_half_of_itself_at_most() {
    let equity = quote(AssetClass::Equity, "1");
    // Half a cent is half of the price here.
    gross_passes(&equity, &dollars(Side::Buy, "1000", "0.01", "15.01"));
    gross_refused(
        &equity,
        &dollars(Side::Buy, "1000", "0.01", "15.02"),
        &["tolerance of 5.01"],
    );
    gross_passes(&equity, &dollars(Side::Buy, "1000", "0.002", "3.01"));
    gross_refused(
        &equity,
        &dollars(Side::Buy, "1000", "0.002", "3.02"),
        &["tolerance of 1.01"],
    );
    // A price of 0 is a price.
    gross_passes(&equity, &yen(Side::Redemption, "1000", "0", "1"));
    gross_refused(
        &equity,
        &yen(Side::Redemption, "1000", "0", "2"),
        &["is 0, a difference of 2"],
    );
}

#[test]
fn book_values_are_not_compared() {
    for side in [Side::Receipt, Side::Delivery] {
        gross_passes(
            &quote(AssetClass::Equity, "1"),
            &yen(side, "100", "120", "1"),
        );
    }
}

#[test]
fn the_price_factor_counts() {
    // An inflation-linked bond, and a pool of which 37 % are left.
    for (factor, gross) in [("1.08765", "10713.35"), ("0.37", "3644.50")] {
        let factored = Quote {
            price_factor: Some(amount(factor)),
            ..quote(AssetClass::Bond, "100")
        };
        let buy = dollars(Side::Buy, "10000", "98.5", gross);
        gross_passes(&factored, &buy);
        let says =
            format!("unit_price 98.5 × quantity 10000 × price_factor {factor} ÷ price_unit 100");
        gross_refused(
            &factored,
            &dollars(Side::Buy, "10000", "98.5", "9850.00"),
            &[&says],
        );
        gross_refused(
            &quote(AssetClass::Bond, "100"),
            &buy,
            &["× quantity 10000 ÷ price_unit 100"],
        );
    }
}

/// 10,000 nominal at 98.5, and every other amount its own.
fn bond(side: Side, gross: &str) -> Trade {
    Trade {
        accrued_interest: Some(amount("200")),
        commission: amount("30"),
        consumption_tax: amount("3"),
        foreign_fees: Some(amount("7")),
        withholding_tax: amount("11"),
        ..dollars(side, "10000", "98.5", gross)
    }
}

#[test]
fn a_price_may_be_quoted_with_what_the_net_amount_adds() {
    let quote = quote(AssetClass::Bond, "100");
    for (side, grosses) in [
        (
            Side::Buy,
            ["9650", "9817", "9843", "9810", "9617", "9643", "9610"].as_slice(),
        ),
        (
            Side::Sell,
            &[
                "9650", "9883", "9857", "9890", "9901", "9683", "9657", "9690", "9701",
            ],
        ),
    ] {
        for gross in grosses {
            let (up, down) = (
                amount(gross) + amount("0.51"),
                amount(gross) - amount("0.51"),
            );
            for gross in [amount(gross), up, down] {
                gross_passes(&quote, &bond(side, &gross.to_string()));
            }
            for gross in [up + amount("0.01"), down - amount("0.01")] {
                gross_refused(
                    &quote,
                    &bond(side, &gross.to_string()),
                    &["is 9850, a difference of"],
                );
            }
        }
    }
    // What the net amount adds is not in the gross amount already: it would be paid twice. A purchase has no tax withheld.
    for gross in ["10050", "9883", "9890", "9799"] {
        gross_refused(
            &quote,
            &bond(Side::Buy, gross),
            &["is 9850, a difference of"],
        );
    }
    for gross in ["10050", "9817", "9810"] {
        gross_refused(
            &quote,
            &bond(Side::Redemption, gross),
            &["is 9850, a difference of"],
        );
    }
}

#[test]
fn what_is_too_large_to_compute_is_refused() {
    let large = yen(Side::Buy, "900000000000000", "900000000000", "1");
    let factored = Quote {
        price_factor: Some(amount("900000000000")),
        ..quote(AssetClass::Fund, "0.00000001")
    };
    gross_refused(
        &factored,
        &large,
        &["trade T1", "larger than can be computed"],
    );
    let (held, valued) = holding("900000000000000", "900000000000", Some("1"));
    let valued = Valuation {
        quote: factored,
        ..valued
    };
    refused(
        Rule::Value,
        &["position 130A", "larger than can be computed"],
        |gate| check_position(gate, &held, &valued),
    );
    let (held, valued) = (
        Position {
            average_cost: Some(amount("1")),
            unrealized_pl: Some(amount("1")),
            ..held
        },
        Valuation {
            market_value: None,
            ..valued
        },
    );
    refused(
        Rule::Value,
        &["position 130A", "larger than can be computed"],
        |gate| check_position(gate, &held, &valued),
    );
}

#[test]
fn nobody_looks_where_the_rule_is_off() {
    let mut gate = Gate::new(Policies {
        value: Policy::Off,
        ..Policies::default()
    });
    check_trade(
        &mut gate,
        &yen(Side::Buy, "100", "120", "1"),
        &quote(AssetClass::Equity, "1"),
    )
    .unwrap();
    let (position, valuation) = holding("100", "120", Some("1"));
    check_position(&mut gate, &position, &valuation).unwrap();
    assert!(gate.into_warning().is_none());
}

#[test]
fn a_unit_with_a_price_of_its_own_is_bought_in_parts() {
    let fund = quote(AssetClass::Fund, "1");
    let bought = |gross| dollars(Side::Buy, "10.123", "98.76", gross);
    for within in ["999.86", "999.64"] {
        gross_passes(&fund, &bought(within));
    }
    for outside in ["999.91", "1098.5"] {
        gross_refused(&fund, &bought(outside), &["tolerance of 0.159375"]);
    }
    // A unit that is one of a thousand is bought whole: half a step of the price and a minor unit, and the price of a unit.
    let fund = quote(AssetClass::Fund, "1000");
    for (gross, is_right) in [("9.96", true), ("9.87", true), ("10.11", false)] {
        let trade = dollars(Side::Buy, "100", "98.76", gross);
        if is_right {
            gross_passes(&fund, &trade);
        } else {
            gross_refused(&fund, &trade, &["gross_amount is 10.11"]);
        }
    }
}

//! Market values and unrealised results of holdings.

use super::super::*;
use super::quote;
use crate::gate::tests::{amount, passes, refused};
use crate::rows::codes::Custody;
use crate::samples::{currency, day};

/// A holding in yen of an equity.
pub fn holding(quantity: &str, price: &str, market_value: Option<&str>) -> (Position, Valuation) {
    let position = Position {
        account_id: "A1".into(),
        as_of: day("2026-10-31"),
        asset_class: AssetClass::Equity,
        security_code: "130A".into(),
        security_name: "Veritas".into(),
        custody: Custody::General,
        quantity: amount(quantity),
        average_cost: None,
        price: Some(amount(price)),
        price_date: None,
        currency: currency("JPY"),
        fx_rate: None,
        market_value: market_value.map(amount),
        unrealized_pl: None,
    };
    let valuation = Valuation {
        quote: quote(AssetClass::Equity, "1"),
        market_value: position.market_value,
        accrued_interest: None,
        cost_currency: position.currency,
    };
    (position, valuation)
}

#[test]
fn a_market_value_is_within_half_a_step_of_the_price() {
    for quantity in ["100", "-100"] {
        let sign = if quantity.starts_with('-') { "-" } else { "" };
        for within in ["11949", "12000", "12051"] {
            let (position, valuation) = holding(quantity, "120", Some(&format!("{sign}{within}")));
            passes(|gate| check_position(gate, &position, &valuation));
        }
        for outside in ["11948", "12052", "1200000000"] {
            let (position, valuation) = holding(quantity, "120", Some(&format!("{sign}{outside}")));
            let says = [
                "position 130A (general) of 2026-10-31: market_value is",
                outside,
                "but price 120 × quantity",
                "more than the tolerance of 51",
            ];
            refused(Rule::Value, &says, |gate| {
                check_position(gate, &position, &valuation)
            });
        }
    }
}

#[test]
fn a_holding_of_a_fund_has_no_fixed_amount() {
    for (market_value, is_right) in [
        ("10001", true),
        ("10002", true),
        ("10000", false),
        ("10003", false),
    ] {
        let (position, valuation) = holding("3528", "28349", Some(market_value));
        let valuation = Valuation {
            quote: quote(AssetClass::Fund, "10000"),
            ..valuation
        };
        if is_right {
            passes(|gate| check_position(gate, &position, &valuation));
        } else {
            refused(
                Rule::Value,
                &["is 10001.5272", "tolerance of 1.1764"],
                |gate| check_position(gate, &position, &valuation),
            );
        }
    }
}

#[test]
fn without_a_stated_value_or_price_there_is_nothing_to_compare() {
    let (shown, computed) = holding("100", "120", Some("1"));
    let computed = Valuation {
        market_value: None,
        ..computed
    };
    passes(|gate| check_position(gate, &shown, &computed));
    let unpriced = Position {
        price: None,
        unrealized_pl: Some(amount("5")),
        ..shown
    };
    let stated = Valuation {
        market_value: Some(amount("1")),
        ..computed
    };
    passes(|gate| check_position(gate, &unpriced, &stated));
}

/// 100 shares at 120 that cost 100 each, with this result.
fn with_result(result: &str) -> (Position, Valuation) {
    let (position, valuation) = holding("100", "120", Some("12000"));
    let position = Position {
        average_cost: Some(amount("100")),
        unrealized_pl: Some(amount(result)),
        ..position
    };
    (position, valuation)
}

#[test]
fn a_result_is_within_a_whole_step_of_the_cost_besides() {
    for within in ["1848", "2000", "2152"] {
        let (position, valuation) = with_result(within);
        passes(|gate| check_position(gate, &position, &valuation));
    }
    for outside in ["1847", "2153", "-999999"] {
        let (position, valuation) = with_result(outside);
        let says = [
            "unrealized_pl is",
            outside,
            "but (price 120 − average_cost 100) × quantity 100 ÷ price_unit 1 is 2000",
            "tolerance of 152",
        ];
        refused(Rule::Value, &says, |gate| {
            check_position(gate, &position, &valuation)
        });
    }
    // Abroad a cent, of bonds in any currency.
    for (class, code, unit, within, outside) in [
        (AssetClass::Equity, "USD", "1", "2001.52", "2001.53"),
        (AssetClass::Bond, "JPY", "1", "2003", "2004"),
        (AssetClass::Fund, "JPY", "100", "23", "24"),
    ] {
        for (result, is_right) in [(within, true), (outside, false)] {
            let (position, valuation) = with_result(result);
            let position = Position {
                currency: currency(code),
                market_value: None,
                ..position
            };
            let valuation = Valuation {
                quote: quote(class, unit),
                market_value: None,
                cost_currency: currency(code),
                ..valuation
            };
            if is_right {
                passes(|gate| check_position(gate, &position, &valuation));
            } else {
                refused(Rule::Value, &[outside, code], |gate| {
                    check_position(gate, &position, &valuation)
                });
            }
        }
    }
}

#[test]
fn a_result_without_a_cost_of_its_currency_is_not_compared() {
    let (position, valuation) = with_result("-999999");
    let in_dollars = Valuation {
        cost_currency: currency("USD"),
        ..valuation
    };
    passes(|gate| check_position(gate, &position, &in_dollars));
    let without_cost = Position {
        average_cost: None,
        ..position
    };
    passes(|gate| check_position(gate, &without_cost, &valuation));
}

#[test]
fn accrued_interest_may_be_in_a_holdings_figures() {
    let (position, valuation) = with_result("2500");
    let position = Position {
        market_value: Some(amount("12500")),
        ..position
    };
    let valuation = Valuation {
        market_value: position.market_value,
        ..valuation
    };
    refused(Rule::Value, &["market_value is 12500"], |gate| {
        check_position(gate, &position, &valuation)
    });
    let accrued = Valuation {
        accrued_interest: Some(amount("500")),
        ..valuation
    };
    passes(|gate| check_position(gate, &position, &accrued));
    // Either figure may be without it.
    let (position, _) = with_result("2500");
    passes(|gate| {
        check_position(
            gate,
            &position,
            &Valuation {
                market_value: Some(amount("12000")),
                ..accrued
            },
        )
    });
    // The price may be with it, and value and result without.
    let (position, _) = with_result("1500");
    let clean = Valuation {
        market_value: Some(amount("11500")),
        ..accrued
    };
    passes(|gate| check_position(gate, &position, &clean));
    for (result, market_value) in [("1347", "11500"), ("1500", "11448")] {
        let (position, _) = with_result(result);
        let valuation = Valuation {
            market_value: Some(amount(market_value)),
            ..accrued
        };
        refused(Rule::Value, &["a difference of -"], |gate| {
            check_position(gate, &position, &valuation)
        });
    }
}

#[test]
fn a_result_of_next_to_nothing_has_a_price_s_tolerance_of_half_of_it() {
    // 0.001 dollars that cost as much: half of it, a whole step of the cost, and two minor units.
    for (result, is_right) in [("105.02", true), ("105.03", false)] {
        let (position, valuation) = holding("10000", "0.001", None);
        let position = Position {
            currency: currency("USD"),
            average_cost: Some(amount("0.001")),
            unrealized_pl: Some(amount(result)),
            ..position
        };
        let valuation = Valuation {
            cost_currency: position.currency,
            ..valuation
        };
        if is_right {
            passes(|gate| check_position(gate, &position, &valuation));
        } else {
            refused(Rule::Value, &["tolerance of 105.02"], |gate| {
                check_position(gate, &position, &valuation)
            });
        }
    }
}

#[test]
fn the_base_currency_is_worth_itself() {
    let (position, valuation) = holding("100", "120", Some("12000"));
    let learned = |gate: &mut Gate, base: &str| {
        gate.learn(&std::sync::Arc::default(), currency(base));
    };
    let of_rate = |rate: &str| Position {
        fx_rate: Some(amount(rate)),
        ..position.clone()
    };
    for (base, rate) in [("JPY", "1.00"), ("USD", "0.0066")] {
        passes(|gate| {
            learned(gate, base);
            check_position(gate, &of_rate(rate), &valuation)
        });
    }
    let says = [
        "position 130A (general) of 2026-10-31: fx_rate is 1.1, but the rate of JPY",
        "is 1, a difference of 0.1",
    ];
    refused(Rule::Value, &says, |gate| {
        learned(gate, "JPY");
        check_position(gate, &of_rate("1.1"), &valuation)
    });
}

#[test]
fn a_cost_may_be_stated_with_its_own_factor() {
    let at = |result: &str, factor: Option<&str>| {
        let (position, valuation) = with_result(result);
        let valuation = Valuation {
            quote: Quote {
                price_factor: factor.map(amount),
                ..valuation.quote
            },
            market_value: None,
            ..valuation
        };
        (position, valuation)
    };
    // (120 − 100) × 100 × 3, and (120 × 3 − 100) × 100.
    for result in ["6000", "26000", "26452", "25548"] {
        let (position, valuation) = at(result, Some("3"));
        passes(|gate| check_position(gate, &position, &valuation));
    }
    for result in ["2000", "26453", "25547"] {
        let (position, valuation) = at(result, Some("3"));
        refused(Rule::Value, &["× price_factor 3"], |gate| {
            check_position(gate, &position, &valuation)
        });
    }
    let (position, valuation) = at("26000", None);
    refused(Rule::Value, &["is 2000"], |gate| {
        check_position(gate, &position, &valuation)
    });
}

#[test]
fn worth_is_of_the_factor_and_the_price_unit() {
    let quote = Quote {
        price_factor: Some(amount("0.5")),
        ..quote(AssetClass::Bond, "100")
    };
    assert_eq!(
        quote.worth(amount("10000"), amount("98.5")),
        Some(amount("4925"))
    );
    let nothing = Quote {
        price_unit: Decimal::ZERO,
        ..quote
    };
    assert_eq!(nothing.worth(amount("1"), amount("1")), None);
}

#[test]
fn a_result_without_a_price_is_the_stated_value_less_the_cost() {
    // 100 shares that cost 80 yen each, rounded up, and are worth 12,000: 4,000 more, within 100 yen and 2.
    for (result, accrued, is_right) in [
        ("4000", None, true),
        ("4102", None, true),
        ("3898", None, true),
        ("4103", None, false),
        ("-4000", None, false),
        ("4500", Some("500"), true),
        ("3500", Some("500"), true),
    ] {
        let (mut position, mut valuation) = holding("100", "120", Some("12000"));
        position.price = None;
        position.average_cost = Some(amount("80"));
        position.unrealized_pl = Some(amount(result));
        valuation.accrued_interest = accrued.map(amount);
        if is_right {
            passes(|gate| check_position(gate, &position, &valuation));
        } else {
            let says = [
                "unrealized_pl is",
                "market_value 12000 − average_cost 80 × quantity 100",
                "is 4000",
                "tolerance of 102",
            ];
            refused(Rule::Value, &says, |gate| {
                check_position(gate, &position, &valuation)
            });
        }
        valuation.cost_currency = currency("USD");
        passes(|gate| check_position(gate, &position, &valuation));
        valuation.market_value = None;
        passes(|gate| check_position(gate, &position, &valuation));
    }
}

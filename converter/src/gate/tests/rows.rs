//! Rule 5 over single rows.

use common::profile::{Basis, Rule};
use common::statement::Period;
use rust_decimal::Decimal;

use super::{currency, day, passes, refused, trade};
use crate::gate::shape;
use crate::rows::cash::CashMovement;
use crate::rows::codes::{AssetClass, CashKind, Custody};
use crate::rows::position::Position;
use crate::rows::trade::{Trade, TradeSelection};

fn october() -> Period {
    "2026-10".parse().unwrap()
}

fn dated(trade_date: &str, settlement_date: &str) -> Trade {
    Trade {
        trade_date: day(trade_date),
        settlement_date: day(settlement_date),
        ..trade()
    }
}

#[test]
fn a_trade_settles_on_its_day_or_later() {
    let selection = TradeSelection::OfPeriod(october(), Basis::TradeDate);
    for settled in ["2026-10-31", "2026-11-02"] {
        passes(|gate| shape::check_trade(gate, &dated("2026-10-31", settled), selection));
    }
    let says = ["trade T1", "2026-10-30 is before trade_date 2026-10-31"];
    refused(Rule::Shape, &says, |gate| {
        shape::check_trade(gate, &dated("2026-10-31", "2026-10-30"), selection)
    });
}

#[test]
fn a_trade_lies_where_it_was_asked_for() {
    let period = TradeSelection::OfPeriod(october(), Basis::TradeDate);
    for made in ["2026-10-01", "2026-10-31"] {
        passes(|gate| shape::check_trade(gate, &dated(made, "2026-11-04"), period));
    }
    for made in ["2026-09-30", "2026-11-01"] {
        refused(
            Rule::Shape,
            &["outside of what was asked for", made],
            |gate| shape::check_trade(gate, &dated(made, "2026-11-04"), period),
        );
    }
    let settled = TradeSelection::OfPeriod(october(), Basis::SettlementDate);
    for settled_on in ["2026-10-01", "2026-10-31"] {
        passes(|gate| shape::check_trade(gate, &dated("2026-09-29", settled_on), settled));
    }
    for settled_on in ["2026-09-30", "2026-11-01"] {
        refused(
            Rule::Shape,
            &["outside of what was asked for", settled_on],
            |gate| shape::check_trade(gate, &dated("2026-09-29", settled_on), settled),
        );
    }
    let unsettled = TradeSelection::UnsettledAt(day("2026-10-31"));
    passes(|gate| shape::check_trade(gate, &dated("2026-10-31", "2026-11-01"), unsettled));
    for (made, settled) in [("2026-10-30", "2026-10-31"), ("2026-11-01", "2026-11-04")] {
        refused(Rule::Shape, &["outside of what was asked for"], |gate| {
            shape::check_trade(gate, &dated(made, settled), unsettled)
        });
    }
}

#[test]
fn a_movement_lies_between_the_snapshot_and_the_end_of_the_period() {
    let booked = |on: &str| CashMovement {
        account_id: "A1".into(),
        movement_id: "M1".into(),
        booked_on: day(on),
        kind: CashKind::Deposit,
        description: "".into(),
        currency: currency("JPY"),
        pocket: "deposit".into(),
        amount: Decimal::ONE,
        gross_currency: currency("JPY"),
        gross_amount: None,
        income_tax: None,
        local_tax: None,
        foreign_tax: None,
        fee: None,
    };
    let after = day("2026-09-28");
    for on in ["2026-09-29", "2026-10-31"] {
        passes(|gate| shape::check_movement(gate, &booked(on), after, october()));
    }
    for on in ["2026-09-28", "2026-11-01"] {
        refused(Rule::Shape, &["cash movement M1", on], |gate| {
            shape::check_movement(gate, &booked(on), after, october())
        });
    }
}

#[test]
fn a_position_is_of_its_day_and_its_price_not_of_the_future() {
    let position = |as_of: &str, price_date: Option<&str>| Position {
        account_id: "A1".into(),
        as_of: day(as_of),
        asset_class: AssetClass::Equity,
        security_code: "130A".into(),
        security_name: "Veritas".into(),
        custody: Custody::General,
        quantity: Decimal::ONE,
        average_cost: None,
        price: None,
        price_date: price_date.map(day),
        currency: currency("JPY"),
        fx_rate: None,
        market_value: None,
        unrealized_pl: None,
    };
    let as_of = day("2026-10-31");
    for price_date in [None, Some("2026-10-31"), Some("2026-10-30")] {
        passes(|gate| shape::check_position(gate, &position("2026-10-31", price_date), as_of));
    }
    for (on, price_date, says) in [
        ("2026-10-30", None, "as_of 2026-10-30 is not the day"),
        ("2026-11-01", None, "as_of 2026-11-01 is not the day"),
        (
            "2026-10-31",
            Some("2026-11-01"),
            "price_date 2026-11-01 is after as_of 2026-10-31",
        ),
    ] {
        refused(Rule::Shape, &["position 130A", says], |gate| {
            shape::check_position(gate, &position(on, price_date), as_of)
        });
    }
}

//! What the summary says and draws.

use std::sync::Arc;

use common::currency::Currency;
use common::profile::{LegalStatus, Profile};
use common::statement::{Language, parse_date};
use rust_decimal::Decimal;

use super::super::{Correction, Incoming};
use super::look::{Written, heading, rows, trades, written};
use super::trade;
use crate::rows::cash::CashBalance;
use crate::rows::codes::{AssetClass, Custody, Side};
use crate::rows::position::Position;
use crate::rows::trade::{Trade, TradesOutline};

/// A 1 × 1 image.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xcf\xc0\xf0\x1f\0\x05\0\x01\xff\x89\x99=\x1d\0\0\0\0IEND\xaeB`\x82";

fn position(class: AssetClass, value: Option<i64>) -> Position {
    Position {
        account_id: "A1".into(),
        as_of: parse_date("2026-10-31").unwrap(),
        asset_class: class,
        security_code: "0001".into(),
        security_name: "S".into(),
        custody: Custody::General,
        quantity: Decimal::ONE,
        average_cost: None,
        price: None,
        price_date: None,
        currency: Currency::from_code("JPY").unwrap(),
        fx_rate: None,
        market_value: value.map(Decimal::from),
        unrealized_pl: None,
    }
}

fn balance(language: Language, positions: Vec<Position>) -> Written {
    let heading = heading("2026-10.balance.A1", language);
    written(&heading, vec![Incoming::Holdings(rows(positions))])
}

#[test]
fn no_row_is_higher_than_excel_allows() {
    let mut correction = heading("2026-10.trade.A1.r2", Language::Ja);
    correction.correction = Some(Correction {
        replaced_on: parse_date("2026-11-05").unwrap(),
        customer_note: Some("訂正しました。".repeat(2_000)),
    });
    let written = written(
        &correction,
        vec![Incoming::Trades(rows(Vec::new()), TradesOutline::default())],
    );
    for height in written.sheet(1).split(" ht=\"").skip(1) {
        let height: f64 = height.split('"').next().unwrap().parse().unwrap();
        assert!(height <= 409.0, "{height}");
    }
}

/// Programs that do not read the cells draw the copies that a chart has of them.
fn remembers_its_cells(chart: &str) {
    let counts = chart.split("<c:ptCount val=\"").skip(1);
    let points: usize = counts
        .map(|rest| rest.split('"').next().unwrap().parse::<usize>().unwrap())
        .sum();
    assert!(points > 0, "{chart}");
    assert_eq!(chart.matches("<c:pt idx=").count(), points, "{chart}");
}

#[test]
fn a_trade_statement_draws_its_days() {
    let bought = Trade {
        side: Side::Buy,
        trade_date: parse_date("2026-10-02").unwrap(),
        ..trade(2, "JPY", "-1")
    };
    let written = trades(
        Language::En,
        vec![trade(1, "JPY", "1"), bought],
        TradesOutline::default(),
    );
    let chart = written.part("xl/charts/chart1.xml");
    assert!(
        chart.contains("<c:pattFill prst=\"wdUpDiag\">")
            || chart.contains("<a:pattFill prst=\"wdUpDiag\">")
    );
    assert!(chart.contains("Calibri") && chart.contains("<c:legendPos val=\"b\"/>"));
    remembers_its_cells(chart);
    let drawing = written.part("xl/drawings/drawing1.xml");
    assert!(
        drawing.contains("Column chart of the number of buys (1 in all) and sells (1 in all) per day from 2026/10/01 to 2026/10/31"),
        "{drawing}"
    );
    let received = Trade {
        side: Side::Receipt,
        ..trade(1, "JPY", "0")
    };
    assert_eq!(
        trades(Language::En, vec![received], TradesOutline::default()).charts(),
        0
    );
}

#[test]
fn a_balance_statement_draws_positive_values_only() {
    let drawn = balance(
        Language::Ja,
        vec![
            position(AssetClass::Equity, Some(300)),
            position(AssetClass::Fund, Some(100)),
            position(AssetClass::Other, None),
        ],
    );
    assert_eq!(drawn.charts(), 1);
    let chart = drawn.part("xl/charts/chart1.xml");
    remembers_its_cells(chart);
    assert!(chart.contains("<c:v>株式</c:v>"), "{chart}");
    let drawing = drawn.part("xl/drawings/drawing1.xml");
    assert!(
        drawing.contains("資産区分別の評価額（JPY）の横棒グラフ：株式 75.0%、投信 25.0%"),
        "{drawing}"
    );
    assert!(drawn.summary().contains(&"構成比".to_owned()));
    for none in [
        vec![position(AssetClass::Equity, None)],
        vec![position(AssetClass::Bond, Some(-5))],
        Vec::new(),
    ] {
        assert_eq!(balance(Language::Ja, none).charts(), 0);
    }
}

#[test]
fn the_logo_has_an_alternative_text() {
    let mut heading = heading("2026-10.trade.A1", Language::Ja);
    let mut profile = Profile::built_in();
    profile.firm.logo = Some(PNG.to_vec());
    heading.profile = Arc::new(profile);
    let written = written(
        &heading,
        vec![Incoming::Trades(rows(Vec::new()), TradesOutline::default())],
    );
    assert!(
        written
            .part("xl/drawings/drawing1.xml")
            .contains("descr=\"見本証券株式会社のロゴ\"")
    );
}

#[test]
fn a_correction_says_what_it_replaces() {
    let mut heading = heading("2026-10.trade.A1.r3", Language::En);
    let plain = written(
        &heading,
        vec![Incoming::Trades(rows(Vec::new()), TradesOutline::default())],
    );
    assert!(
        !plain
            .summary()
            .iter()
            .any(|text| text.starts_with("Corrected"))
    );
    heading.correction = Some(Correction {
        replaced_on: parse_date("2026-11-20").unwrap(),
        customer_note: Some("The price of 0001 was wrong.".to_owned()),
    });
    let written = written(
        &heading,
        vec![Incoming::Trades(rows(Vec::new()), TradesOutline::default())],
    );
    let texts = written.summary();
    for text in [
        "Corrected (revision 3, replaces revision 2 of 2026/11/20)",
        "The price of 0001 was wrong.",
        "0123",
    ] {
        assert!(texts.iter().any(|found| found == text), "{text}: {texts:?}");
    }
}

#[test]
fn a_reference_document_says_so_on_every_page() {
    let mut heading = heading("2026-10.trade.A1", Language::En);
    let mut profile = Profile::built_in();
    profile.legal_status = LegalStatus::Reference;
    heading.profile = Arc::new(profile);
    let written = written(
        &heading,
        vec![Incoming::Trades(rows(Vec::new()), TradesOutline::default())],
    );
    assert!(
        written
            .summary()
            .contains(&"Not a statutory document".to_owned())
    );
    for sheet in [1, 2] {
        assert!(
            written
                .sheet(sheet)
                .contains("&amp;C&amp;9 Not a statutory document")
        );
    }
}

#[test]
fn pockets_are_named_when_they_are_not_the_usual_one() {
    let cash = |pocket: &str| CashBalance {
        currency: Currency::from_code("USD").unwrap(),
        pocket: pocket.into(),
        amount: Decimal::ONE,
        fx_rate: None,
    };
    let heading = heading("2026-10.balance.A1", Language::En);
    let many = (0..2_000).map(|n| cash(&format!("P{n}")));
    let many = written(&heading, vec![Incoming::Cash(rows(many.collect()))]);
    let texts = many.summary();
    assert!(texts.contains(&"Cash (P7)".to_owned()));
    let usual = written(&heading, vec![Incoming::Cash(rows(vec![cash("deposit")]))]);
    assert!(usual.summary().contains(&"Cash".to_owned()));
}

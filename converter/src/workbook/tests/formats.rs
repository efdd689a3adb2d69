//! What a program shows of a data cell: the format that its number stands for in the finished workbook.

use std::sync::Arc;

use common::statement::Language;
use rust_decimal::Decimal;

use super::super::Incoming;
use super::look::{Written, heading, rows, written};
use super::trade;
use crate::rows::trade::{Trade, TradesOutline};
use crate::samples;

/// The codes of the workbook's number formats, as cells count them.
fn format_codes(written: &Written) -> Vec<String> {
    let styles = written.part("xl/styles.xml");
    let value = |element: &str, name: &str| {
        let (_, rest) = element.split_once(&format!("{name}=\"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let codes: Vec<(String, String)> = styles
        .split("<numFmt ")
        .skip(1)
        .map(|element| (value(element, "numFmtId"), value(element, "formatCode")))
        .collect();
    let (_, cell_formats) = styles.split_once("<cellXfs").unwrap();
    let (cell_formats, _) = cell_formats.split_once("</cellXfs>").unwrap();
    let formats = cell_formats.split("<xf ").skip(1);
    formats
        .map(|format| {
            let id = value(format, "numFmtId");
            let known = codes.iter().find(|(known, _)| *known == id);
            match (&*id, known) {
                (_, Some((_, code))) => code.clone(),
                ("49", _) => "@".to_owned(),
                _ => id,
            }
        })
        .collect()
}

#[test]
fn cells_have_the_formats_of_their_values() {
    let mut heading = heading("2026-10.trade.A1", Language::En);
    let own = "number_formats.en.USD = '#,##0.00;(#,##0.00);0.00'";
    heading.profile = Arc::new(samples::profile(own));
    let whole = Trade {
        quantity: Decimal::ONE,
        ..trade(2, "USD", "1")
    };
    let trades = vec![trade(1, "JPY", "1"), whole, trade(3, "KWD", "1")];
    let incoming = Incoming::Trades(rows(trades), TradesOutline::default());
    let written = written(&heading, vec![incoming]);
    let codes = format_codes(&written);
    for (cell, code) in [
        ("A2", "yyyy/mm/dd"),
        ("B3", "yyyy/mm/dd"),
        ("C2", "@"),
        ("Q4", "@"),
        ("H2", "#,##0.0;-#,##0.0;0.0"),
        ("H3", "#,##0;-#,##0;0"),
        ("I2", "#,##0;-#,##0;0"),
        ("I3", "#,##0.00;-#,##0.00;0.00"),
        ("P2", "#,##0;-#,##0;0"),
        ("P3", "#,##0.00;(#,##0.00);0.00"),
        ("P4", "#,##0.000;-#,##0.000;0.000"),
    ] {
        let (_, rest) = written
            .sheet(2)
            .split_once(&format!("<c r=\"{cell}\" s=\""))
            .unwrap_or_else(|| panic!("there is no {cell}"));
        let format: usize = rest.split('"').next().unwrap().parse().unwrap();
        assert_eq!(codes[format], code, "{cell}");
    }
}

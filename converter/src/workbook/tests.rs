//! Tables written and read back by an independent reader.

mod formats;
mod look;
mod summary;

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use common::profile::{Profile, Section};
use common::statement::{Language, parse_date};
use rust_decimal::Decimal;
use rust_xlsxwriter::Workbook;

use super::cell::serial;
use super::format_ids::FormatIds;
use super::package::{self, RowsBySheet};
use super::style::Styles;
use super::table::Table;
use super::trades::{Trades, columns};
use super::words::Words;
use crate::rows::trade::{Trade, TradesOutline};
use crate::samples;

fn trade(n: u32, currency: &str, net_amount: &str) -> Trade {
    Trade {
        trade_id: format!("T{n}").into(),
        security_name: "=1+1".into(),
        quantity: Decimal::new(125, 1),
        currency: samples::currency(currency),
        net_amount: net_amount.parse().unwrap(),
        ..samples::trade()
    }
}

/// A table of trades in a workbook of its own, in English and with yen as the base currency.
fn with_table<T>(write: impl FnOnce(&mut Workbook, Table<'_, Trades<'_>>) -> T) -> (Workbook, T) {
    let profile = Profile::built_in();
    let words = Words::new(&profile, Language::En);
    let styles = Styles::new(&words, samples::currency("JPY"));
    let mut workbook = Workbook::new();
    let formats = FormatIds::register(&styles, &mut workbook);
    let layout = (Trades { words }, columns(TradesOutline::default()));
    let looks = (&styles, &formats);
    let table = Table::begin(&mut workbook, Section::Trades, layout, looks, words, "D").unwrap();
    let written = write(&mut workbook, table);
    (workbook, written)
}

/// Writes trades on sheets of at most `sheet_rows` rows, and reads them back.
fn written(trades: &[Trade], sheet_rows: u32) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes(trades, sheet_rows))).unwrap()
}

fn bytes(trades: &[Trade], sheet_rows: u32) -> Vec<u8> {
    let mut data = RowsBySheet::new();
    let (mut workbook, done) = with_table(|workbook, table| {
        let mut table = table.with_sheet_rows(sheet_rows);
        for trade in trades {
            table.push(workbook, trade).unwrap();
        }
        table.finish(workbook, &[], &mut data).unwrap()
    });
    assert_eq!(done.rows, trades.len() as u64);
    let mut bytes = Vec::new();
    let library = workbook.save_to_buffer().unwrap();
    package::assemble(&library, data, &mut bytes).unwrap();
    bytes
}

#[test]
fn rows_overflow_onto_further_sheets_and_totals_span_them() {
    let trades: Vec<Trade> = (1..=5)
        .map(|n| trade(n, "JPY", "100"))
        .chain([trade(6, "USD", "0.10"), trade(7, "USD", "0.20")])
        .collect();
    let mut workbook = written(&trades, 3);
    assert_eq!(
        workbook.sheet_names(),
        ["Trades", "Trades (2)", "Trades (3)"]
    );

    let first = workbook.worksheet_range("Trades").unwrap();
    assert_eq!(first.height(), 4, "a header and three rows, no totals");
    let last = workbook.worksheet_range("Trades (3)").unwrap();
    let net = 15;
    assert_eq!(
        last.get((0, net)),
        Some(&Data::String("Net amount".into())),
        "every sheet has its header"
    );
    assert_eq!(last.get((1, net)), Some(&Data::Float(0.2)));
    assert!(
        last.get((2, 0)).is_none_or(|cell| *cell == Data::Empty),
        "one blank row before the totals"
    );
    assert_eq!(last.get((3, 9)), Some(&Data::String("JPY".into())));
    assert_eq!(last.get((3, net)), Some(&Data::Float(500.0)));
    assert_eq!(
        last.get((4, net)),
        Some(&Data::Float(0.3)),
        "exact, not 0.30000000000000004"
    );

    let formulas = workbook.worksheet_formula("Trades (3)").unwrap();
    let usd = formulas.get_value((4, 15)).unwrap();
    assert_eq!(
        usd,
        "ROUND(SUMIFS('Trades'!P2:P4,'Trades'!J2:J4,\"USD\")+SUMIFS('Trades (2)'!P2:P4,'Trades (2)'!J2:J4,\"USD\")\
         +SUMIFS('Trades (3)'!P2:P2,'Trades (3)'!J2:J2,\"USD\"),2)"
    );
}

#[test]
fn text_stays_text_and_numbers_are_exact() {
    let mut workbook = written(&[trade(1, "JPY", "-23456789012345")], 10);
    let sheet = workbook.worksheet_range("Trades").unwrap();
    assert_eq!(sheet.get((1, 2)), Some(&Data::String("0001".into())));
    assert_eq!(sheet.get((1, 3)), Some(&Data::String("=1+1".into())));
    assert_eq!(sheet.get((1, 7)), Some(&Data::Float(12.5)));
    assert_eq!(
        sheet.get((1, 15)),
        Some(&Data::Float(-23_456_789_012_345.0))
    );
    let Some(Data::DateTime(date)) = sheet.get((1, 0)) else {
        panic!("not a date: {:?}", sheet.get((1, 0)))
    };
    assert!((date.as_f64() - 46_296.0).abs() < f64::EPSILON);
}

#[test]
fn an_empty_section_says_so() {
    let mut workbook = written(&[], 10);
    let sheet = workbook.worksheet_range("Trades").unwrap();
    assert_eq!(
        sheet.get((1, 0)),
        Some(&Data::String("No entries in this period".into()))
    );
}

#[test]
fn a_total_of_more_than_fifteen_digits_is_refused() {
    let (_, refused) = with_table(|workbook, mut table| {
        for (n, amount) in [(1, "999999999999999"), (2, "2")] {
            table.push(workbook, &trade(n, "JPY", amount)).unwrap();
        }
        let mut data = RowsBySheet::new();
        table.finish(workbook, &[], &mut data).unwrap_err()
    });
    assert_eq!(refused.cause(), "shape");
    assert!(
        refused.to_string().contains("1000000000000001"),
        "{refused}"
    );
}

#[test]
fn dates_are_numbered_as_in_excel() {
    for (date, number) in [
        ("1900-01-01", 1),
        ("1900-02-28", 59),
        ("1900-03-01", 61),
        ("2026-10-01", 46_296),
    ] {
        assert_eq!(serial(parse_date(date).unwrap()), number, "{date}");
    }
}

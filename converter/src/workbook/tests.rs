//! Tables written and read back by an independent reader.

mod formats;
mod look;
mod summary;

use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use common::Class;
use common::profile::{Profile, Section};
use common::statement::{Language, parse_date};
use rust_decimal::Decimal;
use rust_xlsxwriter::{Workbook, XlsxError};

use super::cell::{cannot_write, serial};
use super::package::{self, RowsBySheet};
use super::page::Running;
use super::row_xml::RowXml;
use super::shared_strings::SharedStrings;
use super::sheet_rows::SheetRows;
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
    let mut workbook = Workbook::new();
    let styles = Styles::new(&words, samples::currency("JPY")).unwrap();
    styles.register(&mut workbook).unwrap();
    let layout = (Trades { words }, columns(TradesOutline::default()));
    let heading = samples::heading("2026-10.trade.A1", samples::account(Language::En));
    let running = Running::of(&heading);
    let section = Section::Trades;
    let table = Table::begin(&mut workbook, section, layout, &styles, words, &running).unwrap();
    let written = write(&mut workbook, table);
    (workbook, written)
}

/// Writes trades on sheets of at most `sheet_rows` rows, and reads them back.
fn written(trades: &[Trade], sheet_rows: u32) -> Xlsx<Cursor<Vec<u8>>> {
    Xlsx::new(Cursor::new(bytes(trades, (sheet_rows, u64::MAX)))).unwrap()
}

/// Writes trades on sheets of so many rows, or so many bytes of compressed XML.
fn bytes(trades: &[Trade], (sheet_rows, sheet_bytes): (u32, u64)) -> Vec<u8> {
    let (mut data, mut strings) = (RowsBySheet::new(), SharedStrings::default());
    let (mut workbook, done) = with_table(|workbook, table| {
        let mut table = table.with_sheets_of(sheet_rows, sheet_bytes);
        for trade in trades {
            table.push(workbook, &mut strings, trade).unwrap();
        }
        table.finish(workbook, &[], &mut data).unwrap()
    });
    assert_eq!(done.rows, trades.len() as u64);
    // As the summary, whose texts the library lists.
    let last = workbook.add_worksheet().set_name("Last").unwrap();
    last.write(0, 0, "Net amount").unwrap();
    let mut bytes = Vec::new();
    let library = workbook.save_to_buffer().unwrap();
    package::assemble(&library, data, strings, &mut bytes).unwrap();
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
        ["Trades", "Trades (2)", "Trades (3)", "Last"]
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
fn a_sheet_of_too_much_xml_goes_on_on_another() {
    // Some 0.7 KB of XML each, of which 64 KiB are compressed at once.
    let trades: Vec<Trade> = (1..=400).map(|n| trade(n, "JPY", "100")).collect();
    let bytes = bytes(&trades, (1_000, 1));
    let mut workbook: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let rows: Vec<usize> = workbook
        .worksheets()
        .iter()
        .filter(|(name, _)| name != "Last")
        .map(|(_, sheet)| sheet.height() - 1)
        .collect();
    assert!(rows.len() > 2, "{rows:?}");
    assert!(
        rows[..rows.len() - 1].iter().all(|rows| *rows > 10),
        "{rows:?}"
    );
    // Below the last rows stand a blank one and a total.
    assert_eq!(rows.iter().sum::<usize>(), 400 + 2);
}

#[test]
fn a_number_that_does_not_fit_is_named_where_it_stands() {
    let (_, refused) = with_table(|workbook, table| {
        let mut table = table.with_sheets_of(3, u64::MAX);
        let mut strings = SharedStrings::default();
        for n in 1..5 {
            let trade = trade(n, "JPY", "1");
            table.push(workbook, &mut strings, &trade).unwrap();
        }
        let long = trade(5, "JPY", "1234567890123456");
        table.push(workbook, &mut strings, &long).unwrap_err()
    });
    let said = refused.to_string();
    assert!(
        said.starts_with("Trades (2), cell P3: 1234567890123456 "),
        "{said}"
    );
}

#[test]
fn rows_of_a_sheet_that_is_not_there_are_our_mistake() {
    let mut workbook = Workbook::new();
    workbook.add_worksheet().write(0, 0, "text").unwrap();
    let library = workbook.save_to_buffer().unwrap();
    let mut row = RowXml::default();
    row.begin(1);
    let mut rows = SheetRows::default();
    rows.push(&row, None).unwrap();
    let data = RowsBySheet::from([(1, rows.close().unwrap())]);
    let refused = package::assemble(&library, data, SharedStrings::default(), &mut Vec::new());
    let refused = refused.unwrap_err();
    assert_eq!(refused.class(), Class::Bug);
    assert!(
        refused.chain().contains("sheet2.xml is missing"),
        "{}",
        refused.chain()
    );
}

#[test]
fn a_full_temp_disk_says_what_to_set_whoever_filled_it() {
    let full = std::io::ErrorKind::StorageFull.into();
    let refused = cannot_write(XlsxError::TempFileError("/tmp".into(), full));
    assert_eq!(refused.cause(), "disk_full");
    assert!(refused.to_string().contains("set TMPDIR"), "{refused}");
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

/// Programs that read a package as it comes need the list before the cells that name its texts; and several know no other texts.
#[test]
fn all_texts_are_in_one_list_before_the_sheets() {
    let trades: Vec<Trade> = (1..=4).map(|n| trade(n, "JPY", "100")).collect();
    let bytes = bytes(&trades, (2, u64::MAX));
    let mut package = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut names = Vec::new();
    let count = package.len();
    let mut part = |index: usize| {
        let mut part = package.by_index(index).unwrap();
        names.push(part.name().unwrap().into_owned());
        let mut text = String::new();
        part.read_to_string(&mut text).unwrap();
        text
    };
    let parts: Vec<String> = (0..count).map(&mut part).collect();
    let place = |name: &str| names.iter().position(|known| known == name).unwrap();
    let list = place("xl/sharedStrings.xml");
    let sheets: Vec<usize> = (1..=3)
        .map(|number| place(&format!("xl/worksheets/sheet{number}.xml")))
        .collect();
    assert!(sheets.iter().all(|sheet| *sheet > list), "{names:?}");
    assert_eq!(names.iter().filter(|name| **name == names[list]).count(), 1);
    let cells = |sheet: &usize| parts[*sheet].matches(" t=\"s\"><v>").count();
    let cells: usize = sheets.iter().map(cells).sum();
    let texts = parts[list].matches("<si>").count();
    // The last sheet's text is also a heading, and both sheets of trades have the same headings.
    assert!(
        parts[list].contains(&format!("count=\"{cells}\" uniqueCount=\"{texts}\"")),
        "{cells} cells: {}",
        parts[list]
    );
    for text in ["Net amount", "Trade date", "=1+1", "T4", "Total"] {
        let listed = format!("<si><t>{text}</t></si>");
        assert_eq!(parts[list].matches(&listed).count(), 1, "{text}");
    }
    assert!(parts.iter().all(|part| !part.contains("inlineStr")));
}

#[test]
fn the_word_of_the_totals_stands_among_texts() {
    let mut workbook = written(&[trade(1, "JPY", "1"), trade(2, "USD", "1")], 10);
    let sheet = workbook.worksheet_range("Trades").unwrap();
    for row in [4, 5] {
        assert_eq!(sheet.get((row, 2)), Some(&Data::String("Total".into())));
        for column in [0, 1] {
            assert_eq!(sheet.get((row, column)), Some(&Data::Empty));
        }
    }
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
            let trade = trade(n, "JPY", amount);
            let strings = &mut SharedStrings::default();
            table.push(workbook, strings, &trade).unwrap();
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

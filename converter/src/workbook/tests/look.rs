//! What finished tables look like: widths and print set-up, read from the workbook's parts.

use std::sync::Arc;

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use calamine::{Data, Reader, Xlsx};
use common::statement::Language;
use rust_decimal::Decimal;
use rust_xlsxwriter::Workbook;
use tokio::sync::mpsc::{Receiver, channel};

use super::super::page::{self, Fit, Paper, Running};
use super::super::pages::{Pages, RowHeights};
use super::super::{Heading, Incoming, styles, write};
use super::trade;
use crate::rows::account::Account;
use crate::rows::sink::Batch;
use crate::rows::trade::{Trade, TradesOutline};
use crate::samples;

/// A written workbook.
pub struct Written {
    pub bytes: Vec<u8>,
    parts: BTreeMap<String, String>,
}

impl Written {
    pub fn part(&self, name: &str) -> &str {
        self.parts.get(name).map_or("", String::as_str)
    }

    /// A sheet by its number, from 1 = the summary.
    pub fn sheet(&self, number: usize) -> &str {
        self.part(&format!("xl/worksheets/sheet{number}.xml"))
    }

    pub fn charts(&self) -> usize {
        let charts = self.parts.keys();
        charts
            .filter(|name| name.starts_with("xl/charts/chart"))
            .count()
    }

    /// All texts of the summary.
    pub fn summary(&self) -> Vec<String> {
        let mut workbook = Xlsx::new(Cursor::new(&self.bytes)).unwrap();
        let name = workbook.sheet_names()[0].clone();
        let range = workbook.worksheet_range(&name).unwrap();
        let texts = range.used_cells().filter_map(|(_, _, cell)| match cell {
            Data::String(text) => Some(text.clone()),
            _ => None,
        });
        texts.collect()
    }

    /// The widths of a sheet's columns in characters, and whether each is hidden.
    pub fn columns(&self, number: usize) -> Vec<(f64, bool)> {
        let mut columns = Vec::new();
        for column in self.sheet(number).split("<col ").skip(1) {
            let column = column.split("/>").next().unwrap();
            let value = |name: &str| {
                let (_, rest) = column.split_once(&format!("{name}=\"")).unwrap();
                rest.split('"').next().unwrap().parse::<f64>().unwrap()
            };
            let mut at = value("min");
            while at <= value("max") {
                columns.push((value("width"), column.contains("hidden")));
                at += 1.0;
            }
        }
        columns
    }
}

pub fn rows<T>(rows: Vec<T>) -> Receiver<Batch<T>> {
    let (sender, receiver) = channel(2);
    sender.try_send(Batch::Rows(Arc::new(rows))).ok().unwrap();
    sender.try_send(Batch::End).ok().unwrap();
    receiver
}

pub fn heading(document: &str, language: Language) -> Heading {
    let account = Account {
        account_no: "0123".into(),
        holder_name: "寿限無".repeat(100).into(),
        postal_address: Some("Long Street 1, ".repeat(60).into()),
        ..samples::account(language)
    };
    samples::heading(document, account)
}

pub fn written(heading: &Heading, sections: Vec<Incoming>) -> Written {
    let mut bytes = Vec::new();
    write(heading, &styles(heading).unwrap(), sections, &mut bytes).unwrap();
    unzipped(bytes)
}

pub fn unzipped(bytes: Vec<u8>) -> Written {
    let mut zip = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
    let parts = (0..zip.len())
        .map(|index| {
            let mut file = zip.by_index(index).unwrap();
            let mut text = Vec::new();
            file.read_to_end(&mut text).unwrap();
            (
                file.name().unwrap().into_owned(),
                String::from_utf8_lossy(&text).into_owned(),
            )
        })
        .collect();
    Written { bytes, parts }
}

pub fn trades(language: Language, trades: Vec<Trade>, outline: TradesOutline) -> Written {
    let heading = heading("2026-10.trade.A1", language);
    written(&heading, vec![Incoming::Trades(rows(trades), outline)])
}

#[test]
fn the_largest_numbers_fit_their_columns() {
    let amount = "-99999999999999";
    let written = trades(
        Language::Ja,
        vec![trade(1, "JPY", amount)],
        TradesOutline::default(),
    );
    let (width, _) = written.columns(2)[15];
    // Twenty characters of which the sign is full-width, and bold in the total.
    assert!(width > 20.0, "{width}");
    let (date, _) = written.columns(2)[0];
    assert!(date > 10.0, "{date}");
}

#[test]
fn texts_widen_their_column_up_to_a_limit_and_then_wrap() {
    let named = |name: &str| Trade {
        security_name: name.into(),
        note: Some("note ".repeat(2_000).into()),
        ..trade(1, "JPY", "1")
    };
    let outline = TradesOutline::default();
    let short = trades(Language::Ja, vec![named("短い名前の会社")], outline);
    let long = trades(Language::Ja, vec![named(&"長い名前".repeat(10))], outline);
    let width = |written: &Written| written.columns(2)[3].0;
    assert!(
        width(&short) > 14.0 && width(&short) < 20.0,
        "{}",
        width(&short)
    );
    assert!(
        width(&long) > 36.0 && width(&long) < 40.0,
        "{}",
        width(&long)
    );
    // Three lines for the name; the note is not printed and makes no row high.
    assert!(
        long.sheet(2)
            .contains("<row r=\"2\" ht=\"56.25\" customHeight=\"1\">")
    );
}

#[test]
fn market_is_collapsed_and_ids_and_notes_are_not_printed() {
    let written = trades(
        Language::En,
        vec![trade(1, "JPY", "1")],
        TradesOutline::default(),
    );
    let hidden: Vec<usize> = (0..)
        .zip(written.columns(2))
        .filter(|(_, (_, hidden))| *hidden)
        .map(|(at, _)| at)
        .collect();
    assert_eq!(hidden, [4]);
    assert!(written.sheet(2).contains("outlineLevel=\"1\""));
    // Header, one row, a blank one, the total; up to the net amount.
    assert!(
        written
            .part("xl/workbook.xml")
            .contains(">Trades!$A$1:$P$4<")
    );
    assert!(written.part("xl/workbook.xml").contains(">Trades!$1:$1<"));
    for sheet in [1, 2] {
        let sheet = written.sheet(sheet);
        assert!(sheet.contains("paperSize=\"9\"") && sheet.contains("orientation=\"landscape\""));
        assert!(sheet.contains("<pageSetUpPr fitToPage=\"1\"/>"));
        assert!(sheet.contains("2026-10.trade.A1&amp;R&amp;9 &amp;P / &amp;N"));
    }
}

#[test]
fn every_further_sheet_is_set_up_like_the_first() {
    let sheets: Vec<_> = (1..=7).map(|n| trade(n, "JPY", "100")).collect();
    let written = unzipped(super::bytes(&sheets, (3, u64::MAX)));
    let workbook = written.part("xl/workbook.xml");
    for (name, area, filter) in [
        ("Trades", "$A$1:$P$4", "A1:R4"),
        ("'Trades (2)'", "$A$1:$P$4", "A1:R4"),
        // A row, a blank one, the total.
        ("'Trades (3)'", "$A$1:$P$4", "A1:R2"),
    ] {
        assert!(workbook.contains(&format!(">{name}!{area}<")), "{workbook}");
        assert!(workbook.contains(&format!(">{name}!$1:$1<")), "{workbook}");
        let number = name.chars().find_map(|c| c.to_digit(10)).unwrap_or(1);
        let sheet = written.sheet(number as usize);
        assert!(sheet.contains(&format!("<autoFilter ref=\"{filter}\"")));
        assert!(sheet.contains("fitToHeight=\"0\"") && sheet.contains("state=\"frozen\""));
        assert_eq!(written.columns(number as usize), written.columns(1));
    }
}

#[test]
fn totals_are_not_alone_on_a_page() {
    let sheet = |count: u32, name: &str| {
        let named = |n| Trade {
            security_name: name.into(),
            ..trade(n, "JPY", "100")
        };
        let rows: Vec<_> = (1..=count).map(named).collect();
        unzipped(super::bytes(&rows, (1_000, u64::MAX)))
            .sheet(1)
            .to_owned()
    };
    let is_shrunk = |sheet: &str| !sheet.contains("fitToHeight=\"0\"");
    assert!(!is_shrunk(&sheet(10, "S")));
    // A page of A4 holds about thirty rows of these.
    let shrunk: Vec<u32> = (11..80).filter(|n| is_shrunk(&sheet(*n, "S"))).collect();
    assert!(!shrunk.is_empty() && shrunk.len() < 20, "{shrunk:?}");
    // At 65 % nothing shrinks further: the last rows go with the totals.
    let mut workbook = Workbook::new();
    let fit = Fit {
        paper: Paper::A4,
        scale: 65,
    };
    let rows = (fit.page_height() - 45) / 20;
    let mut heights = RowHeights::default();
    (0..rows).for_each(|_| heights.push(20));
    let sheet = workbook.add_worksheet();
    let heading = heading("2026-10.trade.A1", Language::En);
    page::set_up(sheet, fit.paper, &Running::of(&heading));
    let pages = Pages::of(fit, 45, fit.paper.width_at(65), 8);
    pages.keep_together(sheet, &heights, 60).unwrap();
    let written = unzipped(workbook.save_to_buffer().unwrap());
    let (_, before) = written
        .sheet(1)
        .split_once("<rowBreaks count=\"1\" manualBreakCount=\"1\"><brk id=\"")
        .unwrap();
    let row: u32 = before.split('"').next().unwrap().parse().unwrap();
    assert!((rows / 2..=rows - 2).contains(&row), "{row} of {rows}");
}

#[test]
fn all_columns_fit_a4_unless_amounts_are_huge() {
    let all = TradesOutline {
        rows: 1,
        with_trade_time: true,
        with_accrued_interest: true,
        with_foreign_fees: true,
        with_settlement: true,
    };
    for language in [Language::Ja, Language::En] {
        let full = |amount: &str| Trade {
            security_name: "外国証券の長い名前".repeat(3).into(),
            foreign_fees: Some(Decimal::new(1_299, 2)),
            fx_rate: Some(Decimal::new(15_206, 2)),
            gross_amount: Decimal::new(1_234_599, 2),
            ..trade(1, "USD", amount)
        };
        let usual = trades(language, vec![full("-12345.99")], all);
        assert!(usual.sheet(2).contains("paperSize=\"9\""), "{language:?}");
        let mut huge = full("-1234567890123.99");
        huge.gross_amount = Decimal::new(123_456_789_012_399, 2);
        huge.commission = huge.gross_amount;
        let huge = trades(language, vec![huge], all);
        assert!(huge.sheet(2).contains("paperSize=\"8\""), "{language:?}");
    }
}

#[test]
fn a_text_that_is_too_long_for_a_cell_is_cut_and_says_so() {
    let long = Trade {
        event: Some("\u{1F600}".repeat(16_383).into()),
        ..trade(1, "JPY", "1")
    };
    let written = trades(Language::En, vec![long], TradesOutline::default());
    let mut workbook = Xlsx::new(Cursor::new(&written.bytes)).unwrap();
    let range = workbook.worksheet_range("Trades").unwrap();
    let Some(Data::String(side)) = range.get((1, 5)) else {
        panic!("no side");
    };
    assert!(side.starts_with("Sell (") && side.ends_with('…'));
    assert!(side.encode_utf16().count() <= 32_767);
}

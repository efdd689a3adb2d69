//! A data row, and the list of its texts, are byte by byte what the library would have written.

use std::io::Read;

use common::decimal::decimal_places;
use common::decimal::nearest_f64;
use flate2::read::DeflateDecoder;
use proptest::prelude::*;
use rust_xlsxwriter::Workbook;

use super::numbers::any_decimal;
use super::strings::any_text;
use super::*;
use crate::samples::profile;
use crate::workbook::cell::{self, Cell, displayed, serial};
use crate::workbook::layout::Repeats;
use crate::workbook::row_xml::{CellColumn, RowXml};
use crate::workbook::shared_strings::{ColumnTexts, SharedStrings};
use crate::workbook::sheet_rows::SheetRows;
use crate::workbook::style::{ColumnStyle, Styles};
use crate::workbook::widths::ColumnWidth;

const COLUMNS: [(ColumnStyle, bool); 8] = [
    (ColumnStyle::Text(10), false),
    (ColumnStyle::Text(10), true),
    (ColumnStyle::Code(10), false),
    (ColumnStyle::Date, false),
    (ColumnStyle::Amount, false),
    (ColumnStyle::Quantity, false),
    (ColumnStyle::Price, false),
    (ColumnStyle::Rate, false),
];

#[derive(Debug)]
struct Row {
    texts: [String; 3],
    date: Date,
    currency: Currency,
    numbers: [Decimal; 4],
    height: Option<u32>,
}

impl Row {
    fn cells(&self) -> [Cell<'_>; 8] {
        let [empty_or, on_screen, code] = &self.texts;
        let [amount, quantity, price, rate] = self.numbers;
        [
            Cell::text((!empty_or.is_empty()).then_some(empty_or)),
            Cell::Text(on_screen),
            Cell::Joined(code.clone()),
            Cell::Date(self.date),
            Cell::Amount(amount, self.currency),
            Cell::Quantity(quantity),
            Cell::Price(price, self.currency),
            Cell::Rate(rate),
        ]
    }

    /// By us: the row, and the list of its texts.
    fn xml(&self, styles: &Styles) -> (String, String) {
        let mut strings = SharedStrings::default();
        let mut row = RowXml::default();
        row.begin(1);
        for ((letter, (style, on_screen_only)), cell) in ('A'..).zip(COLUMNS).zip(self.cells()) {
            let column = CellColumn {
                letters: letter.to_string(),
                format: styles.column(style, on_screen_only).id,
            };
            let mut width = ColumnWidth::new(style.at_most(), Language::En);
            let mut texts = ColumnTexts::new(Repeats::Often);
            let number_of = |text: &str| strings.number_of(text, &mut texts);
            cell::write(
                &mut row, &column, &cell, number_of, style, styles, &mut width,
            )
            .unwrap();
        }
        let mut xml = Vec::new();
        row.write_to(&mut xml, self.height);
        let mut list = Vec::new();
        let into_list = |piece: &[u8]| {
            list.extend_from_slice(piece);
            Ok(())
        };
        strings.write_part(into_list).unwrap();
        (
            String::from_utf8(xml).unwrap(),
            String::from_utf8(list).unwrap(),
        )
    }

    /// By the library, which lists texts, with formats as columns and cells need them.
    fn xml_of_library(&self, workbook: &mut Workbook, styles: &Styles) -> (String, String) {
        let sheet = workbook.add_worksheet_with_low_memory().unwrap();
        for (column, (style, on_screen_only)) in (0..).zip(COLUMNS) {
            let looks = styles.column(style, on_screen_only);
            sheet.set_column_format(column, &looks.format).unwrap();
        }
        for ((column, (style, _)), cell) in (0..).zip(COLUMNS).zip(self.cells()) {
            let looks = |value: &Decimal| match &cell {
                Cell::Amount(_, currency) => styles.amount(*currency),
                Cell::Price(..) => styles.number(Styles::price_places(self.currency, *value)),
                Cell::Rate(_) => styles.number(decimal_places(*value).max(2) as usize),
                _ => styles.number(decimal_places(*value) as usize),
            };
            match &cell {
                Cell::Empty => continue,
                Cell::Text(text) => sheet.write_string(1, column, displayed(text)),
                Cell::Joined(text) => sheet.write_string(1, column, displayed(text)),
                Cell::Date(date) => sheet.write_number(1, column, serial(*date)),
                Cell::Amount(value, _)
                | Cell::Quantity(value)
                | Cell::Price(value, _)
                | Cell::Rate(value) => {
                    let number = nearest_f64(*value);
                    let format = &looks(value).format;
                    if *format == styles.column(style, false).format {
                        sheet.write_number(1, column, number)
                    } else {
                        sheet.write_number_with_format(1, column, number, format)
                    }
                }
            }
            .unwrap();
        }
        if let Some(height) = self.height {
            sheet.set_row_height_pixels(1, height).unwrap();
        }
        sheet.write_blank(2, 0, &styles.none).unwrap();
        let bytes = workbook.save_to_buffer().unwrap();
        let mut zip = zip::ZipArchive::new(std::io::Cursor::new(bytes)).unwrap();
        let mut part = |name: &str| {
            let mut xml = String::new();
            // There is no list when there is no text.
            if let Ok(mut part) = zip.by_name(name) {
                part.read_to_string(&mut xml).unwrap();
            }
            xml
        };
        let list = part("xl/sharedStrings.xml");
        let xml = part("xl/worksheets/sheet1.xml");
        let begins = xml.find("<row r=\"2\"").unwrap();
        let ends = xml.find("</row>").unwrap() + "</row>".len();
        (xml[begins..ends].to_owned(), list)
    }
}

prop_compose! {
    fn any_row()(
        texts in [any_text(), any_text(), any_text()],
        (year, month, day) in (1900..=9999_i16, 1..=12_i8, 1..=28_i8),
        currency in proptest::sample::select(&["JPY", "USD", "EUR", "KWD"][..]),
        amount in any_decimal(0),
        quantity in any_decimal(6),
        price in any_decimal(8),
        rate in any_decimal(8),
        lines in proptest::option::of(2..=10_u32),
    ) -> Row {
        Row {
            texts,
            date: Date::new(year, month, day).unwrap(),
            currency: Currency::from_code(currency).unwrap(),
            numbers: [amount, quantity, price, rate],
            height: lines.map(|lines| lines * 23),
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn a_row_is_what_the_library_would_have_written(row in any_row()) {
        let profile = profile("number_formats.en.USD = '#,##0.00;(#,##0.00);0.00'");
        let words = Words::new(&profile, Language::En);
        let mut workbook = Workbook::new();
        let styles = Styles::new(&words, currency("JPY")).unwrap();
        styles.register(&mut workbook).unwrap();
        let (ours, our_list) = row.xml(&styles);
        let (wanted, list) = row.xml_of_library(&mut workbook, &styles);
        prop_assert_eq!(ours, wanted);
        // The library takes such a text for its own markup.
        let is_markup = |text: &String| {
            let text = displayed(text);
            text.starts_with("<r>") && text.ends_with("</r>")
        };
        if !list.is_empty() && !row.texts.iter().any(is_markup) {
            prop_assert_eq!(our_list, list);
        }
    }
}

/// Rows that are compressed at the end, while further ones come, and in a file: one sound stream, and the same bytes each time.
#[test]
fn rows_are_one_stream_however_many_they_are() {
    let column = CellColumn {
        letters: "A".to_owned(),
        format: 1,
    };
    // Hardly compressible, so that there is much to flush, and much for memory.
    let mut random = fastrand::Rng::with_seed(1);
    let notes: Vec<String> = (0..400)
        .map(|_| (0..500).map(|_| random.alphanumeric()).collect())
        .collect();
    let write = |count: usize| {
        let (mut rows, mut row) = (SheetRows::default(), RowXml::default());
        for (index, note) in (1..).zip(notes.iter().cycle().take(count)) {
            row.begin(index);
            row.text(&column, note);
            rows.push(&row, None).unwrap();
        }
        let mut deflated = Vec::new();
        let rows = rows.close().unwrap();
        let uncompressed = rows.write_between(b"<before/>", b"<after/>", &mut deflated);
        (deflated, uncompressed.unwrap())
    };
    for count in (1..400).step_by(3).chain([4_000]) {
        let (deflated, uncompressed) = write(count);
        let mut plain = Vec::new();
        DeflateDecoder::new(&*deflated)
            .read_to_end(&mut plain)
            .unwrap();
        assert!(plain.starts_with(b"<before/><row r=\"2\"><c r=\"A2\" s=\"1\""));
        assert!(plain.ends_with(b"</row><after/>"));
        let rows = plain.windows(6).filter(|bytes| bytes == b"</row>");
        assert_eq!(rows.count(), count);
        assert_eq!(uncompressed.uncompressed_size(), plain.len() as u64);
        assert_eq!(uncompressed.crc(), crc32fast::hash(&plain));
        assert_eq!(write(count).0, deflated);
        assert!(
            count < 4_000 || deflated.len() > 1_100_000,
            "{}",
            deflated.len()
        );
    }
}

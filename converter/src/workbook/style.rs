//! Cell formats, built once per workbook. Readable without colour: bold and lines carry the meaning.

use std::collections::BTreeMap;

use common::currency::Currency;
use common::decimal::decimal_places;
use common::statement::Language;
use rust_decimal::Decimal;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use super::words::Words;

/// How the cells of a column look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnStyle {
    Date,
    /// Codes and ids: text cells, whatever digits they are made of.
    Code,
    Text,
    Quantity,
    Price,
    Rate,
    /// Money, by the row's currency.
    Amount,
}

/// All formats of a workbook.
pub struct Styles {
    pub default: Format,
    pub title: Format,
    pub heading: Format,
    pub label: Format,
    pub value: Format,
    pub value_date: Format,
    pub link: Format,
    pub header: Format,
    pub total_label: Format,
    pub percent: Format,
    date: Format,
    code: Format,
    text: Format,
    /// A currency beside its amount.
    pub unit: Format,
    /// By decimal places.
    numbers: Vec<Format>,
    totals: Vec<Format>,
    /// The firm's own formats of amounts, of lines and of totals.
    own: BTreeMap<Currency, (Format, Format)>,
    base: Currency,
}

/// Decimal places of the finest number: prices and rates.
const MAX_PLACES: usize = 8;

impl Styles {
    pub fn new(words: &Words, base: Currency) -> Self {
        let language = words.language;
        // 游ゴシック and Calibri stand in default_format; every other format derives from it, or Excel would show
        // Calibri in Japanese cells.
        let default = match language {
            Language::Ja => Format::new()
                .set_font_name("游ゴシック")
                .set_font_size(11)
                .set_font_charset(128),
            Language::En => Format::new().set_font_name("Calibri").set_font_size(11),
        };
        let negative = match language {
            Language::Ja => "▲",
            Language::En => "-",
        };
        let number_format = |places: usize| {
            let digits = if places == 0 {
                "#,##0".to_owned()
            } else {
                format!("#,##0.{}", "0".repeat(places))
            };
            let zero = if places == 0 {
                "0".to_owned()
            } else {
                format!("0.{}", "0".repeat(places))
            };
            format!("{digits};{negative}{digits};{zero}")
        };
        let numbers: Vec<Format> = (0..=MAX_PLACES)
            .map(|places| default.clone().set_num_format(number_format(places)))
            .collect();
        let total = |format: &Format| format.clone().set_bold().set_border_top(FormatBorder::Thin);
        let totals = numbers.iter().map(total).collect();
        let own = words
            .profile
            .number_formats(language)
            .map(|(currency, format)| {
                let format = default.clone().set_num_format(format);
                (currency, (format.clone(), total(&format)))
            })
            .collect();
        Self {
            title: default.clone().set_bold().set_font_size(18),
            heading: default
                .clone()
                .set_bold()
                .set_font_size(12)
                .set_border_bottom(FormatBorder::Medium),
            label: default
                .clone()
                .set_font_color(Color::RGB(0x0040_4040))
                .set_align(FormatAlign::Top),
            value: default
                .clone()
                .set_text_wrap()
                .set_align(FormatAlign::Top)
                .set_num_format("@"),
            value_date: default
                .clone()
                .set_num_format("yyyy/mm/dd")
                .set_align(FormatAlign::Left),
            link: default
                .clone()
                .set_font_color(Color::RGB(0x0005_63C1))
                .set_underline(FormatUnderline::Single),
            header: default
                .clone()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter)
                .set_background_color(Color::RGB(0x00E7_ECF2))
                .set_border_bottom(FormatBorder::Thin),
            total_label: default
                .clone()
                .set_bold()
                .set_border_top(FormatBorder::Thin),
            unit: default.clone().set_indent(1),
            percent: default.clone().set_num_format("0.00%"),
            date: default.clone().set_num_format("yyyy/mm/dd"),
            code: default.clone().set_num_format("@").set_indent(1),
            text: default.clone().set_num_format("@").set_indent(1),
            numbers,
            totals,
            own,
            base,
            default,
        }
    }

    /// The format of a whole column. Cells that look like it are written without a format of their own, which is what
    /// makes a million rows fast.
    pub fn column(&self, style: ColumnStyle) -> &Format {
        match style {
            ColumnStyle::Date => &self.date,
            ColumnStyle::Code => &self.code,
            ColumnStyle::Text => &self.text,
            ColumnStyle::Amount => self.amount(self.base),
            number => &self.numbers[self.column_places(number)],
        }
    }

    /// The decimal places that a column of numbers shows unless a cell says otherwise.
    pub fn column_places(&self, style: ColumnStyle) -> usize {
        match style {
            ColumnStyle::Amount => self.base.exponent() as usize,
            ColumnStyle::Price => Self::price_places(self.base, Decimal::ZERO),
            ColumnStyle::Rate => 2,
            _ => 0,
        }
    }

    /// The places a price is shown with: all it has, and at least the currency's minor unit.
    pub fn price_places(currency: Currency, price: Decimal) -> usize {
        (currency.exponent().max(decimal_places(price)) as usize).min(MAX_PLACES)
    }

    /// A number with that many decimals.
    pub fn number(&self, places: usize) -> &Format {
        &self.numbers[places.min(MAX_PLACES)]
    }

    /// Amounts of a currency.
    pub fn amount(&self, currency: Currency) -> &Format {
        self.own.get(&currency).map_or_else(
            || self.number(currency.exponent() as usize),
            |(line, _)| line,
        )
    }

    /// Whether an amount looks as the column of amounts does.
    pub fn is_columns_own(&self, currency: Currency) -> bool {
        currency == self.base
            || (currency.exponent() == self.base.exponent()
                && !self.own.contains_key(&currency)
                && !self.own.contains_key(&self.base))
    }

    /// A total of amounts of a currency.
    pub fn total(&self, currency: Currency) -> &Format {
        let places = currency.exponent() as usize;
        self.own
            .get(&currency)
            .map_or(&self.totals[places.min(MAX_PLACES)], |(_, total)| total)
    }
}

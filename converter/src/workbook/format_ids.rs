//! The numbers of the formats that data cells have: what a cell's XML says in the place of a format.

use std::collections::BTreeMap;

use common::currency::Currency;
use rust_xlsxwriter::Workbook;

use super::style::{ColumnStyle, MAX_PLACES, Styles};

/// The formats of data cells in a workbook.
pub struct FormatIds {
    date: u32,
    text: u32,
    one_line: u32,
    /// By decimal places.
    numbers: [u32; MAX_PLACES + 1],
    /// The firm's own formats of amounts.
    own: BTreeMap<Currency, u32>,
    base: Currency,
}

impl FormatIds {
    /// Registers the formats. The library numbers them in this order, from 1, and a format that it knows not again: so this must be
    /// the first that a workbook hears of formats, after its default.
    pub fn register(styles: &Styles, workbook: &mut Workbook) -> Self {
        let mut known = vec![(&styles.default, 0)];
        let mut newest = 0;
        let mut id = |format| {
            if let Some((_, id)) = known.iter().find(|(known, _)| *known == format) {
                return *id;
            }
            workbook.register_format(format);
            newest += 1;
            known.push((format, newest));
            newest
        };
        Self {
            date: id(styles.column(ColumnStyle::Date, false)),
            text: id(styles.column(ColumnStyle::Text(0), false)),
            one_line: id(styles.column(ColumnStyle::Text(0), true)),
            numbers: std::array::from_fn(|places| id(styles.number(places))),
            own: styles
                .own_amounts()
                .map(|(currency, format)| (currency, id(format)))
                .collect(),
            base: styles.base,
        }
    }

    /// The format of a column's cells, unless one differs.
    pub fn column(&self, style: ColumnStyle, on_screen_only: bool, styles: &Styles) -> u32 {
        match style {
            ColumnStyle::Date => self.date,
            style if style.is_text() && on_screen_only => self.one_line,
            style if style.is_text() => self.text,
            ColumnStyle::Amount => self.amount(self.base),
            number => self.number(styles.column_places(number)),
        }
    }

    /// A number with that many decimals.
    pub fn number(&self, places: usize) -> u32 {
        self.numbers[places.min(MAX_PLACES)]
    }

    /// Amounts of a currency.
    pub fn amount(&self, currency: Currency) -> u32 {
        let own = self.own.get(&currency);
        own.copied()
            .unwrap_or_else(|| self.number(currency.exponent() as usize))
    }
}

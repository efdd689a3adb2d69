//! 概要 / Summary: whose document it is, what it says in a few figures, and where the rest stands. It is the first sheet
//! and the last one written, because its figures are gathered as the rows go by.

use common::Result;
use common::decimal::nearest_f64;
use common::profile::Word;
use common::statement::Kind;
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::{IgnoreError, Url, Worksheet, XlsxError};

use super::Heading;
use super::cash::in_base;
use super::cell::{cannot_write, serial};
use super::holdings::HoldingFigures;
use super::labels;
use super::page;
use super::style::Styles;
use super::table::TableDone;
use super::trades::TradeFigures;
use super::words::Words;
use crate::rows::cash::CashBalance;
use crate::rows::codes::AssetClass;
use common::currency::Currency;

/// What the summary tells, gathered as rows are written.
#[derive(Debug, Default)]
pub struct Figures {
    pub trades: TradeFigures,
    pub holdings: HoldingFigures,
    pub cash: Vec<CashBalance>,
}

/// Writes line after line; every line is a label and a value.
struct Lines<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    words: Words<'a>,
    row: u32,
}

/// Writes the summary.
pub fn write(
    sheet: &mut Worksheet,
    styles: &Styles,
    heading: &Heading,
    figures: &Figures,
    tables: &[TableDone],
) -> Result<()> {
    let words = heading.words();
    for (column, width) in [(0, 30.0), (1, 30.0), (2, 22.0), (3, 22.0)] {
        sheet
            .set_column_width(column, width)
            .map_err(cannot_write)?;
    }
    let mut lines = Lines {
        sheet,
        styles,
        words,
        row: 0,
    };
    write_heading(&mut lines, heading).map_err(cannot_write)?;
    write_figures(&mut lines, heading, figures).map_err(cannot_write)?;
    write_links(&mut lines, tables).map_err(cannot_write)?;
    lines.row += 1;
    let report = words.get(Word::ReportErrors);
    lines
        .sheet
        .write_string_with_format(lines.row, 0, report, &styles.default)
        .map_err(cannot_write)?;
    let as_text = IgnoreError::NumberStoredAsText;
    let last_row = lines.row;
    sheet
        .ignore_error_range(0, 1, last_row, 1, as_text)
        .map_err(cannot_write)?;
    page::set_up(sheet, &heading.document.to_string());
    sheet.set_print_fit_to_pages(1, 1);
    Ok(())
}

fn write_heading(lines: &mut Lines, heading: &Heading) -> Result<(), XlsxError> {
    let Heading {
        document,
        account,
        profile,
        ..
    } = heading;
    let (words, styles) = (lines.words, lines.styles);
    lines.sheet.set_row_height(0, 30)?;
    lines.sheet.write_string_with_format(
        0,
        0,
        words.get(labels::title(document.kind)),
        &styles.title,
    )?;
    lines.row = 2;
    let firm = &profile.firm;
    lines.text(Word::Firm, firm.name.pick(words.language))?;
    lines.text(Word::Registration, firm.registration.pick(words.language))?;
    lines.text(Word::Contact, firm.contact.pick(words.language))?;
    lines.text(Word::Holder, &account.holder_name)?;
    if let Some(address) = &account.postal_address {
        lines.text(Word::Address, address)?;
    }
    lines.text(Word::AccountNumber, &account.account_no)?;
    let period = document.period;
    let day = |date: Date| date.strftime("%Y/%m/%d").to_string();
    let (from, to) = (day(period.first_day()), day(period.last_day()));
    let range = words.fill(Word::PeriodRange, &[("from", &from), ("to", &to)]);
    lines.text(Word::Period, &range)?;
    lines.date(Word::AsOf, heading.as_of)?;
    lines.date(Word::IssuedOn, heading.issued_on)?;
    lines.text(Word::DocumentId, &document.to_string())
}

fn write_figures(lines: &mut Lines, heading: &Heading, figures: &Figures) -> Result<(), XlsxError> {
    lines.heading(Word::KeyFigures)?;
    match heading.document.kind {
        Kind::Trade => write_trade_figures(lines, &figures.trades),
        Kind::Balance => {
            let base = heading.account.base_currency;
            write_balance_figures(lines, &figures.holdings, &figures.cash, base)
        }
    }
}

fn write_trade_figures(lines: &mut Lines, figures: &TradeFigures) -> Result<(), XlsxError> {
    for (words, count) in [
        (Word::NumberOfTrades, figures.trades),
        (Word::OfTheseBuys, figures.buys),
        (Word::OfTheseSells, figures.sells),
    ] {
        lines.number(words, None, count.into(), 0)?;
    }
    for (currency, amounts) in &figures.by_currency {
        lines.money(Word::Commission, *currency, amounts.commission)?;
        lines.money(Word::Taxes, *currency, amounts.tax)?;
    }
    for (currency, net) in &figures.settled {
        lines.money(Word::NetSettlement, *currency, *net)?;
    }
    Ok(())
}

fn write_balance_figures(
    lines: &mut Lines,
    holdings: &HoldingFigures,
    cash: &[CashBalance],
    base: Currency,
) -> Result<(), XlsxError> {
    lines.money(Word::TotalValuation, base, holdings.total)?;
    let only_base = holdings
        .by_currency
        .keys()
        .all(|currency| *currency == base);
    for (currency, value) in holdings.by_currency.iter().filter(|_| !only_base) {
        lines.money(Word::ByCurrency, *currency, *value)?;
    }
    for class in AssetClass::ALL {
        if let Some(value) = holdings.by_class.get(&class) {
            lines.share(labels::asset_class(class), base, *value, holdings.total)?;
        }
    }
    for balance in cash {
        lines.money(Word::CashFigure, balance.currency, balance.amount)?;
    }
    let in_base: Decimal = cash
        .iter()
        .filter_map(|cash| {
            let rounding = lines.words.profile.rounding;
            in_base((cash.amount, cash.currency, cash.fx_rate), base, rounding)
        })
        .sum();
    lines.money(Word::ValuationAndCash, base, holdings.total + in_base)
}

fn write_links(lines: &mut Lines, tables: &[TableDone]) -> Result<(), XlsxError> {
    lines.heading(Word::Details)?;
    for table in tables {
        let count = lines
            .words
            .fill(Word::Rows, &[("rows", &table.rows.to_string())]);
        let title = lines.words.get(table.section.sheet());
        let link = Url::new(format!("internal:'{title}'!A1")).set_text(title);
        lines
            .sheet
            .write_url_with_format(lines.row, 0, link, &lines.styles.link)?;
        lines
            .sheet
            .write_string_with_format(lines.row, 1, count, &lines.styles.value)?;
        lines.row += 1;
    }
    Ok(())
}

impl Lines<'_> {
    fn label(&mut self, word: Word) -> Result<(), XlsxError> {
        let label = self.words.get(word);
        self.sheet
            .write_string_with_format(self.row, 0, label, &self.styles.label)
            .map(drop)
    }

    fn heading(&mut self, word: Word) -> Result<(), XlsxError> {
        self.row += 1;
        for column in 0..4 {
            let text = if column == 0 {
                self.words.get(word)
            } else {
                ""
            };
            self.sheet
                .write_string_with_format(self.row, column, text, &self.styles.heading)?;
        }
        self.row += 1;
        Ok(())
    }

    /// Text from data: as wide as three columns, and as high as it needs.
    fn text(&mut self, word: Word, value: &str) -> Result<(), XlsxError> {
        /// Characters of the default font that fit in columns B to D.
        const CHARACTERS_PER_LINE: usize = 88;
        const LINE_HEIGHT: u32 = 25;
        let width: usize = value
            .chars()
            .map(|c| if c.is_ascii() { 1 } else { 2 })
            .sum();
        let lines =
            (width.div_ceil(CHARACTERS_PER_LINE) + value.matches('\n').count()).clamp(1, 12);
        if lines > 1 {
            let height = u32::try_from(lines).unwrap_or(1) * LINE_HEIGHT;
            self.sheet.set_row_height_pixels(self.row, height)?;
        }
        self.label(word)?;
        self.sheet
            .merge_range(self.row, 1, self.row, 3, "", &self.styles.value)?;
        self.sheet
            .write_string_with_format(self.row, 1, value, &self.styles.value)?;
        self.row += 1;
        Ok(())
    }

    fn date(&mut self, word: Word, date: Date) -> Result<(), XlsxError> {
        self.label(word)?;
        self.sheet
            .write_number_with_format(self.row, 1, serial(date), &self.styles.value_date)?;
        self.row += 1;
        Ok(())
    }

    fn money(&mut self, word: Word, currency: Currency, amount: Decimal) -> Result<(), XlsxError> {
        self.number(word, Some(currency), amount, currency.exponent() as usize)
    }

    fn number(
        &mut self,
        word: Word,
        currency: Option<Currency>,
        value: Decimal,
        places: usize,
    ) -> Result<(), XlsxError> {
        self.label(word)?;
        self.sheet.write_number_with_format(
            self.row,
            1,
            nearest_f64(value),
            self.styles.number(places),
        )?;
        if let Some(currency) = currency {
            self.sheet
                .write_string_with_format(self.row, 2, currency.code(), &self.styles.unit)?;
        }
        self.row += 1;
        Ok(())
    }

    /// A part of the total, with its share.
    fn share(
        &mut self,
        word: Word,
        currency: Currency,
        part: Decimal,
        total: Decimal,
    ) -> Result<(), XlsxError> {
        let row = self.row;
        self.money(word, currency, part)?;
        if let Some(share) = part.checked_div(total) {
            self.sheet.write_number_with_format(
                row,
                3,
                nearest_f64(share.round_dp(6)),
                &self.styles.percent,
            )?;
        }
        Ok(())
    }
}

/// The kind's day that its figures are of.
pub fn as_of(kind: Kind, period_end: Date, positions: Option<Date>, cash: Option<Date>) -> Date {
    match kind {
        Kind::Trade => period_end,
        Kind::Balance => positions.or(cash).unwrap_or(period_end),
    }
}

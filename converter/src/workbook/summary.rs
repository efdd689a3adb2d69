//! 概要 / Summary: whose document it is, what it says in a few figures, and where the rest stands. It is the first sheet
//! and the last one written, because its figures are gathered as the rows go by.

use common::Result;
use common::decimal::nearest_f64;
use common::statement::{Kind, Language};
use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_xlsxwriter::{IgnoreError, Url, Worksheet, XlsxError};

use super::Heading;
use super::cash::in_base;
use super::cell::{cannot_write, serial};
use super::holdings::HoldingFigures;
use super::labels::{self, Words, pick};
use super::page;
use super::style::Styles;
use super::table::TableDone;
use super::trades::TradeFigures;
use crate::rows::cash::CashBalance;
use crate::rows::codes::AssetClass;
use crate::rows::currency::Currency;

/// The figures of a kind of statement.
pub enum Figures {
    Trade(TradeFigures),
    Balance {
        holdings: HoldingFigures,
        cash: Vec<CashBalance>,
    },
}

/// Writes line after line; every line is a label and a value.
struct Lines<'a> {
    sheet: &'a mut Worksheet,
    styles: &'a Styles,
    language: Language,
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
    let language = heading.account.language;
    for (column, width) in [(0, 30.0), (1, 30.0), (2, 22.0), (3, 22.0)] {
        sheet
            .set_column_width(column, width)
            .map_err(cannot_write)?;
    }
    let mut lines = Lines {
        sheet,
        styles,
        language,
        row: 0,
    };
    write_heading(&mut lines, heading).map_err(cannot_write)?;
    write_figures(&mut lines, heading, figures).map_err(cannot_write)?;
    write_links(&mut lines, tables).map_err(cannot_write)?;
    lines.row += 1;
    let report = (
        "記載内容に誤りがある場合は速やかにご連絡ください。",
        "Please report any error in this statement to us at once.",
    );
    lines
        .sheet
        .write_string_with_format(lines.row, 0, pick(report, language), &styles.default)
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
    let (language, styles) = (lines.language, lines.styles);
    lines.sheet.set_row_height(0, 30)?;
    lines.sheet.write_string_with_format(
        0,
        0,
        pick(labels::kind(document.kind), language),
        &styles.title,
    )?;
    lines.row = 2;
    lines.text(("証券会社", "Firm"), pick(profile.firm_name, language))?;
    lines.text(
        ("登録番号", "Registration"),
        pick(profile.registration, language),
    )?;
    lines.text(
        ("お問い合わせ先", "Contact"),
        pick(profile.contact, language),
    )?;
    lines.text(("お名前", "Account holder"), &account.holder_name)?;
    if let Some(address) = &account.postal_address {
        lines.text(("ご住所", "Address"), address)?;
    }
    lines.text(("口座番号", "Account number"), &account.account_no)?;
    let period = document.period;
    let dates = |date: Date| date.strftime("%Y/%m/%d").to_string();
    let range = match language {
        Language::Ja => format!(
            "{} 〜 {}",
            dates(period.first_day()),
            dates(period.last_day())
        ),
        Language::En => format!(
            "{} to {}",
            dates(period.first_day()),
            dates(period.last_day())
        ),
    };
    lines.text(("対象期間", "Period"), &range)?;
    lines.date(("作成基準日", "As of"), heading.as_of)?;
    lines.date(("作成日", "Date of issue"), heading.issued_on)?;
    lines.text(("書類番号", "Document ID"), &document.to_string())
}

fn write_figures(lines: &mut Lines, heading: &Heading, figures: &Figures) -> Result<(), XlsxError> {
    lines.heading(("主な数値", "Key figures"))?;
    match figures {
        Figures::Trade(figures) => write_trade_figures(lines, figures),
        Figures::Balance { holdings, cash } => {
            write_balance_figures(lines, holdings, cash, heading.account.base_currency)
        }
    }
}

fn write_trade_figures(lines: &mut Lines, figures: &TradeFigures) -> Result<(), XlsxError> {
    for (words, count) in [
        (("取引件数", "Number of trades"), figures.trades),
        (("うち買付", "of these buys"), figures.buys),
        (("うち売付", "of these sells"), figures.sells),
    ] {
        lines.number(words, None, count.into(), 0)?;
    }
    for (currency, amounts) in &figures.by_currency {
        lines.money(("手数料", "Commission"), *currency, amounts.commission)?;
        lines.money(("税金等", "Taxes"), *currency, amounts.tax)?;
    }
    for (currency, net) in &figures.settled {
        lines.money(("差引受渡金額", "Net settlement"), *currency, *net)?;
    }
    Ok(())
}

fn write_balance_figures(
    lines: &mut Lines,
    holdings: &HoldingFigures,
    cash: &[CashBalance],
    base: Currency,
) -> Result<(), XlsxError> {
    lines.money(("評価額合計", "Total valuation"), base, holdings.total)?;
    let only_base = holdings
        .by_currency
        .keys()
        .all(|currency| *currency == base);
    for (currency, value) in holdings.by_currency.iter().filter(|_| !only_base) {
        lines.money(
            ("うち通貨別評価額", "of this, by currency"),
            *currency,
            *value,
        )?;
    }
    for class in AssetClass::ALL {
        if let Some(value) = holdings.by_class.get(&class) {
            lines.share(labels::asset_class(class), base, *value, holdings.total)?;
        }
    }
    for balance in cash {
        lines.money(("金銭残高", "Cash"), balance.currency, balance.amount)?;
    }
    let in_base: Decimal = cash
        .iter()
        .filter_map(|cash| in_base(cash.amount, cash.currency, cash.fx_rate, base))
        .sum();
    lines.money(
        ("評価額・金銭残高合計", "Valuation and cash"),
        base,
        holdings.total + in_base,
    )
}

fn write_links(lines: &mut Lines, tables: &[TableDone]) -> Result<(), XlsxError> {
    lines.heading(("明細", "Details"))?;
    for table in tables {
        let count = match lines.language {
            Language::Ja => format!("{}件", table.rows),
            Language::En => format!("{} rows", table.rows),
        };
        let link = Url::new(format!("internal:'{}'!A1", table.sheet)).set_text(table.title);
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
    fn label(&mut self, words: Words) -> Result<(), XlsxError> {
        let label = pick(words, self.language);
        self.sheet
            .write_string_with_format(self.row, 0, label, &self.styles.label)
            .map(drop)
    }

    fn heading(&mut self, words: Words) -> Result<(), XlsxError> {
        self.row += 1;
        for column in 0..4 {
            let text = if column == 0 {
                pick(words, self.language)
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
    fn text(&mut self, words: Words, value: &str) -> Result<(), XlsxError> {
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
        self.label(words)?;
        self.sheet
            .merge_range(self.row, 1, self.row, 3, "", &self.styles.value)?;
        self.sheet
            .write_string_with_format(self.row, 1, value, &self.styles.value)?;
        self.row += 1;
        Ok(())
    }

    fn date(&mut self, words: Words, date: Date) -> Result<(), XlsxError> {
        self.label(words)?;
        self.sheet
            .write_number_with_format(self.row, 1, serial(date), &self.styles.value_date)?;
        self.row += 1;
        Ok(())
    }

    fn money(
        &mut self,
        words: Words,
        currency: Currency,
        amount: Decimal,
    ) -> Result<(), XlsxError> {
        self.number(words, Some(currency), amount, currency.exponent() as usize)
    }

    fn number(
        &mut self,
        words: Words,
        currency: Option<Currency>,
        value: Decimal,
        places: usize,
    ) -> Result<(), XlsxError> {
        self.label(words)?;
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
        words: Words,
        currency: Currency,
        part: Decimal,
        total: Decimal,
    ) -> Result<(), XlsxError> {
        let row = self.row;
        self.money(words, currency, part)?;
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

//! Cell formats, and the logo: what all workbooks of a language and base currency have in common, built once for them. Readable without
//! colour: bold and lines carry the meaning.

use std::collections::BTreeMap;

use common::currency::Currency;
use common::decimal::decimal_places;
use common::profile::besides_digits;
use common::statement::Language;
use rust_decimal::Decimal;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Image, Workbook, XlsxError};

use super::widths::{Width, text_width};
use super::words::Words;

/// How the cells of a column look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnStyle {
    Date,
    /// Codes and ids: text cells, whatever digits they are made of. Wider ones wrap, in half-width characters.
    Code(u16),
    /// Wraps as codes do.
    Text(u16),
    Quantity,
    Price,
    Rate,
    /// Money, by the row's currency.
    Amount,
}

impl ColumnStyle {
    pub const fn is_text(self) -> bool {
        matches!(self, ColumnStyle::Code(_) | ColumnStyle::Text(_))
    }

    /// The width beyond which a text wraps.
    pub const fn at_most(self) -> Width {
        match self {
            ColumnStyle::Code(characters) | ColumnStyle::Text(characters) => {
                characters as Width * 100
            }
            _ => Width::MAX,
        }
    }
}

/// A format of data cells.
pub struct DataFormat {
    pub format: Format,
    /// What the XML of a cell says in its place.
    pub id: u32,
}

/// All formats of workbooks in one language and base currency.
pub struct Styles {
    pub language: Language,
    /// As the firm gave it.
    pub logo: Option<Image>,
    default: Format,
    /// Those of data cells by their ids, which begin at 1.
    data: Vec<Format>,
    /// 0xRRGGBB.
    pub accent: u32,
    /// The default in the middle of its row, as rows that wrap have their other cells.
    pub cell: Format,
    pub header: Format,
    pub total_label: Format,
    /// What stands in the place of rows when there are none.
    pub none: Format,
    /// Sentences below a table.
    pub note: Format,
    /// A thin line below each row of a table.
    pub ruled: Format,
    date: DataFormat,
    /// Codes and texts.
    text: DataFormat,
    /// Texts of columns that are not printed: they do not wrap, or they would make printed rows high for nothing.
    one_line: DataFormat,
    /// By decimal places.
    numbers: Vec<DataFormat>,
    totals: Vec<Format>,
    number_formats: Vec<String>,
    /// The firm's own formats of amounts, of lines and of totals.
    own: BTreeMap<Currency, (DataFormat, Format)>,
    own_formats: BTreeMap<Currency, String>,
    /// What the firm's own formats add to a number's width.
    literal: Width,
    pub base: Currency,
}

/// Decimal places of the finest number: prices and rates.
pub const MAX_PLACES: usize = 8;

pub const LIGHT_GREY: Color = Color::RGB(0x00C8_CCD2);

impl Styles {
    pub fn new(words: &Words, base: Currency) -> Result<Self, XlsxError> {
        let language = words.language;
        // 游ゴシック and Calibri stand in default_format; every other format derives from it, or Excel would show
        // Calibri in Japanese cells.
        let default = match language {
            Language::Ja => Format::new()
                .set_font_name(font_name(language))
                .set_font_size(11)
                .set_font_charset(128),
            Language::En => Format::new()
                .set_font_name(font_name(language))
                .set_font_size(11),
        };
        let accent = words.profile.accent_color;
        let accented = Color::RGB(accent);
        // Rows that wrap have their other cells in the middle.
        let cell = default.clone().set_align(FormatAlign::VerticalCenter);
        let number_formats: Vec<String> = (0..=MAX_PLACES)
            .map(|places| number_format(places, language))
            .collect();
        let mut data = Vec::new();
        let mut register = |format| registered(format, &default, &mut data);
        let date = cell
            .clone()
            .set_num_format("yyyy/mm/dd")
            .set_align(FormatAlign::Center);
        let date = register(date);
        let one_line = cell.clone().set_num_format("@").set_indent(1);
        let text = register(one_line.clone().set_text_wrap());
        let one_line = register(one_line);
        let numbers: Vec<DataFormat> = number_formats
            .iter()
            .map(|format| register(cell.clone().set_num_format(format)))
            .collect();
        let total = |data: &DataFormat| {
            let format = data.format.clone();
            format.set_bold().set_border_top(FormatBorder::Thin)
        };
        let totals = numbers.iter().map(total).collect();
        let own_formats: BTreeMap<Currency, String> = words
            .profile
            .number_formats(language)
            .map(|(currency, format)| (currency, format.to_owned()))
            .collect();
        let own = own_formats
            .iter()
            .map(|(currency, format)| {
                let line = register(cell.clone().set_num_format(format));
                let total = total(&line);
                (*currency, (line, total))
            })
            .collect();
        let logo = words.profile.firm.logo.as_ref();
        Ok(Self {
            language,
            logo: logo.map(|logo| Image::new_from_buffer(logo)).transpose()?,
            accent,
            header: cell
                .clone()
                .set_bold()
                .set_font_size(10)
                .set_font_color(Color::White)
                .set_background_color(accented)
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_border(FormatBorder::Thin)
                .set_border_color(Color::White),
            total_label: cell
                .clone()
                .set_bold()
                .set_indent(1)
                .set_border_top(FormatBorder::Thin),
            // Left: a column's own alignment would push the sentence over the sheet's edge.
            none: cell.clone().set_align(FormatAlign::Left).set_indent(1),
            note: cell.clone().set_align(FormatAlign::Top).set_text_wrap(),
            ruled: Format::new()
                .set_border_bottom(FormatBorder::Thin)
                .set_border_bottom_color(LIGHT_GREY),
            date,
            one_line,
            text,
            numbers,
            totals,
            number_formats,
            own,
            literal: own_formats
                .values()
                .map(|format| literal_width(format))
                .max()
                .unwrap_or_default(),
            own_formats,
            base,
            cell,
            default,
            data,
        })
    }

    /// Makes the formats known to a workbook that has none yet. The library counts them as it hears of them, from 1, and one that it knows
    /// not again: so this must be the first that it hears of any.
    pub fn register(&self, workbook: &mut Workbook) -> Result<(), XlsxError> {
        let (height, width) = (row_height(self.language), default_column(self.language));
        workbook.set_default_format(&self.default, height, width)?;
        for format in &self.data {
            workbook.register_format(format);
        }
        Ok(())
    }

    /// The format of a whole column, which its cells have unless one differs.
    pub fn column(&self, style: ColumnStyle, on_screen_only: bool) -> &DataFormat {
        match style {
            ColumnStyle::Date => &self.date,
            style if style.is_text() && on_screen_only => &self.one_line,
            style if style.is_text() => &self.text,
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
    pub fn number(&self, places: usize) -> &DataFormat {
        &self.numbers[places.min(MAX_PLACES)]
    }

    /// Amounts of a currency.
    pub fn amount(&self, currency: Currency) -> &DataFormat {
        self.own.get(&currency).map_or_else(
            || self.number(currency.exponent() as usize),
            |(line, _)| line,
        )
    }

    /// Excel's format of amounts of a currency.
    pub fn amount_format(&self, currency: Currency) -> &str {
        let places = (currency.exponent() as usize).min(MAX_PLACES);
        self.own_formats
            .get(&currency)
            .unwrap_or(&self.number_formats[places])
    }

    /// What a column's numbers may be wider by than their digits.
    pub fn literal(&self, style: ColumnStyle) -> Width {
        match style {
            ColumnStyle::Amount => self.literal,
            _ => 0,
        }
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

/// A data format with its id: the default's is 0, and what is the same has the same.
fn registered(format: Format, default: &Format, data: &mut Vec<Format>) -> DataFormat {
    let mut known = std::iter::once(default).chain(&*data);
    let id = known.position(|known| *known == format);
    let id = id.unwrap_or_else(|| {
        data.push(format.clone());
        data.len()
    });
    DataFormat {
        format,
        id: u32::try_from(id).unwrap_or(u32::MAX),
    }
}

/// Pixels of the default row: Japanese fonts stand higher.
pub const fn row_height(language: Language) -> u32 {
    match language {
        Language::Ja => 25,
        Language::En => 20,
    }
}

/// Pixels of a text's lines. Full-width characters in an English statement are of a Japanese font, which stands higher than Calibri.
pub const fn height_of(lines: u32, is_full_width: bool, language: Language) -> u32 {
    let line = if is_full_width {
        row_height(Language::Ja)
    } else {
        row_height(language)
    };
    line * if lines == 0 { 1 } else { lines }
}

/// Pixels of the default column. The library knows the metrics of the default font by it.
pub const fn default_column(language: Language) -> u32 {
    match language {
        Language::Ja => 72,
        Language::En => 64,
    }
}

/// The pixels that the library and Excel make of a column's width.
pub fn column_pixels(width: Width, language: Language) -> u32 {
    const PADDING: u32 = 5;
    (width * digit_pixels(language)).div_ceil(100) + PADDING
}

/// The pixels of a digit of the default font, by which Excel's columns are wide.
pub const fn digit_pixels(language: Language) -> u32 {
    match language {
        Language::Ja => 8,
        Language::En => 7,
    }
}

/// The default font, also that of charts.
pub const fn font_name(language: Language) -> &'static str {
    match language {
        Language::Ja => "游ゴシック",
        Language::En => "Calibri",
    }
}

fn number_format(places: usize, language: Language) -> String {
    let negative = match language {
        Language::Ja => "▲",
        Language::En => "-",
    };
    let decimals = if places == 0 {
        String::new()
    } else {
        format!(".{}", "0".repeat(places))
    };
    format!("#,##0{decimals};{negative}#,##0{decimals};0{decimals}")
}

/// The width of what a format prints besides digits, points and commas.
fn literal_width(format: &str) -> Width {
    let printed = besides_digits(format);
    let widths = printed.iter().map(|text| text_width(text, Language::En));
    widths.max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_format_adds_is_counted() {
        assert_eq!(
            literal_width("#,##0;▲#,##0;0"),
            text_width("▲", Language::En)
        );
        assert_eq!(
            literal_width("[Red]#,##0\"円\""),
            text_width("円", Language::En)
        );
    }
}

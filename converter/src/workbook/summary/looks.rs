//! The cell formats that only the summary has. The accent colour marks titles; lines and bold say the same without it.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use super::super::style::{LIGHT_GREY, Styles};

const GREY: Color = Color::RGB(0x0040_4040);
const LINK_BLUE: Color = Color::RGB(0x0005_63C1);

pub struct Looks {
    pub title: Format,
    /// What must not be overlooked: a correction, a document that is not statutory.
    pub notice: Format,
    pub heading: Format,
    pub heading_right: Format,
    pub label: Format,
    /// Of a part of the figure above.
    pub label_part: Format,
    /// Beside a text that may take several lines.
    pub label_top: Format,
    pub value: Format,
    pub value_date: Format,
    pub link: Format,
    pub count: Format,
    /// The closing sentence.
    pub closing: Format,
    pub percent: Format,
    pub day: Format,
    /// A currency beside its amount.
    pub unit: Format,
}

impl Looks {
    pub fn new(styles: &Styles) -> Self {
        let accent = Color::RGB(styles.accent);
        let cell = || styles.cell.clone();
        let top = || cell().set_align(FormatAlign::Top);
        let heading = cell()
            .set_bold()
            .set_font_size(12)
            .set_font_color(accent)
            .set_border_bottom(FormatBorder::Medium)
            .set_border_bottom_color(accent);
        let label = cell().set_font_color(GREY).set_text_wrap();
        Self {
            title: cell()
                .set_bold()
                .set_font_size(20)
                .set_font_color(accent)
                .set_border_bottom(FormatBorder::Thick)
                .set_border_bottom_color(accent),
            notice: cell()
                .set_bold()
                .set_text_wrap()
                .set_indent(1)
                .set_border(FormatBorder::Thin),
            heading_right: heading
                .clone()
                .set_font_size(10)
                .set_align(FormatAlign::Right),
            heading,
            label_part: label.clone().set_indent(1),
            label_top: label.clone().set_align(FormatAlign::Top),
            label,
            value: top().set_text_wrap().set_num_format("@"),
            value_date: top()
                .set_num_format("yyyy/mm/dd")
                .set_align(FormatAlign::Left),
            link: cell()
                .set_font_color(LINK_BLUE)
                .set_underline(FormatUnderline::Single),
            count: cell().set_align(FormatAlign::Right),
            closing: cell()
                .set_text_wrap()
                .set_border_top(FormatBorder::Thin)
                .set_border_top_color(LIGHT_GREY),
            percent: cell().set_num_format("0.00%"),
            day: cell()
                .set_num_format("yyyy/mm/dd")
                .set_align(FormatAlign::Center),
            unit: cell().set_indent(1),
        }
    }
}

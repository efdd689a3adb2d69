//! Print set-up: paper, margins, footer, and where a page may end.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

/// Pixels per inch, the unit of the library's column widths and row heights.
const PIXELS_PER_INCH: f64 = 96.0;

/// Inches.
const SIDE_MARGIN: f64 = 0.25;
const TOP_MARGIN: f64 = 0.45;
const BOTTOM_MARGIN: f64 = 0.6;

/// Smaller than this, a page of figures is not readable.
pub const SMALLEST_SCALE: u32 = 65;

/// What a footer may say besides document and page: Excel takes 255 characters in all.
const FOOTER_NOTICE: usize = 100;

/// A sheet of paper, landscape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    A4,
    A3,
}

impl Paper {
    /// Excel's number.
    fn number(self) -> u8 {
        match self {
            Paper::A4 => 9,
            Paper::A3 => 8,
        }
    }

    /// Inches.
    fn size(self) -> (f64, f64) {
        match self {
            Paper::A4 => (11.69, 8.27),
            Paper::A3 => (16.54, 11.69),
        }
    }

    fn width(self) -> f64 {
        (self.size().0 - 2.0 * SIDE_MARGIN) * PIXELS_PER_INCH
    }

    fn height(self) -> f64 {
        (self.size().1 - TOP_MARGIN - BOTTOM_MARGIN) * PIXELS_PER_INCH
    }
}

/// How a table is printed: one page wide, at the scale that follows from its width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fit {
    pub paper: Paper,
    /// Percent.
    pub scale: u32,
}

impl Fit {
    /// A4, or A3 when A4 would be too small to read.
    pub fn of(width: u32) -> Self {
        let on = |paper: Paper| Self {
            paper,
            scale: percent(paper.width(), width),
        };
        let a4 = on(Paper::A4);
        if a4.scale < SMALLEST_SCALE {
            on(Paper::A3)
        } else {
            a4
        }
    }

    /// The pixels of a sheet that a page takes.
    pub fn page_height(self) -> u32 {
        whole(self.paper.height() * 100.0 / f64::from(self.scale.max(1)))
    }
}

/// Never more than 100: Excel fits by shrinking only.
fn percent(printable: f64, width: u32) -> u32 {
    whole(printable * 100.0 / f64::from(width.max(1))).min(100)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "sizes of pages in pixels"
)]
fn whole(size: f64) -> u32 {
    size.floor().clamp(1.0, 1e9) as u32
}

/// The footer: document, notice, page.
pub fn footer(document: &str, notice: Option<&str>) -> String {
    // `&` begins a code, and digits after the font size would join it.
    let mut centre = String::new();
    for character in notice.unwrap_or_default().chars() {
        if centre.chars().count() + 2 > FOOTER_NOTICE {
            break;
        }
        if centre.is_empty() {
            centre.push_str("&C&9 ");
        }
        if character == '&' {
            centre.push('&');
        }
        centre.push(character);
    }
    format!("&L&9 {document}{centre}&R&9 &P / &N")
}

/// Landscape, one page wide and as many long as it takes.
pub fn set_up(sheet: &mut Worksheet, paper: Paper, footer: &str) {
    sheet
        .set_paper_size(paper.number())
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_footer(footer)
        .set_margins(
            SIDE_MARGIN,
            SIDE_MARGIN,
            TOP_MARGIN,
            BOTTOM_MARGIN,
            0.25,
            0.25,
        );
}

/// Keeps totals and notes together with rows: they would make a page of their own. Either all shrinks a little onto one
/// page less, or the last rows go with them. Heights are in pixels; the header is on every page.
pub fn keep_together(
    sheet: &mut Worksheet,
    fit: Fit,
    header: u32,
    (count, height): (u32, u32),
    below: u32,
) -> Result<(), XlsxError> {
    /// Rows that go with the totals.
    const COMPANY: u32 = 3;
    /// Farther than this our pages and the printer's drift apart.
    const PAGES: u32 = 12;
    if below == 0 || count <= COMPANY || height == 0 {
        return Ok(());
    }
    let average = (height / count).max(1);
    let per_page = fit.page_height().saturating_sub(header) / average;
    let below = below.div_ceil(average);
    if per_page <= 2 * COMPANY || count / per_page >= PAGES {
        return Ok(());
    }
    let on_last_page = (count - 1) % per_page + 1;
    // One row on a page of its own may as well be none: a printer's page is a row longer or shorter than ours.
    let is_alone = count > per_page && on_last_page < 2;
    if on_last_page + below < per_page && !is_alone {
        return Ok(());
    }
    let pages = (count - 1) / per_page + u32::from(!is_alone);
    // A row less per page, for what wraps.
    let shrunk = fit.scale * pages * (per_page - 1) / (count + below);
    match u16::try_from(pages) {
        Ok(pages) if shrunk >= SMALLEST_SCALE => {
            sheet.set_print_fit_to_pages(1, pages);
        }
        _ => {
            sheet.set_page_breaks(&[count + 1 - COMPANY])?;
        }
    }
    Ok(())
}

/// Ends a sheet whose last row with content is `last_row`. In constant memory the library writes the last row twice when it
/// has a height of its own, and Excel wants to repair that; an empty cell below, of a format
/// of its own (or it would not be written), makes it another row's turn.
pub fn end(sheet: &mut Worksheet, last_row: u32, empty: &Format) -> Result<(), XlsxError> {
    sheet.write_blank(last_row + 1, 0, empty)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_readable_or_larger() {
        assert_eq!(
            Fit::of(500),
            Fit {
                paper: Paper::A4,
                scale: 100
            }
        );
        assert_eq!(
            Fit::of(1652),
            Fit {
                paper: Paper::A4,
                scale: 65
            }
        );
        let wide = Fit::of(1660);
        assert_eq!(wide.paper, Paper::A3);
        assert!(wide.scale > 85, "{wide:?}");
    }

    #[test]
    fn a_footer_says_document_and_page_and_no_more_than_excel_takes() {
        assert_eq!(
            footer("2026-10.trade.A1", None),
            "&L&9 2026-10.trade.A1&R&9 &P / &N"
        );
        let long = footer(&"x".repeat(90), Some(&"&".repeat(200)));
        assert!(long.contains("&C&9 &&&&") && long.len() <= 255, "{long}");
    }
}

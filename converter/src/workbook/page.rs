//! Print set-up: paper, margins, what every page says, and where a page may end.

use common::profile::{LegalStatus, Word};
use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::{Heading, labels};

/// Pixels per inch, the unit of the library's column widths and row heights.
const PIXELS_PER_INCH: f64 = 96.0;

/// Inches.
const SIDE_MARGIN: f64 = 0.25;
const TOP_MARGIN: f64 = 0.45;
const BOTTOM_MARGIN: f64 = 0.6;

/// Smaller than this, a page of figures is not readable.
pub const SMALLEST_SCALE: u32 = 65;

/// The most characters of a text in a header or footer: Excel takes 255 in all, with its codes.
const MOST_OF_TITLE: usize = 50;
const MOST_OF_SECTION: usize = 31;
const MOST_OF_LABEL: usize = 20;
const MOST_OF_MARK: usize = 16;
const MOST_OF_ACCOUNT: usize = 40;
const MOST_OF_HOLDER: usize = 40;
const MOST_OF_NOTICE: usize = 100;

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

    /// The width in pixels that is printed at so many percent.
    #[cfg(test)]
    pub fn width_at(self, scale: u32) -> u32 {
        whole(self.width() * 100.0 / f64::from(scale))
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
        let a4 = Self::on(Paper::A4, width);
        if a4.scale < SMALLEST_SCALE {
            Self::on(Paper::A3, width)
        } else {
            a4
        }
    }

    pub fn on(paper: Paper, width: u32) -> Self {
        Self {
            paper,
            scale: percent(paper.width(), width),
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

/// What every page says of the document, whatever is on it: pages of several customers get mixed up.
pub struct Running {
    title: String,
    /// What its pages must not be taken for: a final statement, or one of a firm that exists.
    marks: Vec<String>,
    whose: String,
    footer: String,
}

impl Running {
    pub fn of(heading: &Heading) -> Self {
        let words = heading.words();
        let account = &heading.account;
        let profile = &heading.profile;
        let notice =
            (profile.legal_status == LegalStatus::Reference).then(|| words.get(Word::NotStatutory));
        Self {
            title: literal(
                words.get(labels::title(heading.document.kind)),
                MOST_OF_TITLE,
            ),
            marks: [
                (heading.is_draft, Word::Draft),
                (profile.is_sample, Word::Sample),
            ]
            .into_iter()
            .filter(|(is_marked, _)| *is_marked)
            .map(|(_, word)| literal(words.get(word), MOST_OF_MARK))
            .collect(),
            whose: format!(
                "{} {}  {}",
                literal(words.get(Word::AccountNumber), MOST_OF_LABEL),
                literal(&account.account_no, MOST_OF_ACCOUNT),
                literal(&account.holder_name, MOST_OF_HOLDER)
            ),
            footer: footer(&heading.document.to_string(), notice),
        }
    }

    /// The header of a sheet: title and section, mark, account and holder.
    fn header(&self, section: &str) -> String {
        let marks = self.marks.join(" / ");
        format!(
            "&L&9 {} {}{}&R&9 {}",
            self.title,
            literal(section, MOST_OF_SECTION),
            if marks.is_empty() {
                String::new()
            } else {
                format!("&C&\"-,Bold\"&11 {marks}")
            },
            self.whose
        )
    }
}

/// The footer: document, notice, page.
fn footer(document: &str, notice: Option<&str>) -> String {
    let notice = notice.map(|notice| format!("&C&9 {}", literal(notice, MOST_OF_NOTICE)));
    let centre = notice.unwrap_or_default();
    format!("&L&9 {document}{centre}&R&9 &P / &N")
}

/// A text as a header shows it, cut where it has more than `most` characters. `&` begins a code there, and is written twice.
fn literal(text: &str, most: usize) -> String {
    let mut shown = String::new();
    let mut left = most;
    for character in text.chars() {
        let needs = if character == '&' {
            2
        } else {
            character.len_utf16()
        };
        if needs > left {
            shown.push('…');
            break;
        }
        left -= needs;
        if character == '&' {
            shown.push('&');
        }
        // A line feed would end the header's line.
        shown.push(if character.is_control() {
            ' '
        } else {
            character
        });
    }
    shown
}

/// Landscape, one page wide and as many long as it takes.
pub fn set_up(sheet: &mut Worksheet, paper: Paper, running: &Running) {
    let header = running.header(&sheet.name());
    sheet
        .set_paper_size(paper.number())
        .set_landscape()
        .set_print_fit_to_pages(1, 0)
        .set_header(header)
        .set_footer(&running.footer)
        .set_margins(
            SIDE_MARGIN,
            SIDE_MARGIN,
            TOP_MARGIN,
            BOTTOM_MARGIN,
            0.25,
            0.25,
        );
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
    use common::statement::Language;

    use super::*;
    use crate::samples;

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
    fn every_page_says_whose_it_is_and_no_more_than_excel_takes() {
        assert_eq!(
            footer("2026-10.trade.A1", None),
            "&L&9 2026-10.trade.A1&R&9 &P / &N"
        );
        let long = footer(&"x".repeat(90), Some(&"&".repeat(200)));
        assert!(long.contains("&C&9 &&&&") && long.len() <= 255, "{long}");

        let mut account = samples::account(Language::En);
        account.holder_name = "Smith & Sons\nLtd".into();
        let heading = samples::heading("2026-10.trade.A1", account);
        let running = Running::of(&heading);
        assert_eq!(
            running.header("Trades (2)"),
            "&L&9 Trade statement Trades (2)&C&\"-,Bold\"&11 Sample&R&9 Account number 0001  Smith && Sons Ltd"
        );
        let mut account = samples::account(Language::Ja);
        account.holder_name = "&長".repeat(100).into();
        account.account_no = "9".repeat(200).into();
        let heading = samples::heading("2026-10.trade.A1", account);
        let header = Running::of(&heading).header(&"節".repeat(31));
        assert!(header.encode_utf16().count() <= 255, "{header}");
        assert!(header.ends_with('…'), "{header}");
    }

    #[test]
    fn only_a_firms_own_profile_is_no_sample() {
        let mut heading = samples::heading("2026-10.trade.A1", samples::account(Language::Ja));
        assert!(Running::of(&heading).header("概要").contains("見本"));
        heading.profile = std::sync::Arc::new(samples::profile(""));
        assert!(!Running::of(&heading).header("概要").contains("&C"));
    }
}

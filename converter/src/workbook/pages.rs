//! Where a table's pages end: its totals are never alone on one, and no page is left half empty for their sake.
//!
//! How much a page holds is the reader's: a sheet is shrunk to the paper's width, and columns are as wide as the digits of the font that the
//! reader has. The wider they are, the smaller everything is, and the more rows a page has. A break is judged by the pages of several
//! readers, since one that ends a full page of Excel's may end a third of another's.

use rust_xlsxwriter::{Worksheet, XlsxError};

use super::page::{Fit, SMALLEST_SCALE};

/// The heights of a sheet's data rows in pixels.
#[derive(Debug, Default)]
pub struct RowHeights {
    /// Of the first rows: as many as [`Pages`] looks at.
    first: Vec<u32>,
    rows: u32,
}

impl RowHeights {
    /// Some dozen pages. Farther down our pages and the printer's have drifted apart.
    const MOST: usize = 1_000;

    pub fn push(&mut self, height: u32) {
        self.rows = self.rows.saturating_add(1);
        if self.first.len() < Self::MOST {
            self.first.push(height);
        }
    }

    /// All of them, unless there are too many.
    fn all(&self) -> Option<&[u32]> {
        (self.first.len() == self.rows as usize).then_some(&*self.first)
    }
}

/// The pages of a printed table.
#[derive(Debug, Clone, Copy)]
pub struct Pages {
    fit: Fit,
    /// With the widest digits that a reader may have.
    widest: Fit,
    /// The pixels of the header row, which every page repeats.
    header: u32,
}

/// What to do about totals that would be alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    None,
    /// All shrinks onto so many pages.
    FitOnto(u16),
    /// A page begins below this row of the sheet, counted from 1, the header's.
    BreakAfter(u32),
}

/// Rows that go with the totals.
const COMPANY: usize = 3;

/// How much a page holds, in percent of what we reckon: a row more or less, and digits that are not rounded to pixels.
const NEAR_EXCEL: [u32; 3] = [99, 101, 104];

/// The pixels of a digit, times 100, of the widest font that is taken for one which is not there (DejaVu Sans, 11 points).
const WIDEST_DIGIT: u32 = 933;

impl Pages {
    /// `width` of the printed columns and `digit`, of the default font, in Excel's pixels.
    pub fn of(fit: Fit, header: u32, width: u32, digit: u32) -> Self {
        Self {
            fit,
            widest: Fit::on(fit.paper, width * WIDEST_DIGIT / (digit * 100)),
            header,
        }
    }

    /// Keeps totals and notes, `below` pixels high, together with rows.
    pub fn keep_together(
        self,
        sheet: &mut Worksheet,
        heights: &RowHeights,
        below: u32,
    ) -> Result<(), XlsxError> {
        match heights.all().map(|heights| self.remedy(heights, below)) {
            None | Some(Remedy::None) => {}
            Some(Remedy::FitOnto(pages)) => {
                sheet.set_print_fit_to_pages(1, pages);
            }
            Some(Remedy::BreakAfter(row)) => {
                sheet.set_page_breaks(&[row])?;
            }
        }
        Ok(())
    }

    /// The first remedy that suits every reader, else the one that suits most.
    fn remedy(self, heights: &[u32], below: u32) -> Remedy {
        if below == 0 || heights.len() <= COMPANY {
            return Remedy::None;
        }
        let table = Table { heights, below };
        let rooms = self.rooms();
        let mut best = (i32::MIN, Remedy::None);
        for remedy in self.remedies(table) {
            let all = rooms.map(|room| table.judge(remedy, room));
            if all.iter().all(|judged| *judged == Judged::Suits) {
                return remedy;
            }
            let points = all.map(|judged| judged as i32).iter().sum();
            if points > best.0 {
                best = (points, remedy);
            }
        }
        best.1
    }

    /// The pixels that the pages of several readers have for rows; Excel's first.
    fn rooms(self) -> [u32; NEAR_EXCEL.len() + 1] {
        let excel = self.fit.page_height();
        let [less, more, most] = NEAR_EXCEL.map(|percent| excel * percent / 100);
        [less, more, most, self.widest.page_height()].map(|page| page.saturating_sub(self.header))
    }

    /// All that may be done, the least first.
    fn remedies(self, table: Table<'_>) -> impl Iterator<Item = Remedy> {
        let [room, more, ..] = self.rooms();
        // Excel's pages are not shrunk for another's sake.
        let of_excel = [room, more].into_iter();
        let mut wanting = of_excel.filter(|room| table.judge(Remedy::None, *room) != Judged::Suits);
        let pages = wanting.next().map(|_| table.lay(None, room).pages - 1);
        let fit = pages
            .and_then(|pages| u16::try_from(pages).ok())
            .filter(|onto| *onto > 0)
            .filter(|onto| self.scale_onto(*onto, table) >= SMALLEST_SCALE)
            .map(Remedy::FitOnto);
        // The new page begins on one of the last three.
        let moved = table.heights.iter().rev().scan(0, move |taken, height| {
            *taken += height;
            (*taken + table.below <= 3 * room).then_some(())
        });
        let breaks = (1..=moved.count())
            .skip(COMPANY - 1)
            .filter_map(move |rows| {
                let row = u32::try_from(table.heights.len() - rows + 1).ok()?;
                Some(Remedy::BreakAfter(row))
            });
        std::iter::once(Remedy::None).chain(fit).chain(breaks)
    }

    /// The scale in percent at which rows and totals take so many pages. Each page may end with less than a row's room.
    fn scale_onto(self, pages: u16, table: Table<'_>) -> u32 {
        let page = table.page_of(pages) + self.header;
        self.fit.scale * self.fit.page_height() / page.max(1)
    }
}

/// Rows and what stands below them, in pixels.
#[derive(Debug, Clone, Copy)]
struct Table<'h> {
    heights: &'h [u32],
    below: u32,
}

/// How a remedy works out with a reader, in points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Judged {
    /// A page ends before half of it is full: our break is worse than none.
    HalfEmpty = -1,
    /// The totals have no company.
    Alone = 0,
    Suits = 1,
}

/// How a reader lays the table out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Laid {
    /// With that of the totals.
    pages: u32,
    /// The rows on the totals' page.
    company: usize,
    /// The least that a page has on it which ends before it is full.
    least: u32,
}

impl Table<'_> {
    #[cfg(test)]
    fn suits(self, remedy: Remedy, room: u32) -> bool {
        self.judge(remedy, room) == Judged::Suits
    }

    fn judge(self, remedy: Remedy, room: u32) -> Judged {
        let laid = match remedy {
            Remedy::None => self.lay(None, room),
            Remedy::FitOnto(pages) => {
                let laid = self.lay(None, room);
                if laid.pages > u32::from(pages) {
                    // Shrunk, the last page is as full as the others; by more than a third nobody can read it.
                    let is_readable = self.page_of(pages) * 2 <= room * 3;
                    return if is_readable {
                        Judged::Suits
                    } else {
                        Judged::Alone
                    };
                }
                laid
            }
            Remedy::BreakAfter(row) => self.lay(Some(row as usize - 1), room),
        };
        if laid.least * 2 < room {
            Judged::HalfEmpty
        } else if laid.company < COMPANY {
            Judged::Alone
        } else {
            Judged::Suits
        }
    }

    /// With a break after so many rows.
    fn lay(self, break_after: Option<usize>, room: u32) -> Laid {
        let (mut pages, mut rows, mut taken) = (1, 0, 0);
        let mut least = room;
        for (number, height) in self.heights.iter().enumerate() {
            let is_broken = break_after == Some(number);
            if is_broken {
                least = least.min(taken);
            }
            if is_broken || taken + height > room {
                pages += 1;
                (rows, taken) = (0, 0);
            }
            rows += 1;
            taken += height;
        }
        if taken + self.below > room {
            pages += 1;
            rows = 0;
        }
        Laid {
            pages,
            company: rows,
            least,
        }
    }

    /// The pixels of a page when all of it takes so many.
    fn page_of(self, pages: u16) -> u32 {
        let highest = self.heights.iter().copied().max().unwrap_or_default();
        let all: u32 = self.heights.iter().sum::<u32>() + self.below;
        all.div_ceil(u32::from(pages).max(1)) + highest
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workbook::page::Paper;

    /// Totals with a blank row above.
    const BELOW: u32 = 60;

    fn pages(scale: u32) -> Pages {
        let paper = Paper::A4;
        let width = paper.width_at(scale);
        Pages::of(Fit { paper, scale }, 45, width, 8)
    }

    fn remedy(scale: u32, heights: &[u32]) -> Remedy {
        pages(scale).remedy(heights, BELOW)
    }

    /// How many rows of 20 pixels fit on a page of Excel's.
    fn full(scale: u32) -> usize {
        let page = pages(scale);
        ((page.fit.page_height() - page.header) / 20) as usize
    }

    #[test]
    fn what_fits_is_left_alone() {
        for rows in [1, 3, 10, full(80) / 2, full(80) + 15] {
            assert_eq!(remedy(80, &vec![20; rows]), Remedy::None, "{rows}");
        }
    }

    #[test]
    fn totals_that_would_be_alone_are_shrunk_onto_the_page_before() {
        for pages in 1..4 {
            let rows = usize::from(pages) * full(80);
            for heights in [vec![20; rows], vec![20; rows + 2]] {
                assert_eq!(remedy(80, &heights), Remedy::FitOnto(pages), "{pages}");
            }
        }
    }

    #[test]
    fn at_the_smallest_scale_rows_go_with_them() {
        let heights = vec![20; full(65)];
        let Remedy::BreakAfter(row) = remedy(65, &heights) else {
            panic!("{:?}", remedy(65, &heights));
        };
        let moved = heights.len() + 1 - row as usize;
        assert!((COMPANY..=full(65) * 2 / 5).contains(&moved), "{moved}");
    }

    #[test]
    fn a_break_suits_every_reader_or_the_most() {
        let (mut suited, mut suited_by_none) = (0, 0);
        for digit in [7, 8] {
            let fit = pages(65).fit;
            let pages = Pages::of(fit, 45, fit.paper.width_at(65), digit);
            let rooms = pages.rooms();
            for rows in 4..400 {
                let heights: Vec<u32> = (0..rows).map(|row| 20 + 20 * (row * 7 % 3)).collect();
                let remedy = pages.remedy(&heights, BELOW);
                let table = Table {
                    heights: &heights,
                    below: BELOW,
                };
                let suits = |remedy| {
                    rooms
                        .iter()
                        .filter(|room| table.suits(remedy, **room))
                        .count()
                };
                let (by_remedy, by_none) = (suits(remedy), suits(Remedy::None));
                assert!(by_remedy >= by_none, "{rows}: {remedy:?}");
                suited += by_remedy;
                suited_by_none += by_none;
            }
        }
        // Of 3,168 pages with totals. A break that suits everybody is not always there.
        assert!(
            suited >= 2_950 && suited_by_none < 2_850,
            "{suited} {suited_by_none}"
        );
    }

    #[test]
    fn no_page_is_left_half_empty() {
        // Totals of most of a page: there is nothing to be done for three rows of company.
        let most = pages(65).rooms()[3] * 9 / 10;
        let heights = vec![20; full(65) / 2 + 1];
        assert_eq!(pages(65).remedy(&heights, most), Remedy::None);
    }

    #[test]
    fn a_table_of_many_pages_is_not_looked_at() {
        let mut heights = RowHeights::default();
        for _ in 0..RowHeights::MOST {
            heights.push(20);
        }
        assert!(heights.all().is_some());
        heights.push(20);
        assert!(heights.all().is_none());
    }
}

//! Where a table's pages end: its totals are never alone on one, and no page is left half empty for their sake.

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
    /// Some hundred pages. Farther down our pages and the printer's have drifted apart.
    const MOST: usize = 5_000;

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
    /// The pixels of the header row, which every page repeats.
    header: u32,
}

/// How a printer lays the rows out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Laid {
    pages: u32,
    /// The rows on the last page, and their pixels.
    on_last: (usize, u32),
}

/// What to do about totals that would be alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Remedy {
    None,
    /// All shrinks onto so many pages.
    FitOnto(u16),
    /// The last page begins below this row of the sheet, counted from 1.
    BreakAfter(u32),
}

impl Pages {
    pub fn of(fit: Fit, header: u32) -> Self {
        Self { fit, header }
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

    fn remedy(self, heights: &[u32], below: u32) -> Remedy {
        /// Rows that go with the totals.
        const COMPANY: usize = 3;
        let room = self.room();
        let highest = heights.iter().copied().max().unwrap_or_default();
        if below == 0 || heights.len() <= COMPANY || room <= below + highest {
            return Remedy::None;
        }
        let Laid { pages, on_last } = self.lay(heights);
        let (rows, taken) = on_last;
        // A printer's page is a row longer or shorter than ours, and so is the next.
        let doubt = highest * pages.min(3);
        let is_alone = pages > 1 && rows < COMPANY;
        if !is_alone && taken + below + doubt <= room {
            return Remedy::None;
        }
        let pages = if is_alone { pages - 1 } else { pages };
        if let Ok(onto) = u16::try_from(pages)
            && self.scale_onto(pages, heights, below) >= SMALLEST_SCALE
        {
            return Remedy::FitOnto(onto);
        }
        // The page before must stay well filled, or the totals go over the end of the page with some rows.
        let moved = heights.len() - COMPANY;
        let leaves = taken.saturating_sub(heights[moved..].iter().sum());
        let row = u32::try_from(moved + 1);
        match row {
            Ok(row) if taken + below > room && leaves * 2 >= room => Remedy::BreakAfter(row),
            Ok(row) if is_alone => Remedy::BreakAfter(row),
            _ => Remedy::None,
        }
    }

    /// The pixels that a page has for rows.
    fn room(self) -> u32 {
        self.fit.page_height().saturating_sub(self.header)
    }

    fn lay(self, heights: &[u32]) -> Laid {
        let room = self.room();
        let (mut pages, mut rows, mut taken) = (1, 0, 0);
        for height in heights {
            if taken + height > room {
                pages += 1;
                (rows, taken) = (0, 0);
            }
            rows += 1;
            taken += height;
        }
        Laid {
            pages,
            on_last: (rows, taken),
        }
    }

    /// The scale in percent at which rows and totals take so many pages. Each page may end with less than a row's room.
    fn scale_onto(self, pages: u32, heights: &[u32], below: u32) -> u32 {
        let highest = heights.iter().copied().max().unwrap_or_default();
        let all: u32 = heights.iter().sum::<u32>() + below;
        let page = all.div_ceil(pages.max(1)) + highest + self.header;
        self.fit.scale * self.fit.page_height() / page.max(1)
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
        Pages::of(Fit { paper, scale }, 45)
    }

    fn remedy(scale: u32, heights: &[u32]) -> Remedy {
        pages(scale).remedy(heights, BELOW)
    }

    /// How many rows of 20 pixels fit on a page.
    fn full(scale: u32) -> usize {
        (pages(scale).room() / 20) as usize
    }

    #[test]
    fn what_fits_is_left_alone() {
        for rows in [1, 3, 10, full(80) - 5, full(80) + 10, 3 * full(80) + 10] {
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
    fn at_the_smallest_scale_the_last_rows_go_with_them() {
        let rows = full(65);
        let row = u32::try_from(rows - 2).unwrap();
        assert_eq!(remedy(65, &vec![20; rows]), Remedy::BreakAfter(row));
    }

    #[test]
    fn pages_are_reckoned_with_the_rows_that_are_on_them() {
        // High rows first: a page of them and one of the others, on average one and a half pages each.
        let high = (pages(65).room() / 100) as usize;
        let mut heights = vec![100; high];
        heights.extend(vec![20; full(65) / 3]);
        assert_eq!(remedy(65, &heights), Remedy::None);
        heights.extend(vec![20; full(65) - full(65) / 3]);
        let row = u32::try_from(heights.len() - 2).unwrap();
        assert_eq!(remedy(65, &heights), Remedy::BreakAfter(row));
    }

    #[test]
    fn no_page_is_left_half_empty() {
        // Totals of half a page, and rows for another half and a bit: they go over the page's end with some rows.
        let half = pages(65).room() / 2;
        let heights = vec![20; full(65) / 2 + 1];
        assert_eq!(pages(65).remedy(&heights, half), Remedy::None);
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

//! What a kind of table is: its columns, and the cell of a row in each.

use common::statement::Language;

use super::cell::Cell;
use super::style::ColumnStyle;

/// A kind of table: which columns it has and what stands in them.
pub trait Section {
    type Row;
    type Column: Copy + PartialEq + 'static;

    /// The cell of a row in a column.
    fn cell<'r>(&self, row: &'r Self::Row, column: Self::Column) -> Cell<'r>;
}

/// A column of a table.
pub struct ColumnSpec<C: 'static> {
    pub column: C,
    pub heading: &'static str,
    /// In characters of the default font; full-width characters count double.
    pub width: f64,
    pub style: ColumnStyle,
    /// Summed by the values of these columns; empty = not summed.
    pub sum_by: &'static [C],
}

impl<C> ColumnSpec<C> {
    pub fn new(
        column: C,
        heading: (&'static str, &'static str),
        language: Language,
        width: f64,
        style: ColumnStyle,
    ) -> Self {
        let heading = match language {
            Language::Ja => heading.0,
            Language::En => heading.1,
        };
        Self {
            column,
            heading,
            width,
            style,
            sum_by: &[],
        }
    }

    #[must_use]
    pub fn sum_by(self, sum_by: &'static [C]) -> Self {
        Self { sum_by, ..self }
    }
}

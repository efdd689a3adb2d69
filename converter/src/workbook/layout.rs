//! What a kind of table is: its columns, and the cell of a row in each.

use common::profile::{Section, Word};

use super::cell::Cell;
use super::style::ColumnStyle;
use super::words::Words;

/// A kind of table: which columns it has and what stands in them.
pub trait Layout {
    type Row;
    type Column: Copy + PartialEq + 'static;

    /// The cell of a row in a column.
    fn cell<'r>(&'r self, row: &'r Self::Row, column: Self::Column) -> Cell<'r>;
}

/// Whether the rows of a table have the same few texts in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeats {
    Often,
    Rarely,
}

/// A column of a table.
#[derive(Debug, Clone)]
pub struct ColumnSpec<C: 'static> {
    pub column: C,
    /// The name by which a profile chooses it.
    pub name: &'static str,
    pub heading: Word,
    pub style: ColumnStyle,
    /// Summed by the values of these columns; empty = not summed.
    pub sum_by: &'static [C],
    /// Whether its texts do.
    pub repeats: Repeats,
    /// For the screen: paper leaves it out, so that the others are large enough to read.
    pub on_screen_only: bool,
}

impl<C> ColumnSpec<C> {
    pub fn new(column: C, name: &'static str, heading: Word, style: ColumnStyle) -> Self {
        Self {
            column,
            name,
            heading,
            style,
            sum_by: &[],
            repeats: Repeats::Often,
            on_screen_only: false,
        }
    }

    /// Of ids, notes and descriptions.
    #[must_use]
    pub fn rarely_repeated(self) -> Self {
        Self {
            repeats: Repeats::Rarely,
            ..self
        }
    }

    #[must_use]
    pub fn sum_by(self, sum_by: &'static [C]) -> Self {
        Self { sum_by, ..self }
    }

    #[must_use]
    pub fn on_screen_only(self) -> Self {
        Self {
            on_screen_only: true,
            ..self
        }
    }
}

/// The columns of a section that the firm shows, in its order; without a choice of its own, all. What a firm chose is
/// printed, too.
pub fn chosen<C: Clone>(
    columns: Vec<ColumnSpec<C>>,
    section: Section,
    words: &Words,
) -> Vec<ColumnSpec<C>> {
    let Some(names) = words.profile.columns(section) else {
        return columns;
    };
    names
        .iter()
        .filter_map(|name| columns.iter().find(|spec| spec.name == name))
        .cloned()
        .map(|spec| ColumnSpec {
            on_screen_only: false,
            ..spec
        })
        .collect()
}

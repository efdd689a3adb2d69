//! What a month's documents must be and say, computed from the raw source by the rules of the design and of the
//! statements, apart from the product.

mod cash;
mod holdings;
mod month;
mod quantities;
mod summary;
mod table;
mod trades;
mod words;

use anyhow::Result;
use jiff::civil::Date;

pub use month::Month;
pub use summary::{Line, Summary};
pub use table::{Cell, Sum, Table, Total};
pub use words::{Language, NO_ENTRIES};

use crate::source::Source;

/// A statement of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Trade,
    Balance,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Trade, Self::Balance];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::Balance => "balance",
        }
    }
}

/// The content of a document: its sheets in their order, the summary first.
pub struct Document {
    pub summary: Summary,
    pub tables: Vec<Table>,
}

impl Document {
    pub fn of(
        source: &Source,
        month: &Month,
        kind: Kind,
        account: &str,
        issued_on: Date,
    ) -> Result<Self> {
        let language = Language::of(source.account(account)?.text("language")?)?;
        let tables = match kind {
            Kind::Trade => vec![
                trades::of_month(source, month, account, language)?,
                cash::movements(source, month, account, language)?,
            ],
            Kind::Balance => vec![
                holdings::table(source, month, account, language)?,
                cash::balances(source, month, account, language)?,
                quantities::table(source, month, account, language)?,
                trades::unsettled(source, month, account, language)?,
            ],
        };
        Ok(Self {
            summary: summary::summary(source, month, kind, account, issued_on)?,
            tables,
        })
    }

    /// Rows of all sections, without headings and totals.
    pub fn rows(&self) -> usize {
        self.tables.iter().map(|table| table.rows.len()).sum()
    }
}

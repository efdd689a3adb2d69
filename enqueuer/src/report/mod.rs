//! `report`: a month end as one page of HTML that can be filed, mailed and printed.

mod accounts;
mod charts;
mod decisions;
mod documents;
mod durations;
mod gathered;
mod page;
#[cfg(test)]
mod tests;
mod timeline;

use crate::printable::printable;

pub use gathered::{Gathered, gather};
pub use page::{render, sentence};

/// Characters of a text in somebody's own words.
const TEXT: usize = 300;

/// The text without what no page can show, and no longer than it needs to be understood.
fn shortened(text: &str) -> String {
    let taken: String = text.chars().take(TEXT).collect();
    let mut shortened = printable(&taken);
    if text.chars().nth(TEXT).is_some() {
        shortened.push('…');
    }
    shortened
}

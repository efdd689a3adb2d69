//! A document's language, and the firm's words in it.

use common::profile::{Profile, Word, Wording};
use common::statement::Language;

/// What a document is worded by.
#[derive(Debug, Clone, Copy)]
pub struct Words<'p> {
    pub profile: &'p Profile,
    pub language: Language,
    wording: &'p Wording,
}

impl<'p> Words<'p> {
    pub fn new(profile: &'p Profile, language: Language) -> Self {
        Self {
            profile,
            language,
            wording: profile.wording(language),
        }
    }

    pub fn get(&self, word: Word) -> &'p str {
        self.wording.get(word)
    }

    /// A sentence with its `{name}`s replaced.
    pub fn fill(&self, word: Word, values: &[(&str, &str)]) -> String {
        self.wording.fill(word, values)
    }
}

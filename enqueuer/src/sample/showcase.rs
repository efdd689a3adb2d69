//! Customers with something to show in every section and every column that documents have only at times, for previews.

use common::statement::Language;

/// One account of one sample.
#[derive(Debug, Clone, Copy)]
pub struct Customer {
    pub seed: u64,
    pub index: u32,
}

/// The customer of a language. The seeds were searched for.
pub fn showcase(language: Language) -> Customer {
    let seed = match language {
        Language::Ja => 859_517,
        Language::En => 1_565_244,
    };
    Customer { seed, index: 1 }
}

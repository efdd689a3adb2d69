//! What every row passes on its way in: the gate, and the digest of all that was read.

use std::collections::BTreeMap;
use std::sync::Arc;

use common::contract::ACCOUNTS;
use common::digests::{SectionDigest, SectionDigests};
use common::profile::Policies;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::gate::Gate;

/// One document's intake.
#[derive(Debug)]
pub struct Intake {
    pub gate: Gate,
    pub digest: SourceDigest,
    /// Notified when there is more to write than the thread that reads has time for: its lease must be renewed, too.
    pub is_long: Arc<Notify>,
}

impl Intake {
    pub fn new(policies: Policies) -> Self {
        let is_long = Arc::<Notify>::default();
        Self {
            gate: Gate::new(policies),
            digest: SourceDigest {
                is_long: is_long.clone(),
                ..SourceDigest::default()
            },
            is_long,
        }
    }
}

/// What was read.
#[derive(Debug)]
pub struct Digests {
    /// Of everything, in lower-case hexadecimal.
    pub whole: String,
    /// Rows of everything.
    pub rows: u64,
    /// Of the rows alone, by section: also those without a row.
    pub sections: SectionDigests,
}

/// Digest and count of the rows that a document was made from: says of a rebuilt document that differs whether the source
/// changed. Values are normalised, so that it is the same on every engine.
#[derive(Debug, Default)]
pub struct SourceDigest {
    /// By what was read, so that the order in which a profile lists the sections does not matter.
    parts: BTreeMap<&'static str, Part>,
    section: &'static str,
    current: Part,
    hashed_bytes: usize,
    is_long: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Part {
    hash: Sha256,
    /// Hashing value by value would take longer than reading.
    pending: Vec<u8>,
    rows: u64,
}

/// Bytes that are hashed at once.
const PENDING_BYTES: usize = 1 << 13;

/// What is kept of a section's SHA-256: enough for what nobody forges, half a million times over.
const SECTION_DIGEST_BYTES: usize = 16;

/// Values of a long document, in bytes: at the pace of a million rows fewer are written in some twenty milliseconds. Thirty trades have about
/// 8,000.
const LONG_BYTES: usize = 1 << 18;

impl SourceDigest {
    /// The rows that follow are of this section.
    pub fn section(&mut self, name: &'static str) {
        let next = self.parts.remove(name).unwrap_or_default();
        let done = std::mem::replace(&mut self.current, next);
        let done_name = std::mem::replace(&mut self.section, name);
        if !done_name.is_empty() {
            self.parts.insert(done_name, done);
        }
    }

    pub fn begin_row(&mut self) {
        let part = &mut self.current;
        part.rows += 1;
        if part.pending.len() >= PENDING_BYTES {
            part.hash.update(&part.pending);
            self.hashed_bytes += part.pending.len();
            part.pending.clear();
            if self.hashed_bytes >= LONG_BYTES {
                self.is_long.notify_one();
            }
        }
    }

    /// A value of the row; `None` = null. Its length goes with it, so that "ab", "c" is not "a", "bc".
    pub fn value(&mut self, value: Option<&str>) {
        let pending = &mut self.current.pending;
        let length = value.map_or(u32::MAX, |value| {
            u32::try_from(value.len()).unwrap_or(u32::MAX - 1)
        });
        pending.extend_from_slice(&length.to_le_bytes());
        pending.extend_from_slice(value.unwrap_or_default().as_bytes());
    }

    /// The digests of all that was read.
    pub fn finish(mut self) -> Digests {
        self.section("");
        let mut whole = Sha256::new();
        let mut rows = 0;
        let mut sections = SectionDigests::default();
        for (name, mut part) in self.parts {
            rows += part.rows;
            part.hash.update(&part.pending);
            let hash = part.hash.finalize();
            if name != ACCOUNTS.name {
                let digest = SectionDigest {
                    rows: part.rows,
                    digest: common::hashing::hex(&hash[..SECTION_DIGEST_BYTES]),
                };
                sections.0.insert(name.to_owned(), digest);
            }
            // What had no row is not known to older digests.
            if part.rows > 0 {
                whole.update(name);
                whole.update(part.rows.to_le_bytes());
                whole.update(hash);
            }
        }
        Digests {
            whole: common::hashing::hex(&whole.finalize()),
            rows,
            sections,
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    type Rows<'a> = &'a [&'a [Option<&'a str>]];

    fn digest(sections: &[(&'static str, Rows)]) -> (String, u64) {
        let digests = digests(sections);
        (digests.whole, digests.rows)
    }

    fn digests(sections: &[(&'static str, Rows)]) -> Digests {
        let mut digest = SourceDigest::default();
        for (name, rows) in sections {
            digest.section(name);
            for row in *rows {
                digest.begin_row();
                row.iter().for_each(|value| digest.value(*value));
            }
        }
        digest.finish()
    }

    #[test]
    fn every_difference_shows_but_the_order_of_sections_does_not() {
        let rows: Rows = &[&[Some("ab"), Some("c")], &[None, Some("")]];
        let (digest_of_rows, count) = digest(&[("trades", rows), ("cash", &[&[Some("1")]])]);
        assert_eq!(count, 3);
        let same = digest(&[("cash", &[&[Some("1")]]), ("trades", rows)]);
        assert_eq!(same, (digest_of_rows.clone(), 3));
        let others: [Rows; 5] = [
            &[&[Some("a"), Some("bc")], &[None, Some("")]],
            &[&[Some("ab"), Some("c")], &[Some(""), Some("")]],
            &[&[None, Some("")], &[Some("ab"), Some("c")]],
            &[&[Some("ab"), Some("c"), None, Some("")]],
            &[&[Some("ab"), Some("c")]],
        ];
        for other in others {
            let other = digest(&[("trades", other), ("cash", &[&[Some("1")]])]);
            assert_ne!(other.0, digest_of_rows);
        }
        let moved = digest(&[
            ("trades", &[]),
            ("cash", rows),
            ("holdings", &[&[Some("1")]]),
        ]);
        assert_ne!(moved.0, digest_of_rows);
    }

    #[test]
    fn a_section_has_a_digest_of_its_own_and_the_account_none() {
        let one: Rows = &[&[Some("1")]];
        let account: Rows = &[&[Some("an address")]];
        let before = digests(&[
            ("statement_accounts", account),
            ("trades", one),
            ("cash", &[]),
        ]);
        let names: Vec<&String> = before.sections.0.keys().collect();
        assert_eq!(names, ["cash", "trades"]);
        assert_eq!(before.sections.0["cash"].rows, 0);
        assert_eq!(before.sections.0["trades"].rows, 1);
        assert_eq!(before.sections.0["trades"].digest.len(), 32);
        // Another address changes the whole, and no section.
        let moved = digests(&[("statement_accounts", one), ("trades", one), ("cash", &[])]);
        assert_ne!(moved.whole, before.whole);
        assert_eq!(moved.sections, before.sections);
        let booked = digests(&[
            ("statement_accounts", account),
            ("trades", one),
            ("cash", one),
        ]);
        assert_eq!(booked.sections.0["trades"], before.sections.0["trades"]);
        assert_ne!(booked.sections.0["cash"], before.sections.0["cash"]);
        // A section without a row does not show in the whole: it did not in older versions.
        assert_eq!(
            digest(&[("trades", one), ("cash", &[])]),
            digest(&[("trades", one)])
        );
    }

    #[test]
    fn long_texts_make_a_document_long_as_many_rows_do() {
        let mut intake = Intake::new(Policies::warning());
        let long = "x".repeat(32_767);
        let is_long = |intake: &Intake| intake.is_long.notified().now_or_never().is_some();
        for text in ["short", &long] {
            assert!(!is_long(&intake), "30 rows of {text:.5}");
            for _ in 0..30 {
                intake.digest.begin_row();
                intake.digest.value(Some(text));
            }
        }
        assert!(is_long(&intake));
    }

    #[test]
    fn many_rows_are_hashed_in_pieces() {
        let long = "x".repeat(1000);
        let row: &[Option<&str>] = &[Some(&long)];
        let rows = vec![row; 100];
        let other = vec![row; 99];
        assert_eq!(digest(&[("trades", &rows)]).1, 100);
        assert_ne!(
            digest(&[("trades", &rows)]).0,
            digest(&[("trades", &other)]).0
        );
    }
}

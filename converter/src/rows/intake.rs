//! What every row passes on its way in: the gate, and the digest of all that was read.

use std::collections::BTreeMap;
use std::sync::Arc;

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

/// Values of a long document, in bytes: at the pace of a million rows fewer are written in some twenty milliseconds. Thirty trades have about
/// 8,000.
const LONG_BYTES: usize = 1 << 18;

impl SourceDigest {
    /// The rows that follow are of this section.
    pub fn section(&mut self, name: &'static str) {
        let next = self.parts.remove(name).unwrap_or_default();
        let done = std::mem::replace(&mut self.current, next);
        let done_name = std::mem::replace(&mut self.section, name);
        if done.rows > 0 {
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

    /// The digest in lower-case hexadecimal, and the count.
    pub fn finish(mut self) -> (String, u64) {
        self.section("");
        let mut whole = Sha256::new();
        let mut rows = 0;
        for (name, mut part) in self.parts {
            rows += part.rows;
            part.hash.update(&part.pending);
            whole.update(name);
            whole.update(part.rows.to_le_bytes());
            whole.update(part.hash.finalize());
        }
        (crate::deliver::hex(&whole.finalize()), rows)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    type Rows<'a> = &'a [&'a [Option<&'a str>]];

    fn digest(sections: &[(&'static str, Rows)]) -> (String, u64) {
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

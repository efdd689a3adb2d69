//! Whether the published documents have as many rows as the source has for them: a document that was made while rows were hidden
//! from it, or before they came, adds up all the same.

use std::collections::{BTreeMap, BTreeSet};

use common::Result;
use common::contract::{CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, Relation, TRADES};
use common::digests::SectionDigests;
use common::ledger::{Accounted, Snapshots};
use common::profile::{Basis, Section};
use common::statement::{DocumentId, Kind, Period};
use futures_util::{Stream, TryStreamExt};
use jiff::civil::Date;

use crate::activity::{ActiveRows, of_snapshots, within};

/// What rows are of.
enum Of {
    Period,
    /// Its day; `None` = there was none.
    Snapshot(Option<Date>),
}

/// A section whose rows are rows of a relation.
pub struct Counted {
    section: Section,
    /// Which rows.
    pub rows: ActiveRows,
    of: Of,
    noun: &'static str,
    /// The section has lines of its own beside the rows, such as opening balances.
    has_more: bool,
    basis: Basis,
}

impl Counted {
    /// What is counted for a kind. Holdings and cash are of the snapshots of the run that made the document: nearly always all are of
    /// the same.
    pub fn of(kind: Kind, period: Period, runs: &[Snapshots], trade_basis: Basis) -> Vec<Self> {
        let counted = |section, relation: &'static Relation, condition, noun| Self {
            section,
            rows: ActiveRows {
                relation,
                condition,
            },
            of: Of::Period,
            noun,
            has_more: false,
            basis: trade_basis,
        };
        match kind {
            Kind::Trade => {
                let (traded, booked) = (
                    within(trade_basis.column(), period),
                    within("booked_on", period),
                );
                let movements = counted(
                    Section::CashMovements,
                    &CASH_MOVEMENTS,
                    booked,
                    "cash movements",
                );
                vec![
                    counted(Section::Trades, &TRADES, traded, "trades"),
                    Self {
                        has_more: true,
                        ..movements
                    },
                ]
            }
            Kind::Balance => {
                let days = |of: fn(&Snapshots) -> Option<Date>| -> BTreeSet<Option<Date>> {
                    runs.iter().map(of).collect()
                };
                let held = days(|run| run.positions_closing)
                    .into_iter()
                    .map(|day| Self {
                        of: Of::Snapshot(day),
                        ..counted(
                            Section::Holdings,
                            &POSITIONS,
                            of_snapshots([day]),
                            "holdings",
                        )
                    });
                let cash = days(|run| run.cash_closing).into_iter().map(|day| Self {
                    of: Of::Snapshot(day),
                    ..counted(
                        Section::Cash,
                        &CASH_BALANCES,
                        of_snapshots([day]),
                        "cash balances",
                    )
                });
                held.chain(cash).collect()
            }
        }
    }

    /// Whether the document was made from the rows that are counted: of its own snapshot, and by the basis of today. By another one it
    /// has other rows, and the source has not changed.
    fn is_of(&self, document: &Accounted, snapshots: &Snapshots) -> bool {
        let closing = match self.section {
            Section::Holdings => snapshots.positions_closing,
            _ => snapshots.cash_closing,
        };
        if matches!(self.of, Of::Snapshot(day) if day != closing) {
            return false;
        }
        let Some(digests) = document
            .of_other_basis
            .as_deref()
            .and_then(SectionDigests::from_json)
        else {
            return true;
        };
        let of_basis = format!("{}/", self.section.as_str());
        let mut bases = digests
            .0
            .keys()
            .filter_map(|name| name.strip_prefix(&of_basis));
        bases.all(|basis| basis == self.basis.column())
    }

    /// What a document shows, and what the source has for it, where that is not the same.
    fn difference(&self, rows: &BTreeMap<&str, i64>, source: i64) -> Option<String> {
        let shown = *rows.get(self.section.as_str())?;
        let differs = if self.has_more {
            shown < source
        } else {
            shown != source
        };
        differs.then(|| format!("{shown} of {source} {}", self.noun))
    }
}

/// The first thing of which a published document has not as many rows as the source has for its account.
pub fn difference(
    counted: &[Counted],
    document: &Accounted,
    snapshots: &Snapshots,
    source: &[i64],
) -> Option<String> {
    // What an older program made may have none.
    let rows = document.row_counts.as_deref().unwrap_or_default();
    let rows: BTreeMap<&str, i64> = serde_json::from_str(rows).ok()?;
    counted.iter().enumerate().find_map(|(n, counted)| {
        let of_account = source.get(n).copied().unwrap_or_default();
        let difference = counted.difference(&rows, of_account)?;
        counted.is_of(document, snapshots).then_some(difference)
    })
}

/// Published documents that have not as many rows as the source has for them.
#[derive(Debug, Default)]
pub struct Differences {
    /// By document, a line each, so that even half a million of them are small: the id, a blank, and in words `0 of 8 trades`.
    found: Vec<Box<str>>,
}

impl Differences {
    pub fn add(&mut self, document: &DocumentId, difference: &str) {
        self.found.push(format!("{document} {difference}").into());
    }

    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Leaves out documents that are told otherwise.
    pub async fn leave_out(
        &mut self,
        mut told: impl Stream<Item = Result<String>> + Unpin,
    ) -> Result<()> {
        self.found.sort_unstable();
        let mut is_told = vec![false; self.found.len()];
        while let Some(document) = told.try_next().await? {
            let found = &self.found;
            if let Ok(n) = found.binary_search_by(|found| parts(found).0.cmp(&document)) {
                is_told[n] = true;
            }
        }
        let mut is_told = is_told.into_iter();
        self.found.retain(|_| is_told.next() == Some(false));
        Ok(())
    }

    /// One sentence per kind.
    pub fn words(&self) -> Vec<String> {
        let of_kind = |kind: Kind| {
            let infix = format!(".{kind}.");
            let of_kind = self
                .found
                .iter()
                .filter(|found| parts(found).0.contains(&infix));
            words_of_kind(of_kind.map(|found| parts(found)))
        };
        Kind::ALL.into_iter().filter_map(of_kind).collect()
    }
}

fn parts(found: &str) -> (&str, &str) {
    found.split_once(' ').unwrap_or((found, ""))
}

/// One sentence for all of a kind, with the line that makes the first one anew.
fn words_of_kind<'f>(different: impl Iterator<Item = (&'f str, &'f str)>) -> Option<String> {
    let (mut documents, mut first) = (0, None);
    for found in different {
        documents += 1;
        first = first.min(Some(found)).or(Some(found));
    }
    let (document, difference) = first?;
    let published = match documents {
        1 => "1 published document has".to_owned(),
        many => format!("{many} published documents have"),
    };
    Some(format!(
        "{published} not the rows that the source has now, e.g. {document}: {difference}; `enqueuer reissue {document} --reason TEXT` makes it again"
    ))
}

#[cfg(test)]
mod tests {
    use common::ledger::State;
    use futures_util::stream;

    use super::*;
    use crate::certificate::samples::document;

    fn published(rows: &str) -> Accounted {
        Accounted {
            row_counts: Some(rows.to_owned()),
            ..document("A1", 1, State::Succeeded)
        }
    }

    fn of_kind(kind: Kind, runs: &[Snapshots]) -> Vec<Counted> {
        Counted::of(kind, "2026-10".parse().unwrap(), runs, Basis::TradeDate)
    }

    #[test]
    fn fewer_and_more_rows_differ() {
        let counted = of_kind(Kind::Trade, &[]);
        let snapshots = Snapshots::default();
        let document = published(r#"{"trades":0,"cash_movements":3}"#);
        let of = |source: &[i64]| difference(&counted, &document, &snapshots, source);
        assert_eq!(of(&[8, 3]).as_deref(), Some("0 of 8 trades"));
        // The section has an opening and a closing line, too.
        assert_eq!(of(&[0, 1]), None);
        assert_eq!(of(&[0, 3]), None);
        assert_eq!(of(&[0, 4]).as_deref(), Some("3 of 4 cash movements"));
        // Made by a program that kept no counts.
        let old = published("{}");
        assert_eq!(difference(&counted, &old, &snapshots, &[8, 8]), None);
    }

    #[test]
    fn documents_are_compared_with_the_snapshots_they_are_of() {
        let on = |day: &str| Snapshots {
            positions_closing: Some(day.parse().unwrap()),
            ..Snapshots::default()
        };
        let runs = [on("2026-10-30"), on("2026-10-31"), on("2026-10-31")];
        let counted = of_kind(Kind::Balance, &runs);
        // Holdings of two days, cash of none.
        assert_eq!(counted.len(), 3);
        let document = published(r#"{"holdings":1}"#);
        let of = |run: &Snapshots| difference(&counted, &document, run, &[1, 2, 0]);
        assert_eq!(of(&runs[0]), None);
        assert_eq!(of(&runs[1]).as_deref(), Some("1 of 2 holdings"));
    }

    #[tokio::test]
    async fn a_document_is_told_once() {
        let mut different = Differences::default();
        assert_eq!(different.words(), Vec::<String>::new());
        for id in ["2026-10.trade.B", "2026-10.trade.A", "2026-10.balance.A"] {
            different.add(&id.parse().unwrap(), "0 of 8 trades");
        }
        let told = different.words();
        assert_eq!(told.len(), 2);
        assert!(
            told[0].starts_with("2 published documents have not"),
            "{told:?}"
        );
        assert!(
            told[0].contains(
                "e.g. 2026-10.trade.A: 0 of 8 trades; `enqueuer reissue 2026-10.trade.A "
            ),
            "{told:?}"
        );
        assert!(told[1].starts_with("1 published document has not"));
        let named = ["2026-10.trade.A", "2026-10.trade.X"].map(|id| Ok(id.to_owned()));
        different.leave_out(stream::iter(named)).await.unwrap();
        let told = different.words();
        assert!(told[0].contains("e.g. 2026-10.trade.B:"), "{told:?}");
        assert_eq!(told.len(), 2);
    }

    #[test]
    fn another_basis_has_other_rows() {
        let counted = of_kind(Kind::Trade, &[]);
        let of = |sections: &str| {
            let document = Accounted {
                of_other_basis: Some(format!(r#"{{"version":1,"sections":{sections}}}"#)),
                ..published(r#"{"trades":1,"cash_movements":1}"#)
            };
            difference(&counted, &document, &Snapshots::default(), &[2, 1])
        };
        assert_eq!(of(r#"{"trades/settlement_date":[1,"x"]}"#), None);
        assert!(of(r#"{"trades/trade_date":[1,"x"]}"#).is_some());
        // Of an older program nobody knows.
        assert!(of("{}").is_some());
    }
}

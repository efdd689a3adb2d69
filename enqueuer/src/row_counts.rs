//! Whether the published documents have as many rows as the source has for them: a document that was made while rows were hidden
//! from it, or before they came, adds up all the same.

use std::collections::HashMap;

use common::Result;
use common::contract::{CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, Relation, TRADES};
use common::database::{Whose, statement_failed};
use common::ledger::{PublishedCounts, Snapshots};
use common::profile::{Basis, Section};
use common::source::Source;
use common::statement::{DocumentId, Kind, Period};

use crate::activity::{of_snapshots, within};

/// A section whose rows are rows of a relation.
struct Counted {
    section: Section,
    relation: &'static Relation,
    /// Which of them, of the relation called `t`.
    condition: String,
    noun: &'static str,
    /// The section has lines of its own beside the rows, such as opening balances.
    has_more: bool,
}

impl Counted {
    fn of(kind: Kind, period: Period, snapshots: &Snapshots, trade_basis: Basis) -> [Self; 2] {
        let counted = |section, relation, condition, noun| Self {
            section,
            relation,
            condition,
            noun,
            has_more: false,
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
                [
                    counted(Section::Trades, &TRADES, traded, "trades"),
                    Self {
                        has_more: true,
                        ..movements
                    },
                ]
            }
            Kind::Balance => {
                let held = of_snapshots([snapshots.positions_closing]);
                let cash = of_snapshots([snapshots.cash_closing]);
                [
                    counted(Section::Holdings, &POSITIONS, held, "holdings"),
                    counted(Section::Cash, &CASH_BALANCES, cash, "cash balances"),
                ]
            }
        }
    }

    /// How many rows the source has, by account.
    async fn read(&self, source: &mut Source) -> Result<HashMap<String, i64>> {
        let bytes = source.catalog.bytes(self.relation, "account_id");
        let (name, condition) = (self.relation.name, &self.condition);
        let query = source.sql(&format!(
            "SELECT CAST(c.account_id AS text), CAST(c.row_count AS bigint)
             FROM (SELECT {bytes} AS account_id, count(*) AS row_count FROM {name} t WHERE {condition} GROUP BY {bytes}) c
             WHERE c.account_id IS NOT NULL"
        ));
        let rows: Vec<(String, i64)> = sqlx::query_as(query)
            .fetch_all(source.connection())
            .await
            .map_err(statement_failed(
            "counting the source's rows",
            Whose::Source,
        ))?;
        Ok(rows.into_iter().collect())
    }

    /// Whether the document was made by the basis of today: by another one it has other rows, and the source has not changed.
    fn is_of_basis(&self, document: &PublishedCounts, trade_basis: Basis) -> bool {
        let of_basis = format!("{}/", self.section.as_str());
        let mut bases = document
            .sections
            .iter()
            .filter_map(|name| name.strip_prefix(&of_basis));
        bases.all(|basis| basis == trade_basis.column())
    }

    /// What a document has, and what the source has for it, where that is not the same.
    fn difference(&self, document: &PublishedCounts, source: i64) -> Option<String> {
        let shown = *document.rows.get(self.section.as_str())?;
        let differs = if self.has_more {
            shown < source
        } else {
            shown != source
        };
        differs.then(|| format!("{shown} of {source} {}", self.noun))
    }
}

/// A published document that has not as many rows as the source has for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    pub document: DocumentId,
    /// In words: `0 of 8 trades`.
    difference: String,
}

/// Compares every published document with the source. A document may differ twice.
pub async fn compare(
    source: &mut Source,
    period: Period,
    trade_basis: Basis,
    documents: &[PublishedCounts],
) -> Result<Vec<Difference>> {
    let mut different = Vec::new();
    for kind in Kind::ALL {
        for alike in by_snapshots(kind, documents) {
            let snapshots = alike[0].snapshots;
            for counted in Counted::of(kind, period, &snapshots, trade_basis) {
                let rows = counted.read(source).await?;
                for document in alike
                    .iter()
                    .filter(|document| counted.is_of_basis(document, trade_basis))
                {
                    let account = document.document.account_id.as_str();
                    let in_source = rows.get(account).copied().unwrap_or_default();
                    if let Some(difference) = counted.difference(document, in_source) {
                        different.push(Difference {
                            document: document.document.clone(),
                            difference,
                        });
                    }
                }
            }
        }
    }
    Ok(different)
}

/// The documents of a kind by the snapshots that they were made from: nearly always all are of the same.
fn by_snapshots(kind: Kind, documents: &[PublishedCounts]) -> Vec<Vec<&PublishedCounts>> {
    let mut alike: Vec<Vec<&PublishedCounts>> = Vec::new();
    for document in documents.iter().filter(|d| d.document.kind == kind) {
        // Snapshots are of no concern to the rows of a trade statement.
        let group = alike
            .iter_mut()
            .find(|group| kind == Kind::Trade || group[0].snapshots == document.snapshots);
        match group {
            Some(group) => group.push(document),
            None => alike.push(vec![document]),
        }
    }
    alike
}

/// One sentence per kind.
pub fn words(different: &[Difference]) -> Vec<String> {
    let of_kind = |kind| {
        let different = different
            .iter()
            .filter(|different| different.document.kind == kind);
        words_of_kind(different.collect())
    };
    Kind::ALL.into_iter().filter_map(of_kind).collect()
}

/// One sentence for all of a kind, with the line that makes the first one anew.
fn words_of_kind(mut different: Vec<&Difference>) -> Option<String> {
    different.sort_by(|one, other| one.document.cmp(&other.document));
    let Difference {
        document,
        difference,
    } = different.first()?;
    let mut documents: Vec<&DocumentId> = different
        .iter()
        .map(|different| &different.document)
        .collect();
    documents.dedup();
    let published = match documents.len() {
        1 => "1 published document has".to_owned(),
        many => format!("{many} published documents have"),
    };
    Some(format!(
        "{published} not the rows that the source has now, e.g. {document}: {difference}; `enqueuer reissue {document} --reason TEXT` makes it again"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn published(id: &str, rows: &[(&str, i64)]) -> PublishedCounts {
        PublishedCounts {
            document: id.parse().unwrap(),
            rows: rows
                .iter()
                .map(|(section, rows)| ((*section).to_owned(), *rows))
                .collect(),
            snapshots: Snapshots::default(),
            sections: Vec::new(),
        }
    }

    #[test]
    fn fewer_and_more_rows_differ() {
        let period = "2026-10".parse().unwrap();
        let [trades, movements] =
            Counted::of(Kind::Trade, period, &Snapshots::default(), Basis::TradeDate);
        let document = published("2026-10.trade.A1", &[("trades", 0), ("cash_movements", 3)]);
        assert_eq!(
            trades.difference(&document, 8).as_deref(),
            Some("0 of 8 trades")
        );
        assert_eq!(trades.difference(&document, 0), None);
        // The section has an opening and a closing line, too.
        assert_eq!(movements.difference(&document, 1), None);
        assert_eq!(movements.difference(&document, 3), None);
        assert!(movements.difference(&document, 4).is_some());
        // Made by a program that kept no counts.
        let old = published("2026-10.trade.A1", &[]);
        assert_eq!(trades.difference(&old, 8), None);
    }

    #[test]
    fn documents_are_compared_with_the_snapshots_they_are_of() {
        let early = published("2026-10.balance.A1", &[]);
        let late = PublishedCounts {
            snapshots: Snapshots {
                cash_closing: Some("2026-10-31".parse().unwrap()),
                ..Snapshots::default()
            },
            ..published("2026-10.balance.A2", &[])
        };
        let documents = [early, late.clone(), late];
        let sizes = |kind| -> Vec<usize> {
            by_snapshots(kind, &documents)
                .iter()
                .map(Vec::len)
                .collect()
        };
        assert_eq!(sizes(Kind::Balance), [1, 2]);
        assert_eq!(sizes(Kind::Trade), Vec::<usize>::new());
    }

    #[test]
    fn a_document_is_counted_once() {
        let of = |id: &str| Difference {
            document: id.parse().unwrap(),
            difference: "0 of 8 trades".to_owned(),
        };
        assert_eq!(words(&[]), Vec::<String>::new());
        let (a, b) = (of("2026-10.trade.A"), of("2026-10.trade.B"));
        let told = words(&[b, a.clone(), a, of("2026-10.balance.A")]);
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
    }

    #[test]
    fn another_basis_has_other_rows() {
        let period = "2026-10".parse().unwrap();
        let [trades, movements] =
            Counted::of(Kind::Trade, period, &Snapshots::default(), Basis::TradeDate);
        let of = |sections: &[&str]| PublishedCounts {
            sections: sections.iter().map(|name| (*name).to_owned()).collect(),
            ..published("2026-10.trade.A1", &[("trades", 1)])
        };
        let settled = of(&["cash_movements", "trades/settlement_date"]);
        assert!(!trades.is_of_basis(&settled, Basis::TradeDate));
        assert!(trades.is_of_basis(&settled, Basis::SettlementDate));
        assert!(movements.is_of_basis(&settled, Basis::TradeDate));
        // Of an older program nobody knows.
        assert!(trades.is_of_basis(&of(&[]), Basis::TradeDate));
    }
}

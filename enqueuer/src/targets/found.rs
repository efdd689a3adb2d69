//! The documents that were found, packed: a month end has half a million of them.

use common::ledger::{DueDocument, Excuse};
use common::statement::{AccountId, DocumentId, Kind, Period};

use super::{Gives, Weight};

/// Documents of a period, kind by kind, by account in the order of object keys. Each takes as many bytes as its account's id, and
/// some thirty more.
#[derive(Debug)]
pub struct Documents {
    period: Period,
    /// The ids of all accounts, one after the other.
    ids: String,
    found: Vec<Packed>,
}

#[derive(Debug, Clone, Copy)]
struct Packed {
    /// Where the id ends.
    until: u32,
    kind: Kind,
    on_paper: bool,
    /// Why it is excused; `None` = it is due.
    cause: Option<&'static str>,
    estimated_rows: i64,
}

impl Documents {
    /// None yet.
    pub fn of(period: Period) -> Self {
        Self {
            period,
            ids: String::new(),
            found: Vec::new(),
        }
    }

    /// Adds what an account gives rise to.
    pub fn push(&mut self, kind: Kind, account_id: &AccountId, gives: Gives) {
        let (weight, cause) = match gives {
            Gives::Nothing => return,
            Gives::Due(weight) => (weight, None),
            Gives::Excused(weight, cause) => (weight, Some(cause)),
        };
        let Weight {
            on_paper,
            estimated_rows,
        } = weight;
        self.ids.push_str(account_id.as_str());
        self.found.push(Packed {
            until: u32::try_from(self.ids.len()).expect("ids have less than 4 GiB in all"),
            kind,
            on_paper,
            cause,
            estimated_rows,
        });
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.found.len()
    }

    /// Which of them is a document, of whatever revision.
    pub fn position(&self, document: &DocumentId) -> Option<usize> {
        let of_kind = self
            .found
            .iter()
            .position(|packed| packed.kind == document.kind)?;
        let key = |id: &str| format!("{id}/");
        let wanted = key(document.account_id.as_str());
        let (mut low, mut high) = (of_kind, self.found.len());
        while low < high {
            let middle = low.midpoint(high);
            let is_before =
                self.found[middle].kind == document.kind && key(self.id(middle)) < wanted;
            if is_before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let found = self.found.get(low)?;
        let is_it = found.kind == document.kind && self.id(low) == document.account_id.as_str();
        is_it.then_some(low)
    }

    /// Whether the source gives rise to a document.
    pub fn is_due(&self, document: &DocumentId) -> bool {
        let found = self.position(document).map(|place| self.found[place]);
        found.is_some_and(|packed| packed.cause.is_none())
    }

    /// Those that are due, with their places.
    pub fn due_places(&self) -> impl Iterator<Item = (usize, i64)> {
        let found = self.found.iter().enumerate();
        let due = found.filter(|(_, packed)| packed.cause.is_none());
        due.map(|(place, packed)| (place, packed.estimated_rows))
    }

    /// Whether the document at a place is excused.
    pub fn is_excused(&self, place: usize) -> bool {
        self.found[place].cause.is_some()
    }

    fn id(&self, place: usize) -> &str {
        let from = place
            .checked_sub(1)
            .map_or(0, |before| self.found[before].until);
        &self.ids[from as usize..self.found[place].until as usize]
    }

    fn all(&self) -> impl Iterator<Item = (Packed, DocumentId)> {
        self.found.iter().enumerate().map(|(place, packed)| {
            let document = DocumentId {
                period: self.period,
                kind: packed.kind,
                account_id: self
                    .id(place)
                    .parse()
                    .expect("it was an account's id before"),
                revision: 1,
            };
            (*packed, document)
        })
    }

    /// Those that are due.
    pub fn due(&self) -> impl Iterator<Item = DueDocument> {
        let due = self.all().filter(|(packed, _)| packed.cause.is_none());
        due.map(|(packed, document)| DueDocument {
            document,
            on_paper: packed.on_paper,
            estimated_rows: packed.estimated_rows,
        })
    }

    /// Those that are excused.
    pub fn excused(&self) -> impl Iterator<Item = Excuse> {
        self.all().filter_map(|(packed, document)| {
            Some(Excuse {
                document,
                cause: packed.cause?,
                on_paper: packed.on_paper,
                estimated_rows: packed.estimated_rows,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEIGHT: Weight = Weight {
        on_paper: true,
        estimated_rows: 7,
    };

    #[test]
    fn documents_are_found_again() {
        let mut documents = Documents::of("2026-10".parse().unwrap());
        let mut push = |kind, id: &str, gives| documents.push(kind, &id.parse().unwrap(), gives);
        // As object keys are in order: a dash comes before the slash that ends an id.
        for id in ["A-1", "A", "A0", "B"] {
            push(Kind::Trade, id, Gives::Due(WEIGHT));
        }
        push(Kind::Trade, "C", Gives::Nothing);
        push(
            Kind::Balance,
            "A",
            Gives::Excused(WEIGHT, "closed_before_period"),
        );
        push(Kind::Balance, "B", Gives::Due(WEIGHT));
        assert_eq!(documents.len(), 6);
        let place = |id: &str| documents.position(&id.parse().unwrap());
        let ids = [
            "trade.A-1",
            "trade.A",
            "trade.A0",
            "trade.B",
            "balance.A",
            "balance.B",
        ];
        for (expected, id) in ids.into_iter().enumerate() {
            assert_eq!(place(&format!("2026-10.{id}")), Some(expected), "{id}");
        }
        for id in ["trade.C", "trade.A-", "balance.A0", "balance.Z"] {
            assert_eq!(place(&format!("2026-10.{id}")), None, "{id}");
        }
        assert_eq!(place("2026-10.trade.B.r2"), Some(3));
        assert!(documents.is_due(&"2026-10.balance.B".parse().unwrap()));
        assert!(!documents.is_due(&"2026-10.balance.A".parse().unwrap()));
        let excused: Vec<Excuse> = documents.excused().collect();
        assert_eq!(excused[0].document.to_string(), "2026-10.balance.A");
        let due: Vec<DueDocument> = documents.due().collect();
        assert_eq!(
            (due.len(), due[4].estimated_rows, due[4].on_paper),
            (5, 7, true)
        );
    }
}

//! What the rows of a document's sections were, so that a later look at the source can say which of them changed. The account's own
//! row is not among them: an address that changes is no correction.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::ledger::Snapshots;
use crate::statement::{DocumentId, parse_date};
use crate::{Error, Result};

/// Rises when other rows or columns are read for the same section: digests of two versions say nothing about each other.
const VERSION: u64 = 1;

/// The rows of one section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionDigest {
    pub rows: u64,
    /// The first half of a SHA-256, in lower-case hexadecimal.
    pub digest: String,
}

/// The rows of a document, by section.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SectionDigests(pub BTreeMap<String, SectionDigest>);

impl SectionDigests {
    /// As the ledger keeps it.
    pub fn to_json(&self) -> String {
        let sections: Map<String, Value> = self
            .0
            .iter()
            .map(|(name, section)| (name.clone(), json!([section.rows, section.digest])))
            .collect();
        json!({"version": VERSION, "sections": sections}).to_string()
    }

    /// From the ledger's text; `None` = of another version, with which nothing can be compared.
    pub fn from_json(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        if value["version"] != VERSION {
            return None;
        }
        let sections = value["sections"]
            .as_object()?
            .iter()
            .map(|(name, section)| {
                let digest = SectionDigest {
                    rows: section[0].as_u64()?,
                    digest: section[1].as_str()?.to_owned(),
                };
                Some((name.clone(), digest))
            });
        sections.collect::<Option<_>>().map(Self)
    }
}

/// A published document whose rows are to be digested anew: what it is, and the snapshots that it was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestRequest {
    pub document: DocumentId,
    pub snapshots: Snapshots,
}

impl DigestRequest {
    /// One line, for the converter.
    pub fn to_line(&self) -> String {
        let Snapshots {
            positions_opening,
            positions_closing,
            cash_opening,
            cash_closing,
        } = self.snapshots;
        let days = [
            positions_opening,
            positions_closing,
            cash_opening,
            cash_closing,
        ];
        let days = days.map(|day| day.map_or_else(|| "-".to_owned(), |day| day.to_string()));
        format!("{} {}", self.document, days.join(" "))
    }

    /// Parses such a line.
    pub fn from_line(line: &str) -> Result<Self> {
        let wrong = || Error::bug(format!("{line:?} asks for no digest"));
        let words: Vec<&str> = line.split(' ').collect();
        let [document, days @ ..] = words.as_slice() else {
            return Err(wrong());
        };
        let days = days.iter().map(|day| match *day {
            "-" => Ok(None),
            day => parse_date(day).map(Some).ok_or_else(wrong),
        });
        let days: Vec<_> = days.collect::<Result<_>>()?;
        let [
            positions_opening,
            positions_closing,
            cash_opening,
            cash_closing,
        ] = days[..]
        else {
            return Err(wrong());
        };
        Ok(Self {
            document: document.parse()?,
            snapshots: Snapshots {
                positions_opening,
                positions_closing,
                cash_opening,
                cash_closing,
            },
        })
    }
}

/// What a look at the source came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Digested {
    Rows(SectionDigests),
    /// A row can no longer be read, for a cause that is the ledger's word.
    Unreadable(String),
}

/// The converter's answer to a request, as one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestAnswer {
    pub document: DocumentId,
    pub digested: Digested,
}

/// Between a document's id and what follows it.
const UNREADABLE: &str = "unreadable";

impl DigestAnswer {
    pub fn to_line(&self) -> String {
        match &self.digested {
            Digested::Rows(sections) => format!("{} {}", self.document, sections.to_json()),
            Digested::Unreadable(cause) => format!("{} {UNREADABLE} {cause}", self.document),
        }
    }

    /// Parses such a line.
    pub fn from_line(line: &str) -> Result<Self> {
        let wrong = || Error::bug(format!("the converter answered {line:?}"));
        let (document, rest) = line.split_once(' ').ok_or_else(wrong)?;
        let digested = match rest.strip_prefix(UNREADABLE) {
            Some(cause) => Digested::Unreadable(cause.trim().to_owned()),
            None => Digested::Rows(SectionDigests::from_json(rest).ok_or_else(wrong)?),
        };
        Ok(Self {
            document: document.parse()?,
            digested,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digests() -> SectionDigests {
        let section = |rows, digest: &str| SectionDigest {
            rows,
            digest: digest.to_owned(),
        };
        SectionDigests(BTreeMap::from([
            ("cash".to_owned(), section(0, "")),
            ("trades/trade_date".to_owned(), section(2, "ab")),
        ]))
    }

    #[test]
    fn digests_survive_the_ledger() {
        let text = digests().to_json();
        assert_eq!(SectionDigests::from_json(&text), Some(digests()));
        for other in ["", "{}", r#"{"version":2,"sections":{}}"#] {
            assert_eq!(SectionDigests::from_json(other), None, "{other}");
        }
    }

    #[test]
    fn requests_and_answers_survive_a_pipe() {
        let request = DigestRequest {
            document: "2026-10.balance.A-1.r2".parse().unwrap(),
            snapshots: Snapshots {
                positions_opening: None,
                positions_closing: parse_date("2026-10-31"),
                cash_opening: parse_date("2026-09-30"),
                cash_closing: None,
            },
        };
        let line = request.to_line();
        assert_eq!(line, "2026-10.balance.A-1.r2 - 2026-10-31 2026-09-30 -");
        assert_eq!(DigestRequest::from_line(&line).unwrap(), request);
        for wrong in ["", "2026-10.trade.A - - -", "2026-10.trade.A - - - x"] {
            DigestRequest::from_line(wrong).unwrap_err();
        }
        for digested in [
            Digested::Rows(digests()),
            Digested::Unreadable("shape".to_owned()),
        ] {
            let answer = DigestAnswer {
                document: request.document.clone(),
                digested,
            };
            assert_eq!(DigestAnswer::from_line(&answer.to_line()).unwrap(), answer);
        }
        DigestAnswer::from_line("2026-10.trade.A {}").unwrap_err();
    }
}

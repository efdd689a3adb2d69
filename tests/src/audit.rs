//! A whole month against the source: the ledger's documents, the store's files, every workbook's every cell.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use jiff::civil::Date;
use serde_json::Value;

use crate::expected::{Document, Kind, Month};
use crate::source::Source;
use crate::workbook::Workbook;
use crate::{Published, World, compare};

/// How many differences are told in full.
const TOLD: usize = 40;

/// What a month must come to.
#[derive(Clone, Copy)]
pub struct Audit<'a> {
    pub world: &'a World,
    pub source: &'a Source,
    /// As in `2026-10`.
    pub period: &'a str,
    pub issued_on: Date,
    /// Documents that must fail, and the cause of each. Every other due document must be published.
    pub failing: &'a [(&'a str, &'a str)],
}

/// What was compared, for tests that want to know that it was not nothing.
#[derive(Debug, Default)]
pub struct Audited {
    pub documents: usize,
    pub rows: usize,
    /// Headings of non-empty tables, and for empty ones the sheet in brackets, per language.
    pub seen: BTreeSet<String>,
}

impl Audit<'_> {
    pub async fn run(&self) -> Result<Audited> {
        let month = Month::of(self.source, self.period)?;
        let ledger = self.ledger().await?;
        let succeeded = self.check_states(&month, &ledger)?;
        let published = self.world.published()?;
        let files = self.check_store(&succeeded, &ledger, &published)?;
        let mut audited = Audited::default();
        let mut differences = Vec::new();
        for (id, (kind, account)) in &succeeded {
            let expected = Document::of(self.source, &month, *kind, account, self.issued_on)
                .with_context(|| format!("what {id} must say"))?;
            let file = files.get(id).context("a file")?;
            let found = Workbook::read(&file.path)?;
            let told = compare::workbook(&found, id, &expected);
            differences.extend(told.into_iter().map(|line| format!("{id} {line}")));
            let rows = &ledger[id]["rows"];
            if rows.as_u64() != Some(expected.rows() as u64) {
                differences.push(format!("{id} rows: {rows}, expected {}", expected.rows()));
            }
            audited.add(&expected);
        }
        let count = differences.len();
        differences.truncate(TOLD);
        ensure!(
            count == 0,
            "{count} differences, among them\n{}",
            differences.join("\n")
        );
        Ok(audited)
    }

    async fn ledger(&self) -> Result<BTreeMap<String, Value>> {
        let status = self.world.status(self.period).await?;
        let documents = status["documents"].as_array().context("documents")?;
        let mut ledger = BTreeMap::new();
        for document in documents {
            let id = document["document_id"].as_str().context("document_id")?;
            let twice = ledger.insert(id.to_owned(), document.clone());
            ensure!(twice.is_none(), "{id} is in the ledger twice");
        }
        Ok(ledger)
    }

    /// The ledger has exactly the documents that the source demands, each in the state it must be in. Returns those
    /// that must be published.
    fn check_states(
        &self,
        month: &Month,
        ledger: &BTreeMap<String, Value>,
    ) -> Result<BTreeMap<String, (Kind, String)>> {
        let demanded = month.demanded(self.source)?;
        let failing: BTreeMap<&str, &str> = self.failing.iter().copied().collect();
        let mut wanted = BTreeMap::new();
        let mut succeeded = BTreeMap::new();
        for (kind, account) in demanded.due {
            let id = month.document_id(kind, &account);
            let cause = failing.get(id.as_str()).copied();
            let state = if cause.is_some() {
                "failed"
            } else {
                "succeeded"
            };
            wanted.insert(id.clone(), (state, cause));
            if cause.is_none() {
                succeeded.insert(id, (kind, account));
            }
        }
        for (kind, account) in demanded.closed {
            let id = month.document_id(kind, &account);
            wanted.insert(id, ("excused", Some("closed_before_period")));
        }
        for id in failing.keys() {
            ensure!(wanted.contains_key(*id), "{id} must fail but is not due");
        }
        let mut differences = Vec::new();
        for id in wanted.keys().chain(ledger.keys()).collect::<BTreeSet<_>>() {
            let found = ledger.get(id).map(|document| {
                let state = document["state"].as_str().unwrap_or_default();
                (state, document["cause"].as_str())
            });
            let wanted = wanted.get(id).copied();
            if found != wanted {
                let error = ledger.get(id).map(|document| &document["error"]);
                differences.push(format!("{id}: {found:?}, expected {wanted:?}; {error:?}"));
            }
        }
        ensure!(differences.is_empty(), "{}", differences.join("\n"));
        Ok(succeeded)
    }

    /// The store has this period's succeeded documents and nothing else of the period, each just as the ledger says.
    fn check_store<'f>(
        &self,
        succeeded: &BTreeMap<String, (Kind, String)>,
        ledger: &BTreeMap<String, Value>,
        published: &'f [Published],
    ) -> Result<BTreeMap<String, &'f Published>> {
        let below = format!("{}/", self.period);
        let mut left: BTreeMap<&str, &Published> = published
            .iter()
            .filter(|file| file.key.starts_with(&below))
            .map(|file| (file.key.as_str(), file))
            .collect();
        let mut files = BTreeMap::new();
        for (id, (kind, account)) in succeeded {
            let key = format!("{}/{}/{account}/{id}.xlsx", self.period, kind.as_str());
            let file = left
                .remove(key.as_str())
                .with_context(|| format!("{key} is not published"))?;
            let document = &ledger[id];
            ensure!(
                document["object_key"] == key
                    && document["sha256"] == file.sha256
                    && document["bytes"] == file.bytes,
                "the ledger says {document}, the store has {file:?}"
            );
            files.insert(id.clone(), file);
        }
        ensure!(
            left.is_empty(),
            "published, though nothing demands them: {:?}",
            left.keys()
        );
        Ok(files)
    }
}

impl Audited {
    fn add(&mut self, document: &Document) {
        self.documents += 1;
        self.rows += document.rows();
        for table in &document.tables {
            if table.rows.is_empty() {
                self.seen.insert(format!("[{}]", table.sheet));
            } else {
                let headings = table.headings.iter();
                self.seen
                    .extend(headings.map(|heading| format!("{}: {heading}", table.sheet)));
            }
        }
    }
}

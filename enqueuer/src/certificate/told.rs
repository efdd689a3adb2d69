//! A certificate in words and as JSON.

use common::Result;
use common::config::Config;
use common::ledger::{LastComparison, Ledger, TakenCertificate};
use common::statement::Period;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Certificate, Contents};
use crate::numbers::{counted, grouped, instant, number};

/// Documents that are told by name, in words.
const TOLD: usize = 20;

/// Documents that fit into one command.
const IN_A_COMMAND: usize = 5;

impl Certificate {
    pub fn to_json(&self) -> Value {
        let kinds: serde_json::Map<_, _> = self
            .kinds
            .iter()
            .map(|(kind, count)| {
                let count = json!({
                    "accounts": count.accounts, "due": count.due, "succeeded": count.succeeded, "failed": count.failed,
                    "open": count.open, "excused": count.excused, "nothing_to_report": count.nothing_to_report,
                });
                (kind.to_string(), count)
            })
            .collect();
        let failures: Vec<_> = self
            .failures
            .iter()
            .map(|(cause, documents)| json!({"cause": cause, "documents": documents}))
            .collect();
        json!({"period": self.period.to_string(), "adds_up": self.adds_up(), "complete": self.is_complete(), "kinds": kinds,
               "objects": self.objects, "contents": self.contents.to_json(), "failures": failures, "problems": self.problems, "purged": self.is_purged,
               "last_complete": self.last_complete, "rows": self.rows_json()})
    }

    /// What is known of the contents of objects, in lines.
    pub fn contents_lines(&self) -> Vec<String> {
        let Contents {
            deep,
            compared,
            not_compared,
            ..
        } = self.contents;
        let mut lines = Vec::new();
        if compared > 0 {
            let how = if deep { "SHA-256, every byte" } else { "ETag" };
            let are = number(
                compared,
                "object is what was published",
                "objects are what was published",
            );
            lines.push(format!("{are} (by {how})."));
        }
        if not_compared > 0 {
            let were = number(
                not_compared,
                "object was not compared with what was published, but for its size",
                "objects were not compared with what was published, but for their sizes",
            );
            let period = self.period;
            lines.push(format!(
                "{were}: `enqueuer certificate --period {period} --deep` compares contents."
            ));
        }
        lines
    }

    /// `null` = rows were not compared.
    pub fn rows_json(&self) -> Value {
        let Some(rows) = self.rows.as_ref().filter(|_| self.compared_now) else {
            return Value::Null;
        };
        let changes: Vec<_> = self
            .changes
            .iter()
            .map(|change| json!({"document_id": change.document_id, "change": change.change}))
            .collect();
        let comparison = &rows.comparison;
        json!({"compared": comparison.compared, "incomparable": comparison.incomparable, "purged": comparison.purged,
               "changed": rows.outstanding, "documents": changes, "reissue": self.reissue()})
    }

    /// The line that reissues what changed. Of a purged period nothing is to be reissued.
    pub fn reissue(&self) -> Option<String> {
        let first = self.changes.first().filter(|_| !self.is_purged)?;
        let what = |change: &str| change.split(':').next().unwrap_or_default().to_owned();
        let same = self
            .changes
            .iter()
            .all(|change| what(&change.change) == what(&first.change));
        let reason = match what(&first.change) {
            what if same && ["booked late", "cancelled"].contains(&what.as_str()) => what,
            _ => "changed in the source".to_owned(),
        };
        if self.changes.len() > IN_A_COMMAND {
            let period = self.period;
            return Some(format!(
                "enqueuer reissue --changed --period {period} --reason \"{reason}\""
            ));
        }
        let documents: Vec<&str> = self
            .changes
            .iter()
            .map(|change| change.document_id.as_str())
            .collect();
        Some(format!(
            "enqueuer reissue {} --reason \"{reason}\"",
            documents.join(" ")
        ))
    }

    /// What is known of rows, in lines.
    pub fn rows_lines(&self, zone: &TimeZone) -> Vec<String> {
        let Some(rows) = &self.rows else {
            return vec!["Rows were never compared with the source.".to_owned()];
        };
        let comparison = &rows.comparison;
        let mut lines = Vec::new();
        if self.compared_now {
            let compared = counted(comparison.compared, "document");
            lines.push(format!("Rows of {compared} compared with the source."));
        } else {
            let at = instant(rows.compared_at, zone);
            lines.push(format!(
                "Rows were not compared with the source now; they were at {at}."
            ));
        }
        if comparison.incomparable > 0 {
            let documents = counted(comparison.incomparable, "document");
            lines.push(format!(
                "{documents} cannot be compared: published by an earlier version, or with another basis."
            ));
        }
        lines.extend(self.changed_lines());
        lines
    }

    fn changed_lines(&self) -> Vec<String> {
        let changed = self.changed();
        if changed == 0 {
            return Vec::new();
        }
        let mut lines = vec![format!("WRONG  {}:", no_longer(changed))];
        lines.extend(self.changes_lines());
        lines
    }

    /// The documents that changed, and the line that reissues them. Nothing when nothing changed.
    pub fn changes_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let told = self.changes.iter().take(TOLD);
        lines.extend(told.map(|change| format!("  {}  {}", change.document_id, change.change)));
        let more = usize::try_from(self.changed()).unwrap_or_default();
        let more = more.saturating_sub(self.changes.len().min(TOLD));
        if more > 0 {
            lines.push(format!("  and {} more", grouped(more as u64)));
        }
        if let Some(reissue) = self.reissue() {
            lines.push("Reissue, when the source is right now:".to_owned());
            lines.push(format!("  {reissue}"));
        }
        lines
    }
}

impl Contents {
    fn to_json(&self) -> Value {
        let by = match self {
            Contents { compared: 0, .. } => None,
            Contents { deep: true, .. } => Some("sha256"),
            Contents { deep: false, .. } => Some("etag"),
        };
        json!({"compared": self.compared, "by": by, "not_compared": self.not_compared, "replaced": self.named})
    }

    /// What does not add up, in words.
    pub fn problem(&self, period: Period) -> Option<String> {
        if self.replaced == 0 {
            return None;
        }
        let told = &self.named[..self.named.len().min(IN_A_COMMAND)];
        let more = match self.replaced - told.len() {
            0 => String::new(),
            more => format!(" and {} more", grouped(more as u64)),
        };
        let replaced = number(
            self.replaced,
            "published document was replaced in the store by another object of the same size",
            "published documents were replaced in the store by other objects of the same sizes",
        );
        // An ETag may also differ of the same bytes, where they were put again.
        let sure = if self.deep {
            String::new()
        } else {
            format!(
                "; by their ETags alone: `enqueuer certificate --period {period} --deep` says whether their contents differ"
            )
        };
        Some(format!(
            "{replaced}: {}{more}{sure}; the runbook restore-deleted says how they are put back",
            told.join(", ")
        ))
    }
}

/// `2 documents are no longer what the source says`.
fn no_longer(changed: i64) -> String {
    let verb = if changed == 1 { "is" } else { "are" };
    let documents = counted(changed, "document");
    format!("{documents} {verb} no longer what the source says")
}

/// The last certificate of a period, and what the last comparison left, for whoever does not take one.
#[derive(Debug)]
pub struct Last {
    period: Period,
    certificate: Option<TakenCertificate>,
    rows: Option<LastComparison>,
}

/// Looks up the last certificate of a period; `None` = none was taken.
pub async fn summary(ledger: &Ledger, period: Period) -> Result<Option<Last>> {
    let certificate = ledger.last_certificate(period, None).await?;
    let rows = ledger.last_comparison(period).await?;
    Ok((certificate.is_some() || rows.is_some()).then_some(Last {
        period,
        certificate,
        rows,
    }))
}

impl Last {
    pub fn to_json(&self) -> Value {
        let taken = self.certificate.as_ref();
        json!({
            "taken_at": taken.map(|taken| taken.taken_at.to_string()),
            "verdict": taken.map(|taken| taken.verdict.as_str()),
            "rows_compared_at": self.rows.as_ref().map(|rows| rows.compared_at.to_string()),
            "changed": self.rows.as_ref().map(|rows| rows.outstanding),
        })
    }
}

/// The last certificate in a line; `None` = none was taken.
pub fn last_words(last: Option<&Last>, config: &Config) -> Option<String> {
    let last = last?;
    let zone = &config.business_timezone;
    let period = last.period;
    let changed = last.rows.as_ref().map_or(0, |rows| rows.outstanding);
    let taken = last.certificate.as_ref();
    let at = taken
        .map(|taken| taken.taken_at)
        .or(last.rows.as_ref().map(|rows| rows.compared_at))?;
    let said = match taken.map(|taken| taken.verdict.as_str()) {
        _ if changed > 0 => format!(
            "{}; `enqueuer certificate --period {period}` names what changed",
            no_longer(changed)
        ),
        Some("changed") => "what it named has been reissued since; take it again".to_owned(),
        Some("complete") => "everything added up".to_owned(),
        Some("open") => "documents were open; take it again".to_owned(),
        Some("failed") => "documents had failed; take it again".to_owned(),
        Some(super::PURGED) => "the source had been purged".to_owned(),
        _ => format!("it did not add up; `enqueuer certificate --period {period}` says why"),
    };
    let rows = match &last.rows {
        None => "; rows were not compared".to_owned(),
        Some(rows) if taken.is_some_and(|taken| !taken.compared) => {
            format!(
                "; rows were compared at {}",
                instant(rows.compared_at, zone)
            )
        }
        Some(_) => String::new(),
    };
    let at = instant(at, zone);
    Some(format!(
        "Certificate of {period} (taken {at}): {said}{rows}."
    ))
}

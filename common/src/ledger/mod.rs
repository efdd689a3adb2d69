//! The ledger (`export_*`): the only truth about what is due, done, failed and excused. Every change of a document's
//! state is one conditional UPDATE; who did not change a row was not the one to do it.

mod accounted;
mod alerts;
mod attempts;
mod batch_jobs;
mod change;
mod comparisons;
mod documents;
mod figures;
mod findings;
mod groups;
mod history;
mod holds;
mod jobs;
mod leases;
mod links;
mod listing;
mod migrations;
mod month_end;
#[cfg(test)]
mod plans;
mod probes;
mod pruning;
mod published;
mod reader;
mod recording;
mod runs;
mod settling;
mod source_counts;
mod standing;
mod steering;
mod stored;
mod transaction;
mod unaccounted;
mod watching;

use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyPool};

pub use accounted::Accounted;
pub use alerts::AlertClaim;
pub use attempts::{Attempt, Claim, Proof, Published, Warning};
pub use batch_jobs::{OpenJob, OpenSlot};
pub use comparisons::{Change, Comparison, LastComparison, PublishedRows, TakenCertificate};
pub use documents::{CauseCount, DueDocument, Excuse, Selection};
pub use figures::{
    Actions, Alike, AttemptsAlike, HoldSpan, OfCause, PeriodRun, Reading, SettledIn,
};
pub use groups::{CLOSED, NOT_IN_GROUP};
pub use history::{Ending, PastAttempt, PastJob};
pub use holds::{Hold, HoldCause};
pub use jobs::{Assignment, Correction, Job, JobRequest, Which};
pub use links::LinkCandidate;
pub use listing::{DocumentRow, Listed};
pub use month_end::{Kept, MonthEndRun};
pub use pruning::{Prunable, PrunedAttempts, Pruning};
pub use published::PublishedDocument;
pub use reader::{LedgerReader, Opened};
pub use runs::{Command, OpenRun, Run, RunCounts, RunProgress, Snapshots};
pub use settling::{By, SlotEnd, Slots};
pub use source_counts::{EarlierCounts, SourceCounts};
pub use standing::{Standing, StandingDocument};
pub use steering::{Among, Chosen, Filter, Found, NewRevision, Remade};
pub use stored::{PublishedObject, StoredAs, bare_etag};
pub use unaccounted::{Unaccounted, UnusableId, UnusableIds};
pub use watching::{Failures, SettledLately};

use crate::config::{Config, Deployment};
use crate::database::{Bounded, Database, Whose, close_pool, statement_failed};
use crate::statement::{DocumentId, Kind, Period};
use crate::{Error, Result};

/// Attempts that a submission has, by Batch's retry strategy and the local queue's alike.
pub const MAX_ATTEMPTS: i64 = 3;

/// Submissions after which a document that Batch loses again and again has failed.
pub const MAX_SUBMISSIONS: i64 = 3;

/// A lease of another process may be longer than ours, but hardly longer than this.
const LONGEST_LEASE: Duration = Duration::from_mins(2);

/// The state of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Due,
    Submitted,
    Running,
    Succeeded,
    Failed,
    Excused,
    Superseded,
}

impl State {
    pub const ALL: [State; 7] = [
        State::Due,
        State::Submitted,
        State::Running,
        State::Succeeded,
        State::Failed,
        State::Excused,
        State::Superseded,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            State::Due => "due",
            State::Submitted => "submitted",
            State::Running => "running",
            State::Succeeded => "succeeded",
            State::Failed => "failed",
            State::Excused => "excused",
            State::Superseded => "superseded",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        State::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::bug(format!("the ledger holds an unknown state {text:?}")))
    }
}

impl FromStr for State {
    type Err = Error;

    /// As an operator writes it.
    fn from_str(text: &str) -> Result<Self> {
        State::parse(text).map_err(|_| {
            Error::config(format!(
                "state {text:?} is not known: write {}",
                State::ALL.map(State::as_str).join(", ")
            ))
        })
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An open ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    pool: AnyPool,
    database: Database,
    lease: Duration,
}

impl Ledger {
    /// Opens the ledger. Locally it is brought up to date; elsewhere only `migrate` does that, and an old ledger is
    /// refused.
    pub async fn open(config: &Config, max_connections: u32) -> Result<Self> {
        let ledger = Self::connect(config, max_connections).await?;
        if !ledger.is_current().await? {
            match config.deployment {
                Deployment::Local => ledger.migrate().await?,
                Deployment::Aws => return Err(ledger.outdated()),
            }
        }
        Ok(ledger)
    }

    /// Opens the ledger without changing it: locally an old or absent one is brought up to date by the next command that works with
    /// it.
    pub async fn look(config: &Config) -> Result<Self> {
        Database::of_ledger(config)?.verify().await?;
        let ledger = Self::connect(config, 1).await?;
        match ledger.is_current().await {
            Ok(false) if config.deployment == Deployment::Aws => Err(ledger.outdated()),
            looked => looked.map(|_| ledger),
        }
    }

    fn outdated(&self) -> Error {
        Error::config(format!(
            "the ledger at {} is not up to date: run `enqueuer migrate`",
            self.database.url
        ))
    }

    /// Connects without looking at the ledger's version.
    pub async fn connect(config: &Config, max_connections: u32) -> Result<Self> {
        let database = Database::of_ledger(config)?;
        let pool = database.connect_pool(max_connections).await?;
        Ok(Self {
            pool,
            database,
            lease: config.lease,
        })
    }

    /// The same ledger over a connection of its own, made when it is first needed: for who must be heard while this one's is lent to
    /// a reader of the source.
    pub fn spare(&self) -> Result<Self> {
        Ok(Self {
            pool: self.database.spare_connection()?,
            ..self.clone()
        })
    }

    /// Says farewell to the database.
    pub async fn close(self) {
        close_pool(&self.pool).await;
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// How long a lease holds without renewal; it is renewed at a third of that.
    pub fn lease(&self) -> Duration {
        self.lease
    }

    /// A query in the engine's words.
    fn sql(&self, query: &str) -> sqlx::AssertSqlSafe<String> {
        with_leases(&self.database, self.lease, query)
    }

    /// Any connection, for one statement.
    fn bounded(&self) -> Bounded<&AnyPool> {
        Bounded::new(&self.pool, self.database.silence)
    }

    /// A connection, for whoever reads the source there.
    pub(crate) async fn connection(&self) -> Result<PoolConnection<Any>> {
        self.pool
            .acquire()
            .await
            .map_err(statement_failed("opening the ledger", Whose::Ledger))
    }

    /// The ledger has no such document.
    fn unknown(&self, document: &DocumentId) -> Error {
        Error::config(format!(
            "the ledger at {} knows no document {document}; `enqueuer status --documents` lists those it knows",
            self.database.url
        ))
    }

    fn lease_ms(&self) -> i64 {
        i64::try_from(self.lease.as_millis()).unwrap_or(i64::MAX)
    }
}

/// A query in the engine's words. `{LIVE:d.}` and `{OVER:d.}` say whether the lease of the relation called `d` still holds. One that would
/// hold for longer than anybody takes it was given before the database's clock was set back: nobody waits for its end.
fn with_leases(database: &Database, lease: Duration, query: &str) -> sqlx::AssertSqlSafe<String> {
    let longest = (lease * 2).max(LONGEST_LEASE).as_millis();
    let mut query = query.to_owned();
    for alias in ["", "d.", "r."] {
        let live = format!("{alias}lease_expires_at BETWEEN {{NOW_MS}} AND {{NOW_MS}} + {longest}");
        query = query
            .replace(&format!("{{LIVE:{alias}}}"), &live)
            .replace(&format!("{{OVER:{alias}}}"), &format!("NOT ({live})"));
    }
    let query = database.dialect.sql(&query);
    #[cfg(test)]
    plans::note(&query);
    crate::database::query_text(query)
}

/// Makes an id that sorts by time and is unique without asking anyone: letters, digits and `-` only, because Batch job
/// names are made of it.
pub fn unique_id(period: Period, now: jiff::Timestamp) -> String {
    format!(
        "{period}-{}-{:06x}",
        now.strftime("%Y%m%dT%H%M%SZ"),
        fastrand::u32(..1 << 24)
    )
}

/// `AND kind IN (…) AND account_id IN (…)`, from our own words and checked ids only.
fn selection_clause(selection: &Selection) -> String {
    let mut clause = String::new();
    if let [kind] = selection.kinds[..] {
        let _ = write!(clause, " AND d.kind = '{kind}'");
    }
    if !selection.accounts.is_empty() {
        let ids = literals(&selection.accounts);
        let _ = write!(clause, " AND d.account_id IN ({ids})");
    }
    clause
}

/// What an IN clause lists: our own words, and ids, which are letters, digits, `.`, `_` and `-` only.
fn literals<T: fmt::Display>(words: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = words.into_iter().map(|word| format!("'{word}'")).collect();
    quoted.join(", ")
}

fn parse_kind(text: &str) -> Result<Kind> {
    text.parse()
        .map_err(|_| Error::bug(format!("the ledger holds an unknown kind {text:?}")))
}

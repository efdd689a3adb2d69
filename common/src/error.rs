//! Errors carry their class in the type, decided once where they arise. The class is the exit code, and the exit
//! code is what AWS Batch (and the local queue) decides a retry by.

use std::fmt;
use std::process::ExitCode;

use crate::printable::printable;

pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// What may be done about an error. The order is that of precedence when one process has several: whatever may be tried
/// again decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Bad data or a refusal of the gate: the same again would fail the same. Exit 65 (`EX_DATAERR`).
    Data,
    /// Settings, schema or rights are wrong, or the disk is full: no retry until someone mends them. Exit 78 (`EX_CONFIG`).
    Config,
    /// We are wrong. No retry, page someone. Exit 101, as a panic.
    Bug,
    /// The surroundings failed (connection, throttling, SIGTERM): try again. Exit 75 (`EX_TEMPFAIL`).
    Retry,
}

impl Class {
    /// The process exit code of this class.
    pub const fn exit_code(self) -> u8 {
        match self {
            Class::Data => 65,
            Class::Config => 78,
            Class::Retry => 75,
            Class::Bug => 101,
        }
    }
}

/// An error of one class. `message` names what, where and the mend; `cause` is the short word by which failures are
/// grouped in the ledger, in `status` and in alerts; `place` is the column of the source that it is about, where there is one; the
/// technical reason sits in `source()`.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    class: Class,
    cause: &'static str,
    place: Option<Box<str>>,
    message: String,
    source: Option<Source>,
    of_failed_statement: bool,
}

impl Error {
    fn new(class: Class, cause: &'static str, message: impl Into<String>) -> Self {
        Self {
            class,
            cause,
            place: None,
            message: message.into(),
            source: None,
            of_failed_statement: false,
        }
    }

    /// Bad data; `cause` names the broken rule (`identity`, `shape`, `ownership`…).
    pub fn data(cause: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Data, cause, message)
    }

    /// A setting, schema or right that someone must mend.
    pub fn config(message: impl Into<String>) -> Self {
        Self::misconfigured("config", message)
    }

    /// The same with a cause of its own.
    pub fn misconfigured(cause: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Config, cause, message)
    }

    /// The surroundings failed; the same again may succeed.
    pub fn retry(cause: &'static str, message: impl Into<String>) -> Self {
        Self::new(Class::Retry, cause, message)
    }

    /// We are wrong.
    pub fn bug(message: impl Into<String>) -> Self {
        Self::new(Class::Bug, "bug", message)
    }

    /// Keeps the technical reason below this error.
    #[must_use]
    pub fn because(mut self, source: impl Into<Source>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Notes that the database refused a statement: its transaction has ended, or answers nothing any more.
    #[must_use]
    pub fn of_failed_statement(mut self) -> Self {
        self.of_failed_statement = true;
        self
    }

    /// Whether the database refused a statement. What is asked of that transaction afterwards only hides the reason.
    pub fn is_of_failed_statement(&self) -> bool {
        self.of_failed_statement
    }

    /// Puts what was being done in front of the message; class, cause and source stay.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    /// The same in other words, which have the technical reason in them.
    #[must_use]
    pub fn restated(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self.source = None;
        self
    }

    /// Says which column of the source it is about, as `relation.column`. The place that was said first stays: it is nearer to the row.
    #[must_use]
    pub fn at(mut self, place: impl Into<Box<str>>) -> Self {
        self.place.get_or_insert_with(|| place.into());
        self
    }

    /// The column of the source that it is about, as `relation.column`.
    pub fn place(&self) -> Option<&str> {
        self.place.as_deref()
    }

    pub fn class(&self) -> Class {
        self.class
    }

    /// The word failures are grouped by.
    pub fn cause(&self) -> &'static str {
        self.cause
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.class.exit_code())
    }

    /// The message and the whole chain of reasons, on one line.
    pub fn chain(&self) -> String {
        let mut line = self.message.clone();
        let mut next = std::error::Error::source(self);
        while let Some(reason) = next {
            let reason_text = reason.to_string();
            // sqlx and io repeat their inner error in their own text.
            if !line.ends_with(&reason_text) {
                line.push_str(": ");
                line.push_str(&reason_text);
            }
            next = reason.source();
        }
        // Whatever a value of the source does to a terminal, it does not do from a log.
        printable(&line)
    }
}

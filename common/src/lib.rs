//! What both binaries must agree on: the words of a document, the source contract, the ledger, settings,
//! errors and exit codes, the clock, telemetry and metrics. Nothing else belongs here.

// `telemetry` prints what nobody's words steer.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod agreement;
pub mod aws;
pub mod blank;
pub mod catalog;
pub mod certificates;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod contract;
pub mod currency;
pub mod database;
pub mod decimal;
pub mod dialect;
pub mod digests;
pub mod error;
pub mod files;
pub mod hashing;
pub mod ledger;
pub mod lifetime;
pub mod metrics;
pub mod printable;
pub mod profile;
pub mod source;
pub mod statement;
pub mod store;
pub mod telemetry;
pub mod termination;

use std::sync::LazyLock;

pub use error::{Class, Error, Result};

/// The version that is recorded with every document.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

/// What `--version` prints: images say their commit, too, since two of them may be of one version.
pub fn build_version() -> &'static str {
    static BUILD: LazyLock<String> = LazyLock::new(|| match option_env!("REVISION") {
        Some(revision) => format!("{PROGRAM_VERSION} ({revision})"),
        None => PROGRAM_VERSION.to_owned(),
    });
    &BUILD
}

//! What both binaries must agree on: the words of a document, the source contract, the ledger, settings,
//! errors and exit codes, the clock, telemetry and metrics. Nothing else belongs here.

pub mod aws;
pub mod catalog;
pub mod clock;
pub mod command_line;
pub mod config;
pub mod contract;
pub mod currency;
pub mod database;
pub mod decimal;
pub mod dialect;
pub mod error;
pub mod ledger;
pub mod metrics;
pub mod profile;
pub mod source;
pub mod statement;
pub mod store;
pub mod telemetry;
pub mod termination;

pub use error::{Class, Error, Result};

/// The version that is recorded with every document and printed by `--version`.
pub const PROGRAM_VERSION: &str = env!("CARGO_PKG_VERSION");

//! Streams one document's rows from SQL into a workbook, proves it and publishes it. The program is `cli.rs`; a library,
//! because tests, the fuzz target and the binary that holds both programs (`images/`) share it.

// `telemetry` prints what nobody's words steer.
#![warn(clippy::print_stderr, clippy::print_stdout)]

pub mod build;
pub mod cli;
pub mod deliver;
pub mod disk;
pub mod export;
pub mod gate;
pub mod lease;
pub mod probe;
pub mod redigest;
pub mod rows;
#[cfg(test)]
mod samples;
pub mod sections;
pub mod soundness;
pub mod verify;
pub mod workbook;
pub mod workbook_diff;

//! Streams one document's rows from SQL into a workbook, proves it and publishes it. The program is `main.rs`; this
//! library is what it, the tests and the fuzz target share.

pub mod build;
pub mod deliver;
pub mod disk;
pub mod export;
pub mod gate;
pub mod lease;
pub mod rows;
#[cfg(test)]
mod samples;
pub mod sections;
pub mod verify;
pub mod workbook;
pub mod workbook_diff;

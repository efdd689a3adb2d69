//! Source → typed rows. Every row is checked as it is read: no null where none may be, known codes only, exact decimals
//! of at most 15 significant digits. A bad one is an error that names relation, row and column.

pub mod account;
pub mod cash;
pub mod cash_lines;
pub mod codes;
pub mod intake;
mod keepable;
pub mod opening;
pub mod position;
pub mod quantity;
mod quantity_row;
pub mod reader;
pub mod settlement;
pub mod sink;
pub mod ties;
pub mod trade;
mod trade_time;

/// Rows travel to the writer in batches: one wake-up of the other side per batch, not per row.
pub const BATCH_ROWS: usize = 256;

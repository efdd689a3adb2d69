//! Where jobs run: processes of this machine here, AWS Batch beside it later.

mod process;

pub use process::{ProcessQueue, SlotReport, converter_path};

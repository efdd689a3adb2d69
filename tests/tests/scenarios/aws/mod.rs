//! The month end on AWS: real binaries against a bucket that checks signatures and a Batch that runs real converters.

mod afterwards;
mod beside;
mod connections;
mod exits;
mod faults;
mod kills;
pub mod month_end;
mod orphans;
mod probe;
mod silence;
mod steering;
mod submission;
mod sweep;
mod tls;
mod turns;
mod wire;

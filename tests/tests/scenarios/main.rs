//! Scenarios over the real binaries.

mod ark;
mod bad_input;
mod check;
mod concurrency;
mod crash;
mod demo;
mod load;
mod periods;
mod queue;
mod status;

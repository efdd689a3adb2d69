//! Scenarios over the real binaries.

mod ark;
mod bad_input;
mod check;
mod concurrency;
mod crash;
mod demo;
mod fixtures;
mod load;
mod periods;
mod processes;
mod queue;
mod status;
mod terminal;
mod workbooks;

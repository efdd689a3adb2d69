//! Scenarios over the real binaries.

mod ark;
mod aws;
mod bad_input;
mod check;
mod concurrency;
mod crash;
mod demo;
mod fixtures;
mod gate;
mod link;
mod load;
mod periods;
mod preview;
mod processes;
mod profile;
mod queue;
mod rebuild;
mod report;
mod runbooks;
mod s3;
mod status;
mod steering;
mod terminal;
mod watch;
mod workbooks;

//! What `make bench` and its wrappers say by the environment.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// How much is measured. The defaults are what the documents' figures are of; less is for those who change the benchmark.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Trades of the big document.
    pub big: u32,
    /// Documents with a process each, and as many times four that share processes.
    pub small: u32,
    /// Documents of the largest month.
    pub month: u32,
    /// Runs of each; the median is told.
    pub runs: usize,
}

impl Sizes {
    pub fn read() -> Result<Self> {
        Ok(Self {
            big: number("BENCH_BIG", 1_000_000)?,
            small: number("BENCH_SMALL", 1_000)?,
            month: number("BENCH_MONTH", 100_000)?,
            runs: number("BENCH_RUNS", 3)? as usize,
        })
    }
}

fn number(name: &str, default: u32) -> Result<u32> {
    let Some(text) = variable(name) else {
        return Ok(default);
    };
    let number: u32 = text
        .parse()
        .with_context(|| format!("{name}={text} is not a number"))?;
    anyhow::ensure!(number > 0, "{name} must be above zero");
    Ok(number)
}

/// A program that `tests/with-bench-peers.sh` prepared.
pub fn prepared(name: &str) -> Result<PathBuf> {
    let path = variable(name).with_context(|| {
        format!(
            "{name} is not set: run `make bench`, whose tests/with-bench-peers.sh prepares what is measured beside"
        )
    })?;
    Ok(path.into())
}

/// The process of the tests' PostgreSQL.
pub fn postgres_pid() -> Result<u32> {
    let pid = variable("TEST_POSTGRES_PID").context(
        "TEST_POSTGRES_PID is not set: run `make bench`, whose tests/with-postgres.sh starts PostgreSQL",
    )?;
    Ok(pid.parse()?)
}

/// The certificate authority of the tests' PostgreSQL.
pub fn postgres_authority() -> Result<String> {
    variable("TEST_POSTGRES_CA").context(
        "TEST_POSTGRES_CA is not set: run `make bench`, whose tests/with-postgres.sh starts PostgreSQL",
    )
}

fn variable(name: &str) -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the wrappers of the benchmark tell it where things are"
    )]
    std::env::var(name).ok()
}

//! How much is killed: as much as a suite has time for, or what `make kills` asks for.

use std::env;
use std::str::FromStr;

use anyhow::{Context, Result};
use common::statement::Period;

/// The last month of the books.
const LAST: &str = "2026-10";

/// Before it the accounts of the books are not open.
const FIRST: &str = "2020-02";

pub struct Extent {
    pub kills: u32,
    pub seed: u64,
    months: Vec<String>,
}

impl Extent {
    /// `usual` kills over at most `months` months; `TEST_KILLS` and `TEST_KILLS_SEED` instead, with as many months more.
    pub fn of(usual: u32, months: usize, seed: u64) -> Result<Self> {
        let kills = read("TEST_KILLS")?.unwrap_or(usual);
        let wanted = months * kills.div_ceil(usual) as usize;
        let mut period: Period = LAST.parse()?;
        let mut months = vec![LAST.to_owned()];
        while months.len() < wanted && months[months.len() - 1] != FIRST {
            period = period.previous();
            months.push(period.to_string());
        }
        months.reverse();
        Ok(Self {
            kills,
            seed: read("TEST_KILLS_SEED")?.unwrap_or(seed),
            months,
        })
    }

    /// The first ones first: those that the killing leaves undone go to the next.
    pub fn months(&self) -> Vec<&str> {
        self.months.iter().map(String::as_str).collect()
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "what the tests ask for is no setting of the programs"
)]
fn read<T: FromStr>(name: &str) -> Result<Option<T>>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let Ok(value) = env::var(name) else {
        return Ok(None);
    };
    let number = value.parse();
    Ok(Some(number.with_context(|| {
        format!("{name} is {value}, no number")
    })?))
}

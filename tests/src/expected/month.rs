//! A month: its days, its snapshots, and the documents that are due.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use jiff::civil::Date;

use super::Kind;
use crate::source::{Row, Source};

/// A period and the snapshots that its documents are made from.
#[derive(Debug)]
pub struct Month {
    /// As in `2026-10`.
    pub text: String,
    pub first: Date,
    pub last: Date,
    pub positions: Snapshots,
    pub cash: Snapshots,
}

/// The latest snapshot of the whole relation before the month, and the latest in it.
#[derive(Debug, Clone, Copy)]
pub struct Snapshots {
    pub opening: Option<Date>,
    pub closing: Option<Date>,
}

/// The documents that a month must have, as kind and account.
#[derive(Debug, Default)]
pub struct Demanded {
    pub due: BTreeSet<(Kind, String)>,
    /// Closed before the period.
    pub closed: BTreeSet<(Kind, String)>,
}

impl Month {
    pub fn of(source: &Source, text: &str) -> Result<Self> {
        let first: Date = format!("{text}-01").parse().context("a month")?;
        let last = first.last_of_month();
        let snapshots = |days: Vec<Date>| Snapshots {
            opening: days.iter().copied().filter(|day| *day < first).max(),
            closing: days
                .iter()
                .copied()
                .filter(|day| first <= *day && *day <= last)
                .max(),
        };
        Ok(Self {
            text: text.to_owned(),
            first,
            last,
            positions: snapshots(source.position_days()?),
            cash: snapshots(source.balance_days()?),
        })
    }

    pub fn document_id(&self, kind: Kind, account: &str) -> String {
        format!("{}.{}.{account}", self.text, kind.as_str())
    }

    pub fn contains(&self, date: Date) -> bool {
        self.first <= date && date <= self.last
    }

    pub fn day_before(&self) -> Result<Date> {
        Ok(self.first.yesterday()?)
    }

    /// The day that a balance statement is of.
    pub fn closing_day(&self) -> Date {
        self.positions
            .closing
            .or(self.cash.closing)
            .unwrap_or(self.last)
    }

    pub fn demanded(&self, source: &Source) -> Result<Demanded> {
        let mut demanded = Demanded::default();
        for (account, row) in &source.accounts {
            let closed = row
                .optional_date("closed_on")?
                .is_some_and(|closed_on| closed_on < self.first);
            for kind in Kind::ALL {
                let document = (kind, account.clone());
                if self.is_due(source, kind, account)? {
                    demanded.due.insert(document);
                } else if closed {
                    demanded.closed.insert(document);
                }
            }
        }
        Ok(demanded)
    }

    fn is_due(&self, source: &Source, kind: Kind, account: &str) -> Result<bool> {
        Ok(match kind {
            Kind::Trade => {
                self.any_within(source.trades(account), "trade_date")?
                    || self.any_within(source.movements(account), "booked_on")?
            }
            Kind::Balance => {
                let Self {
                    positions, cash, ..
                } = self;
                let mut due = false;
                for day in [positions.opening, positions.closing] {
                    due |= !source.positions(account, day)?.is_empty();
                }
                for day in [cash.opening, cash.closing] {
                    for balance in source.balances(account, day)? {
                        due |= !balance.decimal("amount")?.is_zero();
                    }
                }
                due
            }
        })
    }

    fn any_within(&self, rows: &[Row], column: &str) -> Result<bool> {
        for row in rows {
            if self.contains(row.date(column)?) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

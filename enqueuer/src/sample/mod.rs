//! A sample securities firm: the five source relations for any number of accounts, from a seed. The books balance to
//! the yen, except for a handful of troubles that are planted on purpose and named.
//!
//! The way of the data: index → plan → opening holdings → trades → cash → snapshots → planted troubles → rows.

mod accounts;
mod banking;
mod books;
mod calendar;
mod cash;
mod dealing;
mod holders;
mod income;
mod market;
mod opening;
mod planted;
mod portfolio;
mod relations;
mod rows;
mod securities;
mod showcase;
#[cfg(test)]
mod tests;
mod trading;
mod universe;

use std::ops::RangeInclusive;

use common::Result;
use common::contract::{ACCOUNTS, CASH_BALANCES, CASH_MOVEMENTS, POSITIONS, Relation, TRADES};
use common::profile::Basis;
use common::statement::Period;

use self::books::{Books, books};
use self::calendar::Month;
pub use self::planted::Planted;
pub use self::showcase::showcase;
use crate::source_writer::{Row, SourceWriter};

/// The source writer writes what is pending whenever the relation changes: many rows of a relation at a time keep its
/// statements full, few keep memory small.
const ROWS_AT_ONCE: usize = 2_000;

pub struct SampleOptions {
    pub seed: u64,
    /// Their indexes, counted from 1.
    pub accounts: RangeInclusive<u32>,
    pub period: Period,
    /// The day on which trades move the holdings of the snapshots.
    pub position_basis: Basis,
}

/// What the generator did, planted troubles included, so that `demo` can tell it in plain words and tests can rely
/// on it.
pub struct Sample {
    pub accounts: u32,
    pub trades: u64,
    /// By account; once per awkward name.
    pub planted: Vec<Planted>,
}

/// Writes the sample. The same options give the same rows, and an account has the same rows whatever the number of
/// accounts.
pub async fn write(writer: &mut SourceWriter, options: &SampleOptions) -> Result<Sample> {
    let month = Month::of(options.period);
    let mut shelves = Shelves::default();
    let mut sample = Sample {
        accounts: 0,
        trades: 0,
        planted: Vec::new(),
    };
    for index in options.accounts.clone() {
        let books = books(options.seed, index, &month, options.position_basis);
        shelves.put(writer, &books).await?;
        sample.accounts += 1;
        sample.trades += books.trades.len() as u64;
        if let Some(trouble) = books.trouble {
            sample.planted.push(Planted {
                account_id: books.account.id,
                trouble,
            });
        }
    }
    shelves.clear(writer).await?;
    Ok(sample)
}

/// Rows on their way to the database, one shelf per relation.
struct Shelves {
    accounts: Shelf,
    trades: Shelf,
    movements: Shelf,
    positions: Shelf,
    balances: Shelf,
}

impl Default for Shelves {
    fn default() -> Self {
        let shelf = |relation| Shelf {
            relation,
            rows: Vec::new(),
        };
        Self {
            accounts: shelf(&ACCOUNTS),
            trades: shelf(&TRADES),
            movements: shelf(&CASH_MOVEMENTS),
            positions: shelf(&POSITIONS),
            balances: shelf(&CASH_BALANCES),
        }
    }
}

impl Shelves {
    async fn put(&mut self, writer: &mut SourceWriter, books: &Books) -> Result<()> {
        let id = books.account.id.as_str();
        self.accounts.put(writer, [books.account.row()]).await?;
        self.trades
            .put(writer, books.trades.iter().map(|trade| trade.row(id)))
            .await?;
        self.movements
            .put(
                writer,
                books.movements.iter().map(|movement| movement.row(id)),
            )
            .await?;
        self.positions
            .put(
                writer,
                books.positions.iter().map(|position| position.row(id)),
            )
            .await?;
        self.balances
            .put(writer, books.balances.iter().map(|balance| balance.row(id)))
            .await
    }

    async fn clear(&mut self, writer: &mut SourceWriter) -> Result<()> {
        let Self {
            accounts,
            trades,
            movements,
            positions,
            balances,
        } = self;
        for shelf in [accounts, trades, movements, positions, balances] {
            shelf.clear(writer).await?;
        }
        Ok(())
    }
}

struct Shelf {
    relation: &'static Relation,
    rows: Vec<Row>,
}

impl Shelf {
    async fn put(
        &mut self,
        writer: &mut SourceWriter,
        rows: impl IntoIterator<Item = Row>,
    ) -> Result<()> {
        for row in rows {
            self.rows.push(row);
            if self.rows.len() == ROWS_AT_ONCE {
                self.clear(writer).await?;
            }
        }
        Ok(())
    }

    async fn clear(&mut self, writer: &mut SourceWriter) -> Result<()> {
        for row in self.rows.drain(..) {
            writer.insert(self.relation, row).await?;
        }
        Ok(())
    }
}

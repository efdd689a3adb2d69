//! What everything built on the sample relies on: the books add up, except where a trouble is planted.

mod shape;
mod showcase;

use std::collections::{BTreeMap, BTreeSet};

use common::profile::Basis;
use rust_decimal::Decimal;

use super::books::{Books, books};
use super::calendar::{Month, is_business_day};
use super::planted::Trouble;
use super::rows::{Side, Trade};

const ACCOUNTS: u32 = 60;

fn month() -> Month {
    Month::of("2026-10".parse().unwrap())
}

fn settled_books(seed: u64, index: u32) -> Books {
    books(seed, index, &month(), Basis::SettlementDate)
}

fn all_books(seed: u64) -> Vec<Books> {
    (1..=ACCOUNTS)
        .map(|index| settled_books(seed, index))
        .collect()
}

fn signed_quantity(trade: &Trade) -> Decimal {
    if trade.side.brings_in() {
        trade.quantity
    } else {
        -trade.quantity
    }
}

/// Accounts whose books have the trouble that `breaks` finds.
fn broken(breaks: impl Fn(&Books) -> bool) -> Vec<Option<Trouble>> {
    let mut broken = Vec::new();
    for seed in [1, 2, 3] {
        broken.extend(
            all_books(seed)
                .into_iter()
                .filter(|books| breaks(books))
                .map(|books| books.trouble),
        );
    }
    broken
}

#[test]
fn every_trade_keeps_the_identity_except_the_planted_one() {
    let breaks = |trade: &Trade| {
        let accrued = trade.accrued_interest.unwrap_or_default();
        let net = match trade.side {
            Side::Buy => -(trade.gross_amount + accrued + trade.fees()),
            Side::Sell | Side::Redemption => {
                trade.gross_amount + accrued - trade.fees() - trade.withholding_tax
            }
            Side::Receipt | Side::Delivery => Decimal::ZERO,
        };
        net != trade.net_amount
    };
    let found = broken(
        |books| match books.trades.iter().filter(|trade| breaks(trade)).count() {
            0 => false,
            1 => true,
            n => panic!("{n} trades of {} break the identity", books.account.id),
        },
    );
    assert_eq!(found, [Some(Trouble::BrokenIdentity); 3]);
}

/// Whether the holdings of the snapshots differ by more than the trades between them.
fn broken_positions(books: &Books, basis: Basis) -> bool {
    let month = month();
    let mut quantities = BTreeMap::new();
    for position in &books.positions {
        assert!(position.quantity > Decimal::ZERO);
        let key = (
            position.security.market,
            position.security.code,
            position.custody,
        );
        let sign = if position.as_of == month.opening {
            Decimal::ONE
        } else {
            Decimal::NEGATIVE_ONE
        };
        *quantities.entry(key).or_insert(Decimal::ZERO) += sign * position.quantity;
    }
    for trade in &books.trades {
        let day = match basis {
            Basis::TradeDate => trade.trade_date,
            Basis::SettlementDate => trade.settlement_date,
        };
        if month.opening < day && day <= month.closing {
            let key = (trade.security.market, trade.security.code, trade.custody);
            *quantities.entry(key).or_insert(Decimal::ZERO) += signed_quantity(trade);
        }
    }
    quantities.values().any(|quantity| !quantity.is_zero())
}

#[test]
fn positions_roll_forward_except_the_planted_ones() {
    let found = broken(|books| broken_positions(books, Basis::SettlementDate));
    assert_eq!(found, [Some(Trouble::PositionsDoNotRollForward); 3]);
}

#[test]
fn positions_roll_forward_by_trade_date_for_firms_that_book_so() {
    let month = month();
    for index in 1..=ACCOUNTS {
        let books = books(1, index, &month, Basis::TradeDate);
        let planted = books.trouble == Some(Trouble::PositionsDoNotRollForward);
        assert_eq!(
            broken_positions(&books, Basis::TradeDate),
            planted,
            "{index}"
        );
    }
}

#[test]
fn cash_rolls_forward_and_never_falls_below_zero() {
    let month = month();
    let found = broken(|books| {
        let mut running = BTreeMap::new();
        for balance in books
            .balances
            .iter()
            .filter(|balance| balance.as_of == month.opening)
        {
            running.insert((balance.currency, balance.pocket), balance.amount);
        }
        for movement in &books.movements {
            assert!(month.settles_between_snapshots(movement.booked_on));
            let balance = running
                .entry((movement.currency, movement.pocket))
                .or_insert(Decimal::ZERO);
            *balance += movement.amount;
            assert!(
                *balance >= Decimal::ZERO,
                "{} overdrawn on {}",
                books.account.id,
                movement.booked_on
            );
        }
        for balance in books
            .balances
            .iter()
            .filter(|balance| balance.as_of == month.closing)
        {
            *running
                .entry((balance.currency, balance.pocket))
                .or_insert(Decimal::ZERO) -= balance.amount;
        }
        running.values().any(|balance| !balance.is_zero())
    });
    assert_eq!(found, []);
}

#[test]
fn every_settled_trade_that_is_paid_has_its_movement() {
    let month = month();
    let found = broken(|books| {
        let paid: BTreeSet<_> = books
            .trades
            .iter()
            .filter(|trade| {
                trade.side.is_paid() && month.settles_between_snapshots(trade.settlement_date)
            })
            .map(|trade| (trade.id(), trade.settlement_date))
            .collect();
        let booked: Vec<_> = books
            .movements
            .iter()
            .filter_map(|movement| Some((movement.trade_id.clone()?, movement.booked_on)))
            .collect();
        booked.len() != paid.len() || !booked.iter().all(|movement| paid.contains(movement))
    });
    assert_eq!(found, []);
}

#[test]
fn trades_are_dated_on_business_days_and_settle_after_the_opening() {
    let month = month();
    for books in all_books(1) {
        for trade in &books.trades {
            assert!(is_business_day(trade.trade_date) && is_business_day(trade.settlement_date));
            assert!(trade.trade_date <= trade.settlement_date && trade.trade_date <= month.closing);
            assert!(
                trade.settlement_date > month.opening
                    && trade.trade_date >= books.account.opened_on
            );
        }
    }
}

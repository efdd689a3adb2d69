//! A preview has something in every section, and every column that documents have only at times.

use std::collections::BTreeSet;

use common::profile::Basis;
use common::statement::Language;
use rust_decimal::Decimal;

use super::{broken_positions, month};
use crate::sample::books::{Books, books};
use crate::sample::rows::{Movement, Trade};
use crate::sample::securities::Currency;
use crate::sample::showcase::showcase;

fn of(language: Language, basis: Basis) -> Books {
    let customer = showcase(language);
    books(customer.seed, customer.index, &month(), basis)
}

#[test]
fn every_section_and_column_has_something_to_show() {
    let month = month();
    for language in Language::ALL {
        let books = of(language, Basis::SettlementDate);
        let account = &books.account;
        assert_eq!(account.language, language);
        assert!(books.trouble.is_none() && account.consented && account.postal_address.is_some());

        let of_trades = |listed: &dyn Fn(&Trade) -> bool| {
            let listed: Vec<_> = books.trades.iter().filter(|trade| listed(trade)).collect();
            let any = |has: &dyn Fn(&Trade) -> bool| listed.iter().any(|trade| has(trade));
            assert!((3..=40).contains(&listed.len()), "{} trades", listed.len());
            assert!(any(&|trade| trade.accrued_interest > Some(Decimal::ZERO)));
            assert!(any(&|trade| trade.foreign_fees > Some(Decimal::ZERO)));
            assert!(any(&|trade| trade.yen_amount.is_some()));
            assert!(any(&|trade| trade.note.is_some()));
            assert!(any(&|trade| trade.commission > Decimal::ZERO));
        };
        of_trades(&|trade| month.first_day <= trade.trade_date);
        of_trades(&|trade| trade.settlement_date <= month.closing);
        // Unsettled when the period ends.
        of_trades(&|trade| trade.settlement_date > month.closing);
        assert!(
            books
                .trades
                .iter()
                .any(|trade| trade.withholding_tax > Decimal::ZERO)
        );
        let sides: BTreeSet<_> = books
            .trades
            .iter()
            .map(|trade| trade.side.as_str())
            .collect();
        assert!(sides.len() >= 3, "{sides:?}");

        for tax in [
            |movement: &Movement| movement.foreign_tax,
            |movement: &Movement| movement.income_tax,
            |movement: &Movement| movement.local_tax,
        ] {
            assert!(
                books
                    .movements
                    .iter()
                    .any(|movement| tax(movement) > Some(Decimal::ZERO))
            );
        }
        let held = |as_of| {
            books
                .positions
                .iter()
                .filter(move |held| held.as_of == as_of)
        };
        assert!(held(month.opening).next().is_some());
        let classes: BTreeSet<_> = held(month.closing)
            .map(|held| held.security.class)
            .collect();
        assert!(classes.len() >= 3, "{classes:?}");
        for currency in [Currency::Jpy, Currency::Usd] {
            let mut closing = books
                .balances
                .iter()
                .filter(|cash| cash.as_of == month.closing);
            assert!(closing.any(|cash| cash.currency == currency && !cash.amount.is_zero()));
        }
    }
}

#[test]
fn the_books_balance_by_either_basis() {
    for language in Language::ALL {
        for basis in [Basis::TradeDate, Basis::SettlementDate] {
            assert!(!broken_positions(&of(language, basis), basis));
        }
    }
}

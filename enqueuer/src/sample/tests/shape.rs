//! What the sample's rows look like: the same every time, within the contract, with what was planted.

use std::collections::BTreeSet;

use common::contract;
use common::decimal::{MAX_SIGNIFICANT_DIGITS, decimal_places, significant_digits};

use super::{all_books, month, settled_books};
use crate::sample::books::Books;
use crate::sample::planted::Trouble;
use crate::sample::universe::{
    EQUITIES, ETFS, FUNDS, GOLD, MATURING, SPLITTING, UNLISTED, US_BOND, US_SECURITIES, YEN_BONDS,
};
use crate::source_writer::Row;

fn rows(books: &Books) -> Vec<(&'static contract::Relation, Row)> {
    let id = &books.account.id;
    let mut rows = vec![(&contract::ACCOUNTS, books.account.row())];
    rows.extend(
        books
            .trades
            .iter()
            .map(|trade| (&contract::TRADES, trade.row(id))),
    );
    rows.extend(
        books
            .movements
            .iter()
            .map(|movement| (&contract::CASH_MOVEMENTS, movement.row(id))),
    );
    rows.extend(
        books
            .positions
            .iter()
            .map(|position| (&contract::POSITIONS, position.row(id))),
    );
    rows.extend(
        books
            .balances
            .iter()
            .map(|balance| (&contract::CASH_BALANCES, balance.row(id))),
    );
    rows
}

#[test]
fn the_same_seed_gives_the_same_rows_and_another_seed_others() {
    let text = |seed| {
        let rows = all_books(seed)
            .iter()
            .flat_map(rows)
            .map(|(_, row)| row)
            .collect::<Vec<_>>();
        format!("{rows:?}")
    };
    assert!(text(7) == text(7));
    assert!(text(7) != text(8));
}

#[test]
fn numbers_and_codes_are_within_the_contract() {
    for books in all_books(1) {
        for (relation, row) in rows(&books) {
            assert_eq!(row.len(), relation.columns.len());
            let currency = relation
                .columns
                .iter()
                .zip(&row)
                .find(|(column, _)| column.name == "currency");
            let minor_unit = if currency.is_some_and(|(_, value)| value.as_deref() == Some("USD")) {
                2
            } else {
                0
            };
            for (column, value) in relation.columns.iter().zip(&row) {
                let Some(value) = value else {
                    assert!(column.optional, "{}.{}", relation.name, column.name);
                    continue;
                };
                assert!(
                    column.codes.is_empty() || column.codes.contains(&value.as_str()),
                    "{}: {value}",
                    column.name
                );
                if column.column_type == contract::ColumnType::Decimal {
                    let number = common::decimal::parse(value).unwrap();
                    // What is settled in yen is in yen.
                    let minor_unit = if column.name == "settlement_amount" {
                        0
                    } else {
                        minor_unit
                    };
                    let places = contract::max_decimal_places(column.name, minor_unit);
                    assert!(
                        decimal_places(number) <= places,
                        "{}.{} {value}",
                        relation.name,
                        column.name
                    );
                    assert!(
                        significant_digits(number) <= MAX_SIGNIFICANT_DIGITS,
                        "{} {value}",
                        column.name
                    );
                }
            }
        }
    }
}

#[test]
fn an_account_does_not_depend_on_the_others() {
    let in_company = all_books(5).into_iter().nth(42).unwrap();
    let alone = settled_books(5, 43);
    assert_eq!(rows(&in_company).len(), rows(&alone).len());
    assert!(
        rows(&in_company)
            .into_iter()
            .map(|(_, row)| row)
            .eq(rows(&alone).into_iter().map(|(_, row)| row))
    );
    assert!(
        alone.trades.len() >= 300,
        "account 43 is one of the busy ones"
    );
}

#[test]
fn the_planted_accounts_have_something_to_show() {
    for seed in 1..=20 {
        for books in (1..=20).map(|index| settled_books(seed, index)) {
            match books.trouble {
                None => {}
                Some(Trouble::ClosedBeforePeriod) => {
                    assert!(
                        books
                            .account
                            .closed_on
                            .is_some_and(|date| date < month().first_day)
                    );
                    assert_eq!(rows(&books).len(), 1);
                }
                Some(_) => assert!(!books.trades.is_empty() && !books.positions.is_empty()),
            }
        }
    }
    let names: Vec<_> = all_books(1)
        .into_iter()
        .map(|books| books.account.holder_name)
        .collect();
    assert!(names[1].starts_with('=') && names[10].contains('\u{7}'));
    assert_eq!(names[17].chars().count(), 200);
}

#[test]
fn codes_are_unique() {
    let specials = [&SPLITTING, &MATURING, &US_BOND, &GOLD, &UNLISTED];
    let listed = EQUITIES
        .iter()
        .chain(&ETFS)
        .chain(&FUNDS)
        .chain(&YEN_BONDS)
        .chain(&US_SECURITIES);
    let codes: Vec<_> = listed
        .chain(specials)
        .map(|security| security.code)
        .collect();
    assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
}

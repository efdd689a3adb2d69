//! Rule 4: a finished file against what was written, and against what was not.

use std::io::{Seek, Write};
use std::sync::atomic::AtomicBool;

use common::profile::Section;
use common::statement::Language;

use super::{amount, currency, trade};
use crate::gate::reopened::Expected;
use crate::rows::account::Account;
use crate::rows::cash::CashOutline;
use crate::rows::sink::channel;
use crate::rows::trade::{Trade, TradesOutline};
use crate::samples;
use crate::workbook::{self, Heading, Incoming, TableDone};

fn heading(account_no: &str) -> Heading {
    let account = Account {
        account_no: account_no.into(),
        ..samples::account(Language::En)
    };
    samples::heading("2026-10.trade.A1", account)
}

/// Five trades in two currencies.
fn trades() -> Vec<Trade> {
    [
        ("JPY", "100"),
        ("USD", "0.10"),
        ("USD", "0.20"),
        ("JPY", "-7"),
        ("USD", "123456789.01"),
    ]
    .into_iter()
    .map(|(code, net)| Trade {
        currency: currency(code),
        net_amount: amount(net),
        ..trade()
    })
    .collect()
}

async fn written(heading: &Heading) -> (std::fs::File, Vec<TableDone>) {
    written_with(heading, trades()).await
}

/// A trade statement of these trades.
async fn written_with(heading: &Heading, trades: Vec<Trade>) -> (std::fs::File, Vec<TableDone>) {
    let is_long = std::sync::Arc::default();
    let (mut sink, rows) = channel(&is_long);
    // More than a channel holds are pushed while the writer takes them.
    let pushed = tokio::spawn(async move {
        for trade in trades {
            sink.push(trade).await.unwrap();
        }
        sink.end().await.unwrap();
    });
    let (no_cash, cash) = channel(&is_long);
    no_cash.end().await.unwrap();
    let sections = vec![
        Incoming::Trades(rows, TradesOutline::default()),
        Incoming::CashMovements(cash, CashOutline::default()),
    ];
    let heading = heading.clone();
    let written = tokio::task::spawn_blocking(move || {
        let mut bytes = Vec::new();
        let styles = workbook::styles(&heading).unwrap();
        let tables = workbook::write(&heading, &styles, sections, &mut bytes).unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        (file, tables)
    });
    pushed.await.unwrap();
    written.await.unwrap()
}

fn check(heading: &Heading, tables: &[TableDone], file: std::fs::File) -> Result<(), String> {
    let expected = Expected { heading, tables };
    expected.check(file, &AtomicBool::new(false))
}

/// What the reader finds when the tables are said to be other than they were written.
async fn found_when(change: impl FnOnce(&mut Vec<TableDone>)) -> String {
    let heading = heading("No. 1");
    let (file, mut tables) = written(&heading).await;
    change(&mut tables);
    check(&heading, &tables, file).expect_err("it was not found")
}

#[tokio::test]
async fn what_was_written_is_found() {
    let heading = heading("No. 1");
    let (file, tables) = written(&heading).await;
    assert_eq!(tables[0].rows, 5);
    assert_eq!(tables[0].totals.len(), 2);
    check(&heading, &tables, file).unwrap();
}

#[tokio::test]
async fn another_account_is_found() {
    let (file, tables) = written(&heading("No. 1")).await;
    for other in ["No. 2", " No. 1", "", "Account number"] {
        let file = file.try_clone().unwrap();
        let found = check(&heading(other), &tables, file).expect_err(other);
        assert!(
            found.contains("does not show the account's number"),
            "{found}"
        );
        assert!(
            !found.contains("No. 1"),
            "numbers of customers are not for the log: {found}"
        );
    }
}

#[tokio::test]
async fn lost_and_added_rows_are_found() {
    let one_more = found_when(|tables| tables[0].parts[0].1 = 6).await;
    assert!(
        one_more.contains("5 rows instead of 6") || one_more.contains("is missing"),
        "{one_more}"
    );
    let one_less = found_when(|tables| {
        tables[0].parts[0].1 = 4;
        tables[0].parts.push(("Cash movements".to_owned(), 0));
        tables.remove(1);
    })
    .await;
    assert!(one_less.contains("more than its 4 rows"), "{one_less}");
    let two_more = found_when(|tables| tables[0].parts[0].1 = 7).await;
    assert!(two_more.contains("row 7 of 8 is missing"), "{two_more}");
    let emptied = found_when(|tables| tables[1].parts[0].1 = 2).await;
    assert!(emptied.contains("1 rows instead of 2"), "{emptied}");
}

#[tokio::test]
async fn other_sheets_are_found() {
    let renamed = found_when(|tables| tables[1].parts[0].0 = "Cash".to_owned()).await;
    assert!(renamed.contains("instead of"), "{renamed}");
    let missing = found_when(|tables| drop(tables.remove(1))).await;
    assert!(missing.contains("it has the sheets"), "{missing}");
}

#[tokio::test]
async fn other_totals_are_found() {
    // A yen, and a cent, in every sum of every total.
    let heading = heading("No. 1");
    let (file, tables) = written(&heading).await;
    let mut sums = 0;
    for total in 0..tables[0].totals.len() {
        for sum in 0..tables[0].totals[total].sums.len() {
            let mut changed = tables.clone();
            let done = &mut changed[0].totals[total].sums[sum];
            done.sum += amount(if done.currency.exponent() == 0 {
                "1"
            } else {
                "0.01"
            });
            let found = check(&heading, &changed, file.try_clone().unwrap());
            let found = found.expect_err("a total that is off was not found");
            assert!(found.contains("the total of"), "{found}");
            sums += 1;
        }
    }
    assert_eq!(sums, 10, "five amounts in two currencies");
}

#[tokio::test]
async fn lost_totals_are_found() {
    let lost = found_when(|tables| {
        let mut more = tables[0].totals[1].clone();
        more.row += 1;
        tables[0].totals.push(more);
    })
    .await;
    assert!(lost.contains("trades: 10 totals instead of 15"), "{lost}");
}

#[tokio::test]
async fn lines_that_do_not_make_the_total_are_found() {
    // The total's own cell is as said; the lines are said to be of another currency.
    for (from, to) in [("JPY", "EUR"), ("USD", "EUR")] {
        let found = found_when(|tables| {
            for sum in tables[0]
                .totals
                .iter_mut()
                .flat_map(|total| &mut total.sums)
            {
                for (_, text) in &mut sum.by {
                    if **text == *from {
                        *text = to.into();
                    }
                }
            }
        })
        .await;
        assert!(found.contains("add up to 0"), "{found}");
        assert!(found.contains(Section::Trades.as_str()), "{found}");
    }
}

#[tokio::test]
async fn what_is_no_workbook_is_found() {
    let heading = heading("No. 1");
    let (mut file, tables) = written(&heading).await;
    file.set_len(1000).unwrap();
    file.rewind().unwrap();
    let found = check(&heading, &tables, file).unwrap_err();
    assert!(found.contains("cannot be opened"), "{found}");
}

#[tokio::test]
async fn a_long_file_is_not_read_on_when_the_attempt_is_over() {
    let heading = heading("No. 1");
    let (file, tables) = written_with(&heading, vec![trade(); 4100]).await;
    let expected = Expected {
        heading: &heading,
        tables: &tables,
    };
    let read = |stop: bool| expected.check(file.try_clone().unwrap(), &AtomicBool::new(stop));
    read(false).unwrap();
    assert!(read(true).unwrap_err().contains("stopped"));
    // A short one is read sooner than the flag is looked at.
    let (file, tables) = written(&heading).await;
    let expected = Expected {
        heading: &heading,
        tables: &tables,
    };
    expected.check(file, &AtomicBool::new(true)).unwrap();
}

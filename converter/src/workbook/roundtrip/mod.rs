//! Whatever a row holds, written and read back by an independent reader: the same text, the same number, the same date,
//! and nothing that a program would run or follow.

mod library;
mod numbers;
mod read_back;
mod strings;
mod texts;

use std::sync::Arc;

use calamine::Data;
use common::currency::Currency;
use common::profile::{Profile, Word};
use common::statement::Language;
use jiff::civil::Date;
use proptest::test_runner::Config;
use rust_decimal::Decimal;
use tokio::sync::mpsc::{self, Receiver};

use read_back::{ReadBack, text};

use super::{Incoming, Words, WriteError, styles, write};
use crate::rows::account::Account;
use crate::rows::cash::{CashLine, CashMovement, CashOutline};
use crate::rows::codes::CashKind;
use crate::rows::sink::Batch;
use crate::rows::trade::{Trade, TradesOutline};
use crate::samples::{account, currency, day, heading, trade};

/// A case that fails is printed with its smallest input; it then gets a name and a test of its own, so that no file of
/// seeds stands beside the code.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

fn movement() -> CashMovement {
    CashMovement {
        account_id: "A1".into(),
        movement_id: "M1".into(),
        booked_on: day("2026-10-02"),
        kind: CashKind::Deposit,
        description: "Description".into(),
        currency: currency("JPY"),
        pocket: "margin".into(),
        amount: Decimal::ONE,
        gross_currency: currency("JPY"),
        gross_amount: None,
        income_tax: None,
        local_tax: None,
        foreign_tax: None,
        fee: None,
    }
}

/// What a trade statement is made of.
struct Contents {
    account: Account,
    trades: Vec<Trade>,
    movements: Vec<CashMovement>,
}

impl Contents {
    fn of(trade: Trade) -> Self {
        Self {
            account: account(Language::En),
            trades: vec![trade],
            movements: Vec::new(),
        }
    }

    /// Writes it and reads it back: nothing in it is a formula or a link that leads out.
    fn write(&self) -> ReadBack {
        let heading = heading("2026-10.trade.A1", self.account.clone());
        let any = |value: fn(&Trade) -> bool| self.trades.iter().any(value);
        let outline = TradesOutline {
            rows: 0,
            with_trade_time: false,
            with_accrued_interest: any(|trade| trade.accrued_interest.is_some()),
            with_foreign_fees: any(|trade| trade.foreign_fees.is_some()),
            with_settlement: any(|trade| trade.settlement_amount.is_some()),
        };
        let lines = self.movements.iter().map(|movement| CashLine::Movement {
            movement: movement.clone(),
            balance: Some(movement.amount),
        });
        let sections = vec![
            Incoming::Trades(channel_of(self.trades.clone()), outline),
            Incoming::CashMovements(channel_of(lines.collect()), CashOutline::default()),
        ];
        let mut bytes = Vec::new();
        write(&heading, &styles(&heading).unwrap(), sections, &mut bytes).unwrap();
        let written = ReadBack::new(bytes, self.account.language);
        written.expect_nothing_active(&[
            (Word::SheetTrades, self.trades.len()),
            (Word::SheetCashMovements, self.movements.len()),
        ]);
        written
    }
}

fn channel_of<T>(rows: Vec<T>) -> Receiver<Batch<T>> {
    let (sender, receiver) = mpsc::channel(2);
    for batch in [Batch::Rows(Arc::new(rows)), Batch::End] {
        sender.try_send(batch).ok().unwrap();
    }
    receiver
}

/// The side of a trade with its event, as the wording joins them.
fn side_with_event(language: Language, event: &str) -> String {
    let profile = Profile::built_in();
    let words = Words::new(&profile, language);
    let side = words.get(Word::SideSell);
    words.fill(Word::SideWithEvent, &[("side", side), ("event", event)])
}

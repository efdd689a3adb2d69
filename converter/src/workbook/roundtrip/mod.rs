//! Whatever a row holds, written and read back by an independent reader: the same text, the same number, the same date,
//! and nothing that a program would run or follow.

mod numbers;
mod read_back;
mod strings;
mod texts;

use std::sync::Arc;

use calamine::Data;
use common::currency::Currency;
use common::profile::{Profile, Word};
use common::statement::{Language, parse_date};
use jiff::civil::Date;
use proptest::test_runner::Config;
use rust_decimal::Decimal;
use tokio::sync::mpsc::{self, Receiver};

use read_back::{ReadBack, text};

use super::{Heading, Incoming, Words, WriteError, write};
use crate::rows::account::Account;
use crate::rows::cash::{CashLine, CashMovement, CashOutline};
use crate::rows::codes::{CashKind, Custody, Side};
use crate::rows::sink::Batch;
use crate::rows::trade::{Trade, TradesOutline};

/// A case that fails is printed with its smallest input; it then gets a name and a test of its own, so that no file of
/// seeds stands beside the code.
fn cases(cases: u32) -> Config {
    Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    }
}

fn date(text: &str) -> Date {
    parse_date(text).unwrap()
}

fn account(language: Language) -> Account {
    Account {
        account_id: "A1".into(),
        account_no: "0001".into(),
        holder_name: "Holder".into(),
        postal_address: None,
        language,
        base_currency: Currency::from_code("JPY").unwrap(),
        opened_on: date("2020-01-01"),
    }
}

fn trade() -> Trade {
    Trade {
        account_id: "A1".into(),
        trade_id: "T1".into(),
        trade_date: date("2026-10-01"),
        settlement_date: date("2026-10-05"),
        security_code: "0001".into(),
        security_name: "Name".into(),
        market: None,
        side: Side::Sell,
        event: None,
        custody: Custody::Nisa,
        quantity: Decimal::ONE,
        unit_price: Decimal::ONE,
        currency: Currency::from_code("JPY").unwrap(),
        fx_rate: None,
        gross_amount: Decimal::ZERO,
        accrued_interest: None,
        commission: Decimal::ZERO,
        foreign_fees: None,
        consumption_tax: Decimal::ZERO,
        withholding_tax: Decimal::ZERO,
        net_amount: Decimal::ZERO,
        settlement_currency: None,
        settlement_amount: None,
        note: None,
    }
}

fn movement() -> CashMovement {
    CashMovement {
        account_id: "A1".into(),
        movement_id: "M1".into(),
        booked_on: date("2026-10-02"),
        kind: CashKind::Deposit,
        description: "Description".into(),
        currency: Currency::from_code("JPY").unwrap(),
        pocket: "margin".into(),
        amount: Decimal::ONE,
        gross_amount: None,
        income_tax: None,
        local_tax: None,
        foreign_tax: None,
    }
}

fn heading(account: Account) -> Heading {
    Heading {
        document: "2026-10.trade.A1".parse().unwrap(),
        account,
        issued_on: date("2026-11-02"),
        as_of: date("2026-10-31"),
        profile: Arc::new(Profile::built_in()),
        correction: None,
        is_whole: true,
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
        let heading = heading(self.account.clone());
        let any = |value: fn(&Trade) -> bool| self.trades.iter().any(value);
        let outline = TradesOutline {
            rows: 0,
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
        write(&heading, sections, &mut bytes).unwrap();
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
    for batch in [Batch::Rows(rows), Batch::End] {
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

//! Whatever a row holds, written and read back by an independent reader: the same text, the same number, the same date,
//! and nothing that a program would run or follow.

mod numbers;
mod strings;
mod texts;

use std::io::{Cursor, Read};
use std::sync::Arc;

use calamine::{Data, Range, Reader, Xlsx};
use common::currency::Currency;
use common::profile::{Profile, Word};
use common::statement::{Language, parse_date};
use jiff::civil::Date;
use proptest::test_runner::Config;
use rust_decimal::Decimal;
use tokio::sync::mpsc::{self, Receiver};
use zip::ZipArchive;

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

    fn write(&self) -> Written {
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
        Written::read(bytes, self.account.language)
    }
}

fn channel_of<T>(rows: Vec<T>) -> Receiver<Batch<T>> {
    let (sender, receiver) = mpsc::channel(2);
    for batch in [Batch::Rows(rows), Batch::End] {
        sender.try_send(batch).ok().unwrap();
    }
    receiver
}

/// A workbook read back.
struct Written {
    bytes: Vec<u8>,
    language: Language,
    sheets: Vec<(String, Range<Data>)>,
    /// Sheet, row and column of every formula.
    formulas: Vec<(String, u32, u32)>,
}

impl Written {
    fn read(bytes: Vec<u8>, language: Language) -> Self {
        let mut workbook = Xlsx::new(Cursor::new(&bytes[..])).unwrap();
        let sheets = workbook.worksheets();
        let formulas = sheets
            .iter()
            .flat_map(|(name, _)| {
                let range = workbook.worksheet_formula(name).unwrap();
                let (row, column) = range.start().unwrap_or_default();
                let at = |(r, c, formula): (usize, usize, &String)| {
                    let place = (name.clone(), row + index(r), column + index(c));
                    (!formula.is_empty()).then_some(place)
                };
                range.cells().filter_map(at).collect::<Vec<_>>()
            })
            .collect();
        Self {
            bytes,
            language,
            sheets,
            formulas,
        }
    }

    fn sheet(&self, name: Word) -> &Range<Data> {
        let name = name.default_text(self.language);
        let sheet = self.sheets.iter().find(|(known, _)| known == name);
        &sheet.unwrap().1
    }

    /// The value below a heading, in a row that is counted from the first below it.
    fn below(&self, sheet: Word, heading: Word, row: usize) -> &Data {
        let heading = heading.default_text(self.language);
        let sheet = self.sheet(sheet);
        let is_it = |column: &u32| text(sheet.get_value((0, *column))) == heading;
        let column = (0..index(sheet.width())).find(is_it);
        sheet
            .get_value((index(row) + 1, column.unwrap()))
            .unwrap_or(&Data::Empty)
    }

    fn number_below(&self, heading: Word) -> f64 {
        match self.below(Word::SheetTrades, heading, 0) {
            Data::Float(number) => *number,
            other => panic!("{heading:?} is {other:?}"),
        }
    }

    /// The value beside a label of the summary.
    fn beside(&self, label: Word) -> String {
        let label = label.default_text(self.language);
        let sheet = self.sheet(Word::SheetSummary);
        let row = (0..index(sheet.height()))
            .find(|row| text(sheet.get_value((*row, 0))) == label)
            .unwrap();
        text(sheet.get_value((row, 1)))
    }

    /// The text of every part whose name begins and ends so.
    fn parts(&self, begins: &str, ends: &str) -> Vec<String> {
        let mut archive = ZipArchive::new(Cursor::new(&self.bytes[..])).unwrap();
        (0..archive.len())
            .filter_map(|n| {
                let mut part = archive.by_index(n).unwrap();
                let name = part.name().unwrap().to_string();
                let mut text = String::new();
                (name.starts_with(begins) && name.ends_with(ends)).then(|| {
                    part.read_to_string(&mut text).unwrap();
                    text
                })
            })
            .collect()
    }

    /// No cell of data is a formula, and no link leads out of the file.
    fn expect_nothing_active(&self, contents: &Contents) {
        for (sheet, rows) in [
            (Word::SheetTrades, contents.trades.len()),
            (Word::SheetCashMovements, contents.movements.len()),
        ] {
            let name = sheet.default_text(self.language);
            let data = 1..=index(rows);
            let of_data =
                |(known, row, _): &&(String, u32, u32)| known == name && data.contains(row);
            assert_eq!(self.formulas.iter().find(of_data), None, "a formula");
        }
        let summary = Word::SheetSummary.default_text(self.language);
        let of_summary = |(known, ..): &&(String, u32, u32)| known == summary;
        assert_eq!(self.formulas.iter().find(of_summary), None, "a formula");
        for relations in self.parts("", ".rels") {
            assert!(!relations.contains("External"), "a link: {relations}");
        }
    }
}

/// Rows and columns of these sheets are few.
fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap()
}

/// The text of a cell; an empty text leaves its cell empty.
fn text(value: Option<&Data>) -> String {
    match value {
        None | Some(Data::Empty) => String::new(),
        Some(Data::String(text)) => text.clone(),
        Some(other) => panic!("{other:?} is no text"),
    }
}

/// The side of a trade with its event, as the wording joins them.
fn side_with_event(language: Language, event: &str) -> String {
    let profile = Profile::built_in();
    let words = Words::new(&profile, language);
    let side = words.get(Word::SideSell);
    words.fill(Word::SideWithEvent, &[("side", side), ("event", event)])
}

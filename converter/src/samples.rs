//! What tests are made of: a plain trade and the top of a document, of which each test changes what it is about.

use std::io::Write;
use std::sync::Arc;

use common::currency::Currency;
use common::lifetime::Opened;
use common::profile::Profile;
use common::statement::{Language, parse_date};
use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::rows::account::Account;
use crate::rows::codes::{Custody, Side};
use crate::rows::trade::Trade;
use crate::workbook::Heading;

pub fn day(text: &str) -> Date {
    parse_date(text).unwrap()
}

pub fn currency(code: &str) -> Currency {
    Currency::from_code(code).unwrap()
}

/// A sale for nothing, in yen.
pub fn trade() -> Trade {
    Trade {
        trade_id: "T1".into(),
        trade_date: day("2026-10-01"),
        trade_time: None,
        settlement_date: day("2026-10-05"),
        security_code: "0001".into(),
        security_name: "Name".into(),
        market: None,
        side: Side::Sell,
        event: None,
        custody: Custody::Nisa,
        quantity: Decimal::ONE,
        unit_price: Decimal::ONE,
        currency: currency("JPY"),
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

pub fn account(language: Language) -> Account {
    Account {
        account_id: "A1".into(),
        account_no: "0001".into(),
        holder_name: "Holder".into(),
        postal_address: None,
        language,
        base_currency: currency("JPY"),
        opened_on: Opened::On(day("2020-01-01")),
    }
}

/// The top of an account's document, with the built-in profile.
pub fn heading(document: &str, account: Account) -> Heading {
    Heading {
        document: document.parse().unwrap(),
        account,
        issued_on: day("2026-11-02"),
        as_of: day("2026-10-31"),
        profile: Arc::new(Profile::built_in()),
        correction: None,
        is_whole: true,
        is_draft: false,
    }
}

/// A profile that has these settings beside a firm's name.
pub fn profile(settings: &str) -> Profile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let both = "{ ja = 'F', en = 'F' }";
    let firm = format!("firm = {{ name = {both}, registration = {both}, contact = {both} }}");
    writeln!(file, "{firm}\n{settings}").unwrap();
    Profile::read(file.path()).unwrap()
}

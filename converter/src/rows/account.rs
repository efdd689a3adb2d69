//! The account a document is for.

use common::contract::ACCOUNTS;
use common::currency::Currency;
use common::lifetime::{Closed, Opened};
use common::source::{Query, Source, SourceRow};
use common::statement::{AccountId, Language};
use common::{Error, Result};

use super::codes::Code;
use super::intake::Intake;
use super::reader::RowReader;
use crate::gate;

/// One row of `statement_accounts`.
#[derive(Debug, Clone)]
pub struct Account {
    pub account_id: Box<str>,
    pub account_no: Box<str>,
    pub holder_name: Box<str>,
    pub postal_address: Option<Box<str>>,
    pub language: Language,
    pub base_currency: Currency,
    pub opened_on: Opened,
}

impl Code for Language {
    const CODES: &'static [(&'static str, Self)] = &[("ja", Language::Ja), ("en", Language::En)];
}

/// Whether the customer takes statements electronically.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Consent {
    Given,
    NotGiven,
}

impl Code for Consent {
    const CODES: &'static [(&'static str, Self)] =
        &[("0", Consent::NotGiven), ("1", Consent::Given)];
}

/// Reads the account. None or two of the same id are bad data.
pub async fn read(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
) -> Result<Account> {
    let is_account = source.catalog.is_account(&ACCOUNTS);
    let query = Query {
        doing: "reading statement_accounts",
        columns: &source.columns_of(&ACCOUNTS),
        text: &format!("SELECT {{columns}} FROM statement_accounts t WHERE {is_account}"),
        parameters: &[account_id.as_str()],
    };
    intake.digest.section(ACCOUNTS.name);
    let mut rows = 0;
    let mut account = None;
    let each = async |row: &SourceRow| {
        rows += 1;
        account = Some(parse(&mut RowReader::new(&ACCOUNTS, row, intake)));
        Ok(())
    };
    source.for_each(query, each).await?;
    match (account, rows) {
        (Some(account), 1) => {
            let account = account?;
            let owner = &account.account_id;
            gate::ownership::check(&mut intake.gate, account_id, owner, ACCOUNTS.name)?;
            Ok(account)
        }
        (None, _) => Err(Error::data(
            "unknown_account",
            format!(
                "statement_accounts has no row for account {account_id}, yet rows of other relations name it"
            ),
        )),
        _ => Err(Error::data(
            "shape",
            format!(
                "statement_accounts has {rows} rows for account {account_id}; account_id must be unique"
            ),
        )),
    }
}

fn parse(row: &mut RowReader) -> Result<Account> {
    let account_id = row.owned()?;
    let account_no = row.owned()?;
    let holder_name = row.owned()?;
    let postal_address = row.optional_owned()?;
    let language = row.code()?;
    let base_currency = row.currency()?;
    // Consent, roll-out group and closure decide about delivery, not about what the document says. A consent that cannot be told
    // is none of either kind.
    let _consent: Consent = row.code_beside()?;
    row.skip();
    let opened_on = row.parsed(Opened::parse, "a date up to 9999-12-31, YYYY-MM-DD")?;
    let closed_on = row.text_beside()?;
    let closed_on = Closed::parse(closed_on).ok_or_else(|| {
        let text = closed_on.unwrap_or_default();
        row.wrong(&format!(
            "{text:?} is not a date up to 9999-12-31, YYYY-MM-DD"
        ))
    })?;
    if closed_on.contradicts(opened_on) {
        row.broken("the account was closed before it was opened (opened_on)")?;
    }
    Ok(Account {
        account_id,
        account_no,
        holder_name,
        postal_address,
        language,
        base_currency,
        opened_on,
    })
}

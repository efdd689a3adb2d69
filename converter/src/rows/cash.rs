//! Cash: balances of a snapshot, and movements.

use common::Result;
use common::contract::{CASH_BALANCES, CASH_MOVEMENTS, DEFAULT_POCKET};
use common::currency::Currency;
use common::database::{Whose, statement_failed};
use common::profile::Rule;
use common::source::{Query, Source, SourceRow};
use common::statement::{AccountId, Period};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::CashKind;
use super::intake::Intake;
use super::opening::Opening;
use super::reader::RowReader;
use super::ties::ties;
use crate::gate;
use crate::gate::cash::CashRoll;

/// One row of `statement_cash_balances`.
#[derive(Debug, Clone)]
pub struct CashBalance {
    pub currency: Currency,
    pub pocket: Box<str>,
    pub amount: Decimal,
    pub fx_rate: Option<Decimal>,
}

/// One row of `statement_cash_movements`.
#[derive(Debug, Clone)]
pub struct CashMovement {
    pub account_id: Box<str>,
    pub movement_id: Box<str>,
    pub booked_on: Date,
    pub kind: CashKind,
    pub description: Box<str>,
    pub currency: Currency,
    pub pocket: Box<str>,
    /// Negative = out.
    pub amount: Decimal,
    /// Of `gross_amount`; that of the movement where the source names none.
    pub gross_currency: Currency,
    pub gross_amount: Option<Decimal>,
    pub income_tax: Option<Decimal>,
    pub local_tax: Option<Decimal>,
    pub foreign_tax: Option<Decimal>,
    pub fee: Option<Decimal>,
}

/// A line of the cash section, per currency and pocket.
#[derive(Debug, Clone)]
pub enum CashLine {
    Opening(Boundary),
    Movement {
        movement: CashMovement,
        /// After the movement; `None` when the opening balance is not known.
        balance: Option<Decimal>,
    },
    Closing(Boundary),
}

/// The balance at a boundary of the period.
#[derive(Debug, Clone)]
pub struct Boundary {
    pub currency: Currency,
    pub pocket: Box<str>,
    /// The day at whose end it is the balance.
    pub date: Date,
    /// `None` when the source cannot tell: no snapshot is early enough.
    pub balance: Option<Decimal>,
}

/// What must be known of the movements before the first line is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct CashOutline {
    pub rows: i64,
    pub with_gross_amount: bool,
    pub with_income_tax: bool,
    pub with_local_tax: bool,
    pub with_foreign_tax: bool,
    pub with_fee: bool,
    /// Whether a gross amount is of another currency than its movement.
    pub with_gross_currency: bool,
    /// Movements that name a trade.
    pub with_trade_id: i64,
    /// Payments for trades that name none.
    pub without_trade_id: i64,
}

type Counts = (i64, i64, i64, i64, i64, i64, i64, i64, i64);

/// Counts the movements of the period, and finds out which optional columns have a value.
pub async fn outline(
    source: &mut Source,
    account_id: &AccountId,
    period: Period,
) -> Result<CashOutline> {
    let any_value = |name| format!("count({})", source.column(&CASH_MOVEMENTS, name));
    let trade_id = source.catalog.present(&CASH_MOVEMENTS, "trade_id");
    let query = source.sql(&format!(
        "SELECT count(*), {}, {}, {}, {}, {}, count(CASE WHEN {} <> t.currency THEN {} END), count({trade_id}),
                count(CASE WHEN t.kind = 'trade' AND {trade_id} IS NULL THEN 1 END)
         FROM statement_cash_movements t
         WHERE {} AND t.booked_on >= date($2) AND t.booked_on <= date($3)",
        any_value("gross_amount"),
        any_value("income_tax"),
        any_value("local_tax"),
        any_value("foreign_tax"),
        any_value("fee"),
        source.column(&CASH_MOVEMENTS, "gross_currency"),
        source.column(&CASH_MOVEMENTS, "gross_amount"),
        source.catalog.is_account(&CASH_MOVEMENTS),
    ));
    let (rows, gross, income, local, foreign, fee, other_gross, named, unnamed): Counts =
        sqlx::query_as(query)
            .bind(account_id.as_str())
            .bind(period.first_day().to_string())
            .bind(period.last_day().to_string())
            .fetch_one(source.connection())
            .await
            .map_err(statement_failed(
                "counting statement_cash_movements",
                Whose::Source,
            ))?;
    Ok(CashOutline {
        rows,
        with_gross_amount: gross > 0,
        with_income_tax: income > 0,
        with_local_tax: local > 0,
        with_foreign_tax: foreign > 0,
        with_fee: fee > 0,
        with_gross_currency: other_gross > 0,
        with_trade_id: named,
        without_trade_id: unnamed,
    })
}

/// The balances of a snapshot, by currency and pocket. There are as many as an account has currencies and pockets,
/// whatever it trades.
pub async fn balances(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    as_of: Date,
) -> Result<Vec<CashBalance>> {
    let pocket = source.catalog.present(&CASH_BALANCES, "pocket");
    let is_account = source.catalog.is_account(&CASH_BALANCES);
    let text = format!(
        "SELECT {{columns}} FROM statement_cash_balances t WHERE {is_account} AND t.as_of = date($2)
         ORDER BY t.currency COLLATE {{C}}, COALESCE({pocket}, '{DEFAULT_POCKET}') COLLATE {{C}}{}",
        ties(source, &CASH_BALANCES, &intake.gate)
    );
    let query = Query {
        doing: "reading statement_cash_balances",
        columns: &source.columns_of(&CASH_BALANCES),
        text: &text,
        parameters: &[account_id.as_str(), &as_of.to_string()],
    };
    let mut balances: Vec<CashBalance> = Vec::new();
    let each = async |row: &SourceRow| {
        gate::agreement::check(&mut intake.gate, &CASH_BALANCES, row)?;
        let mut row = RowReader::new(&CASH_BALANCES, row, intake);
        let owner = row.text()?;
        let on = row.date()?;
        if on != as_of {
            return Err(row.wrong(&format!("{on} is not the day of the snapshot, {as_of}")));
        }
        let currency = row.currency()?;
        let pocket: Box<str> = row.optional_text()?.unwrap_or(DEFAULT_POCKET).into();
        let amount = row.decimal(currency.exponent())?;
        let fx_rate = row.optional_positive(8)?;
        let balance = CashBalance {
            currency,
            pocket,
            amount,
            fx_rate,
        };
        if balances
            .last()
            .is_some_and(|last| last.currency == currency && last.pocket == balance.pocket)
        {
            let what = format!(
                "statement_cash_balances: currency {currency}, pocket {} occurs twice on {as_of}; both must be unique",
                balance.pocket
            );
            let broken = intake.gate.broken(Rule::Shape, what);
            broken.map_err(|error| error.at("statement_cash_balances.currency"))?;
        }
        balances.push(balance);
        let row = || format!("cash balance in {currency} of {as_of}");
        gate::value::check_rate(&mut intake.gate, row, currency, fx_rate)?;
        gate::ownership::check(&mut intake.gate, account_id, owner, CASH_BALANCES.name)
    };
    source.for_each(query, each).await?;
    Ok(balances)
}

/// The balances that a document's movements begin with; none without an opening snapshot.
pub async fn opening_balances(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    opening: Opening,
) -> Result<Vec<CashBalance>> {
    match opening {
        Opening::Snapshot(as_of) => balances(source, intake, account_id, as_of).await,
        Opening::Nothing | Opening::Unknown => Ok(Vec::new()),
    }
}

/// Adds up the account's movements since the opening snapshot, for the gate only: a balance statement does not list them.
pub async fn roll(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    (after, up_to): (Date, Date),
    roll: &mut CashRoll,
) -> Result<()> {
    const COLUMNS: &[&str] = &[
        "account_id",
        "movement_id",
        "booked_on",
        "kind",
        "currency",
        "pocket",
        "amount",
    ];
    let text = format!(
        "SELECT {{columns}} FROM statement_cash_movements t
         WHERE {} AND t.booked_on > date($2) AND t.booked_on <= date($3)
         ORDER BY t.movement_id COLLATE {{C}}{}",
        source.catalog.is_account(&CASH_MOVEMENTS),
        ties(source, &CASH_MOVEMENTS, &intake.gate)
    );
    let query = Query {
        doing: "adding up statement_cash_movements",
        columns: &source.columns_named(&CASH_MOVEMENTS, COLUMNS),
        text: &text,
        parameters: &[account_id.as_str(), &after.to_string(), &up_to.to_string()],
    };
    let each = async |row: &SourceRow| {
        let mut row = RowReader::of_columns(&CASH_MOVEMENTS, COLUMNS, row, intake);
        let (owner, _movement_id) = (row.text()?, row.text()?);
        let booked_on = row.date()?;
        let _kind = row.code::<CashKind>()?;
        let currency = row.currency()?;
        let pocket = row.optional_text()?.unwrap_or(DEFAULT_POCKET);
        roll.add(
            currency,
            pocket,
            booked_on,
            row.decimal(currency.exponent())?,
        );
        gate::ownership::check(&mut intake.gate, account_id, owner, CASH_MOVEMENTS.name)
    };
    source.for_each(query, each).await
}

pub(super) fn parse(row: &mut RowReader) -> Result<CashMovement> {
    let account_id = row.owned()?;
    let movement_id = row.owned()?;
    let booked_on = row.date()?;
    let _sequence = row.optional_integer()?;
    let kind = row.code()?;
    let description = row.text_or_blank()?.into();
    let currency = row.currency()?;
    let pocket: Box<str> = row.optional_text()?.unwrap_or(DEFAULT_POCKET).into();
    let minor_unit = currency.exponent();
    let amount = row.decimal(minor_unit)?;
    let _trade_id = row.optional_text()?;
    let _security_code = row.optional_text()?;
    let _security_name = row.optional_text()?;
    let gross_currency = row.optional_currency()?.unwrap_or(currency);
    let gross_amount = row.optional_decimal(gross_currency.exponent())?;
    let income_tax = row.optional_decimal(minor_unit)?;
    let local_tax = row.optional_decimal(minor_unit)?;
    let foreign_tax = row.optional_decimal(minor_unit)?;
    let fee = row.optional_decimal(minor_unit)?;
    Ok(CashMovement {
        account_id,
        movement_id,
        booked_on,
        kind,
        description,
        currency,
        pocket,
        amount,
        gross_currency,
        gross_amount,
        income_tax,
        local_tax,
        foreign_tax,
        fee,
    })
}

//! Cash: balances of a snapshot, and the movements of a period between its opening and closing balances.

use common::Result;
use common::contract::{CASH_BALANCES, CASH_MOVEMENTS};
use common::database::{Whose, statement_failed};
use common::statement::{AccountId, Period};
use futures_util::TryStreamExt;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::CashKind;
use super::reader::RowReader;
use super::sink::Sink;
use super::source::Source;
use crate::gate;
use common::currency::Currency;

/// The pocket of rows that name none.
pub const DEFAULT_POCKET: &str = "deposit";

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
    pub gross_amount: Option<Decimal>,
    pub income_tax: Option<Decimal>,
    pub local_tax: Option<Decimal>,
    pub foreign_tax: Option<Decimal>,
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

/// The cash snapshot that opens a period.
#[derive(Debug, Clone, Copy)]
pub enum OpeningCash {
    /// Taken on that day; an account, currency or pocket that it does not name had nothing.
    Snapshot(Date),
    /// There is no snapshot that early, but the account is not older than the period.
    Nothing,
    /// There is no snapshot that early.
    Unknown,
}

/// What must be known of the movements before the first line is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct CashOutline {
    pub rows: i64,
    pub with_gross_amount: bool,
    pub with_income_tax: bool,
    pub with_local_tax: bool,
    pub with_foreign_tax: bool,
}

/// Counts the movements of the period, finds out which optional columns have a value, and that no id occurs twice.
pub async fn outline(
    source: &mut Source,
    account_id: &AccountId,
    period: Period,
) -> Result<CashOutline> {
    let any_value = |name| format!("count({})", source.column(&CASH_MOVEMENTS, name));
    let query = source.query(
        &CASH_MOVEMENTS,
        &format!(
            "SELECT count(*), {}, {}, {}, {} FROM statement_cash_movements t
             WHERE t.account_id = $1 AND t.booked_on >= date($2) AND t.booked_on <= date($3)",
            any_value("gross_amount"),
            any_value("income_tax"),
            any_value("local_tax"),
            any_value("foreign_tax"),
        ),
    );
    let (rows, gross, income, local, foreign): (i64, i64, i64, i64, i64) = sqlx::query_as(query)
        .bind(account_id.as_str())
        .bind(period.first_day().to_string())
        .bind(period.last_day().to_string())
        .fetch_one(source.connection())
        .await
        .map_err(statement_failed(
            "counting statement_cash_movements",
            Whose::Source,
        ))?;
    if rows > 0 {
        gate::shape::refuse_duplicates(source, &CASH_MOVEMENTS, "movement_id", account_id).await?;
    }
    Ok(CashOutline {
        rows,
        with_gross_amount: gross > 0,
        with_income_tax: income > 0,
        with_local_tax: local > 0,
        with_foreign_tax: foreign > 0,
    })
}

/// The balances of a snapshot, by currency and pocket. There are as many as an account has currencies and pockets,
/// whatever it trades.
pub async fn balances(
    source: &mut Source,
    account_id: &AccountId,
    as_of: Date,
) -> Result<Vec<CashBalance>> {
    let pocket = source.column(&CASH_BALANCES, "pocket");
    let query = format!(
        "SELECT {{columns}} FROM statement_cash_balances t WHERE t.account_id = $1 AND t.as_of = date($2)
         ORDER BY t.currency COLLATE {{C}}, COALESCE({pocket}, '{DEFAULT_POCKET}') COLLATE {{C}}"
    );
    let query = source.query(&CASH_BALANCES, &query);
    let rows = sqlx::query(query)
        .bind(account_id.as_str())
        .bind(as_of.to_string())
        .fetch_all(source.connection())
        .await
        .map_err(statement_failed(
            "reading statement_cash_balances",
            Whose::Source,
        ))?;
    let mut balances: Vec<CashBalance> = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut row = RowReader::new(&CASH_BALANCES, row);
        gate::ownership::check(account_id, row.text()?, "statement_cash_balances")?;
        let on = row.date()?;
        if on != as_of {
            return Err(row.wrong(&format!("{on} is not the day of the snapshot, {as_of}")));
        }
        let currency = row.currency()?;
        let pocket: Box<str> = row.optional_text()?.unwrap_or(DEFAULT_POCKET).into();
        let amount = row.decimal(currency.exponent())?;
        let fx_rate = row.optional_unsigned(8)?;
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
            return Err(row.wrong(&format!(
                "two rows of {as_of} have currency {currency}, pocket {}",
                balance.pocket
            )));
        }
        balances.push(balance);
    }
    Ok(balances)
}

/// Streams the cash section: per currency and pocket the opening balance, every movement of the period, and the closing
/// balance. Movements between the opening snapshot and the period count into the opening balance.
pub async fn stream(
    source: &mut Source,
    account_id: &AccountId,
    period: Period,
    opening: OpeningCash,
    sink: &mut Sink<CashLine>,
) -> Result<()> {
    let day_before = period.first_day().yesterday().unwrap_or(period.first_day());
    let (balances, after) = match opening {
        OpeningCash::Snapshot(as_of) => (balances(source, account_id, as_of).await?, as_of),
        OpeningCash::Nothing | OpeningCash::Unknown => (Vec::new(), day_before),
    };
    let mut untouched = balances.into_iter().peekable();
    let unnamed = if matches!(opening, OpeningCash::Unknown) {
        None
    } else {
        Some(Decimal::ZERO)
    };

    let pocket = source.column(&CASH_MOVEMENTS, "pocket");
    let sequence = source.column(&CASH_MOVEMENTS, "sequence");
    let query = format!(
        "SELECT {{columns}} FROM statement_cash_movements t
         WHERE t.account_id = $1 AND t.booked_on > date($2) AND t.booked_on <= date($3)
         ORDER BY t.currency COLLATE {{C}}, COALESCE({pocket}, '{DEFAULT_POCKET}') COLLATE {{C}}, t.booked_on,
                  CASE WHEN {sequence} IS NULL THEN 0 ELSE 1 END, {sequence}, t.movement_id COLLATE {{C}}"
    );
    let query = source.query(&CASH_MOVEMENTS, &query);
    let mut rows = sqlx::query(query)
        .bind(account_id.as_str())
        .bind(after.to_string())
        .bind(period.last_day().to_string())
        .fetch(source.connection());

    let mut current: Option<Group> = None;
    while let Some(row) = rows.try_next().await.map_err(statement_failed(
        "reading statement_cash_movements",
        Whose::Source,
    ))? {
        let movement = parse(&mut RowReader::new(&CASH_MOVEMENTS, &row))?;
        gate::ownership::check(account_id, &movement.account_id, "statement_cash_movements")?;
        gate::shape::check_movement(&movement, after, period)?;
        if current.as_ref().is_none_or(|group| !group.holds(&movement)) {
            if let Some(done) = current.take() {
                done.close(period, day_before, sink).await?;
            }
            let key = (movement.currency, &movement.pocket);
            while let Some(balance) =
                untouched.next_if(|balance| (balance.currency, &balance.pocket) < key)
            {
                Group::untouched(balance)
                    .close(period, day_before, sink)
                    .await?;
            }
            let opening = untouched
                .next_if(|balance| (balance.currency, &balance.pocket) == key)
                .map_or(unnamed, |balance| Some(balance.amount));
            current = Some(Group {
                currency: movement.currency,
                pocket: movement.pocket.clone(),
                balance: opening,
                opened: false,
            });
        }
        let Some(group) = &mut current else { continue };
        if movement.booked_on < period.first_day() {
            group.add(movement.amount);
            continue;
        }
        group.open(day_before, sink).await?;
        group.add(movement.amount);
        let balance = group.balance;
        sink.push(CashLine::Movement { movement, balance }).await?;
    }
    if let Some(done) = current {
        done.close(period, day_before, sink).await?;
    }
    for balance in untouched {
        Group::untouched(balance)
            .close(period, day_before, sink)
            .await?;
    }
    Ok(())
}

/// The currency and pocket whose lines are being written.
struct Group {
    currency: Currency,
    pocket: Box<str>,
    balance: Option<Decimal>,
    /// Whether the opening line is written.
    opened: bool,
}

impl Group {
    fn untouched(balance: CashBalance) -> Self {
        Self {
            currency: balance.currency,
            pocket: balance.pocket,
            balance: Some(balance.amount),
            opened: false,
        }
    }

    fn holds(&self, movement: &CashMovement) -> bool {
        self.currency == movement.currency && self.pocket == movement.pocket
    }

    fn add(&mut self, amount: Decimal) {
        self.balance = self.balance.map(|balance| balance + amount);
    }

    fn boundary(&self, date: Date) -> Boundary {
        Boundary {
            currency: self.currency,
            pocket: self.pocket.clone(),
            date,
            balance: self.balance,
        }
    }

    async fn open(&mut self, day_before: Date, sink: &mut Sink<CashLine>) -> Result<()> {
        if !self.opened {
            self.opened = true;
            sink.push(CashLine::Opening(self.boundary(day_before)))
                .await?;
        }
        Ok(())
    }

    async fn close(
        mut self,
        period: Period,
        day_before: Date,
        sink: &mut Sink<CashLine>,
    ) -> Result<()> {
        // A pocket with neither money nor movement says nothing.
        if !self.opened && self.balance.is_some_and(|balance| balance.is_zero()) {
            return Ok(());
        }
        self.open(day_before, sink).await?;
        sink.push(CashLine::Closing(self.boundary(period.last_day())))
            .await
    }
}

fn parse(row: &mut RowReader) -> Result<CashMovement> {
    let account_id = row.owned()?;
    let movement_id = row.owned()?;
    let booked_on = row.date()?;
    let _sequence = row.optional_integer()?;
    let kind = row.code()?;
    let description = row.owned()?;
    let currency = row.currency()?;
    let pocket: Box<str> = row.optional_text()?.unwrap_or(DEFAULT_POCKET).into();
    let minor_unit = currency.exponent();
    let amount = row.decimal(minor_unit)?;
    let _trade_id = row.optional_text()?;
    let _security_code = row.optional_text()?;
    let _security_name = row.optional_text()?;
    let gross_amount = row.optional_decimal(minor_unit)?;
    let income_tax = row.optional_decimal(minor_unit)?;
    let local_tax = row.optional_decimal(minor_unit)?;
    let foreign_tax = row.optional_decimal(minor_unit)?;
    Ok(CashMovement {
        account_id,
        movement_id,
        booked_on,
        kind,
        description,
        currency,
        pocket,
        amount,
        gross_amount,
        income_tax,
        local_tax,
        foreign_tax,
    })
}

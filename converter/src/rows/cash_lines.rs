//! The cash section of a trade statement: the movements of a period between its opening and closing balances.

use common::Result;
use common::contract::{CASH_MOVEMENTS, DEFAULT_POCKET};
use common::currency::Currency;
use common::source::{Query, Source, SourceRow};
use common::statement::{AccountId, Period};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::cash::{
    Boundary, CashBalance, CashLine, CashMovement, balances, opening_balances, parse,
};
use super::intake::Intake;
use super::opening::Opening;
use super::reader::RowReader;
use super::sink::Sink;
use super::ties::ties;
use crate::gate;
use crate::gate::cash::CashRoll;

/// The snapshots that the cash section lies between.
#[derive(Debug, Clone, Copy)]
pub struct CashSnapshots {
    pub opening: Opening,
    pub closing: Option<Date>,
}

/// Streams the cash section: per currency and pocket the opening balance, every movement of the period, and the closing
/// balance. Movements between the opening snapshot and the period count into the opening balance. `base` is the account's
/// base currency.
pub async fn stream(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    period: Period,
    CashSnapshots { opening, closing }: CashSnapshots,
    base: Option<Currency>,
    sink: &mut Sink<CashLine>,
) -> Result<()> {
    let after = opening.after(period);
    let opened_with = opening_balances(source, intake, account_id, opening).await?;
    let closed_with = match closing {
        Some(as_of) => balances(source, intake, account_id, as_of).await?,
        None => Vec::new(),
    };
    let mut roll = CashRoll::new(opening, &opened_with, closing, &closed_with);
    let mut untouched = opened_with.into_iter().peekable();
    let unnamed = opening.is_known().then_some(Decimal::ZERO);
    let day_before = period.first_day().yesterday().unwrap_or(period.first_day());

    let pocket = source.catalog.present(&CASH_MOVEMENTS, "pocket");
    let sequence = source.column(&CASH_MOVEMENTS, "sequence");
    let is_account = source.catalog.is_account(&CASH_MOVEMENTS);
    let text = format!(
        "SELECT {{columns}} FROM statement_cash_movements t
         WHERE {is_account} AND t.booked_on > date($2) AND t.booked_on <= date($3)
         ORDER BY t.currency COLLATE {{C}}, COALESCE({pocket}, '{DEFAULT_POCKET}') COLLATE {{C}}, t.booked_on,
                  CASE WHEN {sequence} IS NULL THEN 0 ELSE 1 END, {sequence}, t.movement_id COLLATE {{C}}{}",
        ties(source, &CASH_MOVEMENTS, &intake.gate)
    );
    let query = Query {
        doing: "reading statement_cash_movements",
        columns: &source.columns_of(&CASH_MOVEMENTS),
        text: &text,
        parameters: &[
            account_id.as_str(),
            &after.to_string(),
            &period.last_day().to_string(),
        ],
    };

    let mut current: Option<Group> = None;
    let each = async |row: &SourceRow| {
        let movement = parse(&mut RowReader::new(&CASH_MOVEMENTS, row, intake))?;
        let gate = &mut intake.gate;
        gate::ownership::check(gate, account_id, &movement.account_id, CASH_MOVEMENTS.name)?;
        gate::shape::check_movement(gate, &movement, after, period)?;
        roll.add(
            movement.currency,
            &movement.pocket,
            movement.booked_on,
            movement.amount,
        );
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
        let Some(group) = &mut current else {
            return Ok(());
        };
        if movement.booked_on < period.first_day() {
            group.add(movement.amount);
            return Ok(());
        }
        gate::income::check(&mut intake.gate, &movement, base)?;
        group.open(day_before, sink).await?;
        group.add(movement.amount);
        let balance = group.balance;
        sink.push(CashLine::Movement { movement, balance }).await
    };
    source.for_each(query, each).await?;
    if let Some(done) = current {
        done.close(period, day_before, sink).await?;
    }
    for balance in untouched {
        Group::untouched(balance)
            .close(period, day_before, sink)
            .await?;
    }
    roll.check(&mut intake.gate)
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

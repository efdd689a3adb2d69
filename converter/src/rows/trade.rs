//! Trades: of a period for a trade statement, unsettled ones for a balance statement.

use common::Result;
use common::contract::TRADES;
use common::currency::Currency;
use common::database::{Whose, statement_failed};
use common::profile::Basis;
use common::source::{Query, Source, SourceRow};
use common::statement::{AccountId, Period};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::intake::Intake;
use super::reader::RowReader;
use super::sink::Sink;
use super::ties::ties;
use super::trade_time::{is_time, time_order};
use crate::gate;
use crate::gate::identity::Terms;
use crate::gate::value::Quote;

/// One row of `statement_trades`.
#[derive(Debug, Clone)]
pub struct Trade {
    pub trade_id: Box<str>,
    pub trade_date: Date,
    /// `HH:MM`, with seconds if they are known.
    pub trade_time: Option<Box<str>>,
    pub settlement_date: Date,
    pub security_code: Box<str>,
    pub security_name: Box<str>,
    pub market: Option<Box<str>>,
    pub side: Side,
    pub event: Option<Box<str>>,
    pub custody: Custody,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub currency: Currency,
    pub fx_rate: Option<Decimal>,
    pub gross_amount: Decimal,
    pub accrued_interest: Option<Decimal>,
    pub commission: Decimal,
    pub foreign_fees: Option<Decimal>,
    pub consumption_tax: Decimal,
    pub withholding_tax: Decimal,
    pub net_amount: Decimal,
    pub settlement_currency: Option<Currency>,
    pub settlement_amount: Option<Decimal>,
    pub note: Option<Box<str>>,
}

/// An event is a word or two; far more would not fit the cell it shares with the side.
const MAX_EVENT_BYTES: usize = 4096;

/// Which trades of the account a section lists.
#[derive(Debug, Clone, Copy)]
pub enum TradeSelection {
    /// Those that the firm counts to a period: by trade date or by settlement date.
    OfPeriod(Period, Basis),
    /// Those made up to a day and not settled by then.
    UnsettledAt(Date),
}

impl TradeSelection {
    fn condition(self) -> &'static str {
        match self {
            Self::OfPeriod(_, Basis::TradeDate) => {
                "t.trade_date >= date($2) AND t.trade_date <= date($3)"
            }
            Self::OfPeriod(_, Basis::SettlementDate) => {
                "t.settlement_date >= date($2) AND t.settlement_date <= date($3)"
            }
            Self::UnsettledAt(_) => "t.trade_date <= date($2) AND t.settlement_date > date($3)",
        }
    }

    fn dates(self) -> (Date, Date) {
        match self {
            Self::OfPeriod(period, _) => (period.first_day(), period.last_day()),
            Self::UnsettledAt(day) => (day, day),
        }
    }

    /// Whether a row's dates are those that selected it.
    pub fn contains(self, trade: &Trade) -> bool {
        match self {
            Self::OfPeriod(period, Basis::TradeDate) => period.contains(trade.trade_date),
            Self::OfPeriod(period, Basis::SettlementDate) => period.contains(trade.settlement_date),
            Self::UnsettledAt(day) => trade.trade_date <= day && day < trade.settlement_date,
        }
    }
}

/// What must be known of a section's trades before its first row is written.
#[derive(Debug, Clone, Copy, Default)]
pub struct TradesOutline {
    pub rows: i64,
    pub with_trade_time: bool,
    pub with_accrued_interest: bool,
    pub with_foreign_fees: bool,
    pub with_settlement: bool,
}

/// Counts the trades, and finds out which optional columns have a value.
pub async fn outline(
    source: &mut Source,
    account_id: &AccountId,
    selection: TradeSelection,
) -> Result<TradesOutline> {
    let any_amount = |column: String| {
        format!("max(CASE WHEN CAST({column} AS double precision) <> 0 THEN 1 ELSE 0 END)")
    };
    let column = |name| source.column(&TRADES, name);
    let query = format!(
        "SELECT count(*), count({}), COALESCE({}, 0), COALESCE({}, 0), count({}) + count({})
         FROM statement_trades t WHERE {} AND {}",
        source.catalog.present(&TRADES, "trade_time"),
        any_amount(column("accrued_interest")),
        any_amount(column("foreign_fees")),
        source.catalog.present(&TRADES, "settlement_currency"),
        column("settlement_amount"),
        source.catalog.is_account(&TRADES),
        selection.condition()
    );
    let query = source.sql(&query);
    let (from, to) = selection.dates();
    let (rows, times, accrued, foreign, settlement): (i64, i64, i64, i64, i64) =
        sqlx::query_as(query)
            .bind(account_id.as_str())
            .bind(from.to_string())
            .bind(to.to_string())
            .fetch_one(source.connection())
            .await
            .map_err(statement_failed("counting statement_trades", Whose::Source))?;
    Ok(TradesOutline {
        rows,
        with_trade_time: times > 0,
        with_accrued_interest: accrued > 0,
        with_foreign_fees: foreign > 0,
        with_settlement: settlement > 0,
    })
}

/// Streams the section's trades in the order in which they were made: by trade date, time where it is known, and id. Each is
/// checked by the gate.
pub async fn stream(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    (selection, with_time): (TradeSelection, bool),
    terms: Terms,
    sink: &mut Sink<Trade>,
) -> Result<()> {
    let text = format!(
        "SELECT {{columns}} FROM statement_trades t WHERE {} AND {}
         ORDER BY t.trade_date, {}t.trade_id COLLATE {{C}}{}",
        source.catalog.is_account(&TRADES),
        selection.condition(),
        time_order(source, with_time),
        ties(source, &TRADES, &intake.gate)
    );
    let (from, to) = selection.dates();
    let query = Query {
        doing: "reading statement_trades",
        columns: &source.columns_of(&TRADES),
        text: &text,
        parameters: &[account_id.as_str(), &from.to_string(), &to.to_string()],
    };
    let each = async |row: &SourceRow| {
        let (owner, trade, quote) = parse(&mut RowReader::new(&TRADES, row, intake))?;
        let gate = &mut intake.gate;
        gate::ownership::check(gate, account_id, owner, TRADES.name)?;
        gate::shape::check_trade(gate, &trade, selection)?;
        gate::identity::check(gate, &trade, terms)?;
        gate::value::check_trade(gate, &trade, &quote)?;
        gate::agreement::check(gate, &TRADES, row)?;
        sink.push(trade).await
    };
    source.for_each(query, each).await
}

/// The trade, whose it is, and what its price is for.
fn parse<'r>(row: &mut RowReader<'r, '_>) -> Result<(&'r str, Trade, Quote)> {
    let owner = row.text()?;
    let trade_id = row.owned()?;
    let trade_date = row.date()?;
    let trade_time = row.optional_owned()?;
    if let Some(time) = trade_time.as_deref()
        && !is_time(time)
    {
        return Err(row.wrong(&format!("{time:?} is not a time; write HH:MM or HH:MM:SS")));
    }
    let settlement_date = row.date()?;
    let asset_class = row.code()?;
    let security_code = row.owned()?;
    let security_name = row.owned()?;
    let market = row.optional_owned()?;
    let side = row.code()?;
    let event = row.optional_owned()?;
    // It shares its cell with the side.
    if let Some(event) = &event
        && event.len() > MAX_EVENT_BYTES
    {
        return Err(row.wrong(&format!(
            "the text is longer than the {MAX_EVENT_BYTES} bytes that stand beside a side"
        )));
    }
    let custody = row.code()?;
    let quantity = row.positive(6)?;
    let unit_price = row.unsigned(8)?;
    let price_unit = row.positive(8)?;
    let price_factor = row.optional_positive(8)?;
    let currency = row.currency()?;
    let minor_unit = currency.exponent();
    let fx_rate = row.optional_positive(8)?;
    let gross_amount = row.unsigned(minor_unit)?;
    // Negative where a bond is traded ex-dividend.
    let accrued_interest = row.optional_decimal(minor_unit)?;
    let commission = row.unsigned(minor_unit)?;
    let foreign_fees = row.optional_unsigned(minor_unit)?;
    let consumption_tax = row.unsigned(minor_unit)?;
    let withholding_tax = row.decimal(minor_unit)?;
    let net_amount = row.decimal(minor_unit)?;
    let settlement_currency = row.optional_currency()?;
    let settlement_amount =
        row.optional_decimal(settlement_currency.unwrap_or(currency).exponent())?;
    if settlement_amount.is_none()
        && settlement_currency.is_some_and(|settled_in| settled_in != currency)
    {
        return Err(row.wrong("it is null although settlement_currency differs from currency"));
    }
    let note = row.optional_owned()?;
    let trade = Trade {
        trade_id,
        trade_date,
        trade_time,
        settlement_date,
        security_code,
        security_name,
        market,
        side,
        event,
        custody,
        quantity,
        unit_price,
        currency,
        fx_rate,
        gross_amount,
        accrued_interest,
        commission,
        foreign_fees,
        consumption_tax,
        withholding_tax,
        net_amount,
        settlement_currency,
        settlement_amount,
        note,
    };
    let quote = Quote {
        asset_class,
        price_unit,
        price_factor,
    };
    Ok((owner, trade, quote))
}

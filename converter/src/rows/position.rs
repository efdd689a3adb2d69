//! Holdings on the day of a snapshot.

use common::Result;
use common::contract::POSITIONS;
use common::currency::Currency;
use common::profile::Rounding;
use common::source::{Query, Source, SourceRow};
use common::statement::AccountId;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{AssetClass, Custody};
use super::intake::Intake;
use super::reader::RowReader;
use super::sink::Sink;
use super::ties::ties;
use crate::gate;
use crate::gate::value::{Quote, Valuation};

/// One row of `statement_positions`.
#[derive(Debug, Clone)]
pub struct Position {
    pub account_id: Box<str>,
    pub as_of: Date,
    pub asset_class: AssetClass,
    pub security_code: Box<str>,
    pub security_name: Box<str>,
    pub custody: Custody,
    pub quantity: Decimal,
    pub average_cost: Option<Decimal>,
    pub price: Option<Decimal>,
    pub price_date: Option<Date>,
    pub currency: Currency,
    pub fx_rate: Option<Decimal>,
    /// As given, else quantity × price × price factor ÷ price unit, rounded to the minor unit.
    pub market_value: Option<Decimal>,
    pub unrealized_pl: Option<Decimal>,
}

/// Custodies of the relation called `t` in the contract's order. Codes that it does not know sort last; reading them is an
/// error anyway.
pub const CUSTODY_ORDER: &str =
    "CASE t.custody WHEN 'specific' THEN 1 WHEN 'general' THEN 2 WHEN 'nisa' THEN 3
    WHEN 'nisa_growth' THEN 4 ELSE 5 END";

/// Streams the holdings of a snapshot, ordered by asset class, security code and custody.
pub async fn stream(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    as_of: Date,
    rounding: Rounding,
    sink: &mut Sink<Position>,
) -> Result<()> {
    gate::shape::refuse_duplicate_positions(&mut intake.gate, source, account_id, as_of).await?;
    let text = format!(
        "SELECT {{columns}} FROM statement_positions t WHERE {} AND t.as_of = date($2)
         ORDER BY CASE t.asset_class WHEN 'equity' THEN 1 WHEN 'etf' THEN 2 WHEN 'fund' THEN 3 WHEN 'bond' THEN 4 ELSE 5 END,
                  t.security_code COLLATE {{C}}, {CUSTODY_ORDER}, COALESCE({}, '') COLLATE {{C}}{}",
        source.catalog.is_account(&POSITIONS),
        source.catalog.present(&POSITIONS, "market"),
        ties(source, &POSITIONS, &intake.gate)
    );
    let query = Query {
        doing: "reading statement_positions",
        columns: &source.columns_of(&POSITIONS),
        text: &text,
        parameters: &[account_id.as_str(), &as_of.to_string()],
    };
    let each = async |row: &SourceRow| {
        let (position, valuation) = parse(&mut RowReader::new(&POSITIONS, row, intake), rounding)?;
        let gate = &mut intake.gate;
        gate::ownership::check(gate, account_id, &position.account_id, POSITIONS.name)?;
        gate::shape::check_position(gate, &position, as_of)?;
        gate::value::check_position(gate, &position, &valuation)?;
        gate::agreement::check(gate, &POSITIONS, row)?;
        sink.push(position).await
    };
    source.for_each(query, each).await
}

/// The position, and what the source states of its value.
fn parse(row: &mut RowReader, rounding: Rounding) -> Result<(Position, Valuation)> {
    let account_id = row.owned()?;
    let as_of = row.date()?;
    let asset_class = row.code()?;
    let security_code = row.owned()?;
    let security_name = row.owned()?;
    let _market = row.optional_text()?;
    let custody = row.code()?;
    let quantity = row.decimal(6)?;
    let average_cost = row.optional_unsigned(8)?;
    let cost_currency = row.optional_currency()?;
    let price = row.optional_unsigned(8)?;
    let price_date = row.optional_date()?;
    let quote = Quote {
        asset_class,
        price_unit: row.positive(8)?,
        price_factor: row.optional_positive(8)?,
    };
    let currency = row.currency()?;
    let fx_rate = row.optional_positive(8)?;
    let stated = row.optional_decimal(currency.exponent())?;
    let market_value = match (stated, price) {
        (Some(given), _) => Some(given),
        (None, Some(price)) => {
            let value = quote.worth(quantity, price);
            let value = value.map(|value| currency.round(value, rounding));
            Some(value.ok_or_else(|| {
                row.wrong("quantity × price is larger than can be computed exactly")
            })?)
        }
        (None, None) => None,
    };
    let accrued_interest = row.optional_decimal(currency.exponent())?;
    let unrealized_pl = row.optional_decimal(currency.exponent())?;
    let valuation = Valuation {
        quote,
        market_value: stated,
        accrued_interest,
        cost_currency: cost_currency.unwrap_or(currency),
    };
    let position = Position {
        account_id,
        as_of,
        asset_class,
        security_code,
        security_name,
        custody,
        quantity,
        average_cost,
        price,
        price_date,
        currency,
        fx_rate,
        market_value,
        unrealized_pl,
    };
    Ok((position, valuation))
}

//! How each holding's quantity moved from the opening to the closing snapshot.

use common::Result;
use common::contract::{POSITIONS, TRADES};
use common::database::{Whose, statement_failed};
use common::statement::AccountId;
use futures_util::TryStreamExt;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::reader::RowReader;
use super::sink::Sink;
use super::source::Source;
use crate::gate;

/// One security in one custody: opening + bought + received − sold − delivered − redeemed = closing.
#[derive(Debug, Clone, Default)]
pub struct QuantityMovement {
    pub market: Box<str>,
    pub security_code: Box<str>,
    pub security_name: Box<str>,
    pub custody: Option<Custody>,
    pub opening: Decimal,
    pub bought: Decimal,
    pub received: Decimal,
    pub sold: Decimal,
    pub delivered: Decimal,
    pub redeemed: Decimal,
    pub closing: Decimal,
}

impl QuantityMovement {
    /// What the closing quantity must be.
    pub fn expected_closing(&self) -> Decimal {
        self.opening + self.bought + self.received - self.sold - self.delivered - self.redeemed
    }
}

/// The snapshots between which quantities moved.
#[derive(Debug, Clone, Copy)]
pub struct Between {
    /// `None` = the source has no snapshot that early: the opening is not known.
    pub opening: Option<Date>,
    pub closing: Date,
    /// The first day of movements when there is no opening snapshot.
    pub period_starts: Date,
}

impl Between {
    /// The last day before the movements.
    fn after(self) -> Date {
        self.opening
            .unwrap_or_else(|| self.period_starts.yesterday().unwrap_or(self.period_starts))
    }
}

/// Streams one line per security and custody found in either snapshot or in a settled trade between them, ordered by
/// code, market and custody.
pub async fn stream(
    source: &mut Source,
    account_id: &AccountId,
    between: Between,
    sink: &mut Sink<QuantityMovement>,
) -> Result<()> {
    // One ordered stream of three kinds of rows, so that one line at a time is in memory. Only its columns are read:
    // account_id, security_code, market, custody, security_name, what, quantity, in this order.
    let positions_market = source.column(&POSITIONS, "market");
    let trades_market = source.column(&TRADES, "market");
    let query = format!(
        "SELECT CAST(u.account_id AS text), CAST(u.security_code AS text), CAST(u.market AS text), CAST(u.custody AS text),
                CAST(u.security_name AS text), u.what, CAST(u.quantity AS text)
         FROM (
             SELECT t.account_id, t.security_code, COALESCE({positions_market}, '') AS market, t.custody,
                    t.security_name, CASE WHEN t.as_of = date($2) THEN 'opening' ELSE 'closing' END AS what, t.quantity
             FROM statement_positions t WHERE t.account_id = $1 AND t.as_of IN (date($2), date($3))
             UNION ALL
             SELECT t.account_id, t.security_code, COALESCE({trades_market}, '') AS market, t.custody,
                    t.security_name, t.side AS what, t.quantity
             FROM statement_trades t
             WHERE t.account_id = $1 AND t.settlement_date > date($2) AND t.settlement_date <= date($3)
         ) u
         ORDER BY u.security_code COLLATE {{C}}, u.market COLLATE {{C}}, u.custody COLLATE {{C}}, u.what COLLATE {{C}}"
    );
    let query = source.query(&POSITIONS, &query);
    let mut rows = sqlx::query(query)
        .bind(account_id.as_str())
        .bind(between.after().to_string())
        .bind(between.closing.to_string())
        .fetch(source.connection());
    let mut line: Option<QuantityMovement> = None;
    while let Some(row) = rows
        .try_next()
        .await
        .map_err(statement_failed("reading quantities", Whose::Source))?
    {
        let mut row = RowReader::of_columns(
            &POSITIONS,
            &[
                "account_id",
                "security_code",
                "market",
                "custody",
                "security_name",
                "what",
                "quantity",
            ],
            &row,
        );
        gate::ownership::check(account_id, row.text()?, "statement_positions")?;
        let (code, market, custody) = (row.text()?, row.text()?, row.code::<Custody>()?);
        let same = line.as_ref().is_some_and(|line| {
            *line.security_code == *code && *line.market == *market && line.custody == Some(custody)
        });
        if !same {
            if let Some(done) = line.take() {
                finish(done, between, sink).await?;
            }
            line = Some(QuantityMovement {
                market: market.into(),
                security_code: code.into(),
                custody: Some(custody),
                ..QuantityMovement::default()
            });
        }
        let line = line.get_or_insert_default();
        line.security_name = row.owned()?;
        let what = row.text()?;
        let quantity = row.decimal(6)?;
        let slot = match what {
            "opening" => &mut line.opening,
            "closing" => &mut line.closing,
            side => match <Side as super::codes::Code>::from_code(side) {
                Some(Side::Buy) => &mut line.bought,
                Some(Side::Receipt) => &mut line.received,
                Some(Side::Sell) => &mut line.sold,
                Some(Side::Delivery) => &mut line.delivered,
                Some(Side::Redemption) => &mut line.redeemed,
                None => return Err(row.wrong(&format!("side {side:?} of a trade is not known"))),
            },
        };
        *slot += quantity;
    }
    if let Some(done) = line {
        finish(done, between, sink).await?;
    }
    Ok(())
}

async fn finish(
    line: QuantityMovement,
    between: Between,
    sink: &mut Sink<QuantityMovement>,
) -> Result<()> {
    if between.opening.is_some() {
        gate::positions::check(&line)?;
    }
    sink.push(line).await
}

//! How each holding's quantity moved from the opening to the closing snapshot.

use common::Result;
use common::contract::{POSITIONS, TRADES};
use common::database::{Whose, statement_failed};
use common::statement::AccountId;
use futures_util::TryStreamExt;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::position::CUSTODY_ORDER;
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
    // A holding without a market is moved by the trades of every market, a trade without one moves the holding there is.
    let positions_market = source.column(&POSITIONS, "market");
    let trades_market = source.column(&TRADES, "market");
    let query = format!(
        "WITH held AS (
             SELECT t.account_id, t.security_code, {positions_market} AS market, t.custody, t.security_name,
                    CASE WHEN t.as_of = date($3) THEN 'closing' ELSE 'opening' END AS what, t.quantity
             FROM statement_positions t WHERE t.account_id = $1 AND t.as_of IN (date($2), date($3))
         ),
         held_in AS (SELECT security_code, custody, max(market COLLATE {{C}}) AS market FROM held GROUP BY security_code, custody),
         moved AS (
             SELECT account_id, security_code, COALESCE(market, '') AS market, custody, security_name, what, quantity
             FROM held
             UNION ALL
             SELECT t.account_id, t.security_code,
                    CASE WHEN h.security_code IS NOT NULL AND h.market IS NULL THEN ''
                         ELSE COALESCE({trades_market}, h.market, '') END,
                    t.custody, t.security_name, t.side, t.quantity
             FROM statement_trades t
             LEFT JOIN held_in h ON h.security_code = t.security_code AND h.custody = t.custody
             WHERE t.account_id = $1 AND t.settlement_date > date($2) AND t.settlement_date <= date($3)
         )
         SELECT CAST(t.account_id AS text), CAST(t.security_code AS text), CAST(t.market AS text), CAST(t.custody AS text),
                CAST(t.security_name AS text), CAST(t.what AS text), CAST(t.quantity AS text)
         FROM moved t
         ORDER BY t.security_code COLLATE {{C}}, t.market COLLATE {{C}}, {CUSTODY_ORDER},
                  t.what COLLATE {{C}}, t.security_name COLLATE {{C}}"
    );
    let query = source.query(&POSITIONS, &query);
    let mut rows = sqlx::query(query)
        .bind(account_id.as_str())
        .bind(between.after().to_string())
        .bind(between.closing.to_string())
        .fetch(source.connection());
    let mut line: Option<QuantityMovement> = None;
    let mut name_is_of_holding = false;
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
            name_is_of_holding = false;
            line = Some(QuantityMovement {
                market: market.into(),
                security_code: code.into(),
                custody: Some(custody),
                ..QuantityMovement::default()
            });
        }
        let line = line.get_or_insert_default();
        let name = row.text()?;
        let what = row.text()?;
        // The name as held last; a trade's only for what neither snapshot holds. "closing" sorts before "opening".
        let held = matches!(what, "closing" | "opening");
        if line.security_name.is_empty() || (held && !name_is_of_holding) {
            line.security_name = name.into();
            name_is_of_holding = held;
        }
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

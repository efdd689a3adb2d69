//! How each holding's quantity moved from the opening to the closing snapshot.

use common::Result;
use common::catalog::cast;
use common::contract::{POSITIONS, Relation, TRADES};
use common::profile::{Basis, Rule};
use common::source::{Query, Selected, Source, SourceRow};
use common::statement::{AccountId, Period};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::intake::Intake;
use super::opening::Opening;
use super::position::CUSTODY_ORDER;
use super::reader::RowReader;
use super::sink::Sink;
use crate::gate::{self, Gate};

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

/// The snapshots between which quantities moved, and the day by which a trade moves them.
#[derive(Debug, Clone, Copy)]
pub struct Between {
    pub opening: Opening,
    pub closing: Date,
    pub period: Period,
    pub basis: Basis,
}

/// The columns of the stream, as [`parse`] reads them.
const COLUMNS: [&str; 10] = [
    "account_id",
    "security_code",
    "market",
    "custody",
    "security_name",
    "what",
    "quantity",
    "trade_id",
    "made_on",
    "counted_on",
];

/// Streams one line per security and custody found in either snapshot or in a settled trade between them, ordered by
/// code, market and custody.
pub async fn stream(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    between: Between,
    sink: &mut Sink<QuantityMovement>,
) -> Result<()> {
    if !between.opening.is_known() {
        let why = "there is no snapshot of positions before the period, and the account is older";
        intake.gate.not_proven(Rule::Positions, why);
    }
    if let Opening::Snapshot(opening) = between.opening {
        let gate = &mut intake.gate;
        gate::shape::refuse_duplicate_positions(gate, source, account_id, opening).await?;
    }
    // One ordered stream of three kinds of rows, so that one line at a time is in memory: `parse` has their columns.
    // A holding without a market is moved by the trades of every market, a trade without one moves the holding there is;
    // where no holding of the account has a market, what neither snapshot holds has none, either.
    let positions_market = source.column(&POSITIONS, "market");
    let trades_market = source.column(&TRADES, "market");
    let price_date = source.column(&POSITIONS, "price_date");
    let moved_on = between.basis.column();
    let is_holder = source.catalog.is_account(&POSITIONS);
    let is_trader = source.catalog.is_account(&TRADES);
    // Codes are the same when their bytes are, whatever the columns' collations.
    let held_code = source.catalog.bytes(&POSITIONS, "security_code");
    let held_custody = source.catalog.bytes(&POSITIONS, "custody");
    let traded_code = source.catalog.bytes(&TRADES, "security_code");
    let traded_custody = source.catalog.bytes(&TRADES, "custody");
    let text = format!(
        "WITH held AS (
             SELECT t.account_id, {held_code} AS security_code, {positions_market} AS market, {held_custody} AS custody,
                    t.security_name,
                    CASE WHEN t.as_of = date($3) THEN 'closing' ELSE 'opening' END AS what, t.quantity,
                    CAST(t.as_of AS text) AS made_on, CAST({price_date} AS text) AS counted_on
             FROM statement_positions t WHERE {is_holder} AND t.as_of IN (date($2), date($3))
         ),
         held_in AS (SELECT security_code, custody, max(market COLLATE {{C}}) AS market FROM held GROUP BY security_code, custody),
         markets AS (SELECT count(market) AS named FROM held),
         moved AS (
             SELECT account_id, security_code, COALESCE(market, '') AS market, custody, security_name, what, quantity,
                    made_on, counted_on, '' AS trade_id
             FROM held
             UNION ALL
             SELECT t.account_id, {traded_code},
                    CASE WHEN m.named = 0 OR (h.security_code IS NOT NULL AND h.market IS NULL) THEN ''
                         ELSE COALESCE({trades_market}, h.market, '') END,
                    {traded_custody}, t.security_name, t.side, t.quantity, CAST(t.trade_date AS text),
                    CAST(t.settlement_date AS text), t.trade_id
             FROM statement_trades t
             CROSS JOIN markets m
             LEFT JOIN held_in h ON h.security_code = {traded_code} AND h.custody = {traded_custody}
             WHERE {is_trader} AND t.{moved_on} > date($2) AND t.{moved_on} <= date($3)
         )
         SELECT {{columns}} FROM moved t
         ORDER BY t.security_code COLLATE {{C}}, t.market COLLATE {{C}}, {CUSTODY_ORDER},
                  t.what COLLATE {{C}}, t.security_name COLLATE {{C}}, t.trade_id COLLATE {{C}},
                  CAST(t.quantity AS text), t.made_on, t.counted_on"
    );
    let columns = COLUMNS.map(|column| Selected {
        expression: cast(&format!("t.{column}")),
        nullable: true,
    });
    let query = Query {
        doing: "reading quantities",
        columns: &columns,
        text: &text,
        parameters: &[
            account_id.as_str(),
            &between.opening.after(between.period).to_string(),
            &between.closing.to_string(),
        ],
    };
    let mut line: Option<QuantityMovement> = None;
    let mut name_is_of_holding = false;
    let each = async |row: &SourceRow| {
        let moved = parse(row, intake)?;
        let relation = moved.relation.name;
        gate::ownership::check(&mut intake.gate, account_id, moved.owner, relation)?;
        check_dates(&mut intake.gate, &moved)?;
        let same = line.as_ref().is_some_and(|line| moved.is_of(line));
        if !same {
            if let Some(done) = line.take() {
                finish(done, between, &mut intake.gate, sink).await?;
            }
            name_is_of_holding = false;
            line = Some(QuantityMovement {
                market: moved.market.into(),
                security_code: moved.security_code.into(),
                custody: Some(moved.custody),
                ..QuantityMovement::default()
            });
        }
        let line = line.get_or_insert_default();
        // The name as held last; a trade's only for what neither snapshot holds. "closing" sorts before "opening".
        let held = matches!(moved.what, What::Closing | What::Opening);
        if line.security_name.is_empty() || (held && !name_is_of_holding) {
            line.security_name = moved.security_name.into();
            name_is_of_holding = held;
        }
        *line.slot(moved.what) += moved.quantity;
        Ok(())
    };
    source.for_each(query, each).await?;
    if let Some(done) = line {
        finish(done, between, &mut intake.gate, sink).await?;
    }
    Ok(())
}

/// Rule 5 for rows that prove a holding and that no other section shows.
fn check_dates(gate: &mut Gate, moved: &Moved) -> Result<()> {
    match (moved.what, moved.counted_on) {
        (What::Moved(_), Some(settled_on)) => {
            gate::shape::check_settlement(gate, moved.trade_id, moved.made_on, settled_on)
        }
        (What::Opening, price_date) => {
            gate::shape::check_price_date(gate, moved.security_code, price_date, moved.made_on)
        }
        // The holdings are checked as they are listed.
        _ => Ok(()),
    }
}

/// What a row says of a quantity.
#[derive(Debug, Clone, Copy)]
enum What {
    Opening,
    Closing,
    Moved(Side),
}

/// A row of the stream.
struct Moved<'r> {
    relation: &'static Relation,
    owner: &'r str,
    security_code: &'r str,
    market: &'r str,
    custody: Custody,
    security_name: &'r str,
    what: What,
    quantity: Decimal,
    trade_id: &'r str,
    /// A trade's date, or a snapshot's day.
    made_on: Date,
    /// A trade's settlement date, or the date of a holding's price.
    counted_on: Option<Date>,
}

impl Moved<'_> {
    fn is_of(&self, line: &QuantityMovement) -> bool {
        *line.security_code == *self.security_code
            && *line.market == *self.market
            && line.custody == Some(self.custody)
    }
}

impl QuantityMovement {
    fn slot(&mut self, what: What) -> &mut Decimal {
        match what {
            What::Opening => &mut self.opening,
            What::Closing => &mut self.closing,
            What::Moved(Side::Buy) => &mut self.bought,
            What::Moved(Side::Receipt) => &mut self.received,
            What::Moved(Side::Sell) => &mut self.sold,
            What::Moved(Side::Delivery) => &mut self.delivered,
            What::Moved(Side::Redemption) => &mut self.redeemed,
        }
    }
}

fn parse<'r>(row: &'r SourceRow, intake: &mut Intake) -> Result<Moved<'r>> {
    // The last two are named as in the relation that the row comes from.
    const HELD: &[&str] = &[
        "account_id",
        "security_code",
        "market",
        "custody",
        "security_name",
        "snapshot",
        "quantity",
        "trade_id",
        "as_of",
        "price_date",
    ];
    const TRADED: &[&str] = &[
        "account_id",
        "security_code",
        "market",
        "custody",
        "security_name",
        "side",
        "quantity",
        "trade_id",
        "trade_date",
        "settlement_date",
    ];
    const WHAT: usize = 5;
    let is_held = matches!(row.get(WHAT), Some("opening" | "closing"));
    let (relation, names) = if is_held {
        (&POSITIONS, HELD)
    } else {
        (&TRADES, TRADED)
    };
    let mut row = RowReader::of_columns(relation, names, row, intake);
    let (owner, security_code, market) = (row.text()?, row.text()?, row.text()?);
    let custody = row.code()?;
    let security_name = row.text()?;
    let (what, quantity) = if is_held {
        let opening = row.text()? == "opening";
        let what = if opening {
            What::Opening
        } else {
            What::Closing
        };
        (what, row.decimal(6)?)
    } else {
        (What::Moved(row.code()?), row.positive(6)?)
    };
    Ok(Moved {
        relation,
        owner,
        security_code,
        market,
        custody,
        security_name,
        what,
        quantity,
        trade_id: row.text()?,
        made_on: row.date()?,
        counted_on: row.optional_date()?,
    })
}

async fn finish(
    line: QuantityMovement,
    between: Between,
    gate: &mut Gate,
    sink: &mut Sink<QuantityMovement>,
) -> Result<()> {
    if between.opening.is_known() {
        gate::positions::check(gate, &line)?;
    }
    sink.push(line).await
}

//! A row of the stream of quantities: a holding of a snapshot, or a trade that moved one.

use common::Result;
use common::contract::{POSITIONS, Relation, TRADES};
use common::profile::Basis;
use common::source::SourceRow;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::intake::Intake;
use super::reader::RowReader;

/// The columns of the stream, as [`parse`] reads them.
pub(super) const COLUMNS: [&str; 10] = [
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

/// What a row says of a quantity.
#[derive(Debug, Clone, Copy)]
pub(super) enum What {
    Opening,
    Closing,
    Moved(Side),
}

/// A row of the stream.
pub(super) struct Moved<'r> {
    pub relation: &'static Relation,
    pub owner: &'r str,
    pub security_code: &'r str,
    pub market: &'r str,
    pub custody: Custody,
    pub security_name: &'r str,
    pub what: What,
    pub quantity: Decimal,
    pub trade_id: &'r str,
    /// A trade's date, or a snapshot's day.
    pub made_on: Date,
    /// A trade's settlement date, or the date of a holding's price.
    pub counted_on: Option<Date>,
}

impl Moved<'_> {
    /// The day on which a trade moves a holding.
    pub fn moved_on(&self, basis: Basis) -> Date {
        match basis {
            Basis::TradeDate => self.made_on,
            Basis::SettlementDate => self.counted_on.unwrap_or(self.made_on),
        }
    }
}

pub(super) fn parse<'r>(row: &'r SourceRow, intake: &mut Intake) -> Result<Moved<'r>> {
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
    let (owner, security_code) = (row.text()?, row.text()?);
    // The query puts an empty text in the place of a market that there is not.
    let market = row.text_or_blank()?;
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
    let trade_id = if is_held {
        row.text_or_blank()?
    } else {
        row.text()?
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
        trade_id,
        made_on: row.date()?,
        counted_on: row.optional_date()?,
    })
}

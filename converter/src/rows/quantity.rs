//! How each holding's quantity moved from the day before the period to the closing snapshot.

use common::Result;
use common::catalog::cast;
use common::contract::{POSITIONS, TRADES};
use common::profile::{Basis, Rule};
use common::source::{Query, Selected, Source, SourceRow};
use common::statement::{AccountId, Period};
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::codes::{Custody, Side};
use super::intake::Intake;
use super::opening::Opening;
use super::position::CUSTODY_ORDER;
use super::quantity_row::{COLUMNS, Moved, What, parse};
use super::sink::Sink;
use crate::gate::positions::Proof;
use crate::gate::{self, Gate};

/// One security in one custody: opening + bought + received − sold − delivered − redeemed = closing.
#[derive(Debug, Clone, Default)]
pub struct QuantityMovement {
    pub market: Box<str>,
    pub security_code: Box<str>,
    pub security_name: Box<str>,
    pub custody: Option<Custody>,
    /// The opening snapshot's, rolled forward to the day before the period.
    pub opening: Decimal,
    /// What of the opening is not the snapshot's, but moved between it and the period.
    pub rolled: Decimal,
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

    fn move_by(&mut self, side: Side, quantity: Decimal) {
        *match side {
            Side::Buy => &mut self.bought,
            Side::Receipt => &mut self.received,
            Side::Sell => &mut self.sold,
            Side::Delivery => &mut self.delivered,
            Side::Redemption => &mut self.redeemed,
        } += quantity;
    }

    /// Counts what moved before the period to the opening.
    fn roll_by(&mut self, side: Side, quantity: Decimal) {
        let signed = match side {
            Side::Buy | Side::Receipt => quantity,
            Side::Sell | Side::Delivery | Side::Redemption => -quantity,
        };
        self.opening += signed;
        self.rolled += signed;
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

/// Streams one line per security and custody found in either snapshot or in a trade of the period that moved it, ordered by code,
/// market and custody. What moved between the opening snapshot and the period counts into the opening, as with cash; the gate proves
/// each line from snapshot to snapshot.
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
    let text = query_text(source, between.basis);
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
    let mut line: Option<Line> = None;
    let mut proof = Proof::default();
    let each = async |row: &SourceRow| {
        let moved = parse(row, intake)?;
        let relation = moved.relation.name;
        gate::ownership::check(&mut intake.gate, account_id, moved.owner, relation)?;
        check_dates(&mut intake.gate, &moved)?;
        let is_same = line.as_ref().is_some_and(|line| line.holds(&moved));
        if !is_same && let Some(done) = line.replace(Line::of(&moved)) {
            finish(done, between, &mut proof, &mut intake.gate, sink).await?;
        }
        if let Some(line) = &mut line {
            line.add(&moved, between);
        }
        Ok(())
    };
    source.for_each(query, each).await?;
    if let Some(done) = line {
        finish(done, between, &mut proof, &mut intake.gate, sink).await?;
    }
    proof.end(&mut intake.gate)
}

fn query_text(source: &Source, basis: Basis) -> String {
    let catalog = &source.catalog;
    let code = "security_code";
    include_str!("quantity.sql")
        .replace("{positions_market}", &catalog.present(&POSITIONS, "market"))
        .replace("{trades_market}", &catalog.present(&TRADES, "market"))
        .replace("{held_code}", &catalog.bytes(&POSITIONS, code))
        .replace("{held_custody}", &catalog.bytes(&POSITIONS, "custody"))
        .replace("{traded_code}", &catalog.bytes(&TRADES, code))
        .replace("{traded_custody}", &catalog.bytes(&TRADES, "custody"))
        .replace("{is_holder}", &catalog.is_account(&POSITIONS))
        .replace("{is_trader}", &catalog.is_account(&TRADES))
        .replace("{price_date}", &source.column(&POSITIONS, "price_date"))
        .replace("{moved_on}", basis.column())
        .replace("{custody_order}", CUSTODY_ORDER)
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

/// The line whose rows are being read.
struct Line {
    movement: QuantityMovement,
    name_is_of_holding: bool,
    /// Whether it is of a snapshot or of the period, and not only of the time before.
    is_current: bool,
}

impl Line {
    fn of(moved: &Moved) -> Self {
        Self {
            movement: QuantityMovement {
                market: moved.market.into(),
                security_code: moved.security_code.into(),
                custody: Some(moved.custody),
                ..QuantityMovement::default()
            },
            name_is_of_holding: false,
            is_current: false,
        }
    }

    fn holds(&self, moved: &Moved) -> bool {
        let line = &self.movement;
        *line.security_code == *moved.security_code
            && *line.market == *moved.market
            && line.custody == Some(moved.custody)
    }

    fn add(&mut self, moved: &Moved, between: Between) {
        let line = &mut self.movement;
        // The name as held last; a trade's only for what neither snapshot holds. "closing" sorts before "opening".
        let held = matches!(moved.what, What::Closing | What::Opening);
        if line.security_name.is_empty() || (held && !self.name_is_of_holding) {
            line.security_name = moved.security_name.into();
            self.name_is_of_holding = held;
        }
        let quantity = moved.quantity;
        let is_before = moved.moved_on(between.basis) < between.period.first_day();
        match moved.what {
            What::Opening => line.opening += quantity,
            What::Closing => line.closing += quantity,
            What::Moved(side) if is_before => line.roll_by(side, quantity),
            What::Moved(side) => line.move_by(side, quantity),
        }
        self.is_current |= held || !is_before;
    }

    /// What came and went before the period has no line.
    fn is_shown(&self) -> bool {
        let line = &self.movement;
        self.is_current || !line.opening.is_zero()
    }
}

async fn finish(
    line: Line,
    between: Between,
    proof: &mut Proof,
    gate: &mut Gate,
    sink: &mut Sink<QuantityMovement>,
) -> Result<()> {
    if between.opening.is_known() {
        proof.add(gate, &line.movement)?;
    }
    if line.is_shown() {
        sink.push(line.movement).await?;
    }
    Ok(())
}

//! The reading end of a document: what it consists of, and the order in which its sections are read.

use std::sync::Arc;

use common::Result;
use common::contract::{CASH_MOVEMENTS, TRADES};
use common::ledger::{Assignment, Snapshots};
use common::profile::{Basis, Profile, Rule, Section};
use common::source::Source;
use common::statement::{AccountId, DocumentId, Kind, Period};
use jiff::civil::Date;
use tokio::sync::Notify;

use crate::gate::cash::CashRoll;
use crate::gate::identity::Terms;
use crate::gate::settlement::Window;
use crate::gate::shape;
use crate::rows::account;
use crate::rows::cash::{self, CashBalance, CashLine, CashOutline};
use crate::rows::cash_lines::{self, CashSnapshots};
use crate::rows::intake::Intake;
use crate::rows::opening::Opening;
use crate::rows::position::{self, Position};
use crate::rows::quantity::{self, Between, QuantityMovement};
use crate::rows::settlement;
use crate::rows::sink::{Sink, channel};
use crate::rows::trade::{self, Trade, TradeSelection, TradesOutline};
use crate::workbook::{Heading, Incoming};

/// What is known of a document before its first row.
pub struct Plan {
    pub heading: Heading,
    /// Rows to expect.
    pub rows: u64,
    reads_trades: bool,
    opening_cash: Opening,
    opening_positions: Opening,
    trades_outline: TradesOutline,
    cash_outline: CashOutline,
}

/// By what the rows of a document's sections are found, and judged.
pub struct Bounds<'a> {
    pub document: &'a DocumentId,
    pub snapshots: Snapshots,
    pub profile: &'a Profile,
    /// The day that a balance statement is about.
    pub as_of: Date,
    pub opening_cash: Opening,
    pub opening_positions: Opening,
    /// Whether trades may have times, by which those of a day are ordered.
    pub with_trade_time: bool,
    /// By what settlement amounts and dividends are judged; no row is found by it.
    pub terms: Terms,
}

impl Plan {
    /// By what its rows are found.
    pub fn bounds<'a>(&'a self, assignment: &'a Assignment) -> Bounds<'a> {
        let Heading {
            account, profile, ..
        } = &self.heading;
        Bounds {
            document: &assignment.document,
            snapshots: assignment.snapshots,
            profile,
            as_of: self.heading.as_of,
            opening_cash: self.opening_cash,
            opening_positions: self.opening_positions,
            with_trade_time: self.trades_outline.with_trade_time,
            terms: Terms {
                base_currency: Some(account.base_currency),
                settlement_rate_percent: profile.tolerances.settlement_rate_percent,
            },
        }
    }
}

/// Reads the account and the outlines of the sections.
pub async fn plan(
    source: &mut Source,
    intake: &mut Intake,
    assignment: &Assignment,
    profile: &Arc<Profile>,
) -> Result<Plan> {
    let document = &assignment.document;
    let snapshots = assignment.snapshots;
    let account_id = &document.account_id;
    let account = account::read(source, intake, account_id).await?;
    intake
        .gate
        .learn(&assignment.findings, account.base_currency);
    let as_of = Heading::as_of(
        document.kind,
        document.period.last_day(),
        snapshots.positions_closing,
        snapshots.cash_closing,
    );
    let (trades_outline, cash_outline, reads_trades) = match document.kind {
        Kind::Trade => {
            let selection = TradeSelection::OfPeriod(document.period, profile.trade_basis);
            let trades = trade::outline(source, account_id, selection).await?;
            let cash = cash::outline(source, account_id, document.period).await?;
            (trades, cash, trades.rows > 0)
        }
        Kind::Balance => {
            let selection = TradeSelection::UnsettledAt(as_of);
            let unsettled = trade::outline(source, account_id, selection).await?;
            let moved = say_what_lacks_a_snapshot(source, intake, assignment, profile).await?;
            let proves = snapshots.positions_closing.is_some();
            let reads_trades = unsettled.rows > 0 || moved > 0 || proves;
            (unsettled, CashOutline::default(), reads_trades)
        }
    };
    let opening = |snapshot| Opening::of(snapshot, account.opened_on, document.period);
    let opening_cash = opening(snapshots.cash_opening);
    let opening_positions = opening(snapshots.positions_opening);
    let rows = u64::try_from(trades_outline.rows + cash_outline.rows).unwrap_or_default();
    let heading = Heading {
        document: document.clone(),
        account,
        issued_on: assignment.issued_on,
        as_of,
        profile: profile.clone(),
        correction: assignment.correction.clone(),
        is_draft: assignment.is_draft,
        is_whole: snapshots.positions_closing.is_some() && snapshots.cash_closing.is_some(),
    };
    Ok(Plan {
        heading,
        rows,
        reads_trades,
        opening_cash,
        opening_positions,
        trades_outline,
        cash_outline,
    })
}

/// Refuses an account in which an id occurs twice. This looks at all rows of the account once more: it is asked when they are read, of a long
/// document while the workbook is finished and opened again.
pub async fn refuse_duplicates(
    source: &mut Source,
    intake: &mut Intake,
    plan: &Plan,
) -> Result<()> {
    let account_id = &plan.heading.document.account_id;
    let movements = (&CASH_MOVEMENTS, "movement_id");
    let trades = (&TRADES, "trade_id");
    let ids: &[_] = if plan.reads_trades {
        &[trades, movements]
    } else {
        &[movements]
    };
    shape::refuse_duplicates(&mut intake.gate, source, ids, account_id).await
}

/// Refuses an account whose trades are not settled by the cash movements that name them. A document without such movements, or
/// with payments for trades that name none, costs nothing.
pub async fn prove_settlement(
    source: &mut Source,
    intake: &mut Intake,
    assignment: &Assignment,
    plan: &Plan,
) -> Result<()> {
    let (document, outline) = (&assignment.document, plan.cash_outline);
    let period = document.period;
    let window = Window {
        after: plan.opening_cash.after(period),
        up_to: (assignment.snapshots.cash_closing).unwrap_or_else(|| period.last_day()),
    };
    // The outline counts the period; snapshots may lie around it.
    let is_outlined = window
        .after
        .tomorrow()
        .is_ok_and(|day| day >= period.first_day())
        && window.up_to <= period.last_day();
    let can_prove = outline.without_trade_id == 0 && (outline.with_trade_id > 0 || !is_outlined);
    if !can_prove || !intake.gate.looks_at(Rule::Settlement) {
        return Ok(());
    }
    settlement::prove(source, intake, &document.account_id, window).await
}

/// A balance statement without a closing snapshot shows nothing where the account may have had something. Returns how many
/// trades would have moved the holdings that have none.
async fn say_what_lacks_a_snapshot(
    source: &mut Source,
    intake: &mut Intake,
    assignment: &Assignment,
    profile: &Profile,
) -> Result<i64> {
    let account_id = &assignment.document.account_id;
    let period = assignment.document.period;
    let mut moved = 0;
    if assignment.snapshots.positions_closing.is_none() {
        let selection = TradeSelection::OfPeriod(period, profile.position_basis);
        moved = trade::outline(source, account_id, selection).await?.rows;
        if moved > 0 {
            let why = "the account has trades, but the period has no closing snapshot of positions";
            intake.gate.not_proven(Rule::Positions, why);
        }
    }
    if assignment.snapshots.cash_closing.is_none() {
        let movements = cash::outline(source, account_id, period).await?.rows;
        if movements > 0 {
            let why = "the account has movements, but the period has no closing snapshot of cash";
            intake.gate.not_proven(Rule::Cash, why);
        }
    }
    Ok(moved)
}

/// The reading end of a section's channel.
pub enum Feed {
    Trades(Sink<Trade>),
    CashMovements(Sink<CashLine>),
    Holdings(Sink<Position>),
    Cash(Sink<CashBalance>),
    Movements(Sink<QuantityMovement>),
    UnsettledTrades(Sink<Trade>),
}

/// Opens a document's channels in the profile's order: what the reader feeds, and what the writer takes from.
pub fn channels(plan: &Plan, is_long: &Arc<Notify>) -> (Vec<(Section, Feed)>, Vec<Incoming>) {
    let Heading {
        profile, document, ..
    } = &plan.heading;
    listed(document.kind, profile)
        .map(|section| {
            let (feed, incoming) = open(section, plan, is_long);
            ((section, feed), incoming)
        })
        .unzip()
}

/// The sections of a kind of document, in the profile's order.
fn listed(kind: Kind, profile: &Profile) -> impl Iterator<Item = Section> {
    // Positions of trade date hold what is not settled yet: there is nothing left to list.
    let is_there = |section: &Section| {
        *section != Section::UnsettledTrades || profile.position_basis == Basis::SettlementDate
    };
    profile.sections(kind).iter().copied().filter(is_there)
}

/// The reading ends of a document whose rows nobody writes.
pub fn unwritten(kind: Kind, profile: &Profile) -> impl Iterator<Item = (Section, Feed)> {
    listed(kind, profile).map(|section| {
        let feed = match section {
            Section::Trades => Feed::Trades(Sink::to_nobody()),
            Section::CashMovements => Feed::CashMovements(Sink::to_nobody()),
            Section::Holdings => Feed::Holdings(Sink::to_nobody()),
            Section::Cash => Feed::Cash(Sink::to_nobody()),
            Section::Movements => Feed::Movements(Sink::to_nobody()),
            Section::UnsettledTrades => Feed::UnsettledTrades(Sink::to_nobody()),
        };
        (section, feed)
    })
}

fn open(section: Section, plan: &Plan, is_long: &Arc<Notify>) -> (Feed, Incoming) {
    match section {
        Section::Trades => {
            let (sink, rows) = channel(is_long);
            let incoming = Incoming::Trades(rows, plan.trades_outline);
            (Feed::Trades(sink), incoming)
        }
        Section::CashMovements => {
            let (sink, rows) = channel(is_long);
            let incoming = Incoming::CashMovements(rows, plan.cash_outline);
            (Feed::CashMovements(sink), incoming)
        }
        Section::Holdings => {
            let (sink, rows) = channel(is_long);
            (Feed::Holdings(sink), Incoming::Holdings(rows))
        }
        Section::Cash => {
            let (sink, rows) = channel(is_long);
            (Feed::Cash(sink), Incoming::Cash(rows))
        }
        Section::Movements => {
            let (sink, rows) = channel(is_long);
            let opening_known = plan.opening_positions.is_known();
            let incoming = Incoming::Movements {
                rows,
                opening_known,
            };
            (Feed::Movements(sink), incoming)
        }
        Section::UnsettledTrades => {
            let (sink, rows) = channel(is_long);
            let incoming = Incoming::UnsettledTrades(rows, plan.trades_outline);
            (Feed::UnsettledTrades(sink), incoming)
        }
    }
}

impl Feed {
    /// Reads the section. The writer takes sections one after the other, so they must be read in that order.
    pub async fn read(
        self,
        source: &mut Source,
        intake: &mut Intake,
        bounds: &Bounds<'_>,
    ) -> Result<()> {
        let Bounds {
            document,
            snapshots,
            profile,
            with_trade_time,
            terms,
            ..
        } = bounds;
        let (account_id, period) = (&document.account_id, document.period);
        match self {
            Feed::Trades(mut sink) => {
                let selection = TradeSelection::OfPeriod(period, profile.trade_basis);
                let selected = (selection, *with_trade_time);
                trade::stream(source, intake, account_id, selected, *terms, &mut sink).await?;
                sink.end().await
            }
            Feed::CashMovements(mut sink) => {
                let between = CashSnapshots {
                    opening: bounds.opening_cash,
                    closing: snapshots.cash_closing,
                };
                let base = terms.base_currency;
                cash_lines::stream(source, intake, account_id, period, between, base, &mut sink)
                    .await?;
                sink.end().await
            }
            Feed::Holdings(mut sink) => {
                if let Some(as_of) = snapshots.positions_closing {
                    let rounding = profile.rounding;
                    position::stream(source, intake, account_id, as_of, rounding, &mut sink)
                        .await?;
                }
                sink.end().await
            }
            Feed::Cash(mut sink) => {
                if let Some(as_of) = snapshots.cash_closing {
                    let balances =
                        read_balances(source, intake, account_id, as_of, bounds, period).await?;
                    for balance in balances {
                        sink.push(balance).await?;
                    }
                }
                sink.end().await
            }
            Feed::Movements(mut sink) => {
                if let Some(closing) = snapshots.positions_closing {
                    let between = Between {
                        opening: bounds.opening_positions,
                        closing,
                        period,
                        basis: profile.position_basis,
                    };
                    quantity::stream(source, intake, account_id, between, &mut sink).await?;
                }
                sink.end().await
            }
            Feed::UnsettledTrades(mut sink) => {
                let selection = TradeSelection::UnsettledAt(bounds.as_of);
                let selected = (selection, *with_trade_time);
                trade::stream(source, intake, account_id, selected, *terms, &mut sink).await?;
                sink.end().await
            }
        }
    }
}

/// Reads the closing balances, and proves them by the opening ones and the movements between.
async fn read_balances(
    source: &mut Source,
    intake: &mut Intake,
    account_id: &AccountId,
    as_of: Date,
    bounds: &Bounds<'_>,
    period: Period,
) -> Result<Vec<CashBalance>> {
    let closing = cash::balances(source, intake, account_id, as_of).await?;
    let opening = cash::opening_balances(source, intake, account_id, bounds.opening_cash).await?;
    let mut roll = CashRoll::new(bounds.opening_cash, &opening, Some(as_of), &closing);
    let between = (bounds.opening_cash.after(period), as_of);
    cash::roll(source, intake, account_id, between, &mut roll).await?;
    roll.check(&mut intake.gate)?;
    Ok(closing)
}

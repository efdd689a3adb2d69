//! The reading end of a document: what it consists of, and the order in which its sections are read.

use std::sync::Arc;

use common::Result;
use common::ledger::Assignment;
use common::profile::{Profile, Section};
use common::statement::{AccountId, Kind};

use crate::rows::account;
use crate::rows::cash::{self, CashBalance, CashLine, CashOutline, OpeningCash};
use crate::rows::position::{self, Position};
use crate::rows::quantity::{self, Between, QuantityMovement};
use crate::rows::sink::{Sink, channel};
use crate::rows::source::Source;
use crate::rows::trade::{self, Trade, TradeSelection, TradesOutline};
use crate::workbook::{Heading, Incoming};

/// What is known of a document before its first row.
pub struct Plan {
    pub heading: Heading,
    /// Rows to expect.
    pub rows: u64,
    opening_cash: OpeningCash,
    opening_positions_known: bool,
    trades_outline: TradesOutline,
    cash_outline: CashOutline,
}

/// Reads the account and the outlines of the sections.
pub async fn plan(
    source: &mut Source,
    assignment: &Assignment,
    profile: &Arc<Profile>,
) -> Result<Plan> {
    let document = &assignment.document;
    let snapshots = assignment.snapshots;
    let account_id = &document.account_id;
    let account = account::read(source, account_id).await?;
    let as_of = Heading::as_of(
        document.kind,
        document.period.last_day(),
        snapshots.positions_closing,
        snapshots.cash_closing,
    );
    let (trades_outline, cash_outline) = match document.kind {
        Kind::Trade => (
            trade::outline(
                source,
                account_id,
                TradeSelection::OfPeriod(document.period),
            )
            .await?,
            cash::outline(source, account_id, document.period).await?,
        ),
        Kind::Balance => (
            trade::outline(source, account_id, TradeSelection::UnsettledAt(as_of)).await?,
            CashOutline::default(),
        ),
    };
    let opening_cash = match snapshots.cash_opening {
        Some(as_of) => OpeningCash::Snapshot(as_of),
        None if account.opened_on >= document.period.first_day() => OpeningCash::Nothing,
        None => OpeningCash::Unknown,
    };
    let rows = u64::try_from(trades_outline.rows + cash_outline.rows).unwrap_or_default();
    let heading = Heading {
        document: document.clone(),
        account,
        issued_on: assignment.issued_on,
        as_of,
        profile: profile.clone(),
        correction: None,
    };
    let opening_positions_known = snapshots.positions_opening.is_some();
    Ok(Plan {
        heading,
        rows,
        opening_cash,
        opening_positions_known,
        trades_outline,
        cash_outline,
    })
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
pub fn channels(plan: &Plan) -> (Vec<Feed>, Vec<Incoming>) {
    let heading = &plan.heading;
    let sections = heading.profile.sections(heading.document.kind).iter();
    sections.map(|section| open(*section, plan)).unzip()
}

fn open(section: Section, plan: &Plan) -> (Feed, Incoming) {
    match section {
        Section::Trades => {
            let (sink, rows) = channel();
            let incoming = Incoming::Trades(rows, plan.trades_outline);
            (Feed::Trades(sink), incoming)
        }
        Section::CashMovements => {
            let (sink, rows) = channel();
            let incoming = Incoming::CashMovements(rows, plan.cash_outline);
            (Feed::CashMovements(sink), incoming)
        }
        Section::Holdings => {
            let (sink, rows) = channel();
            (Feed::Holdings(sink), Incoming::Holdings(rows))
        }
        Section::Cash => {
            let (sink, rows) = channel();
            (Feed::Cash(sink), Incoming::Cash(rows))
        }
        Section::Movements => {
            let (sink, rows) = channel();
            let opening_known = plan.opening_positions_known;
            let incoming = Incoming::Movements {
                rows,
                opening_known,
            };
            (Feed::Movements(sink), incoming)
        }
        Section::UnsettledTrades => {
            let (sink, rows) = channel();
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
        assignment: &Assignment,
        plan: &Plan,
    ) -> Result<()> {
        let document = &assignment.document;
        let account_id = &document.account_id;
        let snapshots = assignment.snapshots;
        match self {
            Feed::Trades(mut sink) => {
                let selection = TradeSelection::OfPeriod(document.period);
                trade::stream(source, account_id, selection, &mut sink).await?;
                sink.end().await
            }
            Feed::CashMovements(mut sink) => {
                let opening = plan.opening_cash;
                cash::stream(source, account_id, document.period, opening, &mut sink).await?;
                sink.end().await
            }
            Feed::Holdings(mut sink) => {
                if let Some(as_of) = snapshots.positions_closing {
                    position::stream(
                        source,
                        account_id,
                        as_of,
                        plan.heading.profile.rounding,
                        &mut sink,
                    )
                    .await?;
                }
                sink.end().await
            }
            Feed::Cash(mut sink) => {
                if let Some(as_of) = snapshots.cash_closing {
                    read_balances(source, account_id, as_of, &mut sink).await?;
                }
                sink.end().await
            }
            Feed::Movements(mut sink) => {
                if let Some(closing) = snapshots.positions_closing {
                    let between = Between {
                        opening: snapshots.positions_opening,
                        closing,
                        period_starts: document.period.first_day(),
                    };
                    quantity::stream(source, account_id, between, &mut sink).await?;
                }
                sink.end().await
            }
            Feed::UnsettledTrades(mut sink) => {
                let selection = TradeSelection::UnsettledAt(plan.heading.as_of);
                trade::stream(source, account_id, selection, &mut sink).await?;
                sink.end().await
            }
        }
    }
}

async fn read_balances(
    source: &mut Source,
    account_id: &AccountId,
    as_of: jiff::civil::Date,
    sink: &mut Sink<CashBalance>,
) -> Result<()> {
    for balance in cash::balances(source, account_id, as_of).await? {
        sink.push(balance).await?;
    }
    Ok(())
}

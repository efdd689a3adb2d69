//! The reading end of a document: what it consists of, and the order in which its sections are read.

use common::Result;
use common::ledger::Assignment;
use common::profile::BUILT_IN;
use common::statement::{AccountId, Kind};

use crate::rows::account;
use crate::rows::cash::{self, CashBalance, CashLine, CashOutline, OpeningCash};
use crate::rows::position::{self, Position};
use crate::rows::quantity::{self, Between, QuantityMovement};
use crate::rows::sink::{Sink, channel};
use crate::rows::source::Source;
use crate::rows::trade::{self, Trade, TradeSelection, TradesOutline};
use crate::workbook::{Heading, Sections};

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
pub async fn plan(source: &mut Source, assignment: &Assignment) -> Result<Plan> {
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
        profile: &BUILT_IN,
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

/// The reading ends of a document's channels.
pub enum Feed {
    Trade {
        trades: Sink<Trade>,
        cash: Sink<CashLine>,
    },
    Balance {
        holdings: Sink<Position>,
        cash: Sink<CashBalance>,
        movements: Sink<QuantityMovement>,
        unsettled: Sink<Trade>,
    },
}

/// Opens a document's channels: what the reader feeds, and what the writer takes from.
pub fn channels(plan: &Plan) -> (Feed, Sections) {
    match plan.heading.document.kind {
        Kind::Trade => {
            let (trades, trades_out) = channel();
            let (cash, cash_out) = channel();
            let sections = Sections::Trade {
                trades: trades_out,
                trades_outline: plan.trades_outline,
                cash: cash_out,
                cash_outline: plan.cash_outline,
            };
            (Feed::Trade { trades, cash }, sections)
        }
        Kind::Balance => {
            let (holdings, holdings_out) = channel();
            let (cash, cash_out) = channel();
            let (movements, movements_out) = channel();
            let (unsettled, unsettled_out) = channel();
            let sections = Sections::Balance {
                holdings: holdings_out,
                cash: cash_out,
                movements: movements_out,
                opening_known: plan.opening_positions_known,
                unsettled: unsettled_out,
                unsettled_outline: plan.trades_outline,
            };
            (
                Feed::Balance {
                    holdings,
                    cash,
                    movements,
                    unsettled,
                },
                sections,
            )
        }
    }
}

impl Feed {
    /// Reads every section in the order in which the writer takes them.
    pub async fn read(
        self,
        source: &mut Source,
        assignment: &Assignment,
        plan: &Plan,
    ) -> Result<()> {
        let document = &assignment.document;
        let account_id = &document.account_id;
        match self {
            Feed::Trade {
                mut trades,
                mut cash,
            } => {
                let selection = TradeSelection::OfPeriod(document.period);
                trade::stream(source, account_id, selection, &mut trades).await?;
                trades.end().await?;
                cash::stream(
                    source,
                    account_id,
                    document.period,
                    plan.opening_cash,
                    &mut cash,
                )
                .await?;
                cash.end().await
            }
            Feed::Balance {
                mut holdings,
                mut cash,
                mut movements,
                mut unsettled,
            } => {
                let snapshots = assignment.snapshots;
                if let Some(as_of) = snapshots.positions_closing {
                    position::stream(source, account_id, as_of, &mut holdings).await?;
                }
                holdings.end().await?;
                if let Some(as_of) = snapshots.cash_closing {
                    read_balances(source, account_id, as_of, &mut cash).await?;
                }
                cash.end().await?;
                if let Some(closing) = snapshots.positions_closing {
                    let opening = snapshots.positions_opening;
                    let between = Between {
                        opening,
                        closing,
                        period_starts: document.period.first_day(),
                    };
                    quantity::stream(source, account_id, between, &mut movements).await?;
                }
                movements.end().await?;
                let selection = TradeSelection::UnsettledAt(plan.heading.as_of);
                trade::stream(source, account_id, selection, &mut unsettled).await?;
                unsettled.end().await
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

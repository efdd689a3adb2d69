//! One account's books of the month: everything that the source says about it. They follow from the seed and the
//! account's index alone, so that an account is the same in a large sample and in a small one.

use common::profile::Basis;
use fastrand::Rng;
use jiff::civil::Date;

use super::accounts::plan;
use super::calendar::{Month, business_day_on_or_before};
use super::cash::cash_month;
use super::market::{close, fx_rate, mix};
use super::opening::{actions, opening_holdings};
use super::planted::{Trouble, spoil};
use super::portfolio::Portfolio;
use super::rows::{Account, Balance, Movement, Position, Trade, Valuation};
use super::trading::trade_month;

pub struct Books {
    pub account: Account,
    pub trades: Vec<Trade>,
    pub movements: Vec<Movement>,
    /// Of the opening and the closing snapshot.
    pub positions: Vec<Position>,
    /// Of the opening and the closing snapshot.
    pub balances: Vec<Balance>,
    pub trouble: Option<Trouble>,
}

/// The books of the account with this index, counted from 1. They add up, unless a trouble is planted. A trade moves the
/// holdings of the snapshots on its trade date or on its settlement date.
pub fn books(seed: u64, index: u32, month: &Month, position_basis: Basis) -> Books {
    let mut rng = Rng::with_seed(mix(seed ^ mix(u64::from(index))));
    let plan = plan(index, month, &mut rng);
    if plan.account.closed_on.is_some() {
        let (account, trouble) = (plan.account, plan.trouble);
        return Books {
            account,
            trades: vec![],
            movements: vec![],
            positions: vec![],
            balances: vec![],
            trouble,
        };
    }
    let opening = opening_holdings(&plan, month, &mut rng);
    let actions = actions(&plan, month, &opening, &mut rng);
    let trades = trade_month(&plan, month, &opening, actions, &mut rng);
    let (movements, balances) = cash_month(&plan, month, &opening, &trades, &mut rng);
    let positions = [month.opening, month.closing]
        .into_iter()
        .flat_map(|as_of| {
            let held = held(&opening, &trades, as_of, position_basis);
            snapshot(&held, as_of, month)
        })
        .collect();
    let mut books = Books {
        account: plan.account,
        trades,
        movements,
        positions,
        balances,
        trouble: plan.trouble,
    };
    if let Some(trouble) = plan.trouble {
        spoil(&mut books, trouble, month.closing);
    }
    books
}

/// What is held at the end of a day. `settled` is what was settled when the period opened.
fn held(settled: &Portfolio, trades: &[Trade], as_of: Date, basis: Basis) -> Portfolio {
    let day = |trade: &Trade| match basis {
        Basis::TradeDate => trade.trade_date,
        Basis::SettlementDate => trade.settlement_date,
    };
    let mut moving: Vec<_> = trades.iter().filter(|trade| day(trade) <= as_of).collect();
    moving.sort_by_key(|trade| (day(trade), trade.number));
    let mut portfolio = settled.clone();
    for trade in moving {
        portfolio.apply(trade);
    }
    portfolio
}

fn snapshot(portfolio: &Portfolio, as_of: Date, month: &Month) -> Vec<Position> {
    let price_date = business_day_on_or_before(as_of);
    let mut positions: Vec<_> = portfolio
        .holdings
        .iter()
        .map(|holding| {
            let security = holding.security;
            let valuation = (!security.unpriced).then(|| Valuation {
                price: close(security, price_date, month),
                price_date,
                market_value: 0.into(),
                unrealized_pl: 0.into(),
            });
            let mut position = Position {
                as_of,
                security,
                custody: holding.custody,
                quantity: holding.quantity,
                average_cost: holding.average_cost,
                fx_rate: fx_rate(security.currency, as_of),
                valuation,
            };
            position.value();
            position
        })
        .collect();
    positions.sort_by_key(|position| {
        (
            position.security.class,
            position.security.code,
            position.custody,
        )
    });
    positions
}

//! What an account holds, per security and custody, with its average cost.

use rust_decimal::{Decimal, RoundingStrategy};

use super::rows::{Custody, Side, Trade};
use super::securities::{AssetClass, Currency, Security};

#[derive(Debug, Clone)]
pub struct Holding {
    pub security: &'static Security,
    pub custody: Custody,
    pub quantity: Decimal,
    /// Per `price_unit`.
    pub average_cost: Decimal,
    /// Set aside for a delivery, a split or a redemption: never sold, so that the order in which trades settle cannot
    /// take it below zero.
    pub reserved: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Portfolio {
    pub holdings: Vec<Holding>,
}

impl Portfolio {
    fn place_of(&self, security: &Security, custody: Custody) -> Option<usize> {
        // Codes are unique in the universe.
        self.holdings.iter().position(|holding| {
            holding.security.code == security.code && holding.custody == custody
        })
    }

    /// Adds what a trade brings in or takes out what it takes away; what is used up disappears.
    pub fn apply(&mut self, trade: &Trade) {
        match (
            self.place_of(trade.security, trade.custody),
            trade.side.brings_in(),
        ) {
            (Some(place), true) => {
                let holding = &mut self.holdings[place];
                let unit = Decimal::from(trade.security.price_unit);
                let before = holding.quantity * holding.average_cost / unit;
                holding.quantity += trade.quantity;
                let cost = (before + cost_of(trade)) * unit / holding.quantity;
                holding.average_cost = rounded_cost(trade.security, cost);
            }
            (None, true) => {
                let unit = Decimal::from(trade.security.price_unit);
                let average_cost =
                    rounded_cost(trade.security, cost_of(trade) * unit / trade.quantity);
                self.holdings.push(Holding {
                    security: trade.security,
                    custody: trade.custody,
                    quantity: trade.quantity,
                    average_cost,
                    reserved: false,
                });
            }
            (Some(place), false) => {
                let holding = &mut self.holdings[place];
                holding.quantity -= trade.quantity;
                debug_assert!(!holding.quantity.is_sign_negative(), "more sold than held");
                if holding.quantity.is_zero() {
                    self.holdings.remove(place);
                }
            }
            (None, false) => debug_assert!(false, "only what is held is sold"),
        }
    }
}

/// The fees of a purchase belong to its cost.
fn cost_of(trade: &Trade) -> Decimal {
    match trade.side {
        Side::Buy => trade.gross_amount + trade.fees(),
        _ => trade.gross_amount,
    }
}

pub fn rounded_cost(security: &Security, cost: Decimal) -> Decimal {
    let fine = security.currency == Currency::Usd || security.class == AssetClass::Bond;
    cost.round_dp_with_strategy(
        if fine { 4 } else { 2 },
        RoundingStrategy::MidpointAwayFromZero,
    )
}

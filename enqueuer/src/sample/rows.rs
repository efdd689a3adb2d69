//! The typed rows of one account's books.

use common::statement::Language;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::market::worth;
use super::securities::{Currency, Security};

/// Tax custody as the contract names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Custody {
    Specific,
    General,
    Nisa,
    NisaGrowth,
    NisaTsumitate,
}

impl Custody {
    pub const fn as_str(self) -> &'static str {
        match self {
            Custody::Specific => "specific",
            Custody::General => "general",
            Custody::Nisa => "nisa",
            Custody::NisaGrowth => "nisa_growth",
            Custody::NisaTsumitate => "nisa_tsumitate",
        }
    }

    pub const fn is_tax_free(self) -> bool {
        matches!(
            self,
            Custody::Nisa | Custody::NisaGrowth | Custody::NisaTsumitate
        )
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
    Receipt,
    Delivery,
    Redemption,
}

impl Side {
    pub const fn as_str(self) -> &'static str {
        match self {
            Side::Buy => "buy",
            Side::Sell => "sell",
            Side::Receipt => "receipt",
            Side::Delivery => "delivery",
            Side::Redemption => "redemption",
        }
    }

    /// Whether the account holds more of the security afterwards.
    pub const fn brings_in(self) -> bool {
        matches!(self, Side::Buy | Side::Receipt)
    }

    /// Receipts and deliveries move securities without money.
    pub const fn is_paid(self) -> bool {
        matches!(self, Side::Buy | Side::Sell | Side::Redemption)
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    pub id: String,
    pub no: String,
    pub holder_name: String,
    pub postal_address: Option<String>,
    pub language: Language,
    pub consented: bool,
    pub rollout_group: Option<&'static str>,
    pub opened_on: Date,
    pub closed_on: Option<Date>,
}

#[derive(Debug, Clone)]
#[expect(clippy::struct_field_names, reason = "the contract's names")]
pub struct Trade {
    /// Counts an account's trades by trade date; 0 until they are all known.
    pub number: u32,
    pub trade_date: Date,
    pub settlement_date: Date,
    pub security: &'static Security,
    pub side: Side,
    pub event: Option<&'static str>,
    pub custody: Custody,
    pub quantity: Decimal,
    pub unit_price: Decimal,
    pub fx_rate: Option<Decimal>,
    pub gross_amount: Decimal,
    pub accrued_interest: Option<Decimal>,
    pub commission: Decimal,
    pub foreign_fees: Option<Decimal>,
    pub consumption_tax: Decimal,
    pub withholding_tax: Decimal,
    pub net_amount: Decimal,
    /// Set where a trade in another currency is settled in yen.
    pub yen_amount: Option<Decimal>,
    pub note: Option<&'static str>,
}

impl Trade {
    pub fn id(&self) -> String {
        format!("T{:07}", self.number)
    }

    pub fn fees(&self) -> Decimal {
        self.commission + self.foreign_fees.unwrap_or_default() + self.consumption_tax
    }

    /// What the customer receives and in which currency; negative = pays.
    pub fn settlement(&self) -> (Currency, Decimal) {
        match self.yen_amount {
            Some(amount) => (Currency::Jpy, amount),
            None => (self.security.currency, self.net_amount),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Movement {
    /// Counts an account's movements; 0 until they are all known.
    pub number: u32,
    pub booked_on: Date,
    /// The order within the day.
    pub sequence: Option<u32>,
    pub kind: &'static str,
    pub description: String,
    pub currency: Currency,
    pub pocket: Option<&'static str>,
    pub amount: Decimal,
    pub trade_id: Option<String>,
    pub security: Option<&'static Security>,
    pub gross_amount: Option<Decimal>,
    pub income_tax: Option<Decimal>,
    pub local_tax: Option<Decimal>,
    pub foreign_tax: Option<Decimal>,
}

impl Movement {
    pub fn id(&self) -> String {
        format!("{:07}", self.number)
    }
}

#[derive(Debug, Clone)]
pub struct Position {
    pub as_of: Date,
    pub security: &'static Security,
    pub custody: Custody,
    pub quantity: Decimal,
    pub average_cost: Decimal,
    pub fx_rate: Option<Decimal>,
    /// Absent where nobody quotes a price.
    pub valuation: Option<Valuation>,
}

#[derive(Debug, Clone, Copy)]
pub struct Valuation {
    pub price: Decimal,
    pub price_date: Date,
    pub market_value: Decimal,
    pub unrealized_pl: Decimal,
}

#[derive(Debug, Clone)]
pub struct Balance {
    pub as_of: Date,
    pub currency: Currency,
    pub pocket: Option<&'static str>,
    pub amount: Decimal,
    pub fx_rate: Option<Decimal>,
}

impl Position {
    /// Values what is held at the price, if there is one.
    pub fn value(&mut self) {
        let (security, quantity) = (self.security, self.quantity);
        if let Some(valuation) = &mut self.valuation {
            valuation.market_value = worth(security, quantity, valuation.price);
            valuation.unrealized_pl =
                valuation.market_value - worth(security, quantity, self.average_cost);
        }
    }
}

//! Rule 7, settlement: the cash movements that name a trade make its settlement amount, once it has settled.
//!
//! What cannot be compared is passed over without a word per document, since it is a way of booking and no break: days that are
//! netted in one movement without a trade's id, and trades that no payment names. The enqueuer says once per run how many
//! accounts that concerns.

use common::Result;
use common::currency::Currency;
use common::profile::Rule;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::CashKind;

/// Movements that a message names.
const MAX_NAMED: usize = 3;

/// The days whose settlements a document proves: after the opening and up to the closing. The next month's document begins where
/// this one ends, so that every trade is proven once.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub after: Date,
    pub up_to: Date,
}

/// What a trade is to be settled with.
#[derive(Debug, Clone)]
pub struct Due {
    /// A receipt or delivery of securities: nothing is paid for them, so that fees are all there is.
    pub is_transfer: bool,
    pub settlement_date: Date,
    pub currency: Currency,
    pub net_amount: Decimal,
    /// `None` = as the trade's currency.
    pub settlement_currency: Option<Currency>,
    /// `None` = as the net amount.
    pub settlement_amount: Option<Decimal>,
}

/// An id with everything that names it.
#[derive(Debug)]
pub struct Settled {
    trade_id: Box<str>,
    /// `None` = the account has no such trade.
    due: Option<Due>,
    sums: Vec<Sum>,
    /// The first ones, and how many there are.
    movements: Vec<Box<str>>,
    count: usize,
}

/// What the movements of one currency add up to.
#[derive(Debug, Clone, Copy)]
struct Sum {
    currency: Currency,
    /// Payments for the security itself.
    paid: Decimal,
    /// Taxes, fees and refunds that are booked apart.
    apart: Decimal,
    /// Exchanges from and into the currency.
    exchanged: Decimal,
    /// Of what is booked apart, that which came when the trade was settled and proven already.
    late: Decimal,
    pays: bool,
}

/// A movement that names a trade.
#[derive(Debug, Clone, Copy)]
pub struct Movement<'m> {
    pub movement_id: &'m str,
    pub booked_on: Date,
    pub kind: CashKind,
    pub currency: Currency,
    pub amount: Decimal,
}

/// What of the movements is counted.
#[derive(Debug, Clone, Copy)]
struct Counted {
    exchanges: bool,
    late: bool,
}

impl Counted {
    const ALL: Self = Self {
        exchanges: true,
        late: true,
    };

    /// Exchanges may not belong to the trade, and a late refund changes nothing of what it was settled with.
    fn ways() -> impl Iterator<Item = Self> {
        let both = [true, false];
        both.into_iter()
            .flat_map(move |exchanges| both.map(|late| Self { exchanges, late }))
    }
}

impl Sum {
    fn total(&self, counted: Counted) -> Decimal {
        let apart = self.principal(counted) + self.apart;
        if counted.late {
            apart + self.late
        } else {
            apart
        }
    }

    fn principal(&self, counted: Counted) -> Decimal {
        if counted.exchanges {
            self.paid + self.exchanged
        } else {
            self.paid
        }
    }
}

impl Settled {
    pub fn new(trade_id: &str) -> Self {
        Self {
            trade_id: trade_id.into(),
            due: None,
            sums: Vec::new(),
            movements: Vec::new(),
            count: 0,
        }
    }

    pub fn trade_id(&self) -> &str {
        &self.trade_id
    }

    /// The trade of that id. Where the gate lets an id occur twice the first one counts.
    pub fn trade(&mut self, due: Due) {
        self.due.get_or_insert(due);
    }

    /// A movement that names it, after the trade itself. `None` = the sum is larger than can be computed exactly.
    pub fn movement(&mut self, movement: Movement, window: Window) -> Option<()> {
        let Movement {
            movement_id,
            booked_on,
            kind,
            currency,
            amount,
        } = movement;
        let was_proven = self
            .due
            .as_ref()
            .is_some_and(|due| due.settlement_date <= window.after);
        let is_late = was_proven && booked_on > window.after;
        if self.movements.len() < MAX_NAMED {
            self.movements.push(movement_id.into());
        }
        self.count += 1;
        let sum = self.sum_of(currency);
        let part = match kind {
            CashKind::Tax | CashKind::Fee | CashKind::Refund if is_late => &mut sum.late,
            CashKind::Tax | CashKind::Fee | CashKind::Refund => &mut sum.apart,
            CashKind::Exchange => &mut sum.exchanged,
            _ => {
                sum.pays = true;
                &mut sum.paid
            }
        };
        *part = part.checked_add(amount)?;
        Some(())
    }

    fn sum_of(&mut self, currency: Currency) -> &mut Sum {
        let known = self.sums.iter().position(|sum| sum.currency == currency);
        let index = known.unwrap_or_else(|| {
            self.sums.push(Sum {
                currency,
                paid: Decimal::ZERO,
                apart: Decimal::ZERO,
                exchanged: Decimal::ZERO,
                late: Decimal::ZERO,
                pays: false,
            });
            self.sums.len() - 1
        });
        &mut self.sums[index]
    }

    /// Refuses an id whose movements do not make what is due. `netted_until` is the last day with a payment for trades that names
    /// none: what settles by then may be part of it.
    pub fn check(&self, gate: &mut Gate, window: Window, netted_until: Option<Date>) -> Result<()> {
        if netted_until.is_some_and(|day| day > window.after) || self.count == 0 {
            return Ok(());
        }
        let Some(due) = &self.due else {
            return self.check_without_trade(gate);
        };
        let is_netted = netted_until.is_some_and(|day| due.settlement_date <= day);
        let is_paid_here = due.is_transfer || self.sums.iter().any(|sum| sum.pays);
        if due.settlement_date > window.up_to || is_netted || !is_paid_here || self.is_made(due) {
            return Ok(());
        }
        gate.broken(Rule::Settlement, self.difference(due, window))
    }

    /// A trade that was cancelled is gone, and what it moved is moved back.
    fn check_without_trade(&self, gate: &mut Gate) -> Result<()> {
        let Some(sum) = self
            .sums
            .iter()
            .find(|sum| !sum.total(Counted::ALL).is_zero())
        else {
            return Ok(());
        };
        gate.broken(
            Rule::Settlement,
            format!(
                "trade_id {}: statement_trades has no such trade of the account, but the cash movements that name it ({}) sum to \
                 {} {} instead of 0, a difference of {}",
                self.trade_id,
                self.named(),
                sum.total(Counted::ALL),
                sum.currency,
                sum.total(Counted::ALL)
            ),
        )
    }

    fn is_made(&self, due: &Due) -> bool {
        let (currency, amount) = settlement(due);
        let makes = |currency, amount| Counted::ways().any(|way| self.makes(currency, amount, way));
        // What settles in yen may be booked in the trade's own currency alone.
        makes(currency, amount) || (!self.has(currency) && makes(due.currency, due.net_amount))
    }

    /// Whether the movements make the amount in this currency, and pay nothing for the security in any other. Taxes and fees in
    /// another currency are not compared: the trade does not have them.
    fn makes(&self, currency: Currency, amount: Decimal, counted: Counted) -> bool {
        let total = self.total(currency, counted);
        let elsewhere = self.sums.iter().filter(|sum| sum.currency != currency);
        total == amount
            && elsewhere
                .into_iter()
                .all(|sum| sum.principal(counted).is_zero())
    }

    fn has(&self, currency: Currency) -> bool {
        self.sums.iter().any(|sum| sum.currency == currency)
    }

    fn total(&self, currency: Currency, counted: Counted) -> Decimal {
        let of_currency = self.sums.iter().find(|sum| sum.currency == currency);
        of_currency.map_or(Decimal::ZERO, |sum| sum.total(counted))
    }

    /// In the currency that the trade settles in or, where nothing is booked in it, in the trade's own.
    fn difference(&self, due: &Due, window: Window) -> String {
        let (currency, amount) = settlement(due);
        let (column, currency, amount) = if !self.has(currency) && self.has(due.currency) {
            ("net_amount", due.currency, due.net_amount)
        } else if due.settlement_amount.is_some() {
            ("settlement_amount", currency, amount)
        } else {
            ("net_amount", currency, amount)
        };
        let total = self.total(currency, Counted::ALL);
        let others: Vec<String> = self
            .sums
            .iter()
            .map(|sum| (sum.currency, sum.principal(Counted::ALL)))
            .filter(|(other, paid)| *other != currency && !paid.is_zero())
            .map(|(other, paid)| format!(" and {paid} {other}"))
            .collect();
        let off = total - amount;
        // Where the amount itself is right, what is paid in another currency is too much.
        let difference = match others.concat().strip_prefix(" and ") {
            Some(others) if off.is_zero() => others.to_owned(),
            _ => off.to_string(),
        };
        format!(
            "trade {} settled on {}: {column} is {amount} {currency}, but the cash movements up to {} that name it ({}) sum to \
             {total} {currency}{}, a difference of {difference}",
            self.trade_id,
            due.settlement_date,
            window.up_to,
            self.named(),
            others.concat(),
        )
    }

    fn named(&self) -> String {
        let named = self.movements.join(", ");
        match self.count - self.movements.len() {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    }
}

/// In which currency a trade settles, and with what.
fn settlement(due: &Due) -> (Currency, Decimal) {
    (
        due.settlement_currency.unwrap_or(due.currency),
        due.settlement_amount.unwrap_or(due.net_amount),
    )
}

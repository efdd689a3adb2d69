//! Rule 2, positions: the opening quantity and the movements make the closing quantity.

use common::Result;
use common::profile::Rule;
use rust_decimal::Decimal;

use super::Gate;
use crate::rows::codes::Code;
use crate::rows::quantity::QuantityMovement;

/// A security is kept in a few markets and custodies. Beyond that many breaks they are told without being compared.
const MAX_BROKEN: usize = 64;

/// The holdings of one security that do not roll forward. They are told when all of its markets are known: what is amiss may be no
/// trade, but the market that one has.
#[derive(Debug, Default)]
pub struct Proof {
    broken: Vec<QuantityMovement>,
}

impl Proof {
    /// The next line. They come by security.
    pub fn add(&mut self, gate: &mut Gate, line: &QuantityMovement) -> Result<()> {
        let is_next = |known: &QuantityMovement| known.security_code != line.security_code;
        if self.broken.first().is_some_and(is_next) || self.broken.len() == MAX_BROKEN {
            self.end(gate)?;
        }
        if !difference(line).is_zero() {
            self.broken.push(line.clone());
        }
        Ok(())
    }

    /// Refuses what does not roll forward.
    pub fn end(&mut self, gate: &mut Gate) -> Result<()> {
        let mut broken = std::mem::take(&mut self.broken);
        while let Some(first) = broken.first() {
            let custody = first.custody;
            let (alike, others): (Vec<_>, Vec<_>) =
                broken.into_iter().partition(|line| line.custody == custody);
            tell(gate, &alike)?;
            broken = others;
        }
        Ok(())
    }
}

/// Refuses the lines of one security and custody.
fn tell(gate: &mut Gate, lines: &[QuantityMovement]) -> Result<()> {
    let together: Decimal = lines.iter().map(difference).sum();
    // One line alone has a difference, so that these are several.
    if together.is_zero() {
        return gate.broken(Rule::Positions, of_markets(lines));
    }
    lines
        .iter()
        .try_for_each(|line| gate.broken(Rule::Positions, of_line(line)))
}

/// What the closing snapshot holds more than it must.
fn difference(line: &QuantityMovement) -> Decimal {
    line.closing - line.expected_closing()
}

fn of_line(line: &QuantityMovement) -> String {
    let custody = line.custody.map_or("", Code::code);
    let market = if line.market.is_empty() {
        String::new()
    } else {
        format!(" of {}", line.market)
    };
    let rolled = if line.rolled.is_zero() {
        String::new()
    } else {
        let snapshot = line.opening - line.rolled;
        format!(
            " (the snapshot's {snapshot} and {} before the period)",
            line.rolled
        )
    };
    format!(
        "security {}{market} ({custody}): opening {}{rolled} + bought {} + received {} − sold {} − delivered {} − redeemed {} = {}, \
         but the closing snapshot holds {}, a difference of {}",
        line.security_code,
        line.opening,
        line.bought,
        line.received,
        line.sold,
        line.delivered,
        line.redeemed,
        line.expected_closing(),
        line.closing,
        difference(line)
    )
}

/// Nothing is missing: the trades name other markets than the holdings.
fn of_markets(lines: &[QuantityMovement]) -> String {
    let (code, custody) = lines.first().map_or(("", ""), |line| {
        (&*line.security_code, line.custody.map_or("", Code::code))
    });
    let markets: Vec<String> = lines
        .iter()
        .map(|line| {
            let market = if line.market.is_empty() {
                "no market"
            } else {
                &line.market
            };
            format!(
                "{market}: opening and trades make {}, but the closing snapshot holds {}, a difference of {}",
                line.expected_closing(),
                line.closing,
                difference(line)
            )
        })
        .collect();
    format!(
        "security {code} ({custody}): its markets add up together, but not one by one: {}; market in statement_trades must be the one \
         under which statement_positions keeps the holding, or absent in both, and a move from one market to another is a delivery \
         and a receipt",
        markets.join("; ")
    )
}

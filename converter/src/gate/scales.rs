//! How finely back offices state prices, costs and quantities: what the tolerances of rule `value` are made of. Documented, and not taken
//! from the digits that a value happens to have: engines pad them, and 120 may be 120.00 or a rounded 119.6. The same table
//! stands in `docs/gate.md`; a test ties the two.

use common::currency::Currency;
use rust_decimal::Decimal;

use crate::rows::codes::AssetClass;

/// The coarsest steps in which a class's figures are stated, as decimal places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scales {
    class: AssetClass,
    /// Of a price: of currencies without a minor unit (JPY, KRW), and of all others.
    price: [u32; 2],
    /// Of an average cost, likewise.
    average_cost: [u32; 2],
    /// Of the quantity bought or sold for a fixed amount; `None` where the amount follows from the quantity.
    quantity: Option<u32>,
}

/// Every asset class, in the contract's order.
pub const SCALES: [Scales; 5] = [
    Scales {
        class: AssetClass::Equity,
        price: [0, 2],
        average_cost: [0, 2],
        quantity: None,
    },
    Scales {
        class: AssetClass::Etf,
        price: [0, 2],
        average_cost: [0, 2],
        quantity: None,
    },
    Scales {
        class: AssetClass::Fund,
        price: [0, 2],
        average_cost: [0, 2],
        quantity: Some(0),
    },
    Scales {
        class: AssetClass::Bond,
        price: [2, 2],
        average_cost: [2, 2],
        quantity: None,
    },
    Scales {
        class: AssetClass::Other,
        price: [0, 2],
        average_cost: [0, 2],
        quantity: None,
    },
];

impl Scales {
    /// Those of an asset class.
    pub const fn of(class: AssetClass) -> &'static Self {
        match class {
            AssetClass::Equity => &SCALES[0],
            AssetClass::Etf => &SCALES[1],
            AssetClass::Fund => &SCALES[2],
            AssetClass::Bond => &SCALES[3],
            AssetClass::Other => &SCALES[4],
        }
    }

    /// Half of the price's step: what rounding leaves out at most.
    pub fn half_price(&self, currency: Currency) -> Decimal {
        Decimal::new(5, in_currency(self.price, currency) + 1)
    }

    /// A whole step of the average cost, which Japan rounds up per unit.
    pub fn whole_cost(&self, currency: Currency) -> Decimal {
        Decimal::new(1, in_currency(self.average_cost, currency))
    }

    /// A whole step of the quantity bought or sold for a fixed amount.
    pub fn quantity(&self) -> Option<Decimal> {
        self.quantity.map(|places| Decimal::new(1, places))
    }
}

fn in_currency([without_minor_unit, others]: [u32; 2], currency: Currency) -> u32 {
    if currency.exponent() == 0 {
        without_minor_unit
    } else {
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::codes::Code;

    const PAGE: &str = include_str!("../../../docs/gate.md");

    fn step(places: u32) -> String {
        Decimal::new(1, places).to_string()
    }

    #[test]
    fn every_class_has_its_own() {
        for class in AssetClass::ALL {
            assert_eq!(Scales::of(class).class, class);
        }
    }

    #[test]
    fn the_page_has_the_same_table() {
        let (_, table) = PAGE.split_once("| asset class | price, JPY").unwrap();
        let rows: Vec<&str> = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
            .collect();
        let expected = SCALES.map(|scales| {
            let [yen, other] = scales.price.map(step);
            let [cost_yen, cost_other] = scales.average_cost.map(step);
            let quantity = scales.quantity.map_or("exact".to_owned(), step);
            let class = scales.class.code();
            format!("| {class} | {yen} | {other} | {cost_yen} | {cost_other} | {quantity} |")
        });
        assert_eq!(rows, expected);
    }
}

//! Every tolerance at its edge: what is within passes, a minor unit more is refused.

mod gross;
mod holdings;

use super::{AssetClass, Quote};
use crate::gate::tests::amount;

fn quote(asset_class: AssetClass, price_unit: &str) -> Quote {
    Quote {
        asset_class,
        price_unit: amount(price_unit),
        price_factor: None,
    }
}

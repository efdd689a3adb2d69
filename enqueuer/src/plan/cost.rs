//! What Fargate bills: docs/cost.md.

use std::fmt;

use super::place::Place;
use super::replications::Distribution;

/// List prices on demand in Asia Pacific (Tokyo), x86, as docs/cost.md has them.
pub const VCPU_HOUR_USD: f64 = 0.05056;
pub const GIB_HOUR_USD: f64 = 0.00553;

/// US dollars, without tax.
#[derive(Debug, Clone, Copy)]
pub struct Prices {
    pub vcpu_hour_usd: f64,
    pub gib_hour_usd: f64,
}

impl Prices {
    /// vCPU-hours, and what they and their memory cost. On this machine hours of its cores, which cost nothing more.
    pub fn of(&self, place: &Place, distribution: &Distribution) -> (f64, f64) {
        let held = if place.is_local() {
            &distribution.busy
        } else {
            &distribution.billed
        };
        place
            .classes()
            .iter()
            .zip(held)
            .fold((0.0, 0.0), |(hours, cost), (class, seconds)| {
                let of_class = seconds / 3600.0;
                let gib = class.memory_mib.map(|mib| f64::from(mib) / 1024.0);
                let price = gib.map_or(0.0, |gib| {
                    class.vcpu * self.vcpu_hour_usd + gib * self.gib_hour_usd
                });
                (hours + of_class * class.vcpu, cost + of_class * price)
            })
    }

    pub fn origin(&self) -> &'static str {
        let is = |price: f64, known: f64| (price - known).abs() < f64::EPSILON;
        if is(self.vcpu_hour_usd, VCPU_HOUR_USD) && is(self.gib_hour_usd, GIB_HOUR_USD) {
            "Tokyo, on demand, list of November 2026"
        } else {
            "given"
        }
    }
}

impl fmt::Display for Prices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} USD per vCPU-hour, {} per GiB-hour",
            self.vcpu_hour_usd, self.gib_hour_usd
        )
    }
}

/// Parses a price.
pub fn price(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|price: &f64| price.is_finite() && *price >= 0.0)
        .ok_or_else(|| "a price is a number of US dollars, e.g. 0.05056".to_owned())
}

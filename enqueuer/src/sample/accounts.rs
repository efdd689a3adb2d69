//! How an account behaves: how much it trades, in what, and how it keeps its cash.

use common::statement::Language;
use fastrand::Rng;

use super::calendar::Month;
use super::holders::{self, pick};
use super::planted::{Trouble, plant_at};
use super::rows::{Account, Custody};
use super::securities::{AssetClass, Currency, Security};
use super::universe::{EQUITIES, ETFS, FUNDS, GOLD, US_BOND, US_SECURITIES, YEN_BONDS};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Nothing to report.
    Dormant,
    /// Buys funds month by month.
    Saver,
    /// Japanese shares and ETFs.
    Investor,
    /// US shares besides.
    Global,
    /// Bonds, gold, dividends.
    Cautious,
    /// The same few shares all day long.
    DayTrader,
}

/// What is decided about an account before its books are written.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, each drawn on its own"
)]
pub struct Plan {
    pub account: Account,
    /// The trouble that is planted here.
    pub trouble: Option<Trouble>,
    pub style: Style,
    /// How many trades it tries to do; what cannot settle in time is left out.
    pub trades: u32,
    /// What it buys.
    pub watchlist: Vec<&'static Security>,
    /// Where it keeps what is taxed.
    pub taxed_custody: Custody,
    pub has_nisa: bool,
    pub pays_commission: bool,
    /// The pocket that its rows name per currency.
    pub yen_pocket: Option<&'static str>,
    pub dollar_pocket: Option<&'static str>,
    /// Whether its movements are numbered within the day.
    pub numbers_movements: bool,
    pub opened_in_period: bool,
}

impl Plan {
    pub fn pocket(&self, currency: Currency) -> Option<&'static str> {
        match currency {
            Currency::Jpy => self.yen_pocket,
            Currency::Usd => self.dollar_pocket,
        }
    }

    /// Where a purchase goes.
    pub fn custody_for(&self, security: &Security, rng: &mut Rng) -> Custody {
        let nisa = self.has_nisa && self.style != Style::DayTrader;
        match security.class {
            AssetClass::Fund if nisa && rng.u32(..10) < 5 => Custody::NisaTsumitate,
            AssetClass::Equity | AssetClass::Etf | AssetClass::Fund
                if nisa && rng.u32(..10) < 3 =>
            {
                Custody::NisaGrowth
            }
            _ => self.taxed_custody,
        }
    }

    /// The account's language decides the wording of what is described in words.
    pub fn words(&self, japanese: &'static str, english: &'static str) -> &'static str {
        match self.account.language {
            Language::Ja => japanese,
            Language::En => english,
        }
    }
}

/// The plan of the account with this index, counted from 1.
pub fn plan(index: u32, month: &Month, rng: &mut Rng) -> Plan {
    let plant = plant_at(index);
    let account = holders::account(index, plant, month, rng);
    let opened_in_period = account.opened_on >= month.first_day;
    let (style, trades) = match heavy_trading(index, rng) {
        Some(heavy) => heavy,
        // What is planted needs something to show it in.
        None if plant.is_some() => (Style::Investor, rng.u32(18..=28)),
        None => (ordinary_style(opened_in_period, rng), ordinary_trades(rng)),
    };
    let has_dollar_pocket = rng.u32(..4) == 0;
    Plan {
        trouble: plant.map(|plant| plant.trouble),
        style,
        trades: if style == Style::Dormant { 0 } else { trades },
        watchlist: watchlist(style, trades, opened_in_period, rng),
        taxed_custody: if style == Style::DayTrader || rng.u32(..6) > 0 {
            Custody::Specific
        } else {
            Custody::General
        },
        has_nisa: rng.u32(..10) < 6,
        pays_commission: rng.u32(..10) < 6,
        yen_pocket: (rng.u32(..12) == 0).then_some("deposit"),
        dollar_pocket: has_dollar_pocket.then_some("foreign_deposit"),
        numbers_movements: rng.u32(..10) > 0,
        opened_in_period,
        account,
    }
}

/// The few accounts that most trades belong to. By index, so that the size of a sample is foreseeable: of 1,000
/// accounts three are day traders with tens of thousands, one has thousands and a dozen have hundreds of trades.
fn heavy_trading(index: u32, rng: &mut Rng) -> Option<(Style, u32)> {
    match (index % 1_000, index % 80) {
        (317, _) => Some((Style::DayTrader, rng.u32(17_000..21_000))),
        (611, _) => Some((Style::DayTrader, rng.u32(27_000..31_000))),
        (883, _) => Some((Style::DayTrader, rng.u32(37_000..40_000))),
        (97, _) => Some((Style::DayTrader, rng.u32(2_500..5_000))),
        (_, 43) => Some((
            pick(&[Style::Investor, Style::Global], rng),
            rng.u32(300..900),
        )),
        _ => None,
    }
}

fn ordinary_trades(rng: &mut Rng) -> u32 {
    match rng.u32(..100) {
        0..20 => 0,
        20..52 => rng.u32(1..=3),
        52..80 => rng.u32(4..=10),
        80..96 => rng.u32(11..=29),
        _ => rng.u32(30..=90),
    }
}

fn ordinary_style(opened_in_period: bool, rng: &mut Rng) -> Style {
    match rng.u32(..100) {
        0..5 => Style::Dormant,
        5..30 => Style::Saver,
        // Dollars first have to be there.
        65..85 if !opened_in_period => Style::Global,
        85..100 if !opened_in_period => Style::Cautious,
        _ => Style::Investor,
    }
}

fn watchlist(
    style: Style,
    trades: u32,
    opened_in_period: bool,
    rng: &mut Rng,
) -> Vec<&'static Security> {
    // Who trades more knows more securities.
    let more = if trades > 100 { 6 } else { 0 };
    let mut list = Vec::new();
    let mut add = |securities: &[&'static Security], count: usize, rng: &mut Rng| {
        for _ in 0..count {
            let security = pick(securities, rng);
            if !list
                .iter()
                .any(|known: &&Security| known.code == security.code)
            {
                list.push(security);
            }
        }
    };
    let all = |securities: &'static [Security]| securities.iter().collect::<Vec<_>>();
    match style {
        Style::Dormant => {}
        Style::Saver => {
            add(&all(&FUNDS), rng.usize(1..=4), rng);
            add(&all(&ETFS), rng.usize(0..=1), rng);
            add(&[&GOLD], usize::from(rng.u32(..8) == 0), rng);
        }
        Style::Investor => {
            add(&all(&EQUITIES), rng.usize(3..=8) + more, rng);
            add(&all(&ETFS), rng.usize(0..=2), rng);
            add(&all(&FUNDS), rng.usize(0..=1), rng);
        }
        Style::Global => {
            add(&all(&US_SECURITIES), rng.usize(2..=6) + more / 2, rng);
            add(&all(&EQUITIES), rng.usize(1..=3) + more / 2, rng);
            add(&all(&FUNDS), rng.usize(0..=2), rng);
            add(&[&US_BOND], usize::from(rng.u32(..4) == 0), rng);
        }
        Style::Cautious => {
            add(&all(&YEN_BONDS), rng.usize(1..=3), rng);
            add(&all(&EQUITIES), rng.usize(1..=3), rng);
            add(&all(&ETFS), rng.usize(0..=2), rng);
            add(&[&US_BOND, &GOLD], rng.usize(0..=2), rng);
        }
        Style::DayTrader => {
            let cheap: Vec<_> = EQUITIES
                .iter()
                .filter(|security| security.price < 60_000_000)
                .collect();
            add(&cheap, rng.usize(6..=10), rng);
            add(&all(&ETFS), 1, rng);
        }
    }
    if opened_in_period {
        list.retain(|security| security.currency == Currency::Jpy);
    }
    list
}

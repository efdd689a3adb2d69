//! What a security is: where it trades, in what lots, at what ticks, and how it settles.

/// The class of a security as the contract names it. The order is the order of a portfolio's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssetClass {
    Equity,
    Etf,
    Fund,
    Bond,
    Other,
}

impl AssetClass {
    pub const fn as_str(self) -> &'static str {
        match self {
            AssetClass::Equity => "equity",
            AssetClass::Etf => "etf",
            AssetClass::Fund => "fund",
            AssetClass::Bond => "bond",
            AssetClass::Other => "other",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Currency {
    Jpy,
    Usd,
}

impl Currency {
    pub const fn as_str(self) -> &'static str {
        match self {
            Currency::Jpy => "JPY",
            Currency::Usd => "USD",
        }
    }

    /// The decimal places of an amount.
    pub const fn minor_unit(self) -> u32 {
        match self {
            Currency::Jpy => 0,
            Currency::Usd => 2,
        }
    }
}

/// One security of the universe.
#[derive(Debug)]
pub struct Security {
    pub class: AssetClass,
    pub code: &'static str,
    pub name: &'static str,
    pub market: Option<&'static str>,
    pub currency: Currency,
    /// The quantity that the price is for.
    pub price_unit: i64,
    /// In ten-thousandths, the middle around which the market moves.
    pub price: i64,
    /// In ten-thousandths.
    pub tick: i64,
    /// The quantity is a multiple of it unless the customer buys for an amount.
    pub lot: u32,
    /// Yearly, in ten-thousandths; the bonds' only.
    pub coupon: i64,
    /// Business days from trade to settlement.
    pub settles_after: u32,
    /// Nobody quotes a price: the position has no valuation.
    pub unpriced: bool,
}

pub const fn listed(
    class: AssetClass,
    market: &'static str,
    code: &'static str,
    name: &'static str,
    price: i64,
    lot: u32,
) -> Security {
    // The exchange's ticks for its most traded securities.
    let tick = match price {
        ..1_000 => 1_000,
        1_000..3_000 => 5_000,
        3_000..10_000 => 10_000,
        10_000..30_000 => 50_000,
        _ => 100_000,
    };
    Security {
        class,
        code,
        name,
        market: Some(market),
        currency: Currency::Jpy,
        price_unit: 1,
        price: price * 10_000,
        tick,
        lot,
        coupon: 0,
        settles_after: 2,
        unpriced: false,
    }
}

pub const fn prime(code: &'static str, name: &'static str, price: i64) -> Security {
    listed(AssetClass::Equity, "東証プライム", code, name, price, 100)
}

pub const fn standard(code: &'static str, name: &'static str, price: i64) -> Security {
    listed(
        AssetClass::Equity,
        "東証スタンダード",
        code,
        name,
        price,
        100,
    )
}

pub const fn growth(code: &'static str, name: &'static str, price: i64) -> Security {
    Security {
        tick: 10_000,
        ..listed(AssetClass::Equity, "東証グロース", code, name, price, 100)
    }
}

pub const fn etf(code: &'static str, name: &'static str, price: i64) -> Security {
    listed(
        AssetClass::Etf,
        "東証",
        code,
        name,
        price,
        if price < 5_000 { 10 } else { 1 },
    )
}

pub const fn fund(code: &'static str, name: &'static str, price: i64) -> Security {
    Security {
        class: AssetClass::Fund,
        market: None,
        price_unit: 10_000,
        tick: 10_000,
        settles_after: 4,
        ..listed(AssetClass::Fund, "", code, name, price, 1)
    }
}

/// `price` is in hundredths, `coupon` in ten-thousandths a year.
pub const fn bond(
    code: &'static str,
    name: &'static str,
    price: i64,
    coupon: i64,
    lot: u32,
) -> Security {
    Security {
        market: None,
        price_unit: 100,
        price: price * 100,
        tick: 100,
        coupon,
        settles_after: 3,
        ..listed(AssetClass::Bond, "", code, name, 0, lot)
    }
}

/// `price` is in cents.
pub const fn us(
    class: AssetClass,
    market: &'static str,
    code: &'static str,
    name: &'static str,
    price: i64,
) -> Security {
    Security {
        currency: Currency::Usd,
        price: price * 100,
        tick: 100,
        settles_after: 1,
        ..listed(class, market, code, name, 0, 1)
    }
}

//! The codes of the contract as types.

/// A code column: its values in the contract's order.
pub trait Code: Copy + PartialEq + 'static {
    /// The contract's spelling of each value.
    const CODES: &'static [(&'static str, Self)];

    fn from_code(text: &str) -> Option<Self> {
        Self::CODES
            .iter()
            .find(|(code, _)| *code == text)
            .map(|(_, value)| *value)
    }

    /// The contract's spelling.
    fn code(self) -> &'static str {
        Self::CODES
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("?", |(code, _)| code)
    }
}

/// What a trade did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Buy,
    Sell,
    Receipt,
    Delivery,
    Redemption,
}

impl Code for Side {
    const CODES: &'static [(&'static str, Self)] = &[
        ("buy", Side::Buy),
        ("sell", Side::Sell),
        ("receipt", Side::Receipt),
        ("delivery", Side::Delivery),
        ("redemption", Side::Redemption),
    ];
}

/// The class of a security, in the order in which statements list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssetClass {
    Equity,
    Etf,
    Fund,
    Bond,
    Other,
}

impl AssetClass {
    pub const ALL: [AssetClass; 5] = [
        AssetClass::Equity,
        AssetClass::Etf,
        AssetClass::Fund,
        AssetClass::Bond,
        AssetClass::Other,
    ];
}

impl Code for AssetClass {
    const CODES: &'static [(&'static str, Self)] = &[
        ("equity", AssetClass::Equity),
        ("etf", AssetClass::Etf),
        ("fund", AssetClass::Fund),
        ("bond", AssetClass::Bond),
        ("other", AssetClass::Other),
    ];
}

/// Tax custody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Custody {
    Specific,
    General,
    Nisa,
    NisaGrowth,
    NisaTsumitate,
}

impl Code for Custody {
    const CODES: &'static [(&'static str, Self)] = &[
        ("specific", Custody::Specific),
        ("general", Custody::General),
        ("nisa", Custody::Nisa),
        ("nisa_growth", Custody::NisaGrowth),
        ("nisa_tsumitate", Custody::NisaTsumitate),
    ];
}

/// What moved cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CashKind {
    Deposit,
    Withdrawal,
    Trade,
    Dividend,
    Interest,
    Redemption,
    Fee,
    Tax,
    Refund,
    Exchange,
    Other,
}

impl Code for CashKind {
    const CODES: &'static [(&'static str, Self)] = &[
        ("deposit", CashKind::Deposit),
        ("withdrawal", CashKind::Withdrawal),
        ("trade", CashKind::Trade),
        ("dividend", CashKind::Dividend),
        ("interest", CashKind::Interest),
        ("redemption", CashKind::Redemption),
        ("fee", CashKind::Fee),
        ("tax", CashKind::Tax),
        ("refund", CashKind::Refund),
        ("exchange", CashKind::Exchange),
        ("other", CashKind::Other),
    ];
}

#[cfg(test)]
mod tests {
    use common::contract;

    use super::*;

    #[test]
    fn the_types_are_the_contract() {
        fn codes<T: Code>() -> Vec<&'static str> {
            T::CODES.iter().map(|(code, _)| *code).collect()
        }
        let contract =
            |relation: &contract::Relation, column| relation.column(column).unwrap().codes.to_vec();
        assert_eq!(codes::<Side>(), contract(&contract::TRADES, "side"));
        assert_eq!(
            codes::<AssetClass>(),
            contract(&contract::TRADES, "asset_class")
        );
        assert_eq!(
            codes::<Custody>(),
            contract(&contract::POSITIONS, "custody")
        );
        assert_eq!(
            codes::<CashKind>(),
            contract(&contract::CASH_MOVEMENTS, "kind")
        );
    }
}

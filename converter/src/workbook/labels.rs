//! The words of codes.

use common::profile::Word;
use common::statement::Kind;

use crate::rows::codes::{AssetClass, CashKind, Custody, Side};

pub const fn title(kind: Kind) -> Word {
    match kind {
        Kind::Trade => Word::TitleTrade,
        Kind::Balance => Word::TitleBalance,
    }
}

pub const fn side(side: Side) -> Word {
    match side {
        Side::Buy => Word::SideBuy,
        Side::Sell => Word::SideSell,
        Side::Receipt => Word::SideReceipt,
        Side::Delivery => Word::SideDelivery,
        Side::Redemption => Word::SideRedemption,
    }
}

pub const fn custody(custody: Custody) -> Word {
    match custody {
        Custody::Specific => Word::CustodySpecific,
        Custody::General => Word::CustodyGeneral,
        Custody::Nisa => Word::CustodyNisa,
        Custody::NisaGrowth => Word::CustodyNisaGrowth,
        Custody::NisaTsumitate => Word::CustodyNisaTsumitate,
    }
}

pub const fn asset_class(class: AssetClass) -> Word {
    match class {
        AssetClass::Equity => Word::AssetEquity,
        AssetClass::Etf => Word::AssetEtf,
        AssetClass::Fund => Word::AssetFund,
        AssetClass::Bond => Word::AssetBond,
        AssetClass::Other => Word::AssetOther,
    }
}

pub const fn cash_kind(kind: CashKind) -> Word {
    match kind {
        CashKind::Deposit => Word::KindDeposit,
        CashKind::Withdrawal => Word::KindWithdrawal,
        CashKind::Trade => Word::KindTrade,
        CashKind::Dividend => Word::KindDividend,
        CashKind::Interest => Word::KindInterest,
        CashKind::Redemption => Word::KindRedemption,
        CashKind::Fee => Word::KindFee,
        CashKind::Tax => Word::KindTax,
        CashKind::Refund => Word::KindRefund,
        CashKind::Exchange => Word::KindExchange,
        CashKind::Other => Word::KindOther,
    }
}

//! The words of codes, in both languages, as Japanese brokers use them.

use common::statement::{Kind, Language};

use crate::rows::codes::{AssetClass, CashKind, Custody, Side};

/// A word in Japanese and English.
pub type Words = (&'static str, &'static str);

/// Chooses the word of a language.
pub const fn pick(words: Words, language: Language) -> &'static str {
    match language {
        Language::Ja => words.0,
        Language::En => words.1,
    }
}

pub const fn kind(kind: Kind) -> Words {
    match kind {
        Kind::Trade => ("取引明細書", "Trade statement"),
        Kind::Balance => ("残高明細書", "Balance statement"),
    }
}

pub const fn side(side: Side) -> Words {
    match side {
        Side::Buy => ("買付", "Buy"),
        Side::Sell => ("売付", "Sell"),
        Side::Receipt => ("入庫", "Receipt"),
        Side::Delivery => ("出庫", "Delivery"),
        Side::Redemption => ("償還", "Redemption"),
    }
}

pub const fn custody(custody: Custody) -> Words {
    match custody {
        Custody::Specific => ("特定", "Specific"),
        Custody::General => ("一般", "General"),
        Custody::Nisa => ("NISA", "NISA"),
        Custody::NisaGrowth => ("NISA成長", "NISA growth"),
        Custody::NisaTsumitate => ("NISAつみたて", "NISA tsumitate"),
    }
}

pub const fn asset_class(class: AssetClass) -> Words {
    match class {
        AssetClass::Equity => ("株式", "Equity"),
        AssetClass::Etf => ("ETF", "ETF"),
        AssetClass::Fund => ("投信", "Fund"),
        AssetClass::Bond => ("債券", "Bond"),
        AssetClass::Other => ("その他", "Other"),
    }
}

pub const fn cash_kind(kind: CashKind) -> Words {
    match kind {
        CashKind::Deposit => ("入金", "Deposit"),
        CashKind::Withdrawal => ("出金", "Withdrawal"),
        CashKind::Trade => ("受渡金", "Trade"),
        CashKind::Dividend => ("配当金・分配金", "Dividend"),
        CashKind::Interest => ("利金・利息", "Interest"),
        CashKind::Redemption => ("償還金", "Redemption"),
        CashKind::Fee => ("手数料", "Fee"),
        CashKind::Tax => ("税金", "Tax"),
        CashKind::Refund => ("還付金", "Refund"),
        CashKind::Exchange => ("為替", "Exchange"),
        CashKind::Other => ("その他", "Other"),
    }
}

pub const OPENING_BALANCE: Words = ("前月末残高", "Opening balance");
pub const CLOSING_BALANCE: Words = ("当月末残高", "Closing balance");

/// The word of the pocket that rows without one are in; other pockets are the firm's own words.
pub const DEPOSIT_POCKET: Words = ("預り金", "Deposit");

pub const TOTAL: Words = ("合計", "Total");
pub const NO_ENTRIES: Words = ("該当データがありません", "No entries in this period");

pub const SUMMARY: Words = ("概要", "Summary");
pub const TRADES: Words = ("取引明細", "Trades");
pub const CASH_MOVEMENTS: Words = ("入出金明細", "Cash movements");
pub const HOLDINGS: Words = ("残高明細", "Holdings");
pub const CASH: Words = ("金銭残高", "Cash");
pub const MOVEMENTS: Words = ("増減", "Movements");
pub const UNSETTLED: Words = ("未受渡取引", "Unsettled trades");

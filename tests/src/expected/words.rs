//! The words of statements, written down once more from `statement.md`, so that a wrong label in the product shows.

use anyhow::{Result, bail};

/// The language of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    Ja,
    En,
}

/// Japanese and English.
pub type Words = (&'static str, &'static str);

impl Language {
    pub fn of(code: &str) -> Result<Self> {
        match code {
            "ja" => Ok(Self::Ja),
            "en" => Ok(Self::En),
            _ => bail!("language {code:?}"),
        }
    }

    pub fn pick(self, words: Words) -> &'static str {
        match self {
            Self::Ja => words.0,
            Self::En => words.1,
        }
    }
}

pub const SUMMARY: Words = ("概要", "Summary");
pub const TRADES: Words = ("取引明細", "Trades");
pub const CASH_MOVEMENTS: Words = ("入出金明細", "Cash movements");
pub const HOLDINGS: Words = ("残高明細", "Holdings");
pub const CASH: Words = ("金銭残高", "Cash");
pub const MOVEMENTS: Words = ("増減", "Movements");
pub const UNSETTLED: Words = ("未受渡取引", "Unsettled trades");

pub const NO_ENTRIES: Words = ("該当データがありません", "No entries in this period");
pub const TOTAL: Words = ("合計", "Total");

/// Asset classes in the order in which statements list them.
pub const ASSET_CLASSES: [(&str, Words); 5] = [
    ("equity", ("株式", "Equity")),
    ("etf", ("ETF", "ETF")),
    ("fund", ("投信", "Fund")),
    ("bond", ("債券", "Bond")),
    ("other", ("その他", "Other")),
];

/// Custodies in the order in which statements list them.
pub const CUSTODIES: [(&str, Words); 5] = [
    ("specific", ("特定", "Specific")),
    ("general", ("一般", "General")),
    ("nisa", ("NISA", "NISA")),
    ("nisa_growth", ("NISA成長", "NISA growth")),
    ("nisa_tsumitate", ("NISAつみたて", "NISA tsumitate")),
];

const SIDES: [(&str, Words); 5] = [
    ("buy", ("買付", "Buy")),
    ("sell", ("売付", "Sell")),
    ("receipt", ("入庫", "Receipt")),
    ("delivery", ("出庫", "Delivery")),
    ("redemption", ("償還", "Redemption")),
];

const CASH_KINDS: [(&str, Words); 11] = [
    ("deposit", ("入金", "Deposit")),
    ("withdrawal", ("出金", "Withdrawal")),
    ("trade", ("受渡金", "Trade")),
    ("dividend", ("配当金・分配金", "Dividend")),
    ("interest", ("利金・利息", "Interest")),
    ("redemption", ("償還金", "Redemption")),
    ("fee", ("手数料", "Fee")),
    ("tax", ("税金", "Tax")),
    ("refund", ("還付金", "Refund")),
    ("exchange", ("為替", "Exchange")),
    ("other", ("その他", "Other")),
];

pub fn asset_class(code: &str, language: Language) -> Result<&'static str> {
    label(&ASSET_CLASSES, code, language)
}

pub fn custody(code: &str, language: Language) -> Result<&'static str> {
    label(&CUSTODIES, code, language)
}

pub fn cash_kind(code: &str, language: Language) -> Result<&'static str> {
    label(&CASH_KINDS, code, language)
}

/// The side, with the event that explains it.
pub fn side(code: &str, event: Option<&str>, language: Language) -> Result<String> {
    let side = label(&SIDES, code, language)?;
    let event = event.map(str::trim_end).filter(|event| !event.is_empty());
    Ok(match (event, language) {
        (None, _) => side.to_owned(),
        (Some(event), Language::Ja) => format!("{side}（{event}）"),
        (Some(event), Language::En) => format!("{side} ({event})"),
    })
}

/// The pocket that rows without one are in has a word; other pockets are the firm's own words.
pub fn pocket(code: &str, language: Language) -> &str {
    if code == "deposit" {
        language.pick(("預り金", "Deposit"))
    } else {
        code
    }
}

/// Where a code stands in a list of the contract.
pub fn rank(list: &[(&str, Words)], code: &str) -> Result<usize> {
    match list.iter().position(|(known, _)| *known == code) {
        Some(rank) => Ok(rank),
        None => bail!("code {code:?} is not in the contract"),
    }
}

fn label(list: &[(&str, Words)], code: &str, language: Language) -> Result<&'static str> {
    Ok(language.pick(list[rank(list, code)?].1))
}

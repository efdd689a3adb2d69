//! The firm's profile: who issues the statements, what they show, and how strict the gate is. `STATEMENT_PROFILE` names a
//! TOML file; its commented example is `docs/profile.toml`.

mod file;
mod layout;
mod number_format;
mod overrides;
mod syntax;
mod wording;

use std::collections::BTreeMap;
use std::path::Path;

use rust_decimal::RoundingStrategy;
use serde::Deserialize;

use crate::currency::Currency;
use crate::statement::{Kind, Language};
use crate::{Error, Result};

pub use layout::Section;
pub use number_format::besides_digits;
pub use wording::{Word, Wording};

/// What of a statement is the firm's own.
#[derive(Debug, Clone)]
pub struct Profile {
    /// Identifies what a document was made with: a digest of the file and the logo.
    pub hash: String,
    pub firm: Firm,
    /// Whether it names the sample firm, as the built-in profile and the unchanged example do. Its statements are marked.
    pub is_sample: bool,
    pub legal_status: LegalStatus,
    pub trade_basis: Basis,
    pub position_basis: Basis,
    pub rounding: Rounding,
    /// 0xRRGGBB.
    pub accent_color: u32,
    pub policies: Policies,
    pub tolerances: Tolerances,
    /// The sections of both kinds, in order.
    sections: [Vec<Section>; 2],
    /// The columns of sections that the firm chose itself.
    columns: BTreeMap<Section, Vec<String>>,
    number_formats: [BTreeMap<Currency, String>; 2],
    wording: [Wording; 2],
}

/// Who issues the statements.
#[derive(Debug, Clone)]
pub struct Firm {
    pub name: Bilingual,
    /// Registration as a financial instruments business operator.
    pub registration: Bilingual,
    /// Where to report errors.
    pub contact: Bilingual,
    /// A PNG file's bytes.
    pub logo: Option<Vec<u8>>,
}

impl Firm {
    /// Whether a name, registration or contact is still the sample firm's.
    fn is_sample(&self) -> bool {
        [&self.name, &self.registration, &self.contact]
            .into_iter()
            .flat_map(|text| [&text.ja, &text.en])
            .any(|text| SAMPLE_FIRM.iter().any(|sample| text.contains(sample)))
    }
}

/// By what the sample firm is known: its names, its registration, and telephone numbers that nobody has.
const SAMPLE_FIRM: [&str; 5] = [
    "見本証券",
    "Mihon Securities",
    "第0000号",
    "0-0000-0000",
    "0120-000-000",
];

/// A text of the firm's own in both languages.
#[derive(Debug, Clone, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a text in both languages, { ja = \"…\", en = \"…\" }"
)]
pub struct Bilingual {
    pub ja: String,
    pub en: String,
}

impl Bilingual {
    pub fn pick(&self, language: Language) -> &str {
        match language {
            Language::Ja => &self.ja,
            Language::En => &self.en,
        }
    }
}

/// Whether the law demands the statements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LegalStatus {
    #[default]
    Statutory,
    /// Says on its face that it is none.
    Reference,
}

/// The day by which a trade belongs to a period, or by which it moves a holding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    TradeDate,
    SettlementDate,
}

impl Basis {
    /// The column of `statement_trades`.
    pub const fn column(self) -> &'static str {
        match self {
            Basis::TradeDate => "trade_date",
            Basis::SettlementDate => "settlement_date",
        }
    }
}

/// How a line's value is rounded to the minor unit of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// Half away from zero, as Excel's ROUND does (四捨五入).
    #[default]
    HalfUp,
    HalfEven,
    /// Towards zero (切り捨て).
    Down,
}

impl Rounding {
    pub const fn strategy(self) -> RoundingStrategy {
        match self {
            Rounding::HalfUp => RoundingStrategy::MidpointAwayFromZero,
            Rounding::HalfEven => RoundingStrategy::MidpointNearestEven,
            Rounding::Down => RoundingStrategy::ToZero,
        }
    }
}

/// A rule of the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    Identity,
    Positions,
    Cash,
    Ownership,
    Shape,
    Value,
    Settlement,
    Agreement,
}

impl Rule {
    pub const ALL: [Rule; 8] = [
        Rule::Identity,
        Rule::Positions,
        Rule::Cash,
        Rule::Ownership,
        Rule::Shape,
        Rule::Value,
        Rule::Settlement,
        Rule::Agreement,
    ];

    /// Its name in profiles, and the cause of a failed document.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rule::Identity => "identity",
            Rule::Positions => "positions",
            Rule::Cash => "cash",
            Rule::Ownership => "ownership",
            Rule::Shape => "shape",
            Rule::Value => "value",
            Rule::Settlement => "settlement",
            Rule::Agreement => "agreement",
        }
    }
}

/// What happens when a rule is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// Not published.
    #[default]
    Block,
    /// Published, and noted in the ledger and in the alert.
    Warn,
    /// Not looked at.
    Off,
}

impl Policy {
    pub const fn as_str(self) -> &'static str {
        match self {
            Policy::Block => "block",
            Policy::Warn => "warn",
            Policy::Off => "off",
        }
    }
}

/// How far figures that cannot be exact may differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tolerances {
    /// Percent, from 0 to 100, by which an amount settled in the account's base currency may differ from net amount × rate: banks
    /// settle at another rate than the middle.
    pub settlement_rate_percent: u8,
}

impl Default for Tolerances {
    fn default() -> Self {
        Self {
            settlement_rate_percent: 5,
        }
    }
}

/// The policy of every rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policies {
    pub identity: Policy,
    pub positions: Policy,
    pub cash: Policy,
    pub ownership: Policy,
    pub shape: Policy,
    pub value: Policy,
    pub settlement: Policy,
    pub agreement: Policy,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            identity: Policy::Block,
            positions: Policy::Block,
            cash: Policy::Block,
            ownership: Policy::Block,
            shape: Policy::Block,
            value: Policy::Block,
            settlement: Policy::Block,
            // It compares a row with those of other accounts, and does not know which of them is wrong.
            agreement: Policy::Warn,
        }
    }
}

impl Policies {
    /// Every break is noted, and none is refused.
    pub const fn warning() -> Self {
        Self {
            identity: Policy::Warn,
            positions: Policy::Warn,
            cash: Policy::Warn,
            ownership: Policy::Warn,
            shape: Policy::Warn,
            value: Policy::Warn,
            settlement: Policy::Warn,
            agreement: Policy::Warn,
        }
    }

    pub const fn of(&self, rule: Rule) -> Policy {
        match rule {
            Rule::Identity => self.identity,
            Rule::Positions => self.positions,
            Rule::Cash => self.cash,
            Rule::Ownership => self.ownership,
            Rule::Shape => self.shape,
            Rule::Value => self.value,
            Rule::Settlement => self.settlement,
            Rule::Agreement => self.agreement,
        }
    }
}

/// The hash of the built-in profile; what it says changes with the program's version only.
const BUILT_IN_HASH: &str = "built-in";

impl Profile {
    /// The profile of a sample firm, for demonstrations and for trying one's own data.
    pub fn built_in() -> Self {
        let both = |ja: &str, en: &str| Bilingual {
            ja: ja.to_owned(),
            en: en.to_owned(),
        };
        Self {
            hash: BUILT_IN_HASH.to_owned(),
            firm: Firm {
                name: both("見本証券株式会社", "Mihon Securities Co., Ltd."),
                registration: both(
                    "金融商品取引業者 関東財務局長（金商）第0000号",
                    "Financial Instruments Business Operator, Kanto Local Finance Bureau (Kinsho) No. 0000",
                ),
                contact: both(
                    "お客様センター 03-0000-0000（平日 9:00〜17:00）",
                    "Customer centre +81-3-0000-0000 (weekdays 9:00-17:00)",
                ),
                logo: None,
            },
            is_sample: true,
            legal_status: LegalStatus::default(),
            trade_basis: Basis::TradeDate,
            position_basis: Basis::SettlementDate,
            rounding: Rounding::default(),
            accent_color: file::DEFAULT_ACCENT,
            policies: Policies::default(),
            tolerances: Tolerances::default(),
            sections: Kind::ALL.map(|kind| Section::of(kind).to_vec()),
            columns: BTreeMap::new(),
            number_formats: [BTreeMap::new(), BTreeMap::new()],
            wording: [Language::Ja, Language::En].map(Wording::of),
        }
    }

    /// Reads a profile. Errors name the file, the line where TOML knows it, and the key.
    pub fn read(path: &Path) -> Result<Self> {
        file::read(path).map_err(|problem| {
            Error::config(format!("STATEMENT_PROFILE {}: {problem}", path.display()))
        })
    }

    /// The sections of a kind of statement, in order.
    pub fn sections(&self, kind: Kind) -> &[Section] {
        match kind {
            Kind::Trade => &self.sections[0],
            Kind::Balance => &self.sections[1],
        }
    }

    /// The columns of a section that the firm shows, in order; `None` = the usual ones.
    pub fn columns(&self, section: Section) -> Option<&[String]> {
        self.columns.get(&section).map(Vec::as_slice)
    }

    /// The firm's own number format of a currency.
    pub fn number_format(&self, language: Language, currency: Currency) -> Option<&str> {
        self.number_formats[index(language)]
            .get(&currency)
            .map(String::as_str)
    }

    /// The currencies with a number format of the firm's own.
    pub fn number_formats(&self, language: Language) -> impl Iterator<Item = (Currency, &str)> {
        self.number_formats[index(language)]
            .iter()
            .map(|(currency, format)| (*currency, format.as_str()))
    }

    pub fn wording(&self, language: Language) -> &Wording {
        &self.wording[index(language)]
    }
}

const fn index(language: Language) -> usize {
    match language {
        Language::Ja => 0,
        Language::En => 1,
    }
}

#[cfg(test)]
mod example;
#[cfg(test)]
mod tests;

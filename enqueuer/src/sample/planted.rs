//! The troubles that the sample plants on purpose, so that a demo shows what the gate is for: at fixed small
//! account indexes, the same for every seed.

use common::statement::Kind;
use jiff::civil::Date;
use rust_decimal::Decimal;

use super::books::Books;
use super::rows::Trade;
use super::securities::Currency;

/// Something is wrong or unusual with an account, on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    PositionsDoNotRollForward,
    BrokenIdentity,
    ClosedBeforePeriod,
    NoConsent,
    /// Once per awkward name.
    AwkwardName,
}

impl Trouble {
    /// What was planted and what must come of it, in plain words.
    pub fn describe(self) -> &'static str {
        match self {
            Trouble::PositionsDoNotRollForward => {
                "closing holdings off by 100: its balance statement is refused"
            }
            Trouble::BrokenIdentity => {
                "a trade's net amount off by 1 yen: its trade statement is refused"
            }
            Trouble::ClosedBeforePeriod => "closed before the period: excused",
            Trouble::NoConsent => "no consent to electronic delivery: made for paper, never linked",
            Trouble::AwkwardName => {
                "names like formulas or markup, with emoji or control characters, of 200 characters: published as text"
            }
        }
    }

    /// The kind of statement that the gate must refuse.
    pub fn refused(self) -> Option<Kind> {
        match self {
            Trouble::PositionsDoNotRollForward => Some(Kind::Balance),
            Trouble::BrokenIdentity => Some(Kind::Trade),
            Trouble::ClosedBeforePeriod | Trouble::NoConsent | Trouble::AwkwardName => None,
        }
    }
}

/// An account with a planted trouble.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planted {
    pub account_id: String,
    pub trouble: Trouble,
}

/// What is planted in an account; the name replaces the holder's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plant {
    pub trouble: Trouble,
    pub name: Option<&'static str>,
}

/// Exactly 200 characters.
const LONG_NAME: &str = "寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処藪ら柑子の藪柑子パイポパイ\
    ポパイポのシューリンガンシューリンガンのグーリンダイグーリンダイのポンポコピーのポンポコナーの長久命\
    の長助寿限無寿限無五劫の擦り切れ海砂利水魚の水行末雲来末風来末食う寝る処に住む処藪ら柑子の藪柑子パイ\
    ポパイポパイポのシューリンガンシューリンガンのグーリンダイグーリンダイのポンポコピーのポンポコナーの";

const fn plant(trouble: Trouble) -> Plant {
    Plant {
        trouble,
        name: None,
    }
}

const fn name(name: &'static str) -> Plant {
    Plant {
        trouble: Trouble::AwkwardName,
        name: Some(name),
    }
}

/// Account index (from 1) and what is planted there.
const PLANTS: [(u32, Plant); 10] = [
    (2, name(r#"=HYPERLINK("https://example.com","Click")"#)),
    (4, name("👩‍💼 佐藤 ❤️ 花子")),
    (5, plant(Trouble::PositionsDoNotRollForward)),
    (7, name(r#"O'Brien "Bob" ‘Robert’ <b>&amp;</b>"#)),
    (9, plant(Trouble::BrokenIdentity)),
    (11, name("山田\u{7}\t太郎\n商店")),
    (12, plant(Trouble::ClosedBeforePeriod)),
    (14, plant(Trouble::NoConsent)),
    (16, name("<r><t>x</t></r>")),
    (18, name(LONG_NAME)),
];

pub fn plant_at(index: u32) -> Option<Plant> {
    PLANTS
        .iter()
        .find(|(at, _)| *at == index)
        .map(|(_, plant)| *plant)
}

/// Puts the trouble into books that add up. Nothing else is adjusted.
pub fn spoil(books: &mut Books, trouble: Trouble, closing: Date) {
    match trouble {
        Trouble::PositionsDoNotRollForward => {
            if let Some(position) = books
                .positions
                .iter_mut()
                .find(|position| position.as_of == closing)
            {
                position.quantity += Decimal::ONE_HUNDRED;
                position.value();
            }
        }
        Trouble::BrokenIdentity => {
            // Traded and settled within the period, so that it is listed whatever the profile lists trades by.
            let listed = |trade: &&mut Trade| {
                trade.side.is_paid()
                    && trade.security.currency == Currency::Jpy
                    && trade.trade_date.first_of_month() == closing.first_of_month()
                    && trade.settlement_date <= closing
            };
            if let Some(trade) = books.trades.iter_mut().find(listed) {
                trade.net_amount -= Decimal::ONE;
            }
        }
        // These are facts of the account itself, not of its books.
        Trouble::ClosedBeforePeriod | Trouble::NoConsent | Trouble::AwkwardName => {}
    }
}

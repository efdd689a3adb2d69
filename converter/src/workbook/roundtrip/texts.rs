//! Text stays the text it is.

use common::statement::Language;
use proptest::prelude::*;

use super::strings::{any_text, longest_text};
use super::*;

fn any_language() -> impl Strategy<Value = Language> {
    prop_oneof![Just(Language::Ja), Just(Language::En)]
}

fn any_account() -> impl Strategy<Value = Account> {
    let texts = (any_text(), any_text(), proptest::option::of(any_text()));
    (any_language(), texts).prop_map(|(language, (number, name, address))| Account {
        account_no: number.into(),
        holder_name: name.into(),
        postal_address: address.map(Into::into),
        ..account(language)
    })
}

fn any_trade() -> impl Strategy<Value = Trade> {
    let optional = || proptest::option::of(any_text().prop_map(Box::from));
    let texts = (any_text(), any_text(), any_text());
    (texts, optional(), optional(), optional()).prop_map(
        |((id, code, name), market, event, note)| Trade {
            trade_id: id.into(),
            security_code: code.into(),
            security_name: name.into(),
            market,
            event,
            note,
            ..trade()
        },
    )
}

fn any_movement() -> impl Strategy<Value = CashMovement> {
    (any_text(), any_text()).prop_map(|(description, pocket)| CashMovement {
        description: description.into(),
        pocket: pocket.into(),
        ..movement()
    })
}

prop_compose! {
    fn any_contents()(
        account in any_account(),
        trades in proptest::collection::vec(any_trade(), 1..6),
        movements in proptest::collection::vec(any_movement(), 1..6),
    ) -> Contents {
        Contents { account, trades, movements }
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{:?} {:?} {:?}",
            self.account, self.trades, self.movements
        )
    }
}

/// A text as a cell shows it.
fn shown(text: &str) -> String {
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    lines.trim_end().to_owned()
}

/// Every text of the contents stands where it belongs.
fn expect_kept(contents: &Contents) {
    let written = contents.write();
    let Account {
        account_no,
        holder_name,
        postal_address,
        language,
        ..
    } = &contents.account;
    assert_eq!(written.beside(Word::Holder), shown(holder_name));
    assert_eq!(written.beside(Word::AccountNumber), shown(account_no));
    if let Some(address) = postal_address {
        assert_eq!(written.beside(Word::Address), shown(address));
    }
    for (row, trade) in contents.trades.iter().enumerate() {
        let event = trade.event.as_deref();
        let side = match event {
            Some(event) if !shown(event).is_empty() => side_with_event(*language, &shown(event)),
            _ => Word::SideSell.default_text(*language).to_owned(),
        };
        for (heading, wanted) in [
            (Word::HeadTradeId, &*trade.trade_id),
            (Word::HeadSecurityCode, &*trade.security_code),
            (Word::HeadSecurityName, &*trade.security_name),
            (
                Word::HeadMarket,
                trade.market.as_deref().unwrap_or_default(),
            ),
            (Word::HeadSide, &*side),
            (Word::HeadNote, trade.note.as_deref().unwrap_or_default()),
        ] {
            let found = text(written.below(Word::SheetTrades, heading, row));
            assert_eq!(found, Some(&*shown(wanted)), "{heading:?}");
        }
    }
    for (row, movement) in contents.movements.iter().enumerate() {
        for (heading, wanted) in [
            (Word::CashMovementDescription, &movement.description),
            (Word::CashMovementPocket, &movement.pocket),
        ] {
            let found = written.below(Word::SheetCashMovements, heading, row);
            assert_eq!(text(found), Some(&*shown(wanted)), "{heading:?}");
        }
    }
}

proptest! {
    #![proptest_config(cases(192))]

    #[test]
    fn any_text_is_kept(contents in any_contents()) {
        expect_kept(&contents);
    }
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn the_longest_text_is_kept(note in longest_text()) {
        expect_kept(&Contents::of(Trade { note: Some(note.into()), ..trade() }));
    }
}

/// Every character of the first planes' beginnings, one note each; what is refused is refused as it is read.
#[test]
fn every_control_character_is_kept_or_refused() {
    let trades = (0..0xA0)
        .chain(0xFFF0..=0xFFFF)
        .filter_map(char::from_u32)
        .map(|c| format!("{c}a{c}{c}b{c}"))
        .filter(|text| crate::rows::reader::unkeepable(text).is_none())
        .map(|note| Trade {
            note: Some(note.into()),
            ..trade()
        });
    let contents = Contents {
        trades: trades.collect(),
        ..Contents::of(trade())
    };
    // All but U+0000, U+FFFE and U+FFFF.
    assert_eq!(contents.trades.len(), 0xA0 - 1 + 14);
    expect_kept(&contents);
}

/// What stands in the file, for a program that reads it otherwise than our reader does: ECMA-376's ST_Xstring, in which
/// `_xHHHH_` is a character and a literal `_xHHHH_` has its first underscore escaped.
#[test]
fn the_file_has_the_escapes_of_the_standard() {
    for (note, wanted) in [
        ("=1+1", "<t>=1+1</t>"),
        (
            "<r><t>x</t></r>",
            "<t>&lt;r&gt;&lt;t&gt;x&lt;/t&gt;&lt;/r&gt;</t>",
        ),
        ("a&amp;b", "<t>a&amp;amp;b</t>"),
        ("_x0041_", "<t>_x005F_x0041_</t>"),
        ("_x00e9_", "<t>_x005F_x00e9_</t>"),
        ("_x_x0041_", "<t>_x_x005F_x0041_</t>"),
        ("_x005F_x0041_", "<t>_x005F_x005F_x005F_x0041_</t>"),
        ("_x0041_x0042_", "<t>_x005F_x0041_x005F_x0042_</t>"),
        ("_X000D_", "<t>_X000D_</t>"),
        ("a\r\nb\rc\n\rd", "<t>a\nb\nc\n\nd</t>"),
        ("a\tb", "<t>a\tb</t>"),
        ("\ta", "<t xml:space=\"preserve\">\ta</t>"),
        (" a", "<t xml:space=\"preserve\"> a</t>"),
        ("\u{3000}a", "<t>\u{3000}a</t>"),
        ("a\r\n", "<t>a</t>"),
        ("a \t\u{3000}\u{A0}\n ", "<t>a</t>"),
        ("\u{1}\u{1F}", "<t>_x0001__x001F_</t>"),
        (
            "\u{7F}\u{85}\u{2028}\u{FEFF}",
            "<t>\u{7F}\u{85}\u{2028}\u{FEFF}</t>",
        ),
    ] {
        let contents = Contents::of(Trade {
            note: Some(note.into()),
            ..trade()
        });
        let lists = contents.write().parts("xl/sharedStrings", ".xml");
        assert!(lists[0].contains(wanted), "{note:?}: {}", lists[0]);
    }
}

//! What is refused, and with which words; and beside it what is kept.

use common::contract::{RELATIONS, Relation};

use crate::document::World;

/// A column of a relation's first row, and the bytes that are put there.
type Change<'a> = (&'a str, &'a str, &'a [u8]);

/// An input of the fuzz target: a document whose numbers need not add up, with these changes.
fn input(kind: &str, changes: &[Change]) -> Vec<u8> {
    let mut input = vec![if kind == "balance" { b'5' } else { b'4' }];
    let letter =
        |first: u8, position: usize| first + u8::try_from(position).expect("there are few");
    for (relation, column, text) in changes {
        let is_it = |known: &&Relation| known.name == *relation;
        let relation = RELATIONS
            .iter()
            .position(is_it)
            .expect("the contract has it");
        let columns = RELATIONS[relation].columns;
        let column = columns.iter().position(|known| known.name == *column);
        input.push(letter(b'0', relation));
        input.push(b'0');
        input.push(letter(b'a', column.expect("the relation has it")));
        input.push(b'0');
        input.extend_from_slice(text);
        input.push(0xFF);
    }
    input
}

/// The document is refused, in one line that has all of these words.
fn expect_refused(world: &mut World, kind: &str, changes: &[Change], words: &[&str]) {
    let refused = world.check(&input(kind, changes)).expect_err("refused");
    let line = refused.chain();
    for word in words {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
    assert!(!line.contains(char::is_control), "{line:?}");
}

fn expect_kept(world: &mut World, kind: &str, changes: &[Change]) {
    world.check(&input(kind, changes)).expect("kept");
}

#[test]
fn what_no_cell_can_show_is_refused_by_name() {
    let world = &mut World::new();
    let trade = "statement_trades (account_id A1, trade_id T1), column note: the text has";
    for (note, what) in [
        ("\0", "U+0000, which no cell can show"),
        ("注\0記", "U+0000"),
        ("（\u{FFFE}", "U+FFFE"),
        ("\u{FFFF}", "U+FFFF"),
        ("_x000D\u{8}\n", "\"_x000D\" right before U+0008"),
    ] {
        let words = [&*format!("{trade} {what}")];
        let changes = [("statement_trades", "note", note.as_bytes())];
        expect_refused(world, "trade", &changes, &words);
    }
    for (kind, relation, column) in [
        ("trade", "statement_accounts", "holder_name"),
        ("trade", "statement_cash_movements", "description"),
        ("balance", "statement_accounts", "account_no"),
        ("balance", "statement_positions", "security_name"),
    ] {
        let column_named = format!("column {column}: the text has U+0000");
        let changes = [(relation, column, &b"a\0b"[..])];
        expect_refused(world, kind, &changes, &[relation, &column_named]);
    }
}

#[test]
fn a_key_with_control_characters_does_nothing_in_a_message() {
    let words = ["trade_id T\u{FFFD}[2J\u{FFFD}), column quantity"];
    let changes = [
        ("statement_trades", "trade_id", &b"T\x1B[2J\n"[..]),
        ("statement_trades", "quantity", b"many"),
    ];
    expect_refused(&mut World::new(), "trade", &changes, &words);
}

/// Halves of surrogate pairs, cut and overlong sequences: PostgreSQL refuses them, SQLite stores them.
#[test]
fn text_that_is_not_utf_8_is_bad_data() {
    let world = &mut World::new();
    for bytes in [
        &b"\xED\xA0\x80"[..],
        b"\xED\xB0\x80",
        b"a\xE6\xB3",
        b"\x80",
        b"\xC0\x80",
        b"\xF4\x90\x80\x80",
    ] {
        for (relation, column) in [
            ("statement_accounts", "holder_name"),
            ("statement_trades", "note"),
            ("statement_cash_movements", "description"),
        ] {
            let words = [relation, "could not be read", "utf-8"];
            expect_refused(world, "trade", &[(relation, column, bytes)], &words);
        }
    }
}

#[test]
fn text_is_kept_up_to_the_limit_of_a_cell() {
    let world = &mut World::new();
    let pairs = "😀".repeat(16_383);
    for (relation, column) in [
        ("statement_trades", "note"),
        ("statement_cash_movements", "description"),
        ("statement_accounts", "postal_address"),
    ] {
        let column_named = format!("column {column}: the text is longer than the 32767 characters");
        let words = [relation, &*column_named];
        for (kept, refused) in [
            ("a".repeat(32_767), "a".repeat(32_768)),
            ("注".repeat(32_767), "注".repeat(32_768)),
            (format!("{pairs}a"), format!("{pairs}😀")),
        ] {
            expect_kept(world, "trade", &[(relation, column, kept.as_bytes())]);
            let changes = [(relation, column, refused.as_bytes())];
            expect_refused(world, "trade", &changes, &words);
        }
    }
}

/// What a customer's note may well have must never cost the document.
#[test]
fn lines_tabs_and_invisible_characters_are_kept() {
    let world = &mut World::new();
    let text = "_x000D\r\nb\tc\rd\n\u{8}\u{7F}\u{85}\u{2028}\u{202E}\u{FEFF}\u{200D}葛\u{E0100} _x000D_\r\n";
    for (kind, relation, column) in [
        ("trade", "statement_accounts", "postal_address"),
        ("trade", "statement_trades", "note"),
        ("trade", "statement_trades", "trade_id"),
        ("trade", "statement_cash_movements", "description"),
        ("balance", "statement_positions", "security_name"),
        ("balance", "statement_cash_balances", "pocket"),
    ] {
        expect_kept(world, kind, &[(relation, column, text.as_bytes())]);
    }
}

#[test]
fn an_account_without_a_number_is_refused_by_name() {
    let world = &mut World::new();
    for blank in ["", " ", "\u{3000}"] {
        let changes = [("statement_accounts", "account_no", blank.as_bytes())];
        let words = ["statement_accounts (account_id A1), column account_no: it is empty"];
        expect_refused(world, "trade", &changes, &words);
    }
}

/// A holding more of the closing snapshot, in dollars.
fn holding<'a>(market_value: &'a str, fx_rate: &'a str) -> [Change<'a>; 5] {
    let position = |column, text: &'a str| ("statement_positions", column, text.as_bytes());
    [
        position("as_of", "2026-10-31"),
        position("security_code", "X1"),
        position("market_value", market_value),
        position("currency", "USD"),
        position("fx_rate", fx_rate),
    ]
}

/// A cash balance more of the closing snapshot, in euros.
fn balance(amount: &str) -> [Change<'_>; 4] {
    let balance = |column, text| ("statement_cash_balances", column, str::as_bytes(text));
    [
        balance("as_of", "2026-10-31"),
        balance("pocket", "another"),
        balance("currency", "EUR"),
        balance("amount", amount),
    ]
}

/// Each line can be shown; what is computed from them cannot.
#[test]
fn computed_numbers_beyond_a_cell_are_refused() {
    let world = &mut World::new();
    let valuation = holding("999999999999999", "999999999999");
    let words = [
        "position X1: its value in JPY",
        "larger than a statement can hold",
    ];
    expect_refused(world, "balance", &valuation, &words);
    let sum = holding("999999999999999", "1");
    expect_refused(
        world,
        "balance",
        &sum,
        &["a sum of the summary is", "15 digits"],
    );
}

/// More minor units than a double counts exactly.
#[test]
fn an_amount_as_large_as_a_cell_holds_is_kept_in_any_currency() {
    let world = &mut World::new();
    for amount in ["99999999999999", "9999999999999.99", "-99999999999999"] {
        expect_kept(world, "balance", &balance(amount));
    }
}

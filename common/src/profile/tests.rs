use super::*;

const FIRM: &str = r#"
[firm]
name = { ja = "青葉証券株式会社", en = "Aoba Securities" }
registration = { ja = "関東財務局長（金商）第1号", en = "Kinsho No. 1" }
contact = { ja = "03-1111-2222", en = "+81-3-1111-2222" }
"#;

/// The smallest file that is a whole PNG.
pub(super) fn png(data: u8) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    for (kind, data) in [
        (
            b"IHDR",
            &b"\x00\x00\x00\x10\x00\x00\x00\x10\x08\x02\x00\x00\x00"[..],
        ),
        (b"IDAT", &[data]),
        (b"IEND", &[]),
    ] {
        bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
        bytes.extend(kind);
        bytes.extend(data);
        bytes.extend([0; 4]);
    }
    bytes
}

/// Keys of the top go before the firm's table, tables after it.
fn with(top: &str, tables: &str) -> Result<Profile, String> {
    file::parse(&format!("{top}{FIRM}{tables}"), |name| {
        Err(format!("firm.logo {name}: not there"))
    })
}

#[test]
fn the_firm_alone_is_a_profile() {
    let profile = with("", "").unwrap();
    assert_eq!(profile.firm.name.pick(Language::Ja), "青葉証券株式会社");
    assert_eq!(profile.trade_basis, Basis::TradeDate);
    assert_eq!(profile.position_basis, Basis::SettlementDate);
    assert_eq!(profile.policies.of(Rule::Cash), Policy::Block);
    assert_eq!(profile.sections(Kind::Balance), Section::of(Kind::Balance));
    assert!(profile.columns(Section::Trades).is_none());
}

#[test]
fn everything_can_be_chosen() {
    let profile = with(
        "legal_status = \"reference\"\ntrade_basis = \"settlement_date\"\nrounding = \"down\"\naccent_color = \"#006644\"",
        r#"
[gate]
positions = "warn"
cash = "off"
[sections]
balance = ["cash", "holdings", "unsettled_trades", "movements"]
[columns]
cash = ["currency", "amount"]
[number_formats.en]
USD = "$#,##0.00;-$#,##0.00;$0.00"
[wording.en]
title.trade = "Trade report"
sheet.trades = "Deals"
[wording.ja.side]
buy = "買"
"#,
    )
    .unwrap();
    assert_eq!(profile.legal_status, LegalStatus::Reference);
    assert_eq!(profile.trade_basis, Basis::SettlementDate);
    assert_eq!(profile.rounding, Rounding::Down);
    assert_eq!(profile.accent_color, 0x0000_6644);
    assert_eq!(profile.policies.of(Rule::Positions), Policy::Warn);
    assert_eq!(profile.policies.of(Rule::Cash), Policy::Off);
    assert_eq!(profile.sections(Kind::Balance)[0], Section::Cash);
    assert_eq!(
        profile.columns(Section::Cash).unwrap(),
        ["currency", "amount"]
    );
    let usd = Currency::from_code("USD").unwrap();
    assert!(profile.number_format(Language::En, usd).is_some());
    assert!(profile.number_format(Language::Ja, usd).is_none());
    assert_eq!(
        profile.wording(Language::En).get(Word::TitleTrade),
        "Trade report"
    );
    assert_eq!(profile.wording(Language::Ja).get(Word::SideBuy), "買");
    assert_eq!(
        profile.wording(Language::Ja).get(Word::TitleTrade),
        "取引明細書"
    );
}

/// Each: keys of the top, tables, and what the refusal must say.
fn all_refused(cases: &[(&str, &str, &str)]) {
    for (top, tables, says) in cases {
        let said = with(top, tables).map(|_| ()).unwrap_err();
        assert!(said.contains(says), "{top}{tables}: {said}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    all_refused(&[
        ("legal = 1\n", "", "legal"),
        ("legal_status = \"maybe\"\n", "", "maybe"),
        ("trade_basis = \"booked_on\"\n", "", "booked_on"),
        ("rounding = \"up\"\n", "", "up"),
        ("accent_color = \"blue\"\n", "", "#RRGGBB"),
        ("accent_color = \"#FFFF00\"\n", "", "too light"),
        ("", "adress = \"x\"", "adress"),
        ("", "logo = \"logo.png\"", "firm.logo logo.png: not there"),
        ("", "[gate]\nidentity = \"ignore\"", "ignore"),
        ("", "[gate]\nidentities = \"warn\"", "identities"),
        ("", "[sections]\ntrade = [\"trades\"]", "sections.trade"),
        (
            "",
            "[sections]\ntrade = [\"trades\", \"trades\"]",
            "sections.trade",
        ),
        ("", "[sections]\nbalance = [\"bonds\"]", "bonds"),
        ("", "[columns]\nbonds = []", "bonds"),
        (
            "",
            "[columns]\ncash = [\"money\"]",
            "there is no column \"money\"",
        ),
        (
            "",
            "[columns]\ncash = [\"currency\"]",
            "\"amount\" cannot be left out",
        ),
        (
            "",
            "[columns]\ncash = [\"currency\", \"amount\", \"amount\"]",
            "occurs twice",
        ),
        (
            "",
            "[columns]\ntrades = [\"security_code\", \"side\", \"quantity\", \"currency\", \"net_amount\", \"settlement_amount\"]",
            "settlement_currency",
        ),
        (
            "",
            "[number_formats.ja]\nYEN = \"0\"",
            "number_formats.ja.YEN",
        ),
        (
            "",
            "[number_formats.ja]\nJPY = \"0.00\"",
            "number_formats.ja.JPY",
        ),
        ("", "[number_formats.fr]\nJPY = \"0\"", "fr"),
    ]);
}

#[test]
fn wrong_words_are_named() {
    all_refused(&[
        (
            "",
            "[wording.ja]\ntitel.trade = \"x\"",
            "wording.ja.titel.trade",
        ),
        (
            "",
            "[wording.ja]\ntitle.trade = 1",
            "wording.ja.title.trade",
        ),
        ("", "[wording.ja]\ntitle.trade = \" \"", "empty"),
        (
            "",
            "[wording.ja]\ntitle.trade = \"a\\nb\"",
            "control character",
        ),
        ("", "[wording.en]\nsummary.rows = \"rows\"", "{rows}"),
        (
            "",
            "[wording.en]\nsheet.trades = \"a/b\"",
            "cannot name a sheet",
        ),
        (
            "",
            "[wording.en]\nsheet.trades = \"HISTORY\"",
            "keeps it for itself",
        ),
        (
            "",
            "[wording.en]\nsheet.trades = \"summary\"",
            "another sheet",
        ),
        (
            "",
            "[wording.en]\nsheet.trades = \"Trades and everything that goes with them\"",
            "longer than",
        ),
        (
            "",
            "[wording.en]\nasset_class.bond = \"B*\"",
            "totals are by this word",
        ),
        (
            "",
            "[wording.en]\nasset_class.bond = \"equity\"",
            "another asset class",
        ),
    ]);
}

#[test]
fn a_firm_must_say_who_it_is() {
    let said = file::parse("", |_| Err(String::new()))
        .map(|_| ())
        .unwrap_err();
    assert!(said.contains("firm"), "{said}");
}

#[test]
fn the_hash_is_of_the_text_and_the_logo() {
    let text = format!("{FIRM}logo = \"l.png\"\n");
    let hash = |text: &str, end| file::parse(text, |_| Ok(png(end))).unwrap().hash;
    assert_eq!(hash(&text, 1), hash(&text, 1));
    assert_ne!(hash(&text, 1), hash(&text, 2));
    assert_ne!(hash(&text, 1), hash(&format!("{text}# \n"), 1));
    let said = file::parse(&text, |_| Ok(b"GIF89a".to_vec()))
        .map(|_| ())
        .unwrap_err();
    assert!(said.contains("not a PNG"), "{said}");
    let whole = png(1);
    for end in [40, whole.len() - 1] {
        let cut = || Ok(whole[..end].to_vec());
        let said = file::parse(&text, |_| cut()).map(|_| ()).unwrap_err();
        assert!(said.contains("not a whole PNG"), "{said}");
    }
}

#[test]
fn where_something_is_wrong_is_told_on_one_line() {
    for (top, tables, says) in [
        (
            "legal = 1\n",
            "",
            "line 1, `legal = 1`: there is no key `legal`, expected one of `firm`, `legal_status`",
        ),
        (
            "rounding = \"up\"\n",
            "",
            "line 1, `rounding = \"up\"`: there is no value `up`, expected one of `half_up`",
        ),
        ("rounding = \"up\n", "", "line 1, `rounding = \"up`: "),
        (
            "",
            "[columns]\ncash = [\"currency\",\n1]",
            "line 8, `1]`: invalid type: integer `1`",
        ),
        ("", "[gate", "line 6, `[gate`: unclosed table"),
    ] {
        let said = with(top, tables).map(|_| ()).unwrap_err();
        assert!(said.starts_with(says) && !said.contains('\n'), "{said}");
    }
    for (text, says) in [
        ("", "it lacks the key `firm`"),
        (
            "[firm]\nname = \"x\"",
            "expected a text in both languages, { ja = \"…\", en = \"…\" }",
        ),
        (
            "[firm]\nname = { ja = \"x\" }",
            "line 2, `name = { ja = \"x\" }`: it lacks the key `en`",
        ),
        ("firm = 1", "expected the table [firm]"),
    ] {
        let said = file::parse(text, |_| Err(String::new()))
            .map(|_| ())
            .unwrap_err();
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_profile_that_notepad_saved_is_one() {
    let text = format!("\u{feff}{FIRM}").replace('\n', "\r\n");
    assert!(file::parse(&text, |_| Err(String::new())).is_ok());
}

#[test]
fn what_cannot_be_read_is_told_with_the_mend() {
    let directory = std::env::temp_dir();
    let missing = Profile::read(&directory.join("statement-export-no-such-profile.toml"));
    let said = missing.map(|_| ()).unwrap_err().to_string();
    assert!(said.starts_with("STATEMENT_PROFILE ") && said.contains("no-such-profile.toml"));
    assert!(
        said.contains("cannot be read") && said.contains("docs/profile.toml"),
        "{said}"
    );
}

#[test]
fn whose_row_it_is_is_no_matter_of_policy() {
    all_refused(&[
        (
            "",
            "[gate]\nownership = \"warn\"",
            "gate.ownership = \"warn\" cannot be",
        ),
        (
            "",
            "[gate]\nownership = \"off\"",
            "it can only be \"block\"",
        ),
    ]);
    let profile = with("", "[gate]\nownership = \"block\"").unwrap();
    assert_eq!(profile.policies.of(Rule::Ownership), Policy::Block);
}

//! The commented example, `docs/profile.toml`, is complete and says what is the default.

use super::*;
use crate::profile::wording::Word;

const EXAMPLE: &str = include_str!("../../../docs/profile.toml");

fn parse(text: &str) -> Profile {
    file::parse(text, |_| Ok(super::tests::png(0))).unwrap()
}

/// The example with every setting that is commented out taken in. Prose has a blank behind its `#`, and no more than one
/// unless it is indented for show.
fn everything() -> String {
    EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.is_empty() && !setting.starts_with(' ') => setting,
            // The lines of a list.
            Some(item) if item.starts_with("    \"") => item,
            _ => line,
        })
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
fn it_is_a_profile_with_nothing_but_defaults() {
    let profile = parse(EXAMPLE);
    assert!(profile.firm.logo.is_none());
    assert!(
        Section::ALL
            .iter()
            .all(|section| profile.columns(*section).is_none())
    );
    assert_defaults(&profile);
}

#[test]
fn all_that_is_commented_out_is_the_default() {
    let profile = parse(&everything());
    assert_eq!(profile.firm.logo.as_deref(), Some(&*super::tests::png(0)));
    for section in Section::ALL {
        assert_eq!(profile.columns(section).unwrap(), section.columns());
    }
    for language in [Language::Ja, Language::En] {
        let codes: Vec<_> = profile.number_formats(language).collect();
        assert_eq!(codes.len(), 2, "JPY and USD");
    }
    assert_defaults(&profile);
}

fn assert_defaults(profile: &Profile) {
    let built_in = Profile::built_in();
    assert_eq!(profile.legal_status, built_in.legal_status);
    assert_eq!(profile.trade_basis, built_in.trade_basis);
    assert_eq!(profile.position_basis, built_in.position_basis);
    assert_eq!(profile.rounding, built_in.rounding);
    assert_eq!(profile.accent_color, built_in.accent_color);
    assert_eq!(profile.policies, built_in.policies);
    assert_eq!(profile.tolerances, built_in.tolerances);
    for kind in Kind::ALL {
        assert_eq!(profile.sections(kind), built_in.sections(kind));
    }
    for language in [Language::Ja, Language::En] {
        for word in Word::ALL {
            assert_eq!(
                profile.wording(language).get(*word),
                word.default_text(language)
            );
        }
    }
}

#[test]
fn every_key_is_there() {
    let all: toml::Table = toml::from_str(&everything()).unwrap();
    let keys = |path: &[&str]| {
        let table = path.iter().fold(&all, |table, key| {
            table[*key].as_table().unwrap_or_else(|| panic!("{path:?}"))
        });
        let mut keys: Vec<&str> = table.keys().map(String::as_str).collect();
        keys.sort_unstable();
        keys
    };
    assert_eq!(
        keys(&[]),
        [
            "accent_color",
            "columns",
            "firm",
            "gate",
            "legal_status",
            "number_formats",
            "position_basis",
            "rounding",
            "sections",
            "tolerances",
            "trade_basis",
            "wording"
        ]
    );
    assert_eq!(keys(&["firm"]), ["contact", "logo", "name", "registration"]);
    let mut rules = Rule::ALL.map(Rule::as_str);
    rules.sort_unstable();
    assert_eq!(keys(&["gate"]), rules);
    assert_eq!(keys(&["tolerances"]), ["settlement_rate_percent"]);
    assert_eq!(keys(&["sections"]), ["balance", "trade"]);
    assert_eq!(keys(&["columns"]).len(), Section::ALL.len());
    assert_eq!(keys(&["number_formats"]), ["en", "ja"]);
    // By hand, so that a missing word is told with the line to add.
    for language in [Language::Ja, Language::En] {
        let table = format!("[wording.{}]", language.as_str());
        let (_, from_here) = EXAMPLE.split_once(&table).unwrap();
        let words = from_here.split("\n[").next().unwrap();
        for word in Word::ALL {
            let line = format!("#{} = {:?}", word.key(), word.default_text(language));
            assert!(
                words.lines().any(|found| found == line),
                "below {table} of docs/profile.toml is missing:\n{line}"
            );
        }
    }
}

#[test]
fn every_value_is_named() {
    for value in [
        "statutory",
        "reference",
        "trade_date",
        "settlement_date",
        "half_up",
        "half_even",
        "down",
        "block",
        "warn",
        "off",
    ] {
        assert!(EXAMPLE.contains(&format!("\"{value}\"")), "{value}");
    }
    for section in Section::ALL {
        let required = section.required().join(", ");
        let told = section == Section::UnsettledTrades
            || EXAMPLE.contains(&format!("# Not without {required}."));
        assert!(told, "{required}");
    }
}

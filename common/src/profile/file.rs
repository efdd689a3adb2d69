//! The profile's file: TOML → checked profile. Unknown keys are refused by name; so is what Excel would not take.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use super::{
    Basis, Bilingual, Firm, LegalStatus, Policies, Policy, Profile, Rounding, Section, Tolerances,
    number_format, overrides, syntax,
};
use crate::currency::Currency;
use crate::files;
use crate::statement::{Kind, Language};

/// A dark blue.
pub const DEFAULT_ACCENT: u32 = 0x1F_3864;

/// Some hundred times the longest profile that says everything.
const MAX_PROFILE_BYTES: u64 = 4 * 1024 * 1024;

/// A logo is in every workbook.
const MAX_LOGO_BYTES: u64 = 512 * 1024;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    firm: FirmFile,
    #[serde(default)]
    legal_status: LegalStatus,
    trade_basis: Option<Basis>,
    position_basis: Option<Basis>,
    #[serde(default)]
    rounding: Rounding,
    accent_color: Option<String>,
    #[serde(default)]
    gate: Policies,
    #[serde(default)]
    tolerances: Tolerances,
    #[serde(default)]
    sections: SectionsFile,
    #[serde(default)]
    columns: BTreeMap<Section, Vec<String>>,
    #[serde(default)]
    number_formats: PerLanguage<BTreeMap<String, String>>,
    #[serde(default)]
    wording: PerLanguage<toml::Table>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "the table [firm]")]
struct FirmFile {
    name: Bilingual,
    registration: Bilingual,
    contact: Bilingual,
    /// Relative to the profile.
    logo: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct SectionsFile {
    trade: Option<Vec<Section>>,
    balance: Option<Vec<Section>>,
}

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct PerLanguage<T> {
    ja: T,
    en: T,
}

/// Reads and checks a profile. The error is what is wrong, without the file's name.
pub fn read(path: &Path) -> Result<Profile, String> {
    let bytes = files::read(path, MAX_PROFILE_BYTES).map_err(|reason| {
        format!("cannot be read ({reason}): give a file made as docs/profile.toml shows")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| "is not UTF-8 text: save it in that encoding".to_owned())?;
    let logo = |name: &str| {
        let path = path.parent().unwrap_or(Path::new("")).join(name);
        files::read(&path, MAX_LOGO_BYTES)
            .map_err(|reason| format!("firm.logo {}: {reason}", path.display()))
    };
    parse(&text, logo)
}

/// Checks a profile's text; `logo` reads the file of that name.
pub fn parse(
    text: &str,
    logo: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Result<Profile, String> {
    let file: File = syntax::parse(text)?;
    let firm = firm(file.firm, logo)?;
    Ok(Profile {
        hash: hash(text, firm.logo.as_deref()),
        is_sample: firm.is_sample(),
        firm,
        legal_status: file.legal_status,
        trade_basis: file.trade_basis.unwrap_or(Basis::TradeDate),
        position_basis: file.position_basis.unwrap_or(Basis::SettlementDate),
        rounding: file.rounding,
        accent_color: file
            .accent_color
            .map_or(Ok(DEFAULT_ACCENT), |text| accent_color(&text))?,
        policies: policies(file.gate)?,
        tolerances: tolerances(file.tolerances)?,
        sections: [
            sections(Kind::Trade, file.sections.trade)?,
            sections(Kind::Balance, file.sections.balance)?,
        ],
        columns: columns(file.columns)?,
        number_formats: [
            number_formats("ja", file.number_formats.ja)?,
            number_formats("en", file.number_formats.en)?,
        ],
        wording: [
            overrides::wording(Language::Ja, &file.wording.ja)?,
            overrides::wording(Language::En, &file.wording.en)?,
        ],
    })
}

/// Whose row it is, is no matter of policy.
fn policies(given: Policies) -> Result<Policies, String> {
    match given.ownership {
        Policy::Block => Ok(given),
        other => Err(format!(
            "gate.ownership = {:?} cannot be: it can only be \"block\", since it keeps one customer's rows from another customer",
            other.as_str()
        )),
    }
}

/// What of the profile's bytes makes the document what it is.
fn hash(text: &str, logo: Option<&[u8]>) -> String {
    let mut hash = Sha256::new();
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
    hash.update(logo.unwrap_or_default());
    // Half of it is long enough to tell profiles apart, and short enough to be read.
    let digest: [u8; 32] = hash.finalize().into();
    let half = digest
        .iter()
        .take(16)
        .fold(0_u128, |half, byte| half << 8 | u128::from(*byte));
    format!("{half:032x}")
}

fn firm(file: FirmFile, logo: impl Fn(&str) -> Result<Vec<u8>, String>) -> Result<Firm, String> {
    for (name, text) in [
        ("firm.name", &file.name),
        ("firm.registration", &file.registration),
        ("firm.contact", &file.contact),
    ] {
        printable(&format!("{name}.ja"), &text.ja)?;
        printable(&format!("{name}.en"), &text.en)?;
    }
    let logo = file.logo.map(|name| logo(&name)).transpose()?;
    if let Some(bytes) = &logo {
        check_logo(bytes)?;
    }
    Ok(Firm {
        name: file.name,
        registration: file.registration,
        contact: file.contact,
        logo,
    })
}

fn check_logo(bytes: &[u8]) -> Result<(), String> {
    /// The signature and the first chunk's head.
    const HEAD: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR";
    let wrong = |what: String| Err(format!("firm.logo: {what}"));
    let size = |at: usize| {
        let bytes: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(bytes))
    };
    match (bytes.starts_with(HEAD), size(16), size(20)) {
        (true, Some(1..=10_000), Some(1..=10_000)) if is_complete(bytes) => Ok(()),
        (true, ..) => wrong("it is not a whole PNG image".to_owned()),
        _ => wrong("it is not a PNG image".to_owned()),
    }
}

/// Whether a PNG's chunks follow one another up to its end, with image data among them.
fn is_complete(bytes: &[u8]) -> bool {
    let mut rest = &bytes[8..];
    let mut has_data = false;
    while let Some((length, chunk)) = rest.split_first_chunk::<4>() {
        let length = u32::from_be_bytes(*length) as usize;
        // Its type before, and its checksum after the data.
        let Some(next) = chunk.get(length + 8..) else {
            return false;
        };
        has_data |= chunk.starts_with(b"IDAT");
        if chunk.starts_with(b"IEND") {
            return has_data && next.is_empty();
        }
        rest = next;
    }
    false
}

fn tolerances(given: Tolerances) -> Result<Tolerances, String> {
    let percent = given.settlement_rate_percent;
    if percent > 100 {
        return Err(format!(
            "tolerances.settlement_rate_percent = {percent}: write a whole number from 0 to 100"
        ));
    }
    Ok(given)
}

/// `#RRGGBB`, dark enough that white text on it can be read.
fn accent_color(text: &str) -> Result<u32, String> {
    let wrong = |what: &str| format!("accent_color {text:?} {what}, e.g. \"#1F3864\"");
    let digits = text
        .strip_prefix('#')
        .filter(|digits| digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .ok_or_else(|| wrong("is not of the form #RRGGBB"))?;
    let color = u32::from_str_radix(digits, 16).map_err(|_| wrong("is not a colour"))?;
    let (red, green, blue) = (color >> 16, color >> 8 & 0xFF, color & 0xFF);
    // ITU-R BT.601 luma, of 255.
    if (299 * red + 587 * green + 114 * blue) / 1000 > 140 {
        return Err(wrong("is too light for white text: choose a darker one"));
    }
    Ok(color)
}

fn sections(kind: Kind, given: Option<Vec<Section>>) -> Result<Vec<Section>, String> {
    let usual = Section::of(kind);
    let Some(given) = given else {
        return Ok(usual.to_vec());
    };
    let mut sorted = given.clone();
    sorted.sort_unstable();
    if sorted != usual {
        let names: Vec<&str> = usual.iter().map(|section| section.as_str()).collect();
        return Err(format!(
            "sections.{kind} must have each of these once, in any order: {}",
            names.join(", ")
        ));
    }
    Ok(given)
}

fn columns(
    given: BTreeMap<Section, Vec<String>>,
) -> Result<BTreeMap<Section, Vec<String>>, String> {
    for (section, columns) in &given {
        let place = format!("columns.{}", section.as_str());
        for (position, column) in columns.iter().enumerate() {
            if !section.columns().contains(&column.as_str()) {
                return Err(format!(
                    "{place}: there is no column {column:?}; there are {}",
                    section.columns().join(", ")
                ));
            }
            if columns[..position].contains(column) {
                return Err(format!("{place}: {column:?} occurs twice"));
            }
        }
        let missing = section
            .required()
            .iter()
            .find(|required| !columns.iter().any(|column| column == *required));
        if let Some(missing) = missing {
            return Err(format!("{place}: {missing:?} cannot be left out"));
        }
        let shows = |column: &str| columns.iter().any(|shown| shown == column);
        if shows("settlement_amount") && !shows("settlement_currency") {
            return Err(format!(
                "{place}: \"settlement_amount\" needs \"settlement_currency\" beside it"
            ));
        }
    }
    Ok(given)
}

fn number_formats(
    language: &str,
    given: BTreeMap<String, String>,
) -> Result<BTreeMap<Currency, String>, String> {
    given
        .into_iter()
        .map(|(code, format)| {
            let place = format!("number_formats.{language}.{code}");
            let currency = Currency::from_code(&code)
                .ok_or_else(|| format!("{place}: {code} is not an ISO 4217 currency code"))?;
            match number_format::problem(&format, currency) {
                None => Ok((currency, format)),
                Some(problem) => Err(format!("{place} {format:?}: {problem}")),
            }
        })
        .collect()
}

/// A text that is printed: something, on one line, and short enough for its place.
pub(super) fn printable(place: &str, text: &str) -> Result<(), String> {
    const MAX_CHARACTERS: usize = 200;
    if text.trim().is_empty() {
        return Err(format!("{place} is empty"));
    }
    if text.chars().any(char::is_control) {
        return Err(format!("{place} {text:?} has a control character"));
    }
    if text.chars().count() > MAX_CHARACTERS {
        return Err(format!(
            "{place} is longer than {MAX_CHARACTERS} characters"
        ));
    }
    Ok(())
}

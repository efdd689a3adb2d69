//! The firm's own words in place of ours: known keys only, sheet names that Excel takes, and words that totals can go by.

use super::file::printable;
use super::wording::placeholders;
use super::{Section, Word, Wording};
use crate::statement::Language;

/// Excel's limit of a sheet name, less what a continued sheet's number needs.
const MAX_SHEET_NAME: usize = 31 - " (99)".len();

/// The words of a language with those that a profile gives in their place.
pub fn wording(language: Language, given: &toml::Table) -> Result<Wording, String> {
    let mut wording = Wording::of(language);
    let mut texts = Vec::new();
    flatten(
        &format!("wording.{}", language.as_str()),
        "",
        given,
        &mut texts,
    )?;
    for (place, key, text) in texts {
        let Some(word) = Word::of_key(&key) else {
            return Err(format!(
                "{place}: there is no such word; docs/profile.toml lists them all"
            ));
        };
        printable(&place, &text)?;
        let wanted = placeholders(word.default_text(language));
        if placeholders(&text) != wanted {
            return Err(format!(
                "{place} {text:?} must contain each of these once: {{{}}}",
                wanted.join("}, {")
            ));
        }
        if key.starts_with("asset_class.") && text.contains(['*', '?', '~', '"', '<', '>', '=']) {
            return Err(format!(
                "{place} {text:?}: totals are by this word, so it cannot have any of * ? ~ \" < > ="
            ));
        }
        wording.set(word, text);
    }
    check_sheet_names(language, &wording)?;
    check_asset_classes(language, &wording)?;
    Ok(wording)
}

/// The texts of nested tables, each with its place and dotted key.
fn flatten(
    place: &str,
    prefix: &str,
    table: &toml::Table,
    texts: &mut Vec<(String, String, String)>,
) -> Result<(), String> {
    for (name, value) in table {
        let place = format!("{place}.{name}");
        let key = format!("{prefix}{name}");
        match value {
            toml::Value::String(text) => texts.push((place, key, text.clone())),
            toml::Value::Table(table) => flatten(&place, &format!("{key}."), table, texts)?,
            _ => return Err(format!("{place} is not a text")),
        }
    }
    Ok(())
}

fn check_sheet_names(language: Language, wording: &Wording) -> Result<(), String> {
    let summary = [Word::SheetSummary];
    let sections = Section::ALL.map(Section::sheet);
    let mut seen: Vec<String> = Vec::new();
    for word in summary.into_iter().chain(sections) {
        let name = wording.get(word);
        let wrong = |what: &str| {
            Err(format!(
                "wording.{}.{} {name:?} {what}",
                language.as_str(),
                word.key()
            ))
        };
        if name.encode_utf16().count() > MAX_SHEET_NAME {
            return wrong(&format!("is longer than {MAX_SHEET_NAME} characters"));
        }
        if name.contains(['[', ']', ':', '*', '?', '/', '\\', '(', ')', '\'']) {
            return wrong("cannot name a sheet: it has one of [ ] : * ? / \\ ( ) '");
        }
        let folded = name.to_lowercase();
        if folded == "history" {
            return wrong("cannot name a sheet: Excel keeps it for itself");
        }
        if seen.contains(&folded) {
            return wrong("names another sheet, too");
        }
        seen.push(folded);
    }
    Ok(())
}

/// Totals are by the word: two classes of one word would be added up twice. Excel compares without regard to case.
fn check_asset_classes(language: Language, wording: &Wording) -> Result<(), String> {
    let mut seen: Vec<String> = Vec::new();
    for word in Word::ALL
        .iter()
        .filter(|word| word.key().starts_with("asset_class."))
    {
        let folded = wording.get(*word).to_lowercase();
        if seen.contains(&folded) {
            return Err(format!(
                "wording.{}.{} {:?} is the word of another asset class, too",
                language.as_str(),
                word.key(),
                wording.get(*word)
            ));
        }
        seen.push(folded);
    }
    Ok(())
}

//! TOML → the profile's file as it is, with errors on one line that say where.

use serde::de::DeserializeOwned;

/// Reads a text. Errors name the line and quote it, so that the key is seen whatever is wrong with it.
pub fn parse<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    toml::from_str(text).map_err(|error| problem(text, &error))
}

fn problem(text: &str, error: &toml::de::Error) -> String {
    // A profile has keys and values; fields and variants are this program's.
    let mut message = error
        .message()
        .replace("unknown field", "there is no key")
        .replace("missing field", "it lacks the key")
        .replace("unknown variant", "there is no value")
        .replace('\n', ", ");
    // The beginning stands for the whole: there is no line to show.
    let Some(span) = error
        .span()
        .filter(|span| !text[span.clone()].contains('\n'))
    else {
        return message;
    };
    let before = &text[..span.start];
    let number = before.matches('\n').count() + 1;
    let line = text.lines().nth(number - 1).unwrap_or_default().trim();
    if !line.is_empty() {
        message = format!("line {number}, `{}`: {message}", shortened(line));
    }
    message
}

/// A line as far as a terminal shows it.
fn shortened(line: &str) -> String {
    const CHARACTERS: usize = 60;
    match line.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

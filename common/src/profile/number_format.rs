//! A firm's number format of a currency. It must show the amounts as they are: a format that hides decimals, scales or
//! shows percents would make a statement say something else than its totals.

use crate::currency::Currency;

/// Excel's limit.
const MAX_CHARACTERS: usize = 255;

/// Says what is wrong with a format for amounts of the currency.
pub fn problem(format: &str, currency: Currency) -> Option<String> {
    if format.chars().count() > MAX_CHARACTERS {
        return Some(format!("it is longer than {MAX_CHARACTERS} characters"));
    }
    let sections: Vec<String> = match bare_sections(format) {
        Ok(sections) => sections,
        Err(problem) => return Some(problem),
    };
    if sections.len() > 3 {
        return Some("it has more than three parts (positive;negative;zero)".to_owned());
    }
    let places = currency.exponent() as usize;
    sections
        .iter()
        .find_map(|section| section_problem(section, places))
}

/// The parts of a format, without what is quoted, escaped or in brackets.
fn bare_sections(format: &str) -> Result<Vec<String>, String> {
    let mut sections = vec![String::new()];
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        let closing = match character {
            '"' => '"',
            '[' => ']',
            '\\' | '_' | '*' => {
                if characters.next().is_none() {
                    return Err(format!("{character:?} must be followed by a character"));
                }
                continue;
            }
            ';' => {
                sections.push(String::new());
                continue;
            }
            other => {
                if let Some(section) = sections.last_mut() {
                    section.push(other);
                }
                continue;
            }
        };
        if !characters.by_ref().any(|other| other == closing) {
            return Err(format!("{character:?} is not closed"));
        }
    }
    Ok(sections)
}

fn section_problem(section: &str, places: usize) -> Option<String> {
    /// Signs and blanks that Excel prints as they are.
    const LITERAL: &str = "▲△¥￥$€£+-() 円";
    if let Some(foreign) = section
        .chars()
        .find(|c| !"#0?,.".contains(*c) && !LITERAL.contains(*c))
    {
        return Some(format!(
            "{foreign:?} is not allowed outside of quotes: write \"{foreign}\" in quotes if it is to be printed"
        ));
    }
    let number: String = section.chars().filter(|c| "#0?,.".contains(*c)).collect();
    let (whole, decimals) = number.split_once('.').unwrap_or((&number, ""));
    if !whole.contains(['0', '#', '?']) {
        return Some(format!("{section:?} shows no digits"));
    }
    if number.ends_with(',') {
        return Some(format!(
            "{section:?} ends with a comma, which divides by a thousand"
        ));
    }
    if decimals.contains(['.', ',']) || decimals.len() != places {
        return Some(format!(
            "{section:?} shows {} decimals, where the currency's minor unit has {places}",
            decimals.len()
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_show_amounts_as_they_are() {
        let jpy = Currency::from_code("JPY").unwrap();
        let usd = Currency::from_code("USD").unwrap();
        for format in [
            "#,##0;▲#,##0;0",
            "#,##0\"円\"",
            "[Red]¥#,##0;-¥#,##0",
            "0_)",
        ] {
            assert_eq!(problem(format, jpy), None, "{format}");
        }
        for format in ["#,##0.00;(#,##0.00);0.00", "$#,##0.00", "0.00\" 100%\""] {
            assert_eq!(problem(format, usd), None, "{format}");
        }
        for (format, currency, says) in [
            ("#,##0", usd, "0 decimals"),
            ("#,##0.00", jpy, "2 decimals"),
            ("#,##0,", jpy, "divides by a thousand"),
            ("0.00%", usd, "'%'"),
            ("yyyy/mm/dd", jpy, "'y'"),
            ("", jpy, "no digits"),
            ("0;0;0;@", jpy, "three parts"),
            ("0\"円", jpy, "not closed"),
            ("[Red", jpy, "not closed"),
            ("0\\", jpy, "followed by"),
            ("#,##0.0,0", usd, "decimals"),
            ("#,##0.00;▲#,##0", usd, "0 decimals"),
        ] {
            let said = problem(format, currency).unwrap_or_default();
            assert!(said.contains(says), "{format}: {said}");
        }
        assert!(problem(&"0".repeat(256), jpy).is_some());
    }
}

//! A firm's number format of a currency. It must show the amounts as they are: a format that hides decimals, scales or
//! shows percents would make a statement say something else than its totals.

use crate::currency::Currency;

/// Excel's limit.
const MAX_CHARACTERS: usize = 255;

/// Signs that tell an amount below zero from one above.
const SIGNS: &str = "▲△-−(";

/// Signs and blanks that Excel prints as they are.
const LITERAL: &str = "▲△−¥￥$€£+-() 円";

/// Says what is wrong with a format for amounts of the currency.
pub fn problem(format: &str, currency: Currency) -> Option<String> {
    if format.chars().count() > MAX_CHARACTERS {
        return Some(format!("it is longer than {MAX_CHARACTERS} characters"));
    }
    let parts = match parts(format) {
        Ok(parts) => parts,
        Err(problem) => return Some(problem),
    };
    if parts.len() > 3 {
        return Some("it has more than three parts (positive;negative;zero)".to_owned());
    }
    if let Some(negative) = parts.get(1)
        && !negative.bare.contains(|c| SIGNS.contains(c))
        && !negative.literal.contains(|c| SIGNS.contains(c))
    {
        return Some(format!(
            "its second part, for amounts below zero, shows none of the signs {SIGNS}"
        ));
    }
    let places = currency.exponent() as usize;
    parts.iter().find_map(|part| part_problem(part, places))
}

/// What each part of a format shows besides digits, points and commas, for whoever must know how wide it is. Nothing of a
/// format with a problem.
pub fn besides_digits(format: &str) -> Vec<String> {
    let parts = parts(format).unwrap_or_default();
    parts
        .into_iter()
        .map(|part| {
            let signs = part.bare.replace(['#', '0', ',', '.'], "");
            signs + &part.literal + &part.space
        })
        .collect()
}

/// A part of a format: for amounts above, below or of zero.
#[derive(Default)]
struct Part {
    /// Without what is quoted, escaped or in brackets.
    bare: String,
    /// What is quoted or escaped, and printed whatever the amount.
    literal: String,
    /// What is not printed but leaves room as wide as it is.
    space: String,
}

fn parts(format: &str) -> Result<Vec<Part>, String> {
    let mut parts = vec![Part::default()];
    let mut characters = format.chars();
    while let Some(character) = characters.next() {
        let Some(part) = parts.last_mut() else { break };
        let mut up_to = |closing: char| {
            let mut inside = String::new();
            loop {
                match characters.next() {
                    Some(other) if other == closing => return Ok(inside),
                    Some(other) => inside.push(other),
                    None => return Err(format!("{character:?} is not closed")),
                }
            }
        };
        match character {
            '"' => part.literal.push_str(&up_to('"')?),
            '[' => part.literal.push_str(bracket(&up_to(']')?)?),
            '\\' | '_' | '*' => match characters.next() {
                // Only the first prints the character; the others are as wide as it, or repeat it.
                Some(next) if character == '\\' => part.literal.push(next),
                Some(next @ (' ' | ')' | '(' | '-')) => part.space.push(next),
                _ => return Err(format!("{character:?} must be followed by a character")),
            },
            ';' => parts.push(Part::default()),
            other => part.bare.push(other),
        }
    }
    if parts
        .iter()
        .any(|part| part.literal.contains(char::is_numeric))
    {
        return Err("it prints digits of its own".to_owned());
    }
    Ok(parts)
}

/// A colour, or a currency's sign `[$…-LOCALE]`, of which the sign is printed. Conditions and times are neither.
fn bracket(inside: &str) -> Result<&str, String> {
    const COLORS: [&str; 8] = [
        "black", "blue", "cyan", "green", "magenta", "red", "white", "yellow",
    ];
    if COLORS.contains(&inside.to_lowercase().as_str()) {
        return Ok("");
    }
    if let Some(sign) = inside.strip_prefix('$') {
        return Ok(sign.split('-').next().unwrap_or_default());
    }
    Err(format!(
        "[{inside}] is neither a colour ({}) nor a currency's sign [$…]",
        COLORS.join(", ")
    ))
}

fn part_problem(part: &Part, places: usize) -> Option<String> {
    let bare = &part.bare;
    if let Some(foreign) = bare
        .chars()
        .find(|c| !"#0,.".contains(*c) && !LITERAL.contains(*c))
    {
        return Some(format!(
            "{foreign:?} is not allowed outside of quotes: write \"{foreign}\" in quotes if it is to be printed"
        ));
    }
    let number: String = bare.chars().filter(|c| "#0,.".contains(*c)).collect();
    let (whole, decimals) = number.split_once('.').unwrap_or((&number, ""));
    if !whole.ends_with('0') {
        return Some(format!(
            "{bare:?} does not end its whole part with 0, so that zero would show no digit"
        ));
    }
    if decimals.contains(['.', ',', '#']) || decimals.len() != places {
        return Some(format!(
            "{bare:?} shows {} decimals, where the currency's minor unit has {places}",
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
        for format in ["#,##0.00;(#,##0.00);0.00", "$#,##0.00", "0.00\" %\""] {
            assert_eq!(problem(format, usd), None, "{format}");
        }
        for (format, currency, says) in [
            ("#,##0", usd, "0 decimals"),
            ("#,##0.00", jpy, "2 decimals"),
            ("#,##0,", jpy, "does not end its whole part with 0"),
            ("0.00%", usd, "'%'"),
            ("yyyy/mm/dd", jpy, "'y'"),
            ("", jpy, "does not end its whole part with 0"),
            ("0;0;0;@", jpy, "three parts"),
            ("0\"円", jpy, "not closed"),
            ("[Red", jpy, "not closed"),
            ("0\\", jpy, "followed by"),
            ("#,##0.0,0", usd, "decimals"),
            ("#,##0.00;▲#,##0", usd, "0 decimals"),
            ("#,##0;#,##0;0", jpy, "none of the signs"),
            ("[Red]#,##0;[Blue]#,##0", jpy, "none of the signs"),
            ("\"9\"#,##0", jpy, "digits of its own"),
            ("\\9#,##0", jpy, "digits of its own"),
            ("\"0\"#,##0", jpy, "digits of its own"),
            ("[$9]#,##0", jpy, "digits of its own"),
            ("0.00\" 100%\"", usd, "digits of its own"),
            ("[foo]#,##0", jpy, "neither a colour"),
            ("[h]0", jpy, "neither a colour"),
            ("[>100]#,##0;-#,##0;0", jpy, "neither a colour"),
            ("?", jpy, "'?'"),
            ("#", jpy, "does not end its whole part with 0"),
            ("#,##0.##", usd, "decimals"),
        ] {
            let said = problem(format, currency).unwrap_or_default();
            assert!(said.contains(says), "{format}: {said}");
        }
        assert!(problem(&"0".repeat(256), jpy).is_some());
    }

    #[test]
    fn what_a_format_shows_besides_digits() {
        for (format, shown) in [
            ("#,##0;▲#,##0;0", vec!["", "▲", ""]),
            ("[Red]#,##0\"円\"", vec!["円"]),
            ("[$¥-411]#,##0.00_);(\\x#,##0.00)", vec!["¥)", "()x"]),
        ] {
            assert_eq!(besides_digits(format), shown, "{format}");
        }
    }
}

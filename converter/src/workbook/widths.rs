//! How wide a column must be, found out while its rows go by: of texts the widest, of numbers the largest per decimal
//! places, which are formatted once at the end. Widths are kept in hundredths of the default font's digit, the unit of a
//! column's width.

use common::decimal::nearest_f64;
use common::statement::Language;
use rust_decimal::Decimal;

use super::style::{height_of, row_height};

/// A width in hundredths of a digit.
pub type Width = u32;

/// A full-width character: as wide as two digits of 游ゴシック, and wider than two of Calibri.
const fn full(language: Language) -> Width {
    match language {
        Language::Ja => 200,
        Language::En => 215,
    }
}

/// A digit is a little wider than Excel's whole number of pixels for it.
const DIGIT: Width = 106;
const POINT: Width = 55;

/// Decimal places that are told apart; prices and rates have eight at most.
const PLACES: usize = 9;

/// The lines that a row of a table shows at most. What is longer stays in the cell, and can be read there.
pub const MAX_LINES: u32 = 10;

/// The content of a column so far.
#[derive(Debug, Clone)]
pub struct ColumnWidth {
    /// A longer text wraps.
    at_most: Width,
    language: Language,
    text: Width,
    /// The text seen last, and its height: neighbours are often alike.
    last: (String, u32),
    /// Per decimal places, the largest number and the largest below zero, without its sign; negative = none yet.
    largest: [[f64; 2]; PLACES],
}

impl ColumnWidth {
    pub fn new(at_most: Width, language: Language) -> Self {
        Self {
            at_most,
            language,
            text: 0,
            last: (String::new(), row_height(language)),
            largest: [[-1.0; 2]; PLACES],
        }
    }

    /// Takes note of a text. Returns the pixels that a row needs for it.
    pub fn see_text(&mut self, text: &str) -> u32 {
        if self.last.0 == text {
            return self.last.1;
        }
        let lines = self.see_new_text(text);
        let height = height_of(lines, has_full_width(text, self.language), self.language);
        self.last.0.clear();
        self.last.0.push_str(text);
        self.last.1 = height;
        height
    }

    fn see_new_text(&mut self, text: &str) -> u32 {
        let width = text_width(text, self.language);
        // Most texts: on one line, and no wider than the others.
        if width <= self.at_most && !text.as_bytes().contains(&b'\n') {
            self.text = self.text.max(width);
            return 1;
        }
        self.text = self.text.max(width.min(self.at_most));
        lines(text, self.at_most, self.language).min(MAX_LINES)
    }

    pub fn see_number(&mut self, number: f64, places: usize) {
        let largest = &mut self.largest[places.min(PLACES - 1)][usize::from(number < 0.0)];
        *largest = largest.max(number.abs());
    }

    /// Takes note of a total, which is bold.
    pub fn see_total(&mut self, number: Decimal, places: usize) {
        let number = nearest_f64(number);
        let width = number_width(number.abs(), number < 0.0, places, self.language);
        self.text = self.text.max(width * 107 / 100);
    }

    /// The width of the widest cell; numbers with `literal` more for what a format adds to them.
    pub fn widest(&self, literal: Width) -> Width {
        let language = self.language;
        let numbers = (0..).zip(&self.largest).flat_map(|(places, signs)| {
            [(signs[0], false), (signs[1], true)]
                .into_iter()
                .filter(|(largest, _)| *largest >= 0.0)
                .map(move |(largest, negative)| {
                    number_width(largest, negative, places, language) + literal
                })
        });
        numbers.max().unwrap_or_default().max(self.text)
    }
}

fn number_width(size: f64, negative: bool, places: usize, language: Language) -> Width {
    let digits = count(format!("{:.0}", size.floor()).len());
    let mut width = DIGIT * digits + POINT * ((digits - 1) / 3);
    if places > 0 {
        width += POINT + DIGIT * count(places);
    }
    if negative {
        width += match language {
            Language::Ja => full(language),
            Language::En => 75,
        };
    }
    width
}

/// Whether a text has characters of a Japanese font.
pub fn has_full_width(text: &str, language: Language) -> bool {
    let is_full = |character| character_width(character, language) == full(language);
    !text.is_ascii() && text.chars().any(is_full)
}

/// The width of a text on one line.
pub fn text_width(text: &str, language: Language) -> Width {
    if text.is_ascii() {
        return text
            .bytes()
            .map(|byte| ASCII[usize::from(byte & 0x7F)])
            .sum();
    }
    text.chars()
        .map(|character| character_width(character, language))
        .sum()
}

/// The widths of ASCII characters in a proportional font.
const ASCII: [Width; 128] = {
    let mut widths = [DIGIT; 128];
    let mut byte = 0_u8;
    while byte < 128 {
        widths[byte as usize] = match byte {
            0..=31 | 127 => 0,
            b' ' | b'.' | b',' | b':' | b';' | b'\'' | b'`' | b'|' | b'!' | b'i' | b'j' | b'l'
            | b'I' => 55,
            b'f' | b'r' | b't' | b'(' | b')' | b'[' | b']' | b'{' | b'}' | b'-' | b'/' | b'"' => 75,
            b'c' | b'k' | b's' | b'v' | b'x' | b'y' | b'z' => 95,
            b'M' | b'W' | b'm' | b'w' | b'@' | b'%' => 170,
            b'A'..=b'Z' => 130,
            _ => DIGIT,
        };
        byte += 1;
    }
    widths
};

fn character_width(character: char, language: Language) -> Width {
    match character {
        '\0'..='\u{7F}' => ASCII[character as usize],
        // Accents that stand over the character before, joiners, variation selectors.
        '\u{300}'..='\u{36F}' | '\u{200B}'..='\u{200F}' | '\u{FE00}'..='\u{FE0F}' => 0,
        '\u{80}'..='\u{52F}' | '\u{FF61}'..='\u{FF9F}' => 125,
        _ => full(language),
    }
}

/// The lines a text takes when it wraps at a width. Lines break at blanks and hyphens, and beside full-width characters.
pub fn lines(text: &str, width: Width, language: Language) -> u32 {
    let width = width.max(full(language));
    text.split('\n')
        .map(|line| lines_of(line, width, language))
        .sum()
}

fn lines_of(text: &str, width: Width, language: Language) -> u32 {
    let (mut lines, mut line, mut word) = (1, 0, 0);
    for character in text.chars() {
        let own = character_width(character, language);
        if own == full(language) || character == ' ' || character == '-' {
            line += word;
            word = 0;
            // A blank may hang over the end of the line.
            if line + own > width && character != ' ' {
                lines += 1;
                line = 0;
            }
            line += own;
            continue;
        }
        word += own;
        if word > width {
            // Longer than a line: broken anywhere.
            lines += 1 + u32::from(line > 0);
            (line, word) = (0, own);
        } else if line + word > width {
            lines += 1;
            line = 0;
        }
    }
    lines
}

/// The width of a column that shows a heading on two lines at most.
pub fn heading_width(text: &str, language: Language) -> Width {
    /// Japanese headings stay on one line up to so many characters; broken, they would leave one alone.
    const ONE_LINE: usize = 7;
    let whole = text_width(text, language);
    let broken = text
        .match_indices([' ', '/'])
        .map(|(at, mark)| {
            let first = text_width(text[..at + mark.len()].trim_end(), language);
            first.max(text_width(&text[at + mark.len()..], language))
        })
        .min();
    let width = match broken {
        Some(broken) => broken.min(whole),
        None if text.chars().count() > ONE_LINE && !text.is_ascii() => {
            whole.div_ceil(2) + full(language) / 2
        }
        None => whole,
    };
    // Headings are smaller than the default font; being bold makes full-width characters no wider.
    match language {
        Language::Ja => width * 92 / 100,
        Language::En => width,
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_characters_count_double() {
        assert_eq!(text_width("株式", Language::Ja), 400);
        assert_eq!(text_width("1234", Language::Ja), 4 * DIGIT);
        assert_eq!(
            text_width("ｶﾌﾞ", Language::Ja),
            3 * 125,
            "half-width kana do not"
        );
        assert!(
            text_width("e\u{301}", Language::En) < 150,
            "an accent has no width"
        );
    }

    #[test]
    fn texts_wrap_where_excel_wraps_them() {
        assert_eq!(lines("短い", 800, Language::Ja), 1);
        assert_eq!(lines("全角文字ばかりの長い名前", 800, Language::Ja), 3);
        assert_eq!(lines("one two three", 500, Language::Ja), 3);
        assert_eq!(lines("a\nb\n", 400, Language::Ja), 3);
        assert!(lines(&"x".repeat(100), 1000, Language::Ja) >= 10);
        assert_eq!(lines("", 400, Language::Ja), 1);
    }

    #[test]
    fn numbers_are_as_wide_as_their_widest_text() {
        let mut column = ColumnWidth::new(0, Language::Ja);
        column.see_number(1_234_567.0, 0);
        let whole = column.widest(0);
        assert_eq!(whole, 7 * DIGIT + 2 * POINT);
        column.see_number(0.5, 2);
        assert_eq!(column.widest(0), whole, "0.50 is narrower");
        column.see_number(-1_234_567.0, 0);
        assert_eq!(column.widest(0), whole + full(Language::Ja), "▲");
        column.see_total(Decimal::from(-99_999_999), 0);
        assert!(column.widest(0) > whole + full(Language::Ja) + DIGIT);
    }

    #[test]
    fn headings_break_once() {
        assert_eq!(
            heading_width("Settlement date", Language::En),
            text_width("Settlement", Language::En)
        );
        assert_eq!(heading_width("銘柄コード", Language::Ja), 920);
        assert!(heading_width("基準通貨による換算金額合計", Language::Ja) < 1600);
    }
}

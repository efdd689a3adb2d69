//! References to cells, as formulas, names and attributes write them.

/// Excel's last row and column.
pub const ROWS: u32 = 1_048_576;
pub const COLUMNS: u32 = 16_384;

/// A cell, from row 1 and column 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    pub row: u32,
    pub column: u32,
}

/// From the upper left to the lower right cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Range {
    pub first: Cell,
    pub last: Cell,
}

impl Cell {
    /// `B3`, within Excel's limits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.find(|character: char| character.is_ascii_digit())?;
        let (letters, digits) = text.split_at(digits);
        let column = column(letters)?;
        let row = row(digits)?;
        Some(Self { row, column })
    }
}

/// 1 for `A`.
fn column(letters: &str) -> Option<u32> {
    if !(1..=3).contains(&letters.len()) || !letters.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let number = letters.bytes().fold(0, |number, letter| {
        number * 26 + u32::from(letter - b'A') + 1
    });
    (number <= COLUMNS).then_some(number)
}

fn row(digits: &str) -> Option<u32> {
    let plain = !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.parse().ok()?;
    (plain && number <= ROWS).then_some(number)
}

impl Range {
    /// `B3` or `B3:C4`.
    pub fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once(':').unwrap_or((text, text));
        let (first, last) = (Cell::parse(first)?, Cell::parse(last)?);
        (first.row <= last.row && first.column <= last.column).then_some(Self { first, last })
    }

    /// Also with `$`, and whole rows and columns.
    pub fn parse_absolute(text: &str) -> Option<Self> {
        let plain = text.replace('$', "");
        let (first, last) = plain.split_once(':').unwrap_or((&plain, &plain));
        let whole = |first, last, from: fn(u32) -> Cell, to: fn(u32) -> Cell| {
            (first <= last && plain.contains(':')).then_some(Self {
                first: from(first),
                last: to(last),
            })
        };
        if let (Some(first), Some(last)) = (row(first), row(last)) {
            let from = |row| Cell { row, column: 1 };
            let to = |row| Cell {
                row,
                column: COLUMNS,
            };
            return whole(first, last, from, to);
        }
        if let (Some(first), Some(last)) = (column(first), column(last)) {
            let from = |column| Cell { row: 1, column };
            let to = |column| Cell { row: ROWS, column };
            return whole(first, last, from, to);
        }
        Self::parse(&plain)
    }

    pub fn overlaps(&self, other: &Self) -> bool {
        self.first.row <= other.last.row
            && other.first.row <= self.last.row
            && self.first.column <= other.last.column
            && other.first.column <= self.last.column
    }

    /// The smallest range that holds both.
    #[must_use]
    pub fn extended(self, cell: Cell) -> Self {
        Self {
            first: Cell {
                row: self.first.row.min(cell.row),
                column: self.first.column.min(cell.column),
            },
            last: Cell {
                row: self.last.row.max(cell.row),
                column: self.last.column.max(cell.column),
            },
        }
    }

    pub fn cells(&self) -> u64 {
        u64::from(self.last.row - self.first.row + 1)
            * u64::from(self.last.column - self.first.column + 1)
    }
}

/// `Sheet!$A$1:$B$2`: the sheet, and the range on it.
pub fn qualified(text: &str) -> Option<(String, Range)> {
    let (sheet, range) = if text.starts_with('\'') {
        let (sheet, range) = text.rsplit_once('!')?;
        (unquoted(sheet)?, range)
    } else {
        let (sheet, range) = text.split_once('!')?;
        (
            stands_without_quotes(sheet).then(|| sheet.to_owned())?,
            range,
        )
    };
    Some((sheet, Range::parse_absolute(range)?))
}

/// A name in apostrophes, those within doubled.
fn unquoted(text: &str) -> Option<String> {
    let name = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let single = name.replace("''", "");
    (!single.contains('\'')).then(|| name.replace("''", "'"))
}

/// Whether a formula can name a sheet as it is: letters, digits, `_` and `.`, and not like a cell.
fn stands_without_quotes(sheet: &str) -> bool {
    sheet.starts_with(|first: char| first.is_alphabetic() || first == '_')
        && sheet.chars().all(is_of_name)
        && !is_like_a_cell(sheet)
}

fn is_of_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '.')
}

/// Whether a name would be read as a cell, in the A1 or the R1C1 notation.
pub fn is_like_a_cell(name: &str) -> bool {
    let upper = name.to_uppercase();
    let rest = upper
        .trim_start_matches('R')
        .trim_start_matches(|c: char| c.is_ascii_digit());
    let rest = rest.strip_prefix('C').unwrap_or(rest);
    let r1c1 = upper.starts_with(['R', 'C']) && rest.bytes().all(|byte| byte.is_ascii_digit());
    Cell::parse(&upper).is_some() || r1c1
}

/// The parts of a list, which commas outside of quotes divide.
pub fn list(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '\'';
        character == ',' && !quoted
    })
    .collect()
}

/// The sheets that a formula names.
pub fn sheets_in(formula: &str) -> Vec<String> {
    // Every second piece is a string literal.
    let code: String = formula.split('"').step_by(2).collect::<Vec<_>>().join("\"");
    code.match_indices('!')
        .filter_map(|(at, _)| {
            let before = &code[..at];
            if let Some(quoted) = before.strip_suffix('\'') {
                let start = quoted.replace("''", "\0\0").rfind('\'')?;
                return Some(quoted[start + 1..].replace("''", "'"));
            }
            let start = before
                .char_indices()
                .rev()
                .take_while(|(_, character)| is_of_name(*character))
                .last()?
                .0;
            (!before[..start].ends_with('#')).then(|| before[start..].to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_excel_does() {
        let range = |first: (u32, u32), last: (u32, u32)| Range {
            first: Cell {
                row: first.0,
                column: first.1,
            },
            last: Cell {
                row: last.0,
                column: last.1,
            },
        };
        assert_eq!(
            Range::parse("B3:XFD1048576"),
            Some(range((3, 2), (ROWS, COLUMNS)))
        );
        for wrong in [
            "", "A", "1", "A0", "A01", "a1", "XFE1", "A1048577", "B1:A1", "A2:A1", "$A$1", "A1:",
            "A1B",
        ] {
            assert_eq!(Range::parse(wrong), None, "{wrong}");
        }
        assert_eq!(
            Range::parse_absolute("$1:$2"),
            Some(range((1, 1), (2, COLUMNS)))
        );
        assert_eq!(
            Range::parse_absolute("$A:$B"),
            Some(range((1, 1), (ROWS, 2)))
        );
        assert_eq!(Range::parse_absolute("$2:$1"), None);
        assert_eq!(Range::parse_absolute("$1"), None);
        let a1 = range((1, 1), (1, 1));
        assert_eq!(qualified("概要!$A$1"), Some(("概要".to_owned(), a1)));
        assert_eq!(
            qualified("'It''s (2)'!A1"),
            Some(("It's (2)".to_owned(), a1))
        );
        for wrong in [
            "A1",
            "a b!A1",
            "A1!A1",
            "R1C1!A1",
            "2nd!A1",
            "'It's'!A1",
            "Sheet!A1:",
            "Sheet!#REF!",
        ] {
            assert_eq!(qualified(wrong), None, "{wrong}");
        }
        assert_eq!(list("'a,b'!A1,c!B2"), ["'a,b'!A1", "c!B2"]);
        assert_eq!(
            sheets_in("ROUND(SUM('It''s (2)'!A1,概要!B2)&\"x!\"\"y!\",0)+#REF!+1"),
            ["It's (2)", "概要"]
        );
    }
}

//! Dates as spreadsheets and back offices write them: the year first, with `-` or `/`.

use common::statement::parse_date;

/// The date as `YYYY-MM-DD`, or the end of a sentence that says what is wrong.
pub(super) fn read(text: &str) -> Result<String, &'static str> {
    const UNREADABLE: &str = "is not a date: write YYYY-MM-DD";
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(separator).collect();
    let are_digits = parts
        .iter()
        .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()));
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    match (&parts[..], &lengths[..]) {
        ([year, month, day], [4, 1 | 2, 1 | 2]) if are_digits => {
            let date = format!("{year}-{month:0>2}-{day:0>2}");
            parse_date(&date).map(|_| date).ok_or(UNREADABLE)
        }
        _ if has_year_last(text) => {
            Err("has its year last, so that day and month cannot be told apart: write YYYY-MM-DD")
        }
        _ => Err(UNREADABLE),
    }
}

/// Day or month first, and a year of four or two digits; also `7.9.2026` and `07-Sep-2026`.
fn has_year_last(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['/', '-', '.', ' ']).collect();
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts[..], [first, _, year]
        if matches!(first.len(), 1..=3) && matches!(year.len(), 2 | 4) && is_number(year))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_year_stands_first() {
        for (text, date) in [
            ("2026-09-07", "2026-09-07"),
            ("2026/9/7", "2026-09-07"),
            ("2026/09/07", "2026-09-07"),
            ("2026-9-7", "2026-09-07"),
            ("2024/2/29", "2024-02-29"),
        ] {
            assert_eq!(read(text), Ok(date.to_owned()));
        }
    }

    #[test]
    fn what_could_be_another_day_is_refused() {
        for text in [
            "7/9/2026",
            "07/09/2026",
            "7-9-2026",
            "7.9.2026",
            "09/07/26",
            "26/9/7 ",
            "07-Sep-2026",
            "Sep 7 2026",
        ] {
            let why = read(text).unwrap_err();
            assert_eq!(
                why.contains("year last"),
                text != "26/9/7 ",
                "{text}: {why}"
            );
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "2026/13/1",
            "2026/2/29",
            "2026/9-7",
            "2026-9/7",
            "2026/009/7",
            "2026/9/7 12:00",
            "２０２６/9/7",
            "20260907",
            "1899/12/31",
            "2026//7",
            "+026/9/7",
            "",
        ] {
            let why = read(text).unwrap_err();
            assert!(why.contains("is not a date"), "{text}: {why}");
        }
    }
}

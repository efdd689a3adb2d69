//! The texts of a workbook, each of them once: cells name them by their numbers. Many a program shows nothing where a cell has a text
//! of its own, so cells have one only where the list would outgrow memory.

use std::collections::HashMap;
use std::io;

use foldhash::fast::RandomState;

use super::layout::Repeats;
use super::row_xml::push_text_element;

/// What the list may take in all, in bytes.
const LIST_BYTES: usize = 8 << 20;

/// What texts that hardly repeat may take of it, so that there is always room for the others.
const RARELY_REPEATED_BYTES: usize = LIST_BYTES / 2;

/// Distinct texts of a column whose texts hardly repeat.
const RARELY_REPEATED_TEXTS: u32 = 20_000;

/// What the list takes for a text besides its bytes.
const ENTRY_BYTES: usize = 64;

/// The list of a workbook. It holds the texts as they stand in the file: `<t>text</t>`.
#[derive(Default)]
pub struct SharedStrings {
    numbers: HashMap<Box<[u8]>, u32, RandomState>,
    /// How many cells name one.
    references: u64,
    bytes: usize,
    rarely_repeated_bytes: usize,
    /// A text that is looked up.
    element: Vec<u8>,
}

/// What is known of the texts of a column.
#[derive(Debug, Clone)]
pub struct ColumnTexts {
    repeats: Repeats,
    /// Texts that this column brought into the list.
    distinct: u32,
    /// There is no room for further ones, and it is not worth the time to look for those that are known.
    is_spilled: bool,
    /// The text seen last, and its number: neighbours are often alike.
    last: String,
    last_number: Option<u32>,
}

impl ColumnTexts {
    /// Of a column that has seen none yet.
    pub fn new(repeats: Repeats) -> Self {
        Self {
            repeats,
            distinct: 0,
            is_spilled: false,
            last: String::new(),
            last_number: None,
        }
    }
}

impl SharedStrings {
    /// The number of a column's text, which is not empty; `None` where its cell must hold it itself.
    pub fn number_of(&mut self, text: &str, column: &mut ColumnTexts) -> Option<u32> {
        if column.is_spilled {
            return None;
        }
        if column.last != text {
            column.last.clear();
            column.last.push_str(text);
            column.last_number = self.find_or_add(text, column);
        }
        self.references += u64::from(column.last_number.is_some());
        column.last_number
    }

    /// The number of a `<t>` element, or of runs, that a cell holds in any case.
    pub fn number_of_element(&mut self, element: &[u8]) -> u32 {
        self.references += 1;
        match self.numbers.get(element).copied() {
            Some(number) => number,
            None => self.add(element.into()),
        }
    }

    fn find_or_add(&mut self, text: &str, column: &mut ColumnTexts) -> Option<u32> {
        let mut element = std::mem::take(&mut self.element);
        element.clear();
        push_text_element(&mut element, text);
        let number = match self.numbers.get(&*element).copied() {
            Some(number) => Some(number),
            None if self.has_room(element.len(), column) => {
                column.distinct += 1;
                Some(self.add(element.as_slice().into()))
            }
            None => None,
        };
        self.element = element;
        number
    }

    /// Whether the list may take a text of so many bytes.
    fn has_room(&mut self, bytes: usize, column: &mut ColumnTexts) -> bool {
        let bytes = bytes + ENTRY_BYTES;
        if self.bytes + bytes > LIST_BYTES {
            column.is_spilled = column.repeats == Repeats::Rarely;
            return false;
        }
        if column.repeats == Repeats::Rarely {
            let is_full = column.distinct == RARELY_REPEATED_TEXTS
                || self.rarely_repeated_bytes + bytes > RARELY_REPEATED_BYTES;
            column.is_spilled = is_full;
            if is_full {
                return false;
            }
            self.rarely_repeated_bytes += bytes;
        }
        true
    }

    fn add(&mut self, element: Box<[u8]>) -> u32 {
        let number = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
        self.bytes += element.len() + ENTRY_BYTES;
        self.numbers.insert(element, number);
        number
    }

    /// Hands out the part `xl/sharedStrings.xml`, piece by piece.
    pub fn write_part(&self, mut write: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        let mut listed: Vec<_> = self.numbers.iter().collect();
        listed.sort_unstable_by_key(|(_, number)| **number);
        let (references, texts) = (self.references, listed.len());
        let begins = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
             <sst xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\" count=\"{references}\" uniqueCount=\"{texts}\">"
        );
        write(begins.as_bytes())?;
        for (element, _) in listed {
            write(b"<si>")?;
            write(element)?;
            write(b"</si>")?;
        }
        write(b"</sst>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(strings: &SharedStrings) -> String {
        let mut part = Vec::new();
        let write = |piece: &[u8]| {
            part.extend_from_slice(piece);
            Ok(())
        };
        strings.write_part(write).unwrap();
        String::from_utf8(part).unwrap()
    }

    #[test]
    fn a_text_is_listed_once_and_in_the_order_of_the_first_cells() {
        let mut strings = SharedStrings::default();
        let mut sides = ColumnTexts::new(Repeats::Often);
        let mut notes = ColumnTexts::new(Repeats::Rarely);
        let numbers = [
            strings.number_of("Sell", &mut sides),
            strings.number_of(" <Buy>", &mut notes),
            strings.number_of("Sell", &mut sides),
            strings.number_of("Buy", &mut sides),
            strings.number_of("Sell", &mut notes),
        ];
        assert_eq!(numbers, [Some(0), Some(1), Some(0), Some(2), Some(0)]);
        assert_eq!(strings.number_of_element(b"<t>Buy</t>"), 2);
        assert_eq!(strings.number_of_element(b"<t>Total</t>"), 3);
        let part = part(&strings);
        let listed = "count=\"7\" uniqueCount=\"4\"><si><t>Sell</t></si><si><t xml:space=\"preserve\"> &lt;Buy&gt;</t></si>\
                      <si><t>Buy</t></si><si><t>Total</t></si></sst>";
        assert!(part.ends_with(listed), "{part}");
    }

    /// Of one column at most 20,000, and never those that other columns need.
    #[test]
    fn ids_are_in_their_cells_when_there_are_many() {
        let mut strings = SharedStrings::default();
        let mut ids = ColumnTexts::new(Repeats::Rarely);
        let listed = (0..30_000)
            .filter(|n| strings.number_of(&format!("T{n}"), &mut ids).is_some())
            .count();
        assert_eq!(listed, 20_000);
        let mut codes = ColumnTexts::new(Repeats::Often);
        for n in 0..30_000 {
            let number = strings.number_of(&format!("{n}"), &mut codes);
            assert_eq!(number, Some(20_000 + n));
        }
        let mut notes = ColumnTexts::new(Repeats::Rarely);
        assert!(strings.number_of("first", &mut notes).is_some());
    }

    #[test]
    fn the_list_stays_within_its_bytes_and_keeps_half_for_what_repeats() {
        let mut strings = SharedStrings::default();
        let mut notes = ColumnTexts::new(Repeats::Rarely);
        let mut names = ColumnTexts::new(Repeats::Often);
        let text = |n: u32| format!("{n}{}", "x".repeat(30_000));
        let mut listed = |column: &mut ColumnTexts| {
            (0..1_000)
                .filter(|n| strings.number_of(&text(*n), column).is_some())
                .count()
        };
        let of_notes = listed(&mut notes);
        assert!((130..140).contains(&of_notes), "{of_notes}");
        // What the notes brought in is found, and as much again.
        let of_names = listed(&mut names);
        assert!((2 * of_notes - 1..280).contains(&of_names), "{of_names}");
        assert!(part(&strings).len() <= LIST_BYTES);
        // What is in the list is found further on.
        assert_eq!(strings.number_of(&text(0), &mut names), Some(0));
        assert_eq!(strings.number_of(&text(999), &mut names), None);
    }
}

//! The texts of what the library made: headings, labels and notes stand in their cells, those of the summary in a list of their own.
//! Here they come into the list that the data rows have.

use std::io::Read;

use flate2::read::DeflateDecoder;
use rawzip::ErrorKind;

use super::shared_strings::SharedStrings;

/// What a cell with a text has behind its format. Texts hold neither: there `<` and `>` are escaped.
const TYPE: &str = " t=\"";
const IN_THE_CELL: &str = "inlineStr\"><is>";
const IN_THE_LIST: &str = "s\"><v>";

/// The library's own list.
pub struct LibraryTexts<'l> {
    /// What stands in `<si>`, by its number.
    elements: Vec<&'l str>,
}

impl<'l> LibraryTexts<'l> {
    /// Of a part `xl/sharedStrings.xml`.
    pub fn of(part: &'l str) -> Self {
        let texts = part.split("<si>").skip(1);
        Self {
            elements: texts
                .filter_map(|text| Some(text.split_once("</si>")?.0))
                .collect(),
        }
    }

    /// A worksheet part whose cells have all their texts in `strings`.
    pub fn listed(
        &self,
        sheet: &str,
        strings: &mut SharedStrings,
    ) -> Result<String, rawzip::Error> {
        let mut listed = String::with_capacity(sheet.len());
        let mut rest = sheet;
        while let Some((before, cell)) = rest.split_once(TYPE) {
            listed.push_str(before);
            listed.push_str(TYPE);
            rest = cell;
            let Some((element, behind)) = self.text_of(cell)? else {
                continue;
            };
            let number = strings.number_of_element(element.as_bytes());
            listed.push_str(IN_THE_LIST);
            listed.push_str(itoa::Buffer::new().format(number));
            listed.push_str("</v>");
            rest = behind;
        }
        listed.push_str(rest);
        Ok(listed)
    }

    /// The text of a cell that goes on like this, and what follows it; `None` when it has none.
    fn text_of<'c>(&self, cell: &'c str) -> Result<Option<(&'c str, &'c str)>, rawzip::Error>
    where
        'l: 'c,
    {
        let cut_off = || invalid("a cell of the library breaks off");
        if let Some(held) = cell.strip_prefix(IN_THE_CELL) {
            return held.split_once("</is>").ok_or_else(cut_off).map(Some);
        }
        let Some(named) = cell.strip_prefix(IN_THE_LIST) else {
            return Ok(None);
        };
        let (number, behind) = named.split_once("</v>").ok_or_else(cut_off)?;
        let number: Option<usize> = number.parse().ok();
        let element = number.and_then(|number| self.elements.get(number));
        let element = element.ok_or_else(|| invalid("a cell of the library names no text"))?;
        Ok(Some((element, behind)))
    }
}

/// The XML of a part.
pub fn inflated(data: &[u8]) -> Result<String, rawzip::Error> {
    let mut part = String::new();
    match DeflateDecoder::new(data).read_to_string(&mut part) {
        Ok(_) => Ok(part),
        Err(reason) => Err(invalid(&format!("a part cannot be read: {reason}"))),
    }
}

fn invalid(what: &str) -> rawzip::Error {
    ErrorKind::InvalidInput {
        msg: what.to_owned(),
    }
    .into()
}

//! Adopting a document that is published already: its own properties say whether it is this one.

use std::fmt::Display;
use std::io::{BufReader, Read};

use common::statement::DocumentId;
use quick_xml::Reader;
use quick_xml::events::Event;
use zip::ZipArchive;

use super::{Found, Opened};
use crate::workbook::{DOCUMENT_ID_PROPERTY, ROW_COUNTS_PROPERTY};

/// Reads the row counts of a published workbook. An error says in words why it is not this document.
pub fn read_back(opened: &Opened, document: &DocumentId) -> Result<Found, String> {
    let foreign = |reason: &dyn Display| format!("is not that document: {reason}");
    let mut archive =
        ZipArchive::new(BufReader::new(&opened.file)).map_err(|reason| foreign(&reason))?;
    let mut xml = String::new();
    archive
        .by_name("docProps/custom.xml")
        .map_err(|reason| foreign(&reason))?
        .read_to_string(&mut xml)
        .map_err(|reason| foreign(&reason))?;
    let id = property(&xml, DOCUMENT_ID_PROPERTY).unwrap_or_default();
    if id != document.to_string() {
        return Err(foreign(&format_args!("it says it is {id:?}")));
    }
    let row_counts = property(&xml, ROW_COUNTS_PROPERTY).unwrap_or_default();
    Ok(Found {
        sha256: opened.sha256.clone(),
        bytes: opened.bytes,
        row_counts,
        stored: opened.stored.clone(),
    })
}

/// The text of a custom property.
fn property(xml: &str, name: &str) -> Option<String> {
    let mut reader = Reader::from_str(xml);
    let mut inside = false;
    let mut text = String::new();
    loop {
        match reader.read_event().ok()? {
            Event::Start(tag) if tag.local_name().as_ref() == "property" => {
                let named = tag.try_get_attribute("name").ok()??;
                inside = named
                    .normalized_value(quick_xml::XmlVersion::Implicit1_0)
                    .ok()?
                    == name;
            }
            Event::Text(value) if inside => text.push_str(&value),
            Event::GeneralRef(entity) if inside => {
                text.push_str(quick_xml::escape::resolve_predefined_entity(&entity)?);
            }
            Event::End(tag) if inside && tag.local_name().as_ref() == "property" => {
                return Some(text);
            }
            Event::Eof => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_found_by_name() {
        let xml = r#"<?xml version="1.0"?><Properties xmlns:vt="x"><property fmtid="{D}" pid="2" name="Document ID"><vt:lpwstr>2026-10.trade.A1</vt:lpwstr></property><property name="Row counts"><vt:lpwstr>{&quot;trades&quot;:2}</vt:lpwstr></property></Properties>"#;
        assert_eq!(property(xml, "Document ID").unwrap(), "2026-10.trade.A1");
        assert_eq!(property(xml, "Row counts").unwrap(), r#"{"trades":2}"#);
        assert_eq!(property(xml, "Nothing"), None);
    }
}

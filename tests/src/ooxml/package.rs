//! The zip and its content types: every part is there once, is well-formed and has the type that Excel looks for.

use std::collections::{BTreeMap, HashSet};
use std::io::{Cursor, Read};
use std::path::Path;

use anyhow::{Context, Result};
use roxmltree::Document;
use zip::ZipArchive;

use super::report::{Report, children};
use super::rules::demand_unique;
use super::text::illegal;

pub const CONTENT_TYPES: &str = "[Content_Types].xml";

/// The parts of a workbook by name, without the leading slash.
pub struct Package {
    pub parts: BTreeMap<String, Vec<u8>>,
    /// Every entry's name as the zip lists it, which may say the same twice.
    entries: Vec<String>,
}

impl Package {
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path)?;
        let mut archive = ZipArchive::new(Cursor::new(&bytes))?;
        let directory = usize::try_from(archive.central_directory_start())?;
        let entries = entries(bytes.get(directory..).context("no central directory")?);
        let mut parts = BTreeMap::new();
        for index in 0..archive.len() {
            let mut file = archive.by_index(index)?;
            let name = file.name()?.into_owned();
            let mut content = Vec::new();
            file.read_to_end(&mut content)
                .with_context(|| format!("unzipping {name}"))?;
            parts.insert(name, content);
        }
        Ok(Self { parts, entries })
    }

    /// A part as a document; none when there is no such part or it is malformed, which the package's check says.
    pub fn parse(&self, part: &str) -> Option<Document<'_>> {
        Document::parse(std::str::from_utf8(self.parts.get(part)?).ok()?).ok()
    }

    /// What the package says that a part is.
    pub fn content_type(&self, part: &str) -> Option<String> {
        let document = self.parse(CONTENT_TYPES)?;
        let types = document.root_element();
        let override_of = children(types, "Override").find(|node| {
            node.attribute("PartName")
                .and_then(|name| name.strip_prefix('/'))
                == Some(part)
        });
        let default = || {
            let (_, extension) = part.rsplit_once('.')?;
            children(types, "Default").find(|node| {
                node.attribute("Extension")
                    .is_some_and(|known| known.eq_ignore_ascii_case(extension))
            })
        };
        let found = override_of.or_else(default)?;
        found.attribute("ContentType").map(str::to_owned)
    }
}

/// The names in the zip's central directory. The archive itself keeps only the last entry of a name.
fn entries(directory: &[u8]) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = directory;
    while rest.starts_with(b"PK\x01\x02") {
        let length = |at: usize| {
            let bytes = rest.get(at..at + 2).unwrap_or_default();
            bytes
                .iter()
                .rev()
                .fold(0, |sum, byte| sum * 256 + usize::from(*byte))
        };
        let (name, extra, comment) = (length(28), length(30), length(32));
        let bytes = rest.get(46..46 + name).unwrap_or_default();
        names.push(String::from_utf8_lossy(bytes).into_owned());
        rest = rest.get(46 + name + extra + comment..).unwrap_or_default();
    }
    names
}

/// Whether a part is XML, by its name.
pub fn is_xml(part: &str) -> bool {
    [".xml", ".rels", ".vml"]
        .iter()
        .any(|end| part.ends_with(end))
}

pub fn check(package: &Package, findings: &mut Vec<String>) {
    let mut seen = HashSet::new();
    for name in &package.entries {
        if !seen.insert(name.to_lowercase()) {
            findings.push(format!("{name}: the zip holds this part twice"));
        }
    }
    for (part, content) in &package.parts {
        if is_xml(part) {
            check_xml(part, content, findings);
        }
        if part != CONTENT_TYPES && package.content_type(part).is_none() {
            findings.push(format!("{part}: has no content type"));
        }
    }
    let Some(types) = package.parse(CONTENT_TYPES) else {
        findings.push(format!("{CONTENT_TYPES}: is missing or malformed"));
        return;
    };
    let mut report = Report::new(CONTENT_TYPES, findings);
    let mut names = HashSet::new();
    for node in children(types.root_element(), "Override") {
        let name = node.attribute("PartName").unwrap_or_default();
        let part = name.strip_prefix('/').unwrap_or_default();
        report.demand(
            package.parts.contains_key(part),
            node,
            "there is no such part",
        );
        demand_unique(
            &mut names,
            name.to_lowercase(),
            node,
            "its part has two types",
            &mut report,
        );
    }
    let mut extensions = HashSet::new();
    for node in children(types.root_element(), "Default") {
        let extension = node
            .attribute("Extension")
            .unwrap_or_default()
            .to_lowercase();
        demand_unique(
            &mut extensions,
            extension,
            node,
            "its extension has two types",
            &mut report,
        );
    }
}

fn check_xml(part: &str, content: &[u8], findings: &mut Vec<String>) {
    let Ok(text) = std::str::from_utf8(content) else {
        findings.push(format!("{part}: is not UTF-8"));
        return;
    };
    if let Some(character) = illegal(text) {
        findings.push(format!(
            "{part}: holds {character:?}, which XML does not allow"
        ));
    }
    // It also refuses duplicate attributes and references to characters that XML does not allow.
    if let Err(reason) = Document::parse(text) {
        findings.push(format!("{part}: is malformed: {reason}"));
    }
}

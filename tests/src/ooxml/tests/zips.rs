//! Breaks of the zip itself, and what makes a break: a copy of the sample with one part changed.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use tempfile::{NamedTempFile, TempPath};
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use super::{expect_finding, sample};

/// A sample to be broken.
pub struct Good {
    parts: Vec<(String, Vec<u8>)>,
}

impl Good {
    pub fn new() -> Self {
        let path = NamedTempFile::new().unwrap().into_temp_path();
        sample::write(&path).unwrap();
        let mut archive = ZipArchive::new(File::open(&path).unwrap()).unwrap();
        let parts = (0..archive.len())
            .map(|index| {
                let mut file = archive.by_index(index).unwrap();
                let mut content = Vec::new();
                file.read_to_end(&mut content).unwrap();
                (file.name().unwrap().into_owned(), content)
            })
            .collect();
        Self { parts }
    }

    /// A copy in which one part is another.
    pub fn with(&self, part: &str, change: impl FnOnce(&[u8]) -> Vec<u8>) -> TempPath {
        let mut parts = self.parts.clone();
        let (_, content) = parts.iter_mut().find(|(name, _)| name == part).expect(part);
        *content = change(content);
        zipped(&parts)
    }

    fn without(&self, part: &str) -> TempPath {
        let mut parts = self.parts.clone();
        parts.retain(|(name, _)| name != part);
        assert!(parts.len() < self.parts.len(), "{part}");
        zipped(&parts)
    }

    fn with_more(&self, part: &str) -> TempPath {
        let mut parts = self.parts.clone();
        parts.push((part.to_owned(), b"<x/>".to_vec()));
        zipped(&parts)
    }
}

fn zipped(parts: &[(String, Vec<u8>)]) -> TempPath {
    let (file, path) = NamedTempFile::new().unwrap().into_parts();
    let mut zip = ZipWriter::new(file);
    for (name, content) in parts {
        zip.start_file(name.as_str(), SimpleFileOptions::default())
            .unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap();
    path
}

#[test]
fn a_copy_of_a_good_workbook_is_good() {
    let copy = Good::new().with("xl/workbook.xml", <[u8]>::to_vec);
    assert_eq!(super::check(&copy).unwrap(), Vec::<String>::new());
}

#[test]
fn parts_that_are_missing_or_too_many_are_found() {
    let good = Good::new();
    for (part, words) in [
        (
            "xl/charts/chart1.xml",
            ["leads to xl/charts/chart1.xml", "not there"],
        ),
        (
            "xl/charts/chart1.xml",
            ["PartName=\"/xl/charts/chart1.xml\"", "no such part"],
        ),
        (
            "xl/workbook.xml",
            [
                "xl/_rels/workbook.xml.rels",
                "there is no part xl/workbook.xml",
            ],
        ),
        (
            "xl/workbook.xml",
            ["xl/workbook.xml", "there is no workbook"],
        ),
        ("xl/styles.xml", ["xl/workbook.xml", "has no styles"]),
        (
            "xl/worksheets/_rels/sheet1.xml.rels",
            [
                "xl/worksheets/sheet1.xml",
                "r:id=\"rId1\" is no relationship",
            ],
        ),
        (
            "docProps/core.xml",
            ["_rels/.rels", "there are no core-properties"],
        ),
        ("[Content_Types].xml", ["[Content_Types].xml", "is missing"]),
    ] {
        expect_finding(&good.without(part), &words);
    }
    expect_finding(
        &good.with_more("xl/media/image1.png"),
        &["xl/media/image1.png", "no content type"],
    );
    expect_finding(
        &good.with_more("xl/Workbook.xml"),
        &["xl/Workbook.xml", "twice"],
    );
}

/// No zip writer agrees to write a name twice: one is renamed in the bytes.
#[test]
fn a_part_that_is_there_twice_is_found() {
    let path = Good::new().with_more("xl/workbook.xmk");
    rename(&path, b"xl/workbook.xmk", b"xl/workbook.xml");
    expect_finding(&path, &["xl/workbook.xml", "twice"]);
}

fn rename(path: &Path, from: &[u8], to: &[u8]) {
    let mut bytes = std::fs::read(path).unwrap();
    let places: Vec<usize> = (0..bytes.len() - from.len())
        .filter(|at| bytes[*at..].starts_with(from))
        .collect();
    assert_eq!(places.len(), 2, "in the entry and in the directory");
    for at in places {
        bytes[at..at + to.len()].copy_from_slice(to);
    }
    std::fs::write(path, bytes).unwrap();
}

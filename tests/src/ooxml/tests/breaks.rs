//! One break after the other in the parts about the workbook: types, relationships, sheets, names, styles, properties.

use super::expect_finding;
use super::zips::Good;

/// A part, a text in it, what stands there instead, and what the finding must say. `{N}` stands for N times `x`.
pub type Break = (
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

/// Breaks one rule at a time; each break must be found.
pub fn expect_found(breaks: &[Break]) {
    let good = Good::new();
    for (part, find, replacement, words) in breaks {
        let broken = good.with(part, |content| {
            let text = std::str::from_utf8(content).unwrap();
            assert!(text.contains(find), "{part} has no {find}");
            text.replacen(find, &repeated(replacement), 1).into_bytes()
        });
        expect_finding(&broken, &[&[*part], *words].concat());
    }
}

fn repeated(text: &str) -> String {
    let number = text
        .split_once('{')
        .and_then(|(before, rest)| Some((before, rest.split_once('}')?)))
        .and_then(|(before, (number, after))| Some((before, number.parse().ok()?, after)));
    match number {
        Some((before, number, after)) => format!("{before}{}{after}", "x".repeat(number)),
        None => text.to_owned(),
    }
}

const TYPES: &str = "[Content_Types].xml";
const BOOK: &str = "xl/workbook.xml";
const BOOK_RELS: &str = "xl/_rels/workbook.xml.rels";
const STYLES: &str = "xl/styles.xml";
const CORE: &str = "docProps/core.xml";
const APP: &str = "docProps/app.xml";
const CUSTOM: &str = "docProps/custom.xml";

#[rustfmt::skip]
#[test]
fn breaks_of_the_package_are_found() {
    expect_found(&[
        (BOOK, "sheetId=\"1\"", "sheetId=\"1\" sheetId=\"1\"", &["malformed", "sheetId"]),
        (BOOK, "</workbook>", "", &["malformed"]),
        (BOOK, "Summary", "Sum\u{7}mary", &["XML does not allow"]),
        (BOOK, "Summary", "Sum\u{fffe}mary", &["XML does not allow"]),
        (BOOK, "Summary", "Sum&#xFFFF;mary", &["malformed"]),
        (BOOK, "Summary", "Sum&#7;mary", &["malformed"]),
        (TYPES, "PartName=\"/xl/styles.xml\"", "PartName=\"/xl/style.xml\"", &["/xl/style.xml", "no such part"]),
        (TYPES, "PartName=\"/xl/styles.xml\"", "PartName=\"/xl/workbook.xml\"", &["two types"]),
        (TYPES, "Extension=\"xml\"", "Extension=\"rels\"", &["two types"]),
        (BOOK_RELS, "Id=\"rId2\"", "Id=\"rId1\"", &["id occurs twice"]),
        (BOOK_RELS, "Id=\"rId2\"", "", &["has no id"]),
        (BOOK_RELS, "worksheets/sheet2.xml", "worksheets/sheet9.xml", &["leads to xl/worksheets/sheet9.xml"]),
        (BOOK_RELS, "worksheets/sheet2.xml", "theme/theme1.xml", &["content type of xl/theme/theme1.xml"]),
    ]);
    let good = Good::new();
    expect_finding(&good.with(BOOK, |_| vec![0xff]), &[BOOK, "is not UTF-8"]);
    let untyped = good.with(TYPES, |content| {
        let text = String::from_utf8_lossy(content);
        text.replace("spreadsheetml.worksheet+xml", "spreadsheetml.sheet+xml").into_bytes()
    });
    expect_finding(&untyped, &[BOOK_RELS, "content type of xl/worksheets/sheet1.xml"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_the_workbook_are_found() {
    expect_found(&[
        (BOOK, "name=\"Summary\"", "name=\"\"", &["1 to 31"]),
        (BOOK, "name=\"Summary\"", "name=\"{32}\"", &["1 to 31"]),
        (BOOK, "name=\"Summary\"", "name=\"2026/10\"", &["none of"]),
        (BOOK, "name=\"Summary\"", "name=\"Summary'\"", &["apostrophe"]),
        (BOOK, "name=\"Summary\"", "name=\"hiSTORY\"", &["History"]),
        (BOOK, "name=\"Summary\"", "name=\"IT'S (2)\"", &["another sheet has this name"]),
        (BOOK, "sheetId=\"2\"", "sheetId=\"1\"", &["another sheet has this sheetId"]),
        (BOOK, "sheetId=\"2\"", "sheetId=\"65535\"", &["sheetId is not within"]),
        (BOOK, "r:id=\"rId2\"", "r:id=\"rId1\"", &["another sheet has this r:id"]),
        (BOOK, "r:id=\"rId2\"", "r:id=\"rId4\"", &["its relationship is a theme"]),
        (BOOK, "r:id=\"rId2\"", "r:id=\"rId99\"", &["is no relationship"]),
        (BOOK, "<workbookView ", "<workbookView activeTab=\"3\" ", &["activeTab is no sheet"]),
        (BOOK, "<workbookView ", "<workbookView firstSheet=\"3\" ", &["firstSheet is no sheet"]),
        (BOOK, "sheetId=\"1\"", "sheetId=\"1\" state=\"hidden\"", &["active sheet is hidden"]),
        (BOOK, "<bookViews>", "<calcPr/><bookViews>", &["must stand before"]),
        (BOOK, "<calcPr ", "<calcPr/><calcPr ", &["occurs twice"]),
        (BOOK, "<calcPr ", "<calcPR/><calcPr ", &["does not belong"]),
    ]);
    let empty = Good::new().with(BOOK, |_| b"<workbook><sheets/></workbook>".to_vec());
    expect_finding(&empty, &[BOOK, "has no sheet"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_defined_names_are_found() {
    let same = "<definedName name=\"RATE\">1</definedName></definedNames>";
    expect_found(&[
        (BOOK, "name=\"Rate\"", "name=\"2nd\"", &["no valid name"]),
        (BOOK, "name=\"Rate\"", "name=\"a b\"", &["no valid name"]),
        (BOOK, "name=\"Rate\"", "name=\"{256}\"", &["longer than 255"]),
        (BOOK, "name=\"Rate\"", "name=\"ab12\"", &["read as a cell"]),
        (BOOK, "name=\"Rate\"", "name=\"R1C1\"", &["read as a cell"]),
        (BOOK, "name=\"Rate\"", "name=\"r\"", &["read as a cell"]),
        (BOOK, "name=\"Rate\"", "name=\"Rate\" localSheetId=\"3\"", &["localSheetId is no sheet"]),
        (BOOK, "</definedNames>", same, &["another name is called so"]),
        (BOOK, ">Summary!$B$2<", "><", &["is empty"]),
        (BOOK, ">Summary!$B$2<", ">=Summary!$B$2<", &["begins with ="]),
        (BOOK, ">Summary!$B$2<", ">Total!$B$2<", &["no sheet \"Total\""]),
        (BOOK, "_xlnm.Print_Area", "_xlnm.Print_Aria", &["no built-in name"]),
        (BOOK, "_xlnm.Print_Area\" localSheetId=\"0\"", "_xlnm.Print_Area\"", &["belongs to a sheet"]),
        (BOOK, "Summary!$A$1:$E$21", "Summary!$A$1:$E$1048577", &["is no reference"]),
        (BOOK, "Summary!$A$1:$E$21", "Summary!$A$1:$XFE$21", &["is no reference"]),
        (BOOK, "Summary!$A$1:$E$21", "It's (2)!$A$1:$E$21", &["is no reference"]),
        (BOOK, "Summary!$A$1:$E$21", "'It''s (2)'!$A$1:$E$21", &["not on its sheet"]),
        (BOOK, "取引明細!$A$1:$B$3", "取引明細!$A$1:$B$4", &["not the sheet's autoFilter"]),
        (BOOK, " hidden=\"1\"", "", &["is not hidden"]),
        (BOOK, "_xlnm._FilterDatabase", "_xlnm.Print_Area", &["has a filter without"]),
    ]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_styles_are_found() {
    expect_found(&[
        (STYLES, "<cellXfs count=\"5\">", "<cellXfs count=\"6\">", &["count is not the 5"]),
        (STYLES, "<fonts count=\"3\">", "<fonts count=\"2\">", &["count is not the 3"]),
        (STYLES, "fontId=\"2\"", "fontId=\"3\"", &["fontId is not in fonts"]),
        (STYLES, "fillId=\"0\"", "fillId=\"2\"", &["fillId is not in fills"]),
        (STYLES, "borderId=\"0\"", "borderId=\"1\"", &["borderId is not in borders"]),
        (STYLES, "borderId=\"0\" xfId=\"0\"", "borderId=\"0\" xfId=\"2\"", &["xfId is not in cellStyleXfs"]),
        (STYLES, "name=\"Normal\" xfId=\"0\"", "name=\"Normal\" xfId=\"2\"", &["<cellStyle ", "xfId is not in"]),
        (STYLES, "xf numFmtId=\"165\"", "xf numFmtId=\"167\"", &["numFmtId is not declared"]),
        (STYLES, "numFmt numFmtId=\"165\"", "numFmt numFmtId=\"164\"", &["declared twice"]),
        (STYLES, "numFmt numFmtId=\"165\"", "numFmt numFmtId=\"49\"", &["below 164"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"\"", &["1 to 255"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"{256}\"", &["1 to 255"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"#,##0;▲#,##0;0\"", &["formatCode occurs twice"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"0;0;0;0;0\"", &["no number format"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"0&quot;yen\"", &["no number format"]),
        (STYLES, "formatCode=\"@\"", "formatCode=\"[Red\"", &["no number format"]),
        (STYLES, "patternType=\"gray125\"", "patternType=\"solid\"", &["first two fills"]),
        (STYLES, "<cellXfs ", "<cellxfs/><cellXfs ", &["does not belong"]),
        (STYLES, "<fonts ", "<dxfs/><fonts ", &["must stand before"]),
    ]);
    let many = Good::new().with(STYLES, |content| {
        let text = String::from_utf8_lossy(content);
        text.replace("</cellXfs>", &format!("{}</cellXfs>", "<xf/>".repeat(64_000))).into_bytes()
    });
    expect_finding(&many, &[STYLES, "more than 64,000"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_properties_are_found() {
    let created = "2026-11-05T00:00:00Z</dcterms:created>";
    expect_found(&[
        (CORE, "<dc:title>Sample</dc:title>", "<dc:title></dc:title>", &["has no title"]),
        (CORE, "<dc:creator>Firm</dc:creator>", "", &["has no creator"]),
        (CORE, "<dc:creator>", "<dc:title>b</dc:title><dc:creator>", &["occurs twice"]),
        (CORE, "dcterms:created", "dcterms:issued", &["malformed"]),
        (CORE, created, "2026-11-05</dcterms:created>", &["no instant"]),
        (CORE, created, "2026-13-05T00:00:00Z</dcterms:created>", &["no instant"]),
        (CORE, "xsi:type=\"dcterms:W3CDTF\"", "", &["not of type"]),
        (APP, "<vt:i4>3</vt:i4>", "<vt:i4>4</vt:i4>", &["HeadingPairs"]),
        (APP, "size=\"6\"", "size=\"5\"", &["size is not"]),
        (CUSTOM, "pid=\"3\"", "pid=\"2\"", &["pid occurs twice"]),
        (CUSTOM, "pid=\"2\"", "pid=\"1\"", &["pid is below 2"]),
        (CUSTOM, "name=\"Rows\"", "name=\"document id\"", &["name occurs twice"]),
        (CUSTOM, "name=\"Rows\"", "name=\"\"", &["1 to 255"]),
        (CUSTOM, "<vt:i4>2</vt:i4>", "<vt:i4>two</vt:i4>", &["does not fit its type"]),
        (CUSTOM, "2026-10.trade.A1", "{256}", &["does not fit its type"]),
        (CUSTOM, "<vt:i4>2</vt:i4>", "", &["not just one value"]),
    ]);
    let uncreated = Good::new().with(CORE, |content| {
        let text = String::from_utf8_lossy(content);
        text.replace("dcterms:created", "dcterms:issued").into_bytes()
    });
    expect_finding(&uncreated, &[CORE, "has no created"]);
}

//! One break after the other in sheets, drawings and charts.

use super::breaks::expect_found;
use super::expect_finding;
use super::zips::Good;

/// The summary with links, merged cells, charts.
const ONE: &str = "xl/worksheets/sheet1.xml";
/// The table in constant memory.
const TWO: &str = "xl/worksheets/sheet2.xml";
const ONE_RELS: &str = "xl/worksheets/_rels/sheet1.xml.rels";
const STRINGS: &str = "xl/sharedStrings.xml";
const DRAWING: &str = "xl/drawings/drawing1.xml";
const CHART: &str = "xl/charts/chart1.xml";

#[rustfmt::skip]
#[test]
fn breaks_of_a_sheets_order_and_views_are_found() {
    let errors = "<ignoredErrors><ignoredError sqref=\"A2:A3\" numberStoredAsText=\"1\"/></ignoredErrors>";
    expect_found(&[
        (ONE, "</worksheet>", "<ignoredErrors/></worksheet>", &["<ignoredErrors>", "after <drawing>; it must stand before"]),
        (TWO, "<pageMargins ", "<ignoredErrors/><pageMargins ", &["after <ignoredErrors>"]),
        (TWO, errors, "<ignoredErrors/><ignoredErrors/>", &["occurs twice"]),
        (TWO, "<autoFilter ", "<mergeCells/><autoFilter ", &["after <mergeCells>"]),
        (TWO, "<cols>", "<columns/><cols>", &["does not belong"]),
        (TWO, "<pageSetUpPr ", "<tabColor/><pageSetUpPr/><tabColor/><pageSetUpPr ", &["<tabColor>", "must stand before"]),
        (TWO, "<pane ", "<selection/><pane ", &["<pane>", "must stand before"]),
        (TWO, "<dimension ref=\"A1:B3\"", "<dimension ref=\"A1:B4\"", &["not the range of the cells"]),
        (TWO, "<dimension ref=\"A1:B3\"", "<dimension ref=\"A1:A3\"", &["not the range of the cells"]),
        (TWO, "<dimension ref=\"A1:B3\"", "<dimension ref=\"B3:A1\"", &["is no range"]),
        (TWO, "<sheetView ", "<sheetView tabSelected=\"1\" ", &["alone is selected"]),
        (ONE, " tabSelected=\"1\"", "", &["alone is selected"]),
        (TWO, "topLeftCell=\"A2\"", "topLeftCell=\"A1\"", &["topLeftCell"]),
        (TWO, "ySplit=\"1\"", "ySplit=\"0\"", &["splits nothing"]),
        (TWO, "activePane=\"bottomLeft\"", "activePane=\"topRight\"", &["activePane is not there"]),
        (TWO, "selection pane=\"bottomLeft\"", "selection pane=\"bottomRight\"", &["its pane is not there"]),
        (TWO, "selection pane=\"bottomLeft\"", "selection sqref=\"A\"", &["sqref is no list"]),
        (TWO, "defaultRowHeight=\"15\"", "defaultRowHeight=\"410\"", &["defaultRowHeight is not within"]),
        (TWO, "<sheetFormatPr ", "<sheetFormatpr ", &["<sheetFormatpr>", "does not belong"]),
    ]);
    let empty = Good::new().with(ONE, |_| b"<worksheet/>".to_vec());
    expect_finding(&empty, &[ONE, "has no sheetData"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_cells_are_found() {
    expect_found(&[
        (TWO, "<row r=\"2\"", "<row r=\"1\"", &["does not follow the row before"]),
        (TWO, "<row r=\"3\"", "<row r=\"1048577\"", &["is not within 1 and 1048576"]),
        (TWO, "ht=\"33.75\"", "ht=\"410\"", &["ht is not within"]),
        (TWO, "ht=\"33.75\"", "outlineLevel=\"8\"", &["outlineLevel is not within"]),
        (TWO, "ht=\"33.75\"", "s=\"5\"", &["<row r=\"1\">", "not in cellXfs"]),
        (TWO, "<c r=\"B2\"", "<c r=\"B3\"", &["stands in another row"]),
        (TWO, "<c r=\"B2\"", "<c r=\"A2\"", &["does not follow the cell before"]),
        (TWO, "<c r=\"B2\"", "<c r=\"XFE2\"", &["is no cell within"]),
        (TWO, "<c r=\"B2\" s=\"2\"", "<c r=\"B2\" s=\"5\"", &["not in cellXfs"]),
        (TWO, "<c r=\"B2\" s=\"2\"", "<c r=\"B2\" s=\"-1\"", &["not in cellXfs"]),
        (TWO, "<v>1</v>", "<v>NaN</v>", &["no finite number"]),
        (TWO, "<v>1</v>", "<v>inf</v>", &["no finite number"]),
        (TWO, "<v>1</v>", "<v></v>", &["no finite number"]),
        (TWO, "<v>1</v>", "<v>1,000</v>", &["no finite number"]),
        (TWO, "<v>1</v>", "<v>1</v><f>1</f>", &["<f>", "must stand before"]),
        (TWO, "<is><t>0130</t></is>", "<v>0130</v>", &["holds no <is>"]),
        (TWO, "t=\"inlineStr\"><is><t>0130", "><is><t>0130", &["is not inlineStr"]),
        (TWO, "<t>0130</t>", "<t>{32768}</t>", &["longer than 32,767"]),
        (TWO, " xml:space=\"preserve\"", "", &["blanks are lost"]),
        (TWO, "t=\"inlineStr\"", "t=\"text\"", &["\"text\" is no type"]),
        (ONE, "t=\"s\"><v>1</v>", "t=\"s\"><v>5</v>", &["not among the shared strings"]),
        (ONE, "t=\"str\"><f>A1&amp;\"!\"</f>", "t=\"str\">", &["text of a formula without one"]),
        (ONE, "<v>Title!</v>", "<v>{32768}</v>", &["longer than 32,767"]),
        (ONE, "<v>0.5</v>", "<f>=1/2</f><v>0.5</v>", &["begins with ="]),
        (ONE, "<v>0.5</v>", "<f></f><v>0.5</v>", &["is empty"]),
        (ONE, "<v>0.5</v>", "<f>SUM(1</f><v>0.5</v>", &["not closed"]),
        (ONE, "<v>0.5</v>", "<f>A1)+(1</f><v>0.5</v>", &["not closed"]),
        (ONE, "<v>0.5</v>", "<f>A1&amp;\"x</f><v>0.5</v>", &["not closed"]),
        (ONE, "<v>0.5</v>", "<f>{8193}</f><v>0.5</v>", &["longer than 8,192"]),
        (ONE, "'It''s (2)'!A1", "'It''s (3)'!A1", &["there is no sheet \"It's (3)\""]),
        (ONE, "取引明細!B2", "取引!B2", &["there is no sheet \"取引\""]),
        (ONE, "<c r=\"B2\"><v>0.5</v>", "<c r=\"B2\" t=\"b\"><v>2</v>", &["neither 0 nor 1"]),
        (ONE, "<c r=\"B2\"><v>0.5</v>", "<c r=\"B2\" t=\"e\"><v>#OOPS</v>", &["no error of Excel"]),
        (STRINGS, "uniqueCount=\"5\"", "uniqueCount=\"6\"", &["uniqueCount"]),
        (STRINGS, "<t>merged</t>", "<t>{32768}</t>", &["longer than 32,767"]),
        (STRINGS, "<t>merged</t>", "<r><t>x</t></r><r><t>{32767}</t></r>", &["longer than 32,767"]),
    ]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_ranges_are_found() {
    expect_found(&[
        (TWO, "<col min=\"2\" max=\"2\"", "<col min=\"1\" max=\"2\"", &["does not follow the columns before"]),
        (TWO, "<col min=\"2\" max=\"2\"", "<col min=\"3\" max=\"2\"", &["max is below min"]),
        (TWO, "<col min=\"2\" max=\"2\"", "<col min=\"2\" max=\"16385\"", &["max is not within"]),
        (TWO, "<col min=\"1\"", "<col min=\"0\"", &["min is not within"]),
        (TWO, "width=\"12.7109375\"", "width=\"256\"", &["width is not within"]),
        (TWO, "style=\"1\"", "style=\"5\"", &["<col ", "not in cellXfs"]),
        (TWO, "autoFilter ref=\"A1:B3\"", "autoFilter ref=\"A1:\"", &["<autoFilter ", "is no range"]),
        (TWO, "<autoFilter ref=\"A1:B3\"/>", "<autoFilter ref=\"A1:B3\"><filterColumn colId=\"2\"/></autoFilter>", &["colId is outside"]),
        (TWO, "<autoFilter ref=\"A1:B3\"/>", "<autoFilter ref=\"A1:B3\"><filterColumn colId=\"1\"/><filterColumn colId=\"1\"/></autoFilter>", &["colId occurs twice"]),
        (ONE, "<mergeCells count=\"2\">", "<mergeCells count=\"1\">", &["count is not the 2"]),
        (ONE, "<mergeCell ref=\"B10:C10\"/>", "<mergeCell ref=\"C1:C10\"/>", &["overlaps"]),
        (ONE, "<mergeCell ref=\"B10:C10\"/>", "<mergeCell ref=\"B10\"/>", &["single cell"]),
        (ONE, "<mergeCell ref=\"B10:C10\"/>", "<mergeCell ref=\"B10:C\"/>", &["is no range"]),
        (ONE, "hyperlink ref=\"A6\"", "hyperlink ref=\"A5\"", &["has two links"]),
        (ONE, "hyperlink ref=\"A6\"", "hyperlink ref=\"6\"", &["is no range"]),
        (ONE, "location=\"'取引明細'!A1\"", "location=\"'取引'!A1\"", &["there is no such sheet"]),
        (ONE, "location=\"'取引明細'!A1\"", "location=\"'取引明細'!A0\"", &["is no reference"]),
        (ONE, "location=\"'取引明細'!A1\"", "location=\"{2080}\"", &["longer than 2,079"]),
        (ONE, "location=\"'取引明細'!A1\"", "", &["leads nowhere"]),
        (ONE, "r:id=\"rId1\"", "r:id=\"rId2\"", &["its relationship is a drawing"]),
        (ONE, "tooltip=\"tip\"", "tooltip=\"{256}\"", &["tooltip is longer"]),
        (ONE_RELS, "Target=\"https://example.com/\"", "Target=\"\"", &["leads nowhere"]),
        (ONE_RELS, "Target=\"https://example.com/\"", "Target=\"https://{2080}\"", &["longer than 2,079"]),
        (TWO, "sqref=\"A2:A3\"", "sqref=\"A2:A3,B2\"", &["sqref is no list"]),
        (TWO, "sqref=\"A2:A3\"", "sqref=\"\"", &["sqref is no list"]),
        (TWO, " numberStoredAsText=\"1\"", "", &["ignores no error"]),
        (ONE, "dxfId=\"0\"", "dxfId=\"1\"", &["dxfId is not in dxfs"]),
        (ONE, "priority=\"1\"", "priority=\"0\"", &["priority is not within"]),
        (ONE, "sqref=\"B2:B4\"", "sqref=\"B2:B\"", &["<conditionalFormatting ", "sqref is no list"]),
        (ONE, "<formula>1</formula>", "<formula>=1</formula>", &["begins with ="]),
        (ONE, "<formula>1</formula>", "<formula>1</formula><formula>1</formula><formula>1</formula><formula>1</formula>", &["more than three"]),
        (ONE, "<dataValidations count=\"1\">", "<dataValidations count=\"2\">", &["count is not the 1"]),
        (ONE, "sqref=\"A7\"", "sqref=\"7\"", &["<dataValidation ", "sqref is no list"]),
        (ONE, "\"yes,no\"", "\"{256}\"", &["longer than 255"]),
        (ONE, "sqref=\"A7\"", "sqref=\"A7\" promptTitle=\"{33}\"", &["promptTitle is longer than 32"]),
    ]);
    let good = Good::new();
    let replaced = |find: &str, replacement: String| {
        good.with(ONE, |content| String::from_utf8_lossy(content).replacen(find, &replacement, 1).into_bytes())
    };
    let links = "<hyperlink ref=\"A5\"/>".repeat(65_530);
    expect_finding(&replaced("<hyperlinks>", format!("<hyperlinks>{links}")), &[ONE, "more than 65,530"]);
    let validations = "<dataValidation sqref=\"A7\"/>".repeat(65_534);
    expect_finding(&replaced("<dataValidation ", format!("{validations}<dataValidation ")), &[ONE, "more than 65,534"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_the_page_are_found() {
    expect_found(&[
        (TWO, "fitToPage=\"1\"", "fitToPage=\"0\"", &["without fitToPage"]),
        (TWO, "fitToHeight=\"0\"", "fitToHeight=\"-1\"", &["fitToHeight is not within"]),
        (TWO, "fitToHeight=\"0\"", "scale=\"401\"", &["scale is not within"]),
        (TWO, "orientation=\"landscape\"", "orientation=\"sideways\"", &["orientation"]),
        (TWO, "orientation=\"landscape\"", "paperSize=\"A4\"", &["paperSize is no number"]),
        (TWO, "left=\"0.7\"", "left=\"-1\"", &["left is not within"]),
        (TWO, "left=\"0.7\"", "", &["a margin is missing"]),
        (TWO, "&amp;P / &amp;N", "{256}", &["longer than 255"]),
        (TWO, "&amp;P / &amp;N", "A&amp;", &["unknown code"]),
        (TWO, "&amp;P / &amp;N", "R&amp;W", &["unknown code"]),
        (TWO, "&amp;P / &amp;N", "&amp;\"Arial", &["unknown code"]),
        (TWO, "<oddFooter>", "<evenFooter/><oddFooter>", &["must stand before"]),
        (ONE, "<rowBreaks count=\"1\"", "<rowBreaks count=\"2\"", &["count is not the 1"]),
    ]);
    let many = Good::new().with(ONE, |content| {
        let breaks = format!("{}</rowBreaks>", "<brk/>".repeat(1026));
        String::from_utf8_lossy(content).replace("</rowBreaks>", &breaks).into_bytes()
    });
    expect_finding(&many, &[ONE, "more than 1,026"]);
}

#[rustfmt::skip]
#[test]
fn breaks_of_drawings_and_charts_are_found() {
    expect_found(&[
        (DRAWING, " descr=\"Shares\"", "", &["no alternative text"]),
        (DRAWING, " descr=\"Shares\"", " descr=\" \"", &["no alternative text"]),
        (DRAWING, "id=\"3\"", "id=\"2\"", &["its id occurs twice"]),
        (DRAWING, "id=\"3\"", "", &["has no id"]),
        (DRAWING, "name=\"Chart 2\"", "name=\"\"", &["has no name"]),
        (DRAWING, "r:id=\"rId2\"", "r:id=\"rId3\"", &["is no relationship"]),
        (DRAWING, "<xdr:row>11</xdr:row>", "<xdr:row>26</xdr:row>", &["row is behind"]),
        (DRAWING, "<xdr:col>0</xdr:col>", "<xdr:col>8</xdr:col>", &["col is behind"]),
        (DRAWING, "<xdr:col>0</xdr:col>", "<xdr:col>A</xdr:col>", &["is no number"]),
        (DRAWING, "<xdr:col>7</xdr:col>", "<xdr:col>16384</xdr:col>", &["outside of the sheet"]),
        (DRAWING, "<xdr:graphicFrame ", "<xdr:pic/><xdr:graphicFrame ", &["not just one thing"]),
        (CHART, "取引明細!$B$2:$B$3", "取引!$B$2:$B$3", &["there is no such sheet"]),
        (CHART, "取引明細!$B$2:$B$3", "取引明細!$B$0:$B$3", &["is no reference"]),
        (CHART, "取引明細!$B$2:$B$3", "Rows", &["is no reference"]),
        (CHART, "ptCount val=\"3\"", "ptCount val=\"2\"", &["is not the 3 cells"]),
        (CHART, "pt idx=\"0\"", "pt idx=\"3\"", &["outside of what it plots"]),
        (CHART, "<c:pt idx=\"1\"><c:v>2</c:v></c:pt>", "<c:pt idx=\"1\"/><c:pt idx=\"1\"/>", &["idx occurs twice"]),
        (CHART, "<c:idx val=\"1\"/>", "<c:idx val=\"0\"/>", &["idx is missing or occurs twice"]),
        (CHART, "</c:ser><c:axId val=\"50010001\"/>", "</c:ser><c:axId val=\"50010003\"/>", &["no such axis"]),
        (CHART, "<c:crossAx val=\"50010002\"/>", "<c:crossAx val=\"1\"/>", &["no such axis"]),
        (CHART, "<c:valAx><c:axId val=\"50010002\"/>", "<c:valAx><c:axId val=\"50010001\"/>", &["axId is missing or occurs twice"]),
        (CHART, "<c:lang val=\"en-US\"/>", "<c:spPr/><c:lang val=\"en-US\"/>", &["must stand before"]),
        (CHART, "<c:plotArea>", "<c:legend/><c:plotArea>", &["must stand before"]),
    ]);
    let empty = Good::new().with(CHART, |_| b"<chartSpace/>".to_vec());
    expect_finding(&empty, &[CHART, "has no chart"]);
}

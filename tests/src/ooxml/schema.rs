//! The order of child elements, as the schema's sequences have it. Excel refuses a part with any other.

use roxmltree::Node;

use super::report::Report;

/// The children of an element, in order; a `*` behind the name allows several.
pub type Sequence = &'static [&'static str];

#[rustfmt::skip]
pub const WORKBOOK: Sequence = &[
    "fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets", "functionGroups",
    "externalReferences", "definedNames", "calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr",
    "smartTagTypes", "webPublishing", "fileRecoveryPr*", "webPublishObjects", "extLst",
];

#[rustfmt::skip]
pub const STYLES: Sequence = &[
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
];

#[rustfmt::skip]
pub const WORKSHEET: Sequence = &[
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols*", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells",
    "phoneticPr", "conditionalFormatting*", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup",
    "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing",
    "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems", "tableParts",
    "extLst",
];

pub const SHEET_PROPERTIES: Sequence = &["tabColor", "outlinePr", "pageSetUpPr"];
pub const SHEET_VIEW: Sequence = &["pane", "selection*", "pivotSelection*", "extLst"];
pub const CELL: Sequence = &["f", "v", "is", "extLst"];

#[rustfmt::skip]
pub const HEADER_FOOTER: Sequence = &[
    "oddHeader", "oddFooter", "evenHeader", "evenFooter", "firstHeader", "firstFooter",
];

#[rustfmt::skip]
pub const CHART_SPACE: Sequence = &[
    "date1904", "lang", "roundedCorners", "AlternateContent", "style", "clrMapOvr", "pivotSource", "protection", "chart",
    "spPr", "txPr", "externalData", "printSettings", "userShapes", "extLst",
];

#[rustfmt::skip]
pub const CHART: Sequence = &[
    "title", "autoTitleDeleted", "pivotFmts", "view3D", "floor", "sideWall", "backWall", "plotArea", "legend",
    "plotVisOnly", "dispBlanksAs", "showDLblsOverMax", "extLst",
];

/// Says which child stands before one that it must follow, occurs once too often, or does not belong there.
pub fn demand_order(node: Node, sequence: Sequence, report: &mut Report) {
    let mut last: Option<(usize, &str)> = None;
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let place = sequence
            .iter()
            .position(|known| known.trim_end_matches('*') == name);
        let Some(place) = place else {
            report.say(
                child,
                &format!("does not belong into <{}>", node.tag_name().name()),
            );
            continue;
        };
        if let Some((before, after)) = last {
            if before > place {
                report.say(
                    child,
                    &format!("stands after <{after}>; it must stand before"),
                );
                continue;
            }
            if before == place && !sequence[place].ends_with('*') {
                report.say(child, "occurs twice");
            }
        }
        last = Some((place, name));
    }
}

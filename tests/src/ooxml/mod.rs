//! The rules of ECMA-376, and Excel's own limits, whose breach makes Excel offer to repair a workbook. They are checked
//! on the unzipped parts, because LibreOffice and openpyxl forgive most of them.

mod cells;
mod chart;
mod defined_names;
mod drawing;
mod package;
mod page;
mod properties;
mod reference;
mod regions;
mod relationships;
mod report;
mod rules;
mod schema;
mod styles;
#[cfg(test)]
mod tests;
mod text;
mod workbook;
mod worksheet;

use std::path::Path;

use anyhow::{Context, Result};

use package::Package;
use report::Report;

/// Every broken rule of a workbook, each in words that name part, element and rule.
pub fn check(path: &Path) -> Result<Vec<String>> {
    let package = Package::open(path).with_context(|| format!("unzipping {}", path.display()))?;
    let mut findings = Vec::new();
    package::check(&package, &mut findings);
    relationships::check(&package, &mut findings);
    let book = workbook::check(&package, &mut findings);
    for (index, sheet) in book.sheets.iter().enumerate() {
        if let Some(document) = package.parse(&sheet.part) {
            let mut report = Report::new(&sheet.part, &mut findings);
            worksheet::check(document.root_element(), &book, index, &mut report);
        }
    }
    drawing::check(&package, &book, &mut findings);
    properties::check(&package, &mut findings);
    Ok(findings)
}

/// The sheets of a workbook, in their order.
pub fn sheet_names(path: &Path) -> Result<Vec<String>> {
    let package = Package::open(path)?;
    let book = workbook::check(&package, &mut Vec::new());
    Ok(book.sheets.into_iter().map(|sheet| sheet.name).collect())
}

//! Rows of a real source to a workbook: what no cell can show is refused, with a word on what and where; everything else
//! is shown as it is.

#[path = "../../../fuzz/document/mod.rs"]
mod document;
mod refused;
mod seeds;

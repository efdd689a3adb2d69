//! A good workbook breaks no rule; broken in one place, it breaks the rule of that place. A check without a break here
//! might never fail.

mod breaks;
mod sample;
mod sheet_breaks;
mod zips;

use std::path::Path;

use super::check;

#[test]
fn a_good_workbook_breaks_no_rule() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("good.xlsx");
    sample::write(&path).unwrap();
    assert_eq!(check(&path).unwrap(), Vec::<String>::new());
    assert_eq!(super::sheet_names(&path).unwrap(), sample::SHEETS);
}

/// Demands that one of the findings holds all of `words`.
fn expect_finding(path: &Path, words: &[&str]) {
    let findings = check(path).unwrap();
    let told = findings
        .iter()
        .any(|finding| words.iter().all(|word| finding.contains(word)));
    assert!(told, "{words:?} is not among {findings:#?}");
}

//! Print set-up, the same on every sheet.

use rust_xlsxwriter::Worksheet;

/// Excel's number of A4.
const A4: u8 = 9;

/// A4 landscape, one page wide, footer with document id and page.
pub fn set_up(sheet: &mut Worksheet, document: &str) {
    sheet
        .set_paper_size(A4)
        .set_landscape()
        .set_print_fit_to_pages(1, 0);
    // `&` begins a code in a footer; a document id has none, but begins with digits, which must not join the font size.
    sheet.set_footer(format!("&L&9 {document}&R&9 &P / &N"));
    sheet.set_margins(0.4, 0.4, 0.5, 0.6, 0.3, 0.3);
}

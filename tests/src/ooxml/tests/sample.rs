//! A workbook that uses whatever the rules speak of.

use std::path::Path;

use rust_xlsxwriter::{
    Chart, ChartType, ConditionalFormatCell, ConditionalFormatCellRule, DataValidation,
    DocProperties, ExcelDateTime, Format, Formula, IgnoreError, Url, Workbook, Worksheet,
    XlsxError,
};

pub const SHEETS: [&str; 3] = ["Summary", "取引明細", "It's (2)"];

pub fn write(path: &Path) -> Result<(), XlsxError> {
    let mut workbook = Workbook::new();
    write_summary(workbook.add_worksheet())?;
    write_table(workbook.add_worksheet_with_constant_memory()?)?;
    workbook
        .add_worksheet()
        .set_name(SHEETS[2])?
        .write_boolean(0, 0, true)?
        .set_freeze_panes(0, 1)?;
    workbook.define_name("Rate", "=Summary!$B$2")?;
    let created = ExcelDateTime::from_ymd(2026, 11, 5)?;
    let properties = DocProperties::new()
        .set_title("Sample")
        .set_author("Firm")
        .set_creation_datetime(&created)
        .set_custom_property("Document ID", "2026-10.trade.A1")
        .set_custom_property("Rows", 2);
    workbook.set_properties(&properties);
    workbook.save(path)
}

fn write_summary(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold();
    sheet.set_name(SHEETS[0])?;
    sheet.write_string_with_format(0, 0, "Title", &bold)?;
    sheet.merge_range(0, 1, 0, 2, "merged", &bold)?;
    sheet.merge_range(9, 1, 9, 2, "merged, too", &bold)?;
    sheet.write_number(1, 1, 0.5)?;
    sheet.write_formula(
        2,
        1,
        Formula::new("=SUM('It''s (2)'!A1,取引明細!B2)").set_result("7"),
    )?;
    sheet.write_formula(3, 1, Formula::new("=A1&\"!\"").set_result("Title!"))?;
    sheet.write_url(4, 0, "internal:'取引明細'!A1")?;
    sheet.write_url(5, 0, Url::new("https://example.com/").set_tip("tip"))?;
    let mut chart = Chart::new(ChartType::Column);
    chart.set_alt_text("Columns of the table");
    chart
        .add_series()
        .set_categories((SHEETS[1], 1, 0, 2, 0))
        .set_values((SHEETS[1], 1, 1, 2, 1));
    chart.add_series().set_values((SHEETS[0], 1, 1, 3, 1));
    sheet.insert_chart(11, 0, &chart)?;
    let mut other = Chart::new(ChartType::Pie);
    other.set_alt_text("Shares");
    other.add_series().set_values((SHEETS[1], 1, 1, 2, 1));
    sheet.insert_chart(30, 0, &other)?;
    let red = ConditionalFormatCell::new()
        .set_rule(ConditionalFormatCellRule::GreaterThan(1))
        .set_format(Format::new().set_num_format("0.0"));
    sheet.add_conditional_format(1, 1, 3, 1, &red)?;
    let choices = DataValidation::new().allow_list_strings(&["yes", "no"])?;
    sheet.add_data_validation(6, 0, 6, 0, &choices)?;
    sheet.set_print_area(0, 0, 20, 4)?;
    sheet.set_page_breaks(&[10])?;
    Ok(())
}

fn write_table(sheet: &mut Worksheet) -> Result<(), XlsxError> {
    let code = Format::new().set_num_format("@");
    let money = Format::new().set_num_format("#,##0;▲#,##0;0");
    sheet.set_name(SHEETS[1])?;
    sheet.set_column_width(0, 12)?.set_column_format(0, &code)?;
    sheet
        .set_column_width(1, 15)?
        .set_column_format(1, &money)?;
    sheet.set_row_height(0, 34)?;
    sheet
        .write_string(0, 0, "Code")?
        .write_string(0, 1, "Amount")?;
    for (row, text) in [(1, "0130"), (2, " <b>\u{7} _x0041_ ")] {
        sheet
            .write_string(row, 0, text)?
            .write_number(row, 1, f64::from(row))?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, 2, 1)?;
    sheet.ignore_error_range(1, 0, 2, 0, IgnoreError::NumberStoredAsText)?;
    sheet.set_repeat_rows(0, 0)?.set_repeat_columns(0, 0)?;
    sheet.set_landscape().set_print_fit_to_pages(1, 0);
    sheet.set_footer("&L&9 2026-10.trade.A1&R&9 &P / &N");
    Ok(())
}

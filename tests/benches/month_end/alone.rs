//! `rust_xlsxwriter` alone: the cells of a document's trades sheet, with nothing around them. What stands in `../peers`
//! writes the same.

use std::io::BufWriter;
use std::path::Path;

use anyhow::Result;
use rust_xlsxwriter::{Format, Workbook};

/// Days from 1899-12-30 to 2026-10-01.
const FIRST_DAY: u32 = 46_296;

/// The deflate level of everything that is compared: the converter's.
pub const LEVEL: u8 = converter::workbook::COMPRESSION_LEVEL;

/// Writes so many documents, one after the other.
pub fn write(documents: u32, rows: u32, directory: &Path) -> Result<()> {
    for document in 0..documents {
        write_document(&directory.join(format!("{document}.xlsx")), rows)?;
    }
    Ok(())
}

/// Writes the cells that `source::create` gives rise to, in the fastest way the library has: constant memory, formats on
/// columns.
fn write_document(path: &Path, rows: u32) -> Result<()> {
    let mut workbook = Workbook::new();
    workbook.set_zip_compression_level(LEVEL);
    let sheet = workbook.add_worksheet_with_constant_memory()?;
    let (date, text, number) = (
        Format::new().set_num_format("yyyy/mm/dd"),
        Format::new().set_num_format("@"),
        Format::new().set_num_format("#,##0;▲#,##0;0"),
    );
    let half = Format::new().set_num_format("#,##0.0;▲#,##0.0;0.0");
    for column in 0..18 {
        sheet.set_column_format(
            column,
            match column {
                0 | 1 => &date,
                2..=6 | 9 | 16 | 17 => &text,
                _ => &number,
            },
        )?;
        sheet.write_string(0, column, "見出し")?;
    }
    for i in 0..rows {
        let row = i + 1;
        let day = FIRST_DAY + u32::try_from(u64::from(i) * 31 / u64::from(rows))?;
        let quantity = 100 * (1 + i % 9);
        let double_price = 2000 + 2 * (i % 997) + i % 2;
        let (commission, tax) = (100 + i % 400, (100 + i % 400) / 10);
        let gross = i64::from(quantity) * i64::from(double_price) / 2;
        let fees = i64::from(commission + tax);
        let net = if i % 2 == 0 {
            -(gross + fees)
        } else {
            gross - fees
        };
        let code = (1301 + i % 50).to_string();
        sheet.write_number(row, 0, day)?;
        sheet.write_number(row, 1, day + 2)?;
        sheet.write_string(row, 2, &code)?;
        sheet.write_string(row, 3, format!("見本銘柄{code}"))?;
        sheet.write_string(row, 4, "東証プライム")?;
        sheet.write_string(row, 5, if i % 2 == 0 { "買付" } else { "売付" })?;
        sheet.write_string(row, 6, "特定")?;
        sheet.write_number(row, 7, quantity)?;
        let price = f64::from(double_price) / 2.0;
        if double_price % 2 == 0 {
            sheet.write_number(row, 8, price)?;
        } else {
            sheet.write_number_with_format(row, 8, price, &half)?;
        }
        sheet.write_string(row, 9, "JPY")?;
        #[expect(clippy::cast_precision_loss, reason = "the amounts are far below 2^53")]
        for (column, amount) in [
            (11, gross),
            (12, i64::from(commission)),
            (13, i64::from(tax)),
            (14, 0),
            (15, net),
        ] {
            sheet.write_number(row, column, amount as f64)?;
        }
        sheet.write_string(row, 16, format!("T{i:08}"))?;
    }
    workbook.save_to_writer(BufWriter::new(std::fs::File::create(path)?))?;
    Ok(())
}

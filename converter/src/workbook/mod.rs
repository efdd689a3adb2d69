//! The writing end: takes rows from the bounded channels and writes the workbook, on a blocking thread, every sheet in
//! constant-memory mode.

mod cash;
mod cell;
mod holdings;
pub mod labels;
mod page;
mod section;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod totals;
mod trades;

use std::io::Write;

use common::profile::{BUILT_IN_HASH, Profile};
use common::statement::{DocumentId, Kind, Language};
use common::{Error, PROGRAM_VERSION, Result};
use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use tokio::sync::mpsc::Receiver;

pub use table::TableDone;

use crate::rows::account::Account;
use crate::rows::cash::{CashBalance, CashLine, CashOutline};
use crate::rows::position::Position;
use crate::rows::quantity::QuantityMovement;
use crate::rows::sink::Batch;
use crate::rows::trade::{Trade, TradesOutline};
use cell::cannot_write;
use section::{ColumnSpec, Section};
use summary::Figures;
use table::Table;

/// The name of the custom property that says which document a workbook is.
pub const DOCUMENT_ID_PROPERTY: &str = "Document ID";
/// The name of the custom property that holds the rows per section, as JSON.
pub const ROW_COUNTS_PROPERTY: &str = "Row counts";

/// Deflate level: 4 takes 60 % of level 6's time for 3 % more bytes.
const COMPRESSION_LEVEL: u8 = 4;

/// What stands at the top of a document.
#[derive(Debug, Clone)]
pub struct Heading {
    pub document: DocumentId,
    pub account: Account,
    pub issued_on: Date,
    /// The day that its figures are of.
    pub as_of: Date,
    pub profile: &'static Profile,
}

impl Heading {
    pub fn as_of(
        kind: Kind,
        period_end: Date,
        positions: Option<Date>,
        cash: Option<Date>,
    ) -> Date {
        summary::as_of(kind, period_end, positions, cash)
    }
}

/// The rows of a document on their way from the reader.
pub enum Sections {
    Trade {
        trades: Receiver<Batch<Trade>>,
        trades_outline: TradesOutline,
        cash: Receiver<Batch<CashLine>>,
        cash_outline: CashOutline,
    },
    Balance {
        holdings: Receiver<Batch<Position>>,
        cash: Receiver<Batch<CashBalance>>,
        movements: Receiver<Batch<QuantityMovement>>,
        opening_known: bool,
        unsettled: Receiver<Batch<Trade>>,
        unsettled_outline: TradesOutline,
    },
}

/// Why there is no workbook.
#[derive(Debug)]
pub enum WriteError {
    /// The reader failed; its error says why.
    ReaderStopped,
    Failed(Error),
}

impl From<Error> for WriteError {
    fn from(error: Error) -> Self {
        WriteError::Failed(error)
    }
}

/// Writes the whole workbook to `out`. Returns the tables, for their row counts.
pub fn write(
    heading: &Heading,
    sections: Sections,
    out: impl Write + Send,
) -> Result<Vec<TableDone>, WriteError> {
    let language = heading.account.language;
    let styles = style::Styles::new(language, heading.account.base_currency);
    let mut workbook = Workbook::new();
    workbook.set_zip_compression_level(COMPRESSION_LEVEL);
    // Japanese fonts stand higher; the library knows the column metrics of these widths only.
    let (row_height, column_width) = if language == Language::Ja {
        (25, 72)
    } else {
        (20, 64)
    };
    workbook
        .set_default_format(&styles.default, row_height, column_width)
        .map_err(cannot_write)?;
    // The summary stands first and is written last.
    let summary = workbook
        .add_worksheet_with_constant_memory()
        .map_err(cannot_write)?;
    summary
        .set_name(labels::pick(labels::SUMMARY, language))
        .map_err(cannot_write)?;

    let mut writer = Writer {
        workbook: &mut workbook,
        styles: &styles,
        language,
        heading,
    };
    let (figures, tables) = match sections {
        Sections::Trade {
            trades,
            trades_outline,
            cash,
            cash_outline,
        } => writer.trade_statement(trades, trades_outline, cash, cash_outline)?,
        Sections::Balance {
            holdings,
            cash,
            movements,
            opening_known,
            unsettled,
            unsettled_outline,
        } => {
            let unsettled = (unsettled, unsettled_outline);
            writer.balance_statement(holdings, cash, (movements, opening_known), unsettled)?
        }
    };

    let sheet = workbook.worksheet_from_index(0).map_err(cannot_write)?;
    summary::write(sheet, &styles, heading, &figures, &tables)?;
    workbook.set_properties(&properties(heading, &tables)?);
    workbook.save_to_writer(out).map_err(cannot_write)?;
    Ok(tables)
}

/// Rows per section, as the ledger and the workbook's properties keep them.
pub fn row_counts(tables: &[TableDone]) -> String {
    let counts: serde_json::Map<String, serde_json::Value> = tables
        .iter()
        .map(|table| (table.section.to_owned(), table.rows.into()))
        .collect();
    serde_json::Value::Object(counts).to_string()
}

struct Writer<'w> {
    workbook: &'w mut Workbook,
    styles: &'w style::Styles,
    language: Language,
    heading: &'w Heading,
}

impl<'w> Writer<'w> {
    fn trade_statement(
        &mut self,
        trades: Receiver<Batch<Trade>>,
        trades_outline: TradesOutline,
        cash: Receiver<Batch<CashLine>>,
        cash_outline: CashOutline,
    ) -> Result<(Figures, Vec<TableDone>), WriteError> {
        let language = self.language;
        let mut figures = trades::TradeFigures::default();
        let columns = trades::columns(language, trades_outline);
        let table = self.table(
            trades::Trades { language },
            columns,
            "trades",
            labels::TRADES,
        )?;
        let table = self.fill(table, trades, |trade| figures.add(trade))?;
        let trades = table.finish(self.workbook, &[])?;

        let columns = cash::movement_columns(language, cash_outline);
        let table = self.table(
            cash::CashMovements { language },
            columns,
            "cash_movements",
            labels::CASH_MOVEMENTS,
        )?;
        let cash = self.fill(table, cash, |_| ())?.finish(self.workbook, &[])?;
        Ok((Figures::Trade(figures), vec![trades, cash]))
    }

    fn balance_statement(
        &mut self,
        holdings: Receiver<Batch<Position>>,
        cash: Receiver<Batch<CashBalance>>,
        (movements, opening_known): (Receiver<Batch<QuantityMovement>>, bool),
        (unsettled, unsettled_outline): (Receiver<Batch<Trade>>, TradesOutline),
    ) -> Result<(Figures, Vec<TableDone>), WriteError> {
        let language = self.language;
        let base = self.heading.account.base_currency;
        let mut figures = holdings::HoldingFigures::default();
        let columns = holdings::holding_columns(language);
        let table = self.table(
            holdings::Holdings { language },
            columns,
            "holdings",
            labels::HOLDINGS,
        )?;
        let table = self.fill(table, holdings, |position| figures.add(position, base))?;
        let holdings = table.finish(self.workbook, &figures.notes(language))?;

        let mut balances = Vec::new();
        let section = cash::CashBalances { language, base };
        let table = self.table(
            section,
            cash::balance_columns(language),
            "cash",
            labels::CASH,
        )?;
        let table = self.fill(table, cash, |balance| balances.push(balance.clone()))?;
        let cash = table.finish(self.workbook, &cash::notes(&balances, base, language))?;

        let section = holdings::Movements {
            language,
            opening_known,
        };
        let table = self.table(
            section,
            holdings::movement_columns(language),
            "movements",
            labels::MOVEMENTS,
        )?;
        let movements = self
            .fill(table, movements, |_| ())?
            .finish(self.workbook, &[])?;

        let columns = trades::columns(language, unsettled_outline);
        let table = self.table(
            trades::Trades { language },
            columns,
            "unsettled_trades",
            labels::UNSETTLED,
        )?;
        let unsettled = self
            .fill(table, unsettled, |_| ())?
            .finish(self.workbook, &[])?;
        let figures = Figures::Balance {
            holdings: figures,
            cash: balances,
        };
        Ok((figures, vec![holdings, cash, movements, unsettled]))
    }

    fn table<S: Section>(
        &mut self,
        section: S,
        columns: Vec<ColumnSpec<S::Column>>,
        name: &'static str,
        title: labels::Words,
    ) -> Result<Table<'w, S>> {
        let title = labels::pick(title, self.language);
        let document = self.heading.document.to_string();
        Table::begin(
            self.workbook,
            section,
            columns,
            self.styles,
            self.language,
            (name, title),
            &document,
        )
    }

    /// Writes a section's rows as they arrive.
    fn fill<S: Section>(
        &mut self,
        mut table: Table<'w, S>,
        mut rows: Receiver<Batch<S::Row>>,
        mut seen: impl FnMut(&S::Row),
    ) -> Result<Table<'w, S>, WriteError> {
        loop {
            match rows.blocking_recv() {
                Some(Batch::Rows(batch)) => {
                    for row in &batch {
                        table.push(self.workbook, row)?;
                        seen(row);
                    }
                }
                Some(Batch::End) => return Ok(table),
                None => return Err(WriteError::ReaderStopped),
            }
        }
    }
}

fn properties(heading: &Heading, tables: &[TableDone]) -> Result<DocProperties> {
    let Heading {
        document,
        account,
        issued_on,
        profile,
        ..
    } = heading;
    let language = account.language;
    let day = |value: i8| u8::try_from(value).unwrap_or(1);
    let year = u16::try_from(issued_on.year()).unwrap_or(1900);
    // The date of issue and not the time of the run: the same document has the same bytes whenever it is made.
    let created = ExcelDateTime::from_ymd(year, day(issued_on.month()), day(issued_on.day()))
        .map_err(cannot_write)?;
    let title = format!(
        "{} {}",
        labels::pick(labels::kind(document.kind), language),
        document.period
    );
    Ok(DocProperties::new()
        .set_title(title)
        .set_author(labels::pick(profile.firm_name, language))
        .set_creation_datetime(&created)
        .set_custom_property(DOCUMENT_ID_PROPERTY, document.to_string())
        .set_custom_property(ROW_COUNTS_PROPERTY, row_counts(tables))
        .set_custom_property("Profile", BUILT_IN_HASH)
        .set_custom_property("Program version", PROGRAM_VERSION))
}

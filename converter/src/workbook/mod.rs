//! The writing end: takes rows from the bounded channels and writes the workbook, a long one on a thread of its own. The library makes everything
//! but the data rows, which are written and compressed here as they come.

mod cash;
mod cell;
mod chart;
mod deflate;
mod holdings;
pub mod labels;
mod layout;
mod library_texts;
mod package;
mod page;
mod pages;
#[cfg(test)]
mod roundtrip;
mod row_xml;
mod shape;
mod shared_strings;
mod sheet_rows;
mod style;
mod summary;
mod table;
#[cfg(test)]
mod tests;
mod totals;
mod trades;
mod widths;
mod words;

use std::cell::RefCell;
use std::io::Write;
use std::sync::Arc;

use common::ledger::Correction;
use common::profile::{Profile, Section, Word};
use common::statement::{DocumentId, Kind};
use common::{Error, PROGRAM_VERSION, Result};
use jiff::civil::Date;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Workbook};
use tokio::sync::mpsc::Receiver;

pub use cell::displayed;
pub use table::TableDone;
pub use totals::{SumDone, TotalDone};
pub use words::Words;

use crate::deliver::FileName;
use crate::rows::account::Account;
use crate::rows::cash::{CashBalance, CashLine, CashOutline};
use crate::rows::position::Position;
use crate::rows::quantity::QuantityMovement;
pub use style::Styles;

use crate::rows::sink::{self, Batch};
use crate::rows::trade::{Trade, TradesOutline};
use cell::cannot_write;
use layout::{ColumnSpec, Layout};
use package::RowsBySheet;
use page::Running;
use shared_strings::SharedStrings;
use summary::Figures;
use table::Table;

/// The name of the custom property that says which document a workbook is.
pub const DOCUMENT_ID_PROPERTY: &str = "Document ID";
/// The name of the custom property that holds the rows per section, as JSON.
pub const ROW_COUNTS_PROPERTY: &str = "Row counts";

/// The name of the custom property that a draft has, and nothing else.
const DRAFT_PROPERTY: &str = "Draft";

/// Deflate level: 4 takes 60 % of level 6's time for 3 % more bytes.
pub const COMPRESSION_LEVEL: u8 = 4;

/// What stands at the top of a document.
#[derive(Debug, Clone)]
pub struct Heading {
    pub document: DocumentId,
    pub account: Account,
    pub issued_on: Date,
    /// The day that its figures are of.
    pub as_of: Date,
    pub profile: Arc<Profile>,
    /// From revision 2 on, what it replaces.
    pub correction: Option<Correction>,
    /// Whether holdings and cash both have a closing snapshot, so that they may be added up.
    pub is_whole: bool,
    /// Of a period that may not have ended: every page says so.
    pub is_draft: bool,
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

    /// The name under which the customer saves it.
    pub fn file_name(&self) -> FileName {
        let title = self.title();
        FileName::new(&self.document, &title)
    }

    /// What it is, and that it is a draft.
    pub fn title(&self) -> String {
        let words = self.words();
        let title = words.get(labels::title(self.document.kind));
        if self.is_draft {
            format!("{title} {}", words.get(Word::DraftMark))
        } else {
            title.to_owned()
        }
    }

    /// The words it is written in.
    pub fn words(&self) -> Words<'_> {
        Words::new(&self.profile, self.account.language)
    }
}

/// The rows of a section on their way from the reader, and what must be known before the first.
pub enum Incoming {
    Trades(Receiver<Batch<Trade>>, TradesOutline),
    CashMovements(Receiver<Batch<CashLine>>, CashOutline),
    Holdings(Receiver<Batch<Position>>),
    Cash(Receiver<Batch<CashBalance>>),
    Movements {
        rows: Receiver<Batch<QuantityMovement>>,
        opening_known: bool,
    },
    UnsettledTrades(Receiver<Batch<Trade>>, TradesOutline),
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

/// The formats of a document's workbook, for it and those like it.
pub fn styles(heading: &Heading) -> Result<Styles> {
    Styles::new(&heading.words(), heading.account.base_currency).map_err(cannot_write)
}

/// Writes the whole workbook to `out`, the sections in the order given. Returns the tables, for their row counts.
pub fn write(
    heading: &Heading,
    styles: &Styles,
    sections: Vec<Incoming>,
    out: impl Write + Send,
) -> Result<Vec<TableDone>, WriteError> {
    let words = heading.words();
    let mut workbook = Workbook::new();
    workbook.set_zip_compression_level(COMPRESSION_LEVEL);
    styles.register(&mut workbook).map_err(cannot_write)?;
    // The summary stands first and is written last. It is short, and stays in memory: its chart keeps copies of the cells
    // that it is drawn from, for programs that show nothing else.
    workbook
        .add_worksheet()
        .set_name(words.get(Word::SheetSummary))
        .map_err(cannot_write)?;

    let mut figures = Figures::default();
    let running = Running::of(heading);
    let mut writer = Writer {
        running: &running,
        workbook: &mut workbook,
        styles,
        words,
        heading,
        data: RowsBySheet::new(),
        strings: SharedStrings::default(),
    };
    let tables = sections
        .into_iter()
        .map(|section| writer.section(section, &mut figures))
        .collect::<Result<Vec<_>, _>>()?;
    let (data, strings) = (writer.data, writer.strings);

    let sheet = workbook.worksheet_from_index(0).map_err(cannot_write)?;
    summary::write(sheet, styles, heading, &figures, &tables, &running)?;
    workbook.set_properties(&properties(heading, &tables)?);
    let library = workbook.save_to_buffer().map_err(cannot_write)?;
    package::assemble(&library, data, strings, out)?;
    Ok(tables)
}

/// Rows per section, as the ledger and the workbook's properties keep them.
pub fn row_counts(tables: &[TableDone]) -> String {
    let counts: serde_json::Map<String, serde_json::Value> = tables
        .iter()
        .map(|table| (table.section.as_str().to_owned(), table.rows.into()))
        .collect();
    serde_json::Value::Object(counts).to_string()
}

struct Writer<'w> {
    workbook: &'w mut Workbook,
    styles: &'w Styles,
    words: Words<'w>,
    heading: &'w Heading,
    running: &'w Running,
    data: RowsBySheet,
    /// Texts of the data rows.
    strings: SharedStrings,
}

impl Writer<'_> {
    /// Writes a section as its rows arrive, and gathers the figures of the summary on the way.
    fn section(
        &mut self,
        incoming: Incoming,
        figures: &mut Figures,
    ) -> Result<TableDone, WriteError> {
        let words = self.words;
        let base = self.heading.account.base_currency;
        match incoming {
            Incoming::Trades(rows, outline) => {
                let layout = (trades::Trades { words }, trades::columns(outline));
                let seen = |trade: &Trade| {
                    figures.trades.add(trade, words.profile.trade_basis);
                    Ok(())
                };
                self.table(Section::Trades, layout, rows, seen, |_| Vec::new())
            }
            Incoming::UnsettledTrades(rows, outline) => {
                let layout = (trades::Trades { words }, trades::columns(outline));
                let section = Section::UnsettledTrades;
                self.table(section, layout, rows, |_| Ok(()), |_| Vec::new())
            }
            Incoming::CashMovements(rows, outline) => {
                let layout = cash::CashMovements::new(words, outline);
                let columns = layout.columns(outline);
                let layout = (layout, columns);
                let section = Section::CashMovements;
                self.table(section, layout, rows, |_| Ok(()), |_| Vec::new())
            }
            Incoming::Holdings(rows) => {
                let layout = (holdings::Holdings { words }, holdings::holding_columns());
                let holdings = RefCell::new(&mut figures.holdings);
                let rounding = words.profile.rounding;
                let seen =
                    |position: &Position| holdings.borrow_mut().add(position, base, rounding);
                let notes = |words: &Words| holdings.borrow().notes(words);
                self.table(Section::Holdings, layout, rows, seen, notes)
            }
            Incoming::Cash(rows) => {
                let layout = (cash::CashBalances { words, base }, cash::balance_columns());
                let balances = RefCell::new(&mut figures.cash);
                let seen = |balance: &CashBalance| {
                    balances.borrow_mut().push(balance.clone());
                    Ok(())
                };
                let notes = |words: &Words| cash::notes(&balances.borrow(), base, words);
                self.table(Section::Cash, layout, rows, seen, notes)
            }
            Incoming::Movements {
                rows,
                opening_known,
            } => {
                let movements = holdings::Movements {
                    words,
                    opening_known,
                };
                let layout = (movements, holdings::movement_columns());
                self.table(Section::Movements, layout, rows, |_| Ok(()), |_| Vec::new())
            }
        }
    }

    fn table<L: Layout>(
        &mut self,
        section: Section,
        layout: (L, Vec<ColumnSpec<L::Column>>),
        mut rows: Receiver<Batch<L::Row>>,
        mut seen: impl FnMut(&L::Row) -> Result<()>,
        notes: impl FnOnce(&Words) -> Vec<String>,
    ) -> Result<TableDone, WriteError> {
        let (styles, words) = (self.styles, self.words);
        let mut table = Table::begin(self.workbook, section, layout, styles, words, self.running)?;
        loop {
            match sink::next(&mut rows) {
                Some(Batch::Rows(batch)) => {
                    for row in batch.iter() {
                        table.push(self.workbook, &mut self.strings, row)?;
                        seen(row)?;
                    }
                }
                Some(Batch::End) => break,
                None => return Err(WriteError::ReaderStopped),
            }
        }
        Ok(table.finish(self.workbook, &notes(&words), &mut self.data)?)
    }
}

fn properties(heading: &Heading, tables: &[TableDone]) -> Result<DocProperties> {
    let Heading {
        document,
        issued_on,
        profile,
        ..
    } = heading;
    let words = heading.words();
    let day = |value: i8| u8::try_from(value).unwrap_or(1);
    let year = u16::try_from(issued_on.year()).unwrap_or(1900);
    // The date of issue and not the time of the run: the same document has the same bytes whenever it is made.
    let created = ExcelDateTime::from_ymd(year, day(issued_on.month()), day(issued_on.day()))
        .map_err(cannot_write)?;
    let mut properties = DocProperties::new();
    if heading.is_draft {
        properties = properties
            .set_status(words.get(Word::Draft))
            .set_custom_property(DRAFT_PROPERTY, true);
    }
    Ok(properties
        .set_title(format!("{} {}", heading.title(), document.period))
        .set_author(profile.firm.name.pick(words.language))
        .set_creation_datetime(&created)
        .set_custom_property(DOCUMENT_ID_PROPERTY, document.to_string())
        .set_custom_property(ROW_COUNTS_PROPERTY, row_counts(tables))
        .set_custom_property("Profile", &profile.hash)
        .set_custom_property("Program version", PROGRAM_VERSION))
}

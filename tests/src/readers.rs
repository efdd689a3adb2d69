//! What customers, accountants and analysts read workbooks with: every cell as each of them shows it, beside what
//! stands there. `docs/reading.md` says how it is best done.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use calamine::Data;
use tokio::process::Command;
use tokio::time::timeout;

use crate::workbook::{Place, Workbook, address};

/// Starting R takes seconds, and tests run beside one another.
const PATIENCE: Duration = Duration::from_mins(5);

/// A program or library that reads workbooks.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    pub name: &'static str,
    /// What must be installed for it, by the names of `tests/with-readers.sh`.
    needs: &'static [&'static str],
    runs: Runs,
    shows: Shows,
    quirks: &'static [Quirk],
}

#[derive(Debug, Clone, Copy)]
enum Runs {
    Python,
    Node,
    R,
    Perl,
    Gnumeric,
}

/// What a reader makes of cells that are no texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// Dates as dates and numbers as numbers.
    Types,
    /// Dates as their numbers.
    Numbers,
    /// A column with texts is one of texts; dates are their numbers in it.
    Texts,
    /// The same, and dates are written out.
    TextsAndDates,
}

/// What a reader makes of a valid workbook although it should not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quirk {
    /// `_x0041_`, which stands there as `_x005F_x0041_`, is shown as the latter.
    KeepsEscapes,
    /// A formula that gives 0 has no value.
    LosesZeros,
}

const fn reader(
    name: &'static str,
    needs: &'static [&'static str],
    runs: Runs,
    shows: Shows,
    quirks: &'static [Quirk],
) -> Reader {
    Reader {
        name,
        needs,
        runs,
        shows,
        quirks,
    }
}

const PYTHON: &[&str] = &["python"];
const NODE: &[&str] = &["nodejs", "npm", "node"];

/// All that can be installed from a package registry. Apache POI cannot: Debian's 4.0.1 lacks classes that it needs to open any workbook.
#[rustfmt::skip]
pub const READERS: &[Reader] = &[
    reader("openpyxl", PYTHON, Runs::Python, Shows::Types, &[]),
    reader("openpyxl-read-only", PYTHON, Runs::Python, Shows::Types, &[]),
    reader("pandas", PYTHON, Runs::Python, Shows::Types, &[]),
    reader("calamine", PYTHON, Runs::Python, Shows::Types, &[]),
    reader("polars", PYTHON, Runs::Python, Shows::TextsAndDates, &[]),
    reader("pylightxl", PYTHON, Runs::Python, Shows::TextsAndDates, &[Quirk::KeepsEscapes]),
    reader("sheetjs", NODE, Runs::Node, Shows::Numbers, &[]),
    reader("exceljs", NODE, Runs::Node, Shows::Types, &[Quirk::LosesZeros]),
    reader("exceljs-streaming", NODE, Runs::Node, Shows::Types, &[Quirk::LosesZeros, Quirk::KeepsEscapes]),
    reader("excel", NODE, Runs::Node, Shows::Texts, &[Quirk::KeepsEscapes]),
    reader("read-excel-file", NODE, Runs::Node, Shows::Types, &[]),
    reader("readxl", &["r-cran-readxl"], Runs::R, Shows::Types, &[]),
    reader("openxlsx", &["r-cran-openxlsx"], Runs::R, Shows::Texts, &[Quirk::KeepsEscapes]),
    reader("Spreadsheet::XLSX", &["libspreadsheet-xlsx-perl"], Runs::Perl, Shows::TextsAndDates, &[Quirk::KeepsEscapes]),
    reader("Spreadsheet::ParseXLSX", &["libspreadsheet-parsexlsx-perl"], Runs::Perl, Shows::Texts, &[Quirk::KeepsEscapes]),
    reader("gnumeric", &["gnumeric", "python"], Runs::Gnumeric, Shows::Texts, &[Quirk::KeepsEscapes]),
];

/// A cell as a reader shows it: what it is, and its value.
type Shown = (String, String);
/// By sheet and place.
pub type Cells = BTreeMap<(String, Place), Shown>;

impl Reader {
    /// What it lacks here, if anything.
    pub fn missing(&self) -> Result<Option<&'static str>> {
        let missing = variable("TEST_READERS_MISSING")?;
        let is_missing = |needed: &&&str| missing.split(' ').any(|missing| missing == **needed);
        Ok(self.needs.iter().find(is_missing).copied())
    }

    /// Every cell of a workbook that is not empty.
    pub async fn read(&self, path: &Path) -> Result<Cells> {
        cells(&self.run(self.name, path).await?).with_context(|| self.name.to_owned())
    }

    async fn run(&self, what: &str, path: &Path) -> Result<String> {
        let mut command = self.command(what, path)?;
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let running = command.spawn().with_context(|| self.name.to_owned())?;
        let Ok(output) = timeout(PATIENCE, running.wait_with_output()).await else {
            bail!("{} takes longer than {PATIENCE:?}", self.name);
        };
        let output = output?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{} ends with {}: {said}",
            self.name,
            output.status
        );
        String::from_utf8(output.stdout).with_context(|| format!("{} tells no UTF-8", self.name))
    }

    fn command(&self, what: &str, path: &Path) -> Result<Command> {
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("readers");
        let (program, script, what) = match self.runs {
            Runs::Python => (variable("TEST_READERS_PYTHON")?, "read.py", Some(what)),
            Runs::Node => ("node".to_owned(), "read.mjs", Some(what)),
            Runs::R => ("Rscript".to_owned(), "read.R", Some(what)),
            Runs::Perl => ("perl".to_owned(), "read.pl", Some(what)),
            Runs::Gnumeric => ("bash".to_owned(), "read-gnumeric.sh", None),
        };
        let mut command = Command::new(program);
        command.arg(scripts.join(script)).args(what).arg(path);
        command.env("LC_ALL", "C.UTF-8").env("TZ", "UTC");
        Ok(command)
    }

    /// What it shows otherwise than what stands there, a line each.
    pub fn differences(&self, found: &Cells, workbook: &Workbook) -> Vec<String> {
        let mut differences = Vec::new();
        let mut left = found.clone();
        for sheet in &workbook.sheets {
            for (place, wanted) in &sheet.cells {
                let shown = left.remove(&(sheet.name.clone(), *place));
                let is_lost = shown.is_none()
                    && *wanted == Data::Float(0.0)
                    && sheet.formulas.contains_key(place)
                    && self.quirks.contains(&Quirk::LosesZeros);
                if !is_lost && !self.shows(shown.as_ref(), wanted) {
                    differences.push(format!(
                        "{}: {}!{}: {shown:?} instead of {wanted:?}",
                        self.name,
                        sheet.name,
                        address(*place)
                    ));
                }
            }
        }
        let more = left.iter().map(|((sheet, place), shown)| {
            format!(
                "{}: {sheet}!{}: {shown:?} instead of nothing",
                self.name,
                address(*place)
            )
        });
        differences.extend(more);
        differences
    }

    fn shows(&self, found: Option<&Shown>, wanted: &Data) -> bool {
        let (kind, value) = match (found, wanted) {
            (None, Data::Empty) => return true,
            (None, _) => return false,
            (Some((kind, value)), _) => (kind.as_str(), value.as_str()),
        };
        let is_texts = matches!(self.shows, Shows::Texts | Shows::TextsAndDates);
        let is_number = |wanted: f64| (kind == "number" || is_texts) && value.parse() == Ok(wanted);
        match wanted {
            Data::String(wanted) => {
                let in_the_file = wanted.replace("_x0041_", "_x005F_x0041_");
                let is_kept = self.quirks.contains(&Quirk::KeepsEscapes) && value == in_the_file;
                (kind == "text" || is_texts) && (value == wanted || is_kept)
            }
            Data::Float(wanted) => is_number(*wanted),
            Data::DateTime(wanted) => match self.shows {
                Shows::Types => kind == "date" && value == date(wanted),
                Shows::Numbers | Shows::Texts => is_number(wanted.as_f64()),
                Shows::TextsAndDates => value.replace('/', "-").starts_with(&date(wanted)),
            },
            _ => false,
        }
    }
}

/// The types that programs guess columns to be: by program, sheet and heading.
pub async fn types(name: &str, path: &Path) -> Result<BTreeMap<(String, String, String), String>> {
    let reader = READERS.iter().find(|reader| reader.name == name);
    let told = reader.context("no such reader")?.run("types", path).await?;
    told.lines()
        .map(|line| match &fields(line)[..] {
            [program, sheet, heading, kind] => Ok((
                (program.clone(), sheet.clone(), heading.clone()),
                kind.clone(),
            )),
            _ => bail!("{line:?} is no line of types"),
        })
        .collect()
}

fn date(date: &calamine::ExcelDateTime) -> String {
    let (year, month, day, ..) = date.to_ymd_hms_milli();
    format!("{year:04}-{month:02}-{day:02}")
}

fn cells(told: &str) -> Result<Cells> {
    let mut cells = Cells::new();
    for line in told.lines() {
        let fields = fields(line);
        let [sheet, row, column, kind, value] = &fields[..] else {
            bail!("{line:?} is no cell");
        };
        let place = (row.parse()?, column.parse()?);
        cells.insert((sheet.clone(), place), (kind.clone(), value.clone()));
    }
    Ok(cells)
}

/// The fields of a line; in them `\t`, `\n`, `\r` and `\\` stand for the character.
fn fields(line: &str) -> Vec<String> {
    line.split('\t').map(unescaped).collect()
}

fn unescaped(field: &str) -> String {
    let mut unescaped = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            unescaped.push(character);
            continue;
        }
        match characters.next() {
            Some('t') => unescaped.push('\t'),
            Some('n') => unescaped.push('\n'),
            Some('r') => unescaped.push('\r'),
            other => unescaped.extend(other),
        }
    }
    unescaped
}

/// What `make test` tells of its readers.
fn variable(name: &str) -> Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where the programs are"
    )]
    std::env::var(name).with_context(|| {
        format!(
            "{name} is not set: run the tests with `make test`, which finds or installs readers"
        )
    })
}

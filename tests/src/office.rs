//! Other programs that open a workbook, as a customer would: LibreOffice, and openpyxl.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::Value;
use tokio::process::Command;
use tokio::time::timeout;

/// Starting LibreOffice takes seconds, and several tests do so at once.
const PATIENCE: Duration = Duration::from_mins(5);

/// Reads every cell of every sheet twice: formulas, and what they last gave.
const OPENPYXL: &str = r#"
import json, sys
import openpyxl

def sheets(path, data_only):
    book = openpyxl.load_workbook(path, data_only=data_only)
    return [
        {
            "name": sheet.title,
            "dimensions": sheet.dimensions,
            "cells": sum(cell.value is not None for row in sheet.iter_rows() for cell in row),
        }
        for sheet in book.worksheets
    ]

answers = []
for path in sys.argv[1:]:
    try:
        formulas, values = sheets(path, False), sheets(path, True)
    except BaseException as reason:
        raise SystemExit(f"{path}: {type(reason).__name__}: {reason}")
    if formulas != values:
        raise SystemExit(f"{path}: a formula has no value: {formulas} {values}")
    answers.append({"file": path, "sheets": formulas})
json.dump(answers, sys.stdout)
"#;

/// What LibreOffice makes of a workbook.
#[derive(Debug, Clone, Copy)]
pub enum Saved {
    /// Printed.
    Pdf,
    /// Loaded and saved in its own format: for texts as long as a cell holds, whose lines it takes minutes to lay out.
    Ods,
}

impl Saved {
    fn extension(self) -> &'static str {
        match self {
            Saved::Pdf => "pdf",
            Saved::Ods => "ods",
        }
    }

    /// What such a file holds at its very beginning, after so many bytes.
    fn mark(self) -> (usize, &'static [u8]) {
        match self {
            Saved::Pdf => (0, b"%PDF-"),
            Saved::Ods => (
                30,
                b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
            ),
        }
    }
}

/// Lets LibreOffice save every workbook, all in one start; each must come out. Its profile and what it saves lie in `scratch`.
pub async fn open_in_libreoffice(files: &[PathBuf], scratch: &Path, saved: Saved) -> Result<()> {
    let stems: BTreeSet<_> = files.iter().filter_map(|file| file.file_stem()).collect();
    ensure!(
        stems.len() == files.len(),
        "two files would be saved by the same name: {files:?}"
    );
    let directory = tempfile::Builder::new()
        .prefix("libreoffice-")
        .tempdir_in(scratch)?;
    let outcome = directory.path().join("saved");
    let mut command = Command::new(program("TEST_SOFFICE")?);
    command
        .arg(format!(
            "-env:UserInstallation=file://{}/profile",
            directory.path().display()
        ))
        .args([
            "--headless",
            "--norestore",
            "--nologo",
            "--convert-to",
            saved.extension(),
            "--outdir",
        ])
        .arg(&outcome)
        .args(files)
        // What it and its libraries would keep in the home directory.
        .env("HOME", directory.path())
        .env("TMPDIR", directory.path());
    let output = run(command).await.context("LibreOffice")?;
    let told = told(&output);
    let (offset, mark) = saved.mark();
    for file in files {
        let stem = file.file_stem().unwrap_or_default();
        let path = outcome.join(stem).with_added_extension(saved.extension());
        let content = std::fs::read(&path).unwrap_or_default();
        ensure!(
            content
                .get(offset..)
                .is_some_and(|content| content.starts_with(mark)),
            "LibreOffice does not save {} as {saved:?}: {told}",
            file.display()
        );
    }
    ensure!(
        output.status.success() && !told.contains("Error"),
        "LibreOffice: {}: {told}",
        output.status
    );
    Ok(())
}

/// What openpyxl sees in each workbook: `file`, and per sheet `name`, `dimensions` and `cells`, the number of those with
/// a value. A warning is an error, and so is a formula without a value.
pub async fn open_in_openpyxl(files: &[PathBuf]) -> Result<Vec<Value>> {
    let mut command = Command::new(program("TEST_PYTHON")?);
    command
        // Nothing of the environment or the directory, and nothing written beside the library.
        .args(["-E", "-B", "-W", "error", "-c", OPENPYXL])
        .args(files);
    let output = run(command).await.context("openpyxl")?;
    ensure!(output.status.success(), "openpyxl: {}", told(&output));
    serde_json::from_slice(&output.stdout).with_context(|| format!("openpyxl: {}", told(&output)))
}

/// Runs a program to its end. LibreOffice's launcher starts another: all of the group end when time is up.
async fn run(mut command: Command) -> Result<Output> {
    let child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("does not start")?;
    let group = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
    if let Ok(output) = timeout(PATIENCE, child.wait_with_output()).await {
        return Ok(output?);
    }
    if let Some(group) = group {
        _ = kill_process_group(group, Signal::KILL);
    }
    bail!("takes longer than {PATIENCE:?}")
}

fn told(output: &Output) -> String {
    let (stdout, stderr) = (&output.stdout, &output.stderr);
    format!(
        "{}{}",
        String::from_utf8_lossy(stdout),
        String::from_utf8_lossy(stderr)
    )
}

/// A program that `make test` has found.
fn program(variable: &str) -> Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where the programs are"
    )]
    std::env::var(variable).with_context(|| {
        format!("{variable} is not set: run the tests with `make test`, which finds or installs it")
    })
}

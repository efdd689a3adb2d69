//! Making a document: rows → gate → workbook, read and written at once, then reopened by an independent reader.

use std::io::BufWriter;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::config::Config;
use common::ledger::{Assignment, Proof};
use common::profile::{Policies, Profile, Rule};
use common::source::{Source, SourceSnapshots};
use common::{Class, Error, PROGRAM_VERSION, Result};
use tempfile::NamedTempFile;
use tokio::task::JoinHandle;

use crate::deliver::{Finished, HashingWriter};
use crate::gate::reopened::Expected;
use crate::rows::intake::Intake;
use crate::workbook::{self, Heading, Incoming, TableDone, WriteError};
use crate::{sections, soundness};

/// Makes documents, one after the other, over one connection.
pub struct Builder {
    config: Config,
    policies: Policies,
    source: SourceSnapshots,
}

/// A workbook that passed the gate.
pub struct Built {
    pub finished: Finished,
    pub tables: Vec<TableDone>,
    pub proof: Proof,
}

/// What the writing thread hands back.
struct Written {
    finished: Finished,
    tables: Vec<TableDone>,
    /// What the reopened file does not show as it was written.
    finding: Result<(), String>,
}

/// A workbook that is read twice at once: less would not pay a thread.
const LARGE_BYTES: u64 = 1 << 20;

impl Builder {
    pub fn new(config: Config, source: SourceSnapshots) -> Self {
        Self {
            policies: config.profile.policies,
            config,
            source,
        }
    }

    /// For whoever only compares: what breaks a rule is noted, whatever the profile says.
    pub fn that_refuses_nothing(config: Config, source: SourceSnapshots) -> Self {
        Self {
            policies: Policies::warning(),
            ..Self::new(config, source)
        }
    }

    /// Makes the document in `partial`. `stop` ends the writing when the attempt is over.
    pub async fn build(
        &mut self,
        assignment: &Assignment,
        partial: NamedTempFile,
        stop: Arc<AtomicBool>,
    ) -> Result<Built> {
        let mut source = self.source.begin().await?;
        let built = self
            .build_from(&mut source, assignment, partial, stop)
            .await?;
        self.source.end(source).await?;
        Ok(built)
    }

    pub async fn close(self) {
        self.source.close().await;
    }

    async fn build_from(
        &self,
        source: &mut Source,
        assignment: &Assignment,
        partial: NamedTempFile,
        stop: Arc<AtomicBool>,
    ) -> Result<Built> {
        let profile = &self.config.profile;
        let mut intake = Intake::new(self.policies);
        let plan = sections::plan(source, &mut intake, assignment, profile).await?;
        crate::disk::check_temp_space(&std::env::temp_dir(), plan.rows)?;
        let (feeds, incoming) = sections::channels(&plan);
        let reopens = intake.gate.looks_at(Rule::Ownership);
        let writer = spawn_writer(plan.heading.clone(), incoming, partial, reopens, stop);
        let read: Result<()> = async {
            for (section, feed) in feeds {
                intake.digest.section(section.as_str());
                feed.read(source, &mut intake, assignment, &plan).await?;
            }
            Ok(())
        }
        .await;
        // Nothing is published before this is known, and it says best what is wrong with rows that break other rules, too.
        let unique = match &read {
            Err(error) if error.class() != Class::Data => Ok(()),
            _ => sections::refuse_duplicates(source, &mut intake, &plan).await,
        };
        let read = unique.and(read);
        let written = writer.await.unwrap_or_else(|panic| {
            let error = match panic.try_into_panic() {
                Ok(payload) => crate::disk::panicked(&*payload),
                Err(_) => Error::bug("the writing thread was cancelled"),
            };
            Err(WriteError::Failed(error))
        });
        let written = match (read, written) {
            (Ok(()), Ok(written)) => written,
            // The writer stopped first: its error is the reason, and the reader's only says so.
            (_, Err(WriteError::Failed(error))) | (Err(error), _) => return Err(error),
            (Ok(()), Err(WriteError::ReaderStopped)) => {
                return Err(Error::bug("a section was not read to its end"));
            }
        };
        if let Err(finding) = written.finding {
            let what = format!("the finished file, opened again: {finding}");
            intake.gate.broken(Rule::Ownership, what)?;
        }
        Ok(Built {
            finished: written.finished,
            tables: written.tables,
            proof: proof(intake, profile),
        })
    }
}

fn proof(intake: Intake, profile: &Profile) -> Proof {
    let (source_digest, rows) = intake.digest.finish();
    Proof {
        profile_hash: profile.hash.clone(),
        program_version: PROGRAM_VERSION.to_owned(),
        source_digest,
        source_rows: i64::try_from(rows).unwrap_or(i64::MAX),
        warning: intake.gate.into_warning(),
    }
}

fn spawn_writer(
    heading: Heading,
    sections: Vec<Incoming>,
    partial: NamedTempFile,
    reopens: bool,
    stop: Arc<AtomicBool>,
) -> JoinHandle<Result<Written, WriteError>> {
    tokio::task::spawn_blocking(move || {
        let failed =
            |reason| WriteError::Failed(crate::disk::failed("writing the workbook", reason));
        let out = partial.as_file().try_clone().map_err(failed)?;
        let mut out = HashingWriter::new(BufWriter::with_capacity(1 << 18, out), stop.clone());
        let tables = workbook::write(&heading, sections, &mut out)?;
        let (_, sha256, bytes) = out.finish().map_err(failed)?;
        let expected = Expected {
            heading: &heading,
            tables: &tables,
        };
        let expected = reopens.then_some(expected);
        let finding = look_again(&partial, expected, bytes, &stop)?;
        Ok(Written {
            finished: Finished {
                file: partial,
                sha256,
                bytes,
                file_name: heading.file_name(),
            },
            tables,
            finding,
        })
    })
}

/// Reads the finished file: whether it is sound, and, where the gate asks for it, whether it shows what was written. Returns what it
/// does not show.
fn look_again(
    partial: &NamedTempFile,
    expected: Option<Expected>,
    bytes: u64,
    stop: &AtomicBool,
) -> Result<Result<(), String>> {
    let reopen = || {
        let file = partial.reopen();
        file.map_err(|reason| crate::disk::failed("reading the workbook", reason))
    };
    let package = reopen()?;
    let is_sound = || soundness::check(package, stop).map_err(|finding| not_sound(&finding));
    match expected {
        Some(expected) if bytes >= LARGE_BYTES => std::thread::scope(|scope| {
            let is_sound = scope.spawn(is_sound);
            let finding = expected.check(reopen()?, stop);
            is_sound
                .join()
                .unwrap_or_else(|panic| resume_unwind(panic))?;
            Ok(finding)
        }),
        expected => {
            is_sound()?;
            let file = reopen()?;
            Ok(expected.map_or(Ok(()), |expected| expected.check(file, stop)))
        }
    }
}

fn not_sound(finding: &str) -> Error {
    Error::bug(format!("the finished workbook is not sound: {finding}"))
}

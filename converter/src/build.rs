//! Making a document: rows → gate → workbook, read and written at once, then reopened by an independent reader.

use std::io::{BufReader, BufWriter, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use common::config::Config;
use common::hashing::HashingWriter;
use common::ledger::{Assignment, Proof};
use common::profile::{Policies, Profile, Rule, Section};
use common::source::{Source, SourceSnapshots};
use common::{Class, Error, PROGRAM_VERSION, Result};
use tokio::sync::Notify;

use crate::deliver::{Finished, Partial};
use crate::gate::reopened::Expected;
use crate::redigest;
use crate::rows::intake::Intake;
use crate::sections::{self, Feed, Plan};
use crate::soundness;
use crate::workbook::{self, Heading, Incoming, Styles, TableDone, WriteError};

/// Makes documents, one after the other, over one connection.
pub struct Builder {
    config: Config,
    policies: Policies,
    source: SourceSnapshots,
    styles: Vec<Arc<Styles>>,
}

/// A workbook that passed the gate.
pub struct Built {
    pub finished: Finished,
    pub tables: Vec<TableDone>,
    pub proof: Proof,
}

/// What the writer hands back.
struct Written {
    finished: Finished,
    tables: Vec<TableDone>,
    /// What the reopened file does not show as it was written.
    finding: Result<(), String>,
}

/// A workbook that is read twice at once. Less would not pay a thread, and is read into memory.
const LARGE_BYTES: u64 = 1 << 20;

impl Builder {
    pub fn new(config: Config, source: SourceSnapshots) -> Self {
        Self {
            policies: config.profile.policies,
            config,
            source,
            styles: Vec::new(),
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
        partial: Partial,
        stop: Arc<AtomicBool>,
    ) -> Result<Built> {
        let source = self.source.begin().await?;
        self.build_from(source, assignment, partial, stop).await
    }

    pub async fn close(self) {
        self.source.close().await;
    }

    /// The snapshot ends when its last row is read: a server may end a transaction that is idle while a workbook is finished.
    async fn build_from(
        &mut self,
        mut source: Source,
        assignment: &Assignment,
        partial: Partial,
        stop: Arc<AtomicBool>,
    ) -> Result<Built> {
        let profile = &self.config.profile.clone();
        let mut intake = Intake::new(self.policies);
        let plan = sections::plan(&mut source, &mut intake, assignment, profile).await?;
        crate::disk::check_temp_space(&std::env::temp_dir(), plan.rows)?;
        let is_long = intake.is_long.clone();
        let (feeds, incoming) = sections::channels(&plan, &is_long);
        let reopens = intake.gate.looks_at(Rule::Ownership);
        let heading = plan.heading.clone();
        let styles = self.styles_of(&heading)?;
        let write = move || write(&heading, &styles, incoming, partial, reopens, &stop);
        let snapshots = &mut self.source;
        let read = Box::pin(async {
            read(&mut source, &mut intake, assignment, &plan, feeds).await?;
            snapshots.end(source).await
        });
        let (read, written) = overlapping(read, write, &is_long).await;
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

    /// Built once for all documents of a language and base currency.
    fn styles_of(&mut self, heading: &Heading) -> Result<Arc<Styles>> {
        let (language, base) = (heading.account.language, heading.account.base_currency);
        let mut built = self.styles.iter();
        if let Some(styles) =
            built.find(|styles| (styles.language, styles.base) == (language, base))
        {
            return Ok(styles.clone());
        }
        let styles = Arc::new(workbook::styles(heading)?);
        self.styles.push(styles.clone());
        Ok(styles)
    }
}

/// Reads the sections and, as soon as they are long, writes beside; what is short is written when all of it is read, because a
/// thread would take longer than it saves.
async fn overlapping<W: Send + 'static>(
    read: impl Future<Output = Result<()>>,
    write: impl FnOnce() -> Result<W, WriteError> + Send + 'static,
    is_long: &Notify,
) -> (Result<()>, Result<W, WriteError>) {
    // The workbook library panics when a temp file of its own cannot be written.
    let write = || {
        catch_unwind(AssertUnwindSafe(write))
            .unwrap_or_else(|panic| Err(WriteError::Failed(crate::disk::panicked(&*panic))))
    };
    let mut read = pin!(read);
    tokio::select! {
        biased;
        read = &mut read => {
            let written = if read.is_ok() { write() } else { Err(WriteError::ReaderStopped) };
            (read, written)
        }
        () = is_long.notified() => {
            let writer = tokio::task::spawn_blocking(write);
            let read = read.await;
            let written = writer.await.unwrap_or_else(|_| {
                let cancelled = Error::bug("the writing thread was cancelled");
                Err(WriteError::Failed(cancelled))
            });
            (read, written)
        }
    }
}

/// Reads all sections. Ends when the writer stops, too.
async fn read(
    source: &mut Source,
    intake: &mut Intake,
    assignment: &Assignment,
    plan: &Plan,
    feeds: Vec<(Section, Feed)>,
) -> Result<()> {
    let read: Result<()> = async {
        for (section, feed) in feeds {
            intake.digest.section(section.as_str());
            feed.read(source, intake, &plan.bounds(assignment)).await?;
        }
        Ok(())
    }
    .await;
    // Nothing is published before this is known, and it says best what is wrong with rows that break other rules, too. But where a
    // statement failed nothing more is asked: the transaction would only answer that it has ended, and hide the reason.
    let unique = match &read {
        Err(error) if error.class() != Class::Data || error.is_of_failed_statement() => Ok(()),
        _ => sections::refuse_duplicates(source, intake, plan).await,
    };
    unique.and(read)?;
    sections::prove_settlement(source, intake, assignment, plan).await
}

fn proof(intake: Intake, profile: &Profile) -> Proof {
    let digests = intake.digest.finish();
    Proof {
        profile_hash: profile.hash.clone(),
        program_version: PROGRAM_VERSION.to_owned(),
        source_digest: digests.whole,
        source_rows: i64::try_from(digests.rows).unwrap_or(i64::MAX),
        section_digests: Some(redigest::by_basis(digests.sections, profile).to_json()),
        warning: intake.gate.into_warning(),
    }
}

/// Writes the workbook into `partial` and looks at it again.
fn write(
    heading: &Heading,
    styles: &Styles,
    sections: Vec<Incoming>,
    partial: Partial,
    reopens: bool,
    stop: &Arc<AtomicBool>,
) -> Result<Written, WriteError> {
    let failed = |reason| WriteError::Failed(crate::disk::failed("writing the workbook", reason));
    let out = partial.as_file().try_clone().map_err(failed)?;
    let mut out = HashingWriter::new(BufWriter::with_capacity(1 << 18, out), stop.clone());
    let tables = workbook::write(heading, styles, sections, &mut out)?;
    let (_, sha256, bytes) = out.finish().map_err(failed)?;
    let expected = Expected {
        heading,
        tables: &tables,
    };
    let expected = reopens.then_some(expected);
    let finding = look_again(&partial, expected, bytes, stop)?;
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
}

/// Reads the finished file: whether it is sound, and, where the gate asks for it, whether it shows what was written. Returns what it
/// does not show.
fn look_again(
    partial: &Partial,
    expected: Option<Expected>,
    bytes: u64,
    stop: &AtomicBool,
) -> Result<Result<(), String>> {
    let failed = |reason| crate::disk::failed("reading the workbook", reason);
    let reopen = || partial.reopen().map_err(failed);
    if bytes < LARGE_BYTES {
        let mut file = Vec::new();
        reopen()?.read_to_end(&mut file).map_err(failed)?;
        sound(Cursor::new(&file), stop)?;
        return Ok(expected.map_or(Ok(()), |expected| expected.check(Cursor::new(&file), stop)));
    }
    let reopen = || reopen().map(BufReader::new);
    let package = reopen()?;
    std::thread::scope(|scope| {
        let is_sound = scope.spawn(|| sound(package, stop));
        let finding = match expected {
            Some(expected) => expected.check(reopen()?, stop),
            None => Ok(()),
        };
        is_sound
            .join()
            .unwrap_or_else(|panic| resume_unwind(panic))?;
        Ok(finding)
    })
}

fn sound(package: impl Read + Seek, stop: &AtomicBool) -> Result<()> {
    soundness::check(package, stop)
        .map_err(|finding| Error::bug(format!("the finished workbook is not sound: {finding}")))
}

#[cfg(test)]
mod tests {
    use std::thread::{ThreadId, current};
    use std::time::Duration;

    use super::*;
    use crate::rows::sink::{self, Batch};

    /// Reads two sections, the second of so many rows, and writes them: on which thread, and how many.
    async fn written(rows: u32, write_panics: bool) -> Result<(ThreadId, u32), WriteError> {
        let is_long = Arc::new(Notify::new());
        let (mut first, mut first_written) = sink::channel(&is_long);
        let (mut second, mut second_written) = sink::channel(&is_long);
        let read = async {
            first.push(0).await?;
            first.end().await?;
            for row in 0..rows {
                second.push(row).await?;
            }
            second.end().await
        };
        let write = move || {
            let mut count = 0;
            for section in [&mut first_written, &mut second_written] {
                loop {
                    match sink::next(section) {
                        Some(Batch::Rows(rows)) => count += u32::try_from(rows.len()).unwrap(),
                        Some(Batch::End) => break,
                        None => return Err(WriteError::ReaderStopped),
                    }
                    assert!(!write_panics, "as the library does");
                }
            }
            Ok((current().id(), count - 1))
        };
        let both = overlapping(read, write, &is_long);
        let both = tokio::time::timeout(Duration::from_mins(1), both);
        both.await
            .expect("reader and writer wait for one another")
            .1
    }

    #[tokio::test]
    async fn a_short_document_is_written_by_the_thread_that_read_it() {
        for rows in [0, 1, 256] {
            assert_eq!(written(rows, false).await.unwrap(), (current().id(), rows));
        }
    }

    #[tokio::test]
    async fn a_long_one_is_written_while_it_is_read() {
        let (thread, count) = written(100_000, false).await.unwrap();
        assert_eq!(count, 100_000);
        assert_ne!(thread, current().id());
    }

    #[tokio::test]
    async fn what_is_not_read_to_its_end_is_not_written() {
        for rows in [1, 100_000] {
            let is_long = Arc::new(Notify::new());
            let (mut sink, mut written) = sink::channel(&is_long);
            let read = async {
                for row in 0..rows {
                    sink.push(row).await?;
                }
                drop(sink);
                Err(Error::data("shape", "the last row is bad"))
            };
            let write = move || {
                while let Some(batch) = sink::next(&mut written) {
                    assert!(matches!(batch, Batch::Rows(_)), "it looks complete");
                }
                Err::<(), _>(WriteError::ReaderStopped)
            };
            let (read, written) = overlapping(read, write, &is_long).await;
            assert_eq!(read.unwrap_err().class(), Class::Data);
            assert!(matches!(written, Err(WriteError::ReaderStopped)), "{rows}");
        }
    }

    #[tokio::test]
    async fn a_channel_without_an_end_is_not_complete() {
        let (mut sink, mut written) = sink::channel(&Arc::new(Notify::new()));
        for row in 0..300 {
            sink.push(row).await.unwrap();
        }
        drop(sink);
        assert!(matches!(sink::next(&mut written), Some(Batch::Rows(_))));
        assert!(sink::next(&mut written).is_none());
    }

    #[tokio::test]
    async fn a_panic_of_the_writer_is_an_error_on_any_thread() {
        for rows in [1, 100_000] {
            let Err(WriteError::Failed(error)) = written(rows, true).await else {
                panic!("{rows} rows were written");
            };
            assert_eq!(error.class(), Class::Bug);
            assert!(error.to_string().contains("as the library does"), "{error}");
        }
    }
}

//! `--digests`: reads the rows of published documents as their making did, and writes nothing but digests, for the certificate. Requests
//! come by stdin, a line each, and answers go to stdout in the same order.

use std::io::{self, BufRead, Write};

use common::config::Config;
use common::digests::{DigestAnswer, DigestRequest, Digested, SectionDigests};
use common::lifetime::Opened;
use common::profile::{Policies, Profile, Section};
use common::source::{Source, SourceSnapshots};
use common::{Class, Error, Result};

use crate::gate::identity::Terms;
use crate::rows::intake::Intake;
use crate::rows::opening::Opening;
use crate::sections::{self, Bounds};
use crate::workbook::Heading;

/// Documents that are read of one snapshot. A snapshot that were as old as the whole period's look would keep the source from clearing
/// up, and a read replica would cancel it.
const DOCUMENTS_PER_SNAPSHOT: usize = 100;

/// Answers every request of `requests`, until there is no further one.
pub async fn answer(config: &Config, requests: impl BufRead, answers: impl Write) -> Result<()> {
    let mut snapshots = SourceSnapshots::apart(config.clone());
    let answered = answer_all(config, &mut snapshots, requests, answers).await;
    snapshots.close().await;
    answered
}

async fn answer_all(
    config: &Config,
    snapshots: &mut SourceSnapshots,
    requests: impl BufRead,
    mut answers: impl Write,
) -> Result<()> {
    let mut source: Option<Source> = None;
    let mut left = 0;
    for line in requests.lines() {
        let request = DigestRequest::from_line(&line.map_err(broken)?)?;
        if left == 0 {
            if let Some(read) = source.take() {
                snapshots.end(read).await?;
            }
            left = DOCUMENTS_PER_SNAPSHOT;
        }
        let mut read = match source.take() {
            Some(source) => source,
            None => snapshots.begin().await?,
        };
        left -= 1;
        let digested = match digest(&mut read, &request, &config.profile).await {
            Ok(sections) => {
                source = Some(read);
                Digested::Rows(sections)
            }
            Err(error) if error.class() == Class::Data => {
                // A statement that failed leaves PostgreSQL's transaction unusable.
                snapshots.end(read).await?;
                Digested::Unreadable(error.cause().to_owned())
            }
            Err(error) => return Err(error.context(&request.document)),
        };
        let answer = DigestAnswer {
            document: request.document,
            digested,
        };
        writeln!(answers, "{}", answer.to_line()).map_err(broken)?;
        answers.flush().map_err(broken)?;
    }
    if let Some(read) = source {
        snapshots.end(read).await?;
    }
    Ok(())
}

fn broken(reason: io::Error) -> Error {
    Error::retry("enqueuer", "the enqueuer is gone").because(reason)
}

/// The rows of a document as the source has them now. The account's own row is not read: it may be gone.
async fn digest(
    source: &mut Source,
    request: &DigestRequest,
    profile: &Profile,
) -> Result<SectionDigests> {
    let DigestRequest {
        document,
        snapshots,
    } = request;
    // Where there is no snapshot, the day on which the account was opened decides about the gate, and about no row.
    let opening = |snapshot| {
        Opening::of(
            snapshot,
            Opened::On(document.period.first_day()),
            document.period,
        )
    };
    let bounds = Bounds {
        document,
        snapshots: *snapshots,
        profile,
        as_of: Heading::as_of(
            document.kind,
            document.period.last_day(),
            snapshots.positions_closing,
            snapshots.cash_closing,
        ),
        opening_cash: opening(snapshots.cash_opening),
        opening_positions: opening(snapshots.positions_opening),
        with_trade_time: true,
        terms: Terms::default(),
    };
    // What breaks a rule is a change like any other.
    let mut intake = Intake::new(Policies::warning());
    for (section, feed) in sections::unwritten(document.kind, profile) {
        intake.digest.section(section.as_str());
        feed.read(source, &mut intake, &bounds).await?;
    }
    Ok(by_basis(intake.digest.finish().sections, profile))
}

/// Names the sections with the basis by which their rows were chosen: by another one there would be other rows, and no change of the
/// source.
pub fn by_basis(sections: SectionDigests, profile: &Profile) -> SectionDigests {
    let named = sections.0.into_iter().map(|(name, section)| {
        let basis = if name == Section::Trades.as_str() {
            profile.trade_basis
        } else if name == Section::Movements.as_str() {
            profile.position_basis
        } else {
            return (name, section);
        };
        (format!("{name}/{}", basis.column()), section)
    });
    SectionDigests(named.collect())
}

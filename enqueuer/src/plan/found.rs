//! What a run would submit: what the source gives rise to, less what the ledger has settled, as `month_end` records it.

use common::Result;
use common::config::Config;
use common::ledger::{
    EarlierCounts, LedgerReader, Opened, PastJob, Selection, Standing, StandingDocument,
};
use common::statement::DocumentId;

use super::packing::Due;
use crate::printable::printable;
use crate::targets::Targets;
use crate::unusable;

/// What a run leaves as it is.
#[derive(Debug, Default, Clone, Copy)]
pub struct Settled {
    /// Superseded ones, too.
    pub succeeded: usize,
    pub failed: usize,
    pub excused: usize,
}

impl Settled {
    pub fn all(self) -> usize {
        self.succeeded + self.failed + self.excused
    }
}

/// What the ledger says.
#[derive(Debug, Default)]
pub struct Known {
    pub due: Due,
    pub history: Vec<PastJob>,
    /// Submitted or running already.
    pub with_others: usize,
    pub settled: Settled,
    pub excused: usize,
    /// How much the source had at the last run of a whole period.
    pub earlier: Option<EarlierCounts>,
    pub remarks: Vec<String>,
}

/// Looks into the ledger, which stays as it is. `packs`: whether a run may put several documents into a slot.
pub async fn look(
    config: &Config,
    selection: &Selection,
    packs: bool,
    found: &Targets,
) -> Result<Known> {
    let mut known = Known {
        remarks: unusable::words(&found.unaccounted.unusable),
        ..Known::default()
    };
    let reader = match LedgerReader::open(config).await? {
        Opened::Ready(reader) => Some(reader),
        Opened::Absent => {
            known.remarks.push(
                "There is no ledger yet: everything is due, and nothing is measured.".to_owned(),
            );
            None
        }
        Opened::Old => {
            known.remarks.push(
                "The ledger is of an older version and was not read: documents that are done count as due. `enqueuer migrate` brings it up to date."
                    .to_owned(),
            );
            None
        }
    };
    let mut standing = vec![None; found.documents.len()];
    if let Some(mut reader) = reader {
        let queue = if config.deployment == common::config::Deployment::Local {
            "local"
        } else {
            "batch"
        };
        if let Some(reason) = reader.held(selection.period).await? {
            known.remarks.push(format!(
                "The period is held ({}): a run submits nothing before `enqueuer run --period {} --resume`.",
                printable(&reason),
                selection.period
            ));
        }
        read(
            &mut reader,
            config,
            selection,
            packs,
            (found, &mut standing),
            &mut known,
        )
        .await?;
        known.history = reader.history(queue).await?;
        known.earlier = reader.earlier_source_counts(selection.period).await?;
        reader.close().await;
    }
    take_new(found, &standing, &mut known);
    known.due.sort();
    Ok(known)
}

/// Takes up what the ledger has due, and tells how everything else in it stands.
async fn read(
    reader: &mut LedgerReader,
    config: &Config,
    selection: &Selection,
    packs: bool,
    (found, standing): (&Targets, &mut [Option<Standing>]),
    known: &mut Known,
) -> Result<()> {
    // A run of rollout groups excuses what an earlier run left due and nobody has begun.
    let has_groups = !selection.groups.is_empty();
    let mut tell = |document: StandingDocument| {
        let id: DocumentId = document.document_id.parse()?;
        let place = found.documents.position(&id).filter(|_| id.revision == 1);
        let is_left_out =
            has_groups && place.is_some_and(|place| found.documents.is_excused(place));
        match document.standing {
            Standing::Due if document.untouched && is_left_out => {
                known.excused += 1;
            }
            Standing::Due if document.alone => known.due.alone.push(document.estimated_rows),
            Standing::Due => known.due.packable.push(document.estimated_rows),
            Standing::WithOthers => known.with_others += 1,
            Standing::LeftOut => {}
            Standing::Succeeded => known.settled.succeeded += 1,
            Standing::Failed => known.settled.failed += 1,
            Standing::Excused => known.settled.excused += 1,
        }
        if let Some(place) = place {
            standing[place] = Some(document.standing);
        }
        Ok(())
    };
    reader
        .standing(selection, config.deployment, packs, &mut tell)
        .await
}

/// Takes up what the source gives rise to and the ledger does not know, or had left out.
fn take_new(found: &Targets, standing: &[Option<Standing>], known: &mut Known) {
    for (place, estimated_rows) in found.documents.due_places() {
        match standing[place] {
            None | Some(Standing::LeftOut) => known.due.packable.push(estimated_rows),
            Some(_) => {}
        }
    }
    let unknown = standing
        .iter()
        .enumerate()
        .filter(|(_, known)| known.is_none());
    known.excused += unknown
        .filter(|(place, _)| found.documents.is_excused(*place))
        .count();
}

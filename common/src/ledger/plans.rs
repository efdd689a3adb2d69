//! What is asked again and again reads nothing of the months before: the plans of the very queries that the functions of the ledger ask,
//! on SQLite. On PostgreSQL the scenario `scans` holds the server's own counts over whole commands.

use std::cell::RefCell;

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, Row};

use super::*;
use crate::config::Settings;
use crate::database::query_text;

thread_local! {
    static ASKED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Notes a query that is about to be asked.
pub(super) fn note(query: &str) {
    ASKED.with_borrow_mut(|asked| asked.push(query.to_owned()));
}

/// Tables that grow with every month.
const GROWING: [&str; 4] = [
    "export_documents",
    "export_attempts",
    "export_jobs",
    "export_job_documents",
];

/// Indexes that hold only what is open: reading all of one is no scan.
const OF_WHAT_IS_OPEN: [&str; 3] = [
    "export_documents_due",
    "export_documents_taken",
    "export_jobs_unsettled",
];

/// Scans in a plan's steps of tables that grow, by their names or by the names that the query gives them.
fn scans(query: &str, steps: &[String]) -> Vec<String> {
    let words: Vec<&str> = query
        .split(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
        .filter(|word| !word.is_empty())
        .collect();
    let grows = |name: &str| {
        let named = words
            .windows(2)
            .any(|pair| GROWING.contains(&pair[0]) && pair[1] == name);
        let aliased = words
            .windows(3)
            .any(|three| GROWING.contains(&three[0]) && three[1] == "AS" && three[2] == name);
        GROWING.contains(&name) || named || aliased
    };
    let is_scan = |step: &&String| {
        let name = step
            .strip_prefix("SCAN ")
            .and_then(|rest| rest.split(' ').next());
        let is_of_open = OF_WHAT_IS_OPEN.iter().any(|index| step.ends_with(index));
        name.is_some_and(grows) && !is_of_open
    };
    steps.iter().filter(is_scan).cloned().collect()
}

/// Asks everything that commands ask of a month end again and again: status and watch, run, sweep, settler and converter.
async fn ask_all(ledger: &Ledger, reader: &mut LedgerReader, period: Period) -> Result<()> {
    let selection = Selection::all(period);
    let run = ledger
        .record_run(
            period,
            "2026-11-01".parse().unwrap(),
            Snapshots::default(),
            Command::Run,
            2,
            Timestamp::UNIX_EPOCH,
        )
        .await?;
    let which = Which::Selected(&selection);
    // Of the period.
    ledger.has_run(period).await?;
    ledger.newest_snapshots(period).await?;
    ledger.last_certificate(period, None).await?;
    ledger.last_comparison(period).await?;
    ledger.changes(period, 10).await?;
    ledger.counts(&selection).await?;
    ledger.causes(&selection).await?;
    ledger.causes_by_place(&selection).await?;
    ledger.unusable_ids(period).await?;
    ledger.held(period).await?;
    ledger.oldest_waiting_ms(&selection).await?;
    ledger.open_elsewhere(&selection).await?;
    ledger.failures(period).await?;
    ledger.running_alive(period).await?;
    ledger
        .settled_lately(period, Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
        .await?;
    ledger.month_end_run(period).await?;
    ledger.earlier_source_counts(period).await?;
    ledger.published_count(period).await?;
    ledger.published_with_trades(period).await?;
    ledger.published_rows(period, "", 10).await?;
    ledger.published_objects(period, "", 10).await?;
    // Of runs and jobs.
    ledger.open_runs().await?;
    ledger.open_jobs().await?;
    ledger.run_progress(&run.run_id).await?;
    ledger.run_counts(&run.run_id).await?;
    ledger.causes_of_run(&run.run_id).await?;
    ledger.settled_within(&run.run_id, 1000).await?;
    ledger.refused(&run).await?;
    ledger.renew_profile(which, "p").await?;
    ledger.take_over_expired(&selection).await?;
    for documents_per_slot in [1, 2] {
        let request = JobRequest {
            run_id: &run.run_id,
            which,
            queue: "batch",
            size_class: None,
            rows: 0..i64::MAX,
            max_slots: 1,
            documents_per_slot,
            again: false,
        };
        let job = ledger
            .record_job(&request)
            .await?
            .expect("something is due");
        let assignments = ledger.assignments(&job.job_id, 0).await?;
        let document = &assignments[0].document;
        let claim = ledger.claim(document, Some((&job.job_id, 0)), 1).await?;
        let Claim::Claimed(attempt) = claim else {
            panic!("it is ours");
        };
        ledger.renew(&attempt).await?;
        ledger.intended_to_publish(document, "x").await?;
        ledger.link_candidate(document).await?;
        ledger.open_slots(&job.job_id).await?;
        ledger.misconfigured(&job.job_id).await?;
        let end = SlotEnd::Ended(By::Signal);
        ledger.settle_slot(&job.job_id, 0, &end).await?;
        ledger.settle_slots(&job.job_id, Slots::All, &end).await?;
        ledger.settle_job(&job.job_id).await?;
    }
    ledger.settle_orphans().await?;
    // Of a plan.
    reader.history("batch").await?;
    reader
        .standing(&selection, Deployment::Aws, true, |_| Ok(()))
        .await?;
    reader
        .standing(&selection, Deployment::Local, true, |_| Ok(()))
        .await
}

/// Sixty months of a few documents, of which the last has some that are due.
fn history() -> String {
    let months = "WITH RECURSIVE m(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM m WHERE i < 60),
            p(period) AS (SELECT CAST((24321 - i) / 12 AS text) || '-' || substr(CAST(101 + (24321 - i) % 12 AS text), 2) FROM m)";
    let documents = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50)";
    format!(
        "INSERT INTO export_runs (run_id, period, issued_on, program_version, started_at, lease_expires_at, ended_at)
         {months} SELECT period, period, '2026-11-01', '0', 1, 0, 2 FROM p;
         INSERT INTO export_jobs (job_id, run_id, slots, created_at, queue, settled_at)
         SELECT 'J' || run_id, run_id, 1, 1, 'batch', 2 FROM export_runs;
         INSERT INTO export_documents (document_id, period, kind, account_id, revision, state, run_id, delivery,
             estimated_rows, issued_on, profile_hash, program_version, job_id, due_at, settled_at)
         {documents} SELECT r.period || '.trade.A' || i, r.period, 'trade', 'A' || i, 1,
             CASE WHEN r.period = '2026-10' AND i < 10 THEN 'due' ELSE 'succeeded' END,
             r.run_id, 'electronic', 1, '2026-11-01', 'x', '0', NULL, 1, 2 FROM n, export_runs r;
         INSERT INTO export_job_documents (job_id, slot, document_id)
         SELECT 'J' || run_id, 0, document_id FROM export_documents;
         INSERT INTO export_attempts (attempt_id, document_id, job_id, slot, number, started_at, ended_at, outcome)
         SELECT document_id, document_id, 'J' || run_id, 0, 1, 1, 2, 'succeeded' FROM export_documents"
    )
}

#[tokio::test]
async fn no_repeated_query_reads_the_months_before() {
    sqlx::any::install_default_drivers();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ledger.db");
    std::fs::File::create(&file).unwrap();
    let settings = Settings {
        database_url: Some(format!("sqlite://{}", file.display())),
        ..Settings::local()
    };
    let config = settings.resolve().unwrap();
    let ledger = Ledger::open(&config, 2).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(history()))
        .execute(&ledger.pool)
        .await
        .unwrap();
    let Opened::Ready(mut reader) = LedgerReader::open(&config).await.unwrap() else {
        panic!("it is there");
    };
    ASKED.take();
    let period = "2026-10".parse().unwrap();
    ask_all(&ledger, &mut reader, period).await.unwrap();
    let asked = ASKED.take();
    assert!(asked.len() > 60, "{} queries were noted", asked.len());
    let mut scanned = Vec::new();
    for query in asked {
        let plan = query_text(format!("EXPLAIN QUERY PLAN {query}"));
        let Ok(steps) = sqlx::raw_sql(plan).fetch_all(&ledger.pool).await else {
            panic!("no plan of {query}");
        };
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        let scans = scans(&query, &steps);
        if !scans.is_empty() {
            scanned.push(format!("{scans:?} in {query}"));
        }
    }
    assert!(scanned.is_empty(), "{}", scanned.join("\n\n"));
}

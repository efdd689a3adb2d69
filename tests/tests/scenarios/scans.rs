//! What is done every day reads nothing of the months before: by PostgreSQL's own counts of scans, over forty old months of a thousand
//! documents each. The plans of single queries are held by a unit test of the ledger, on SQLite.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tests::cloud::Cloud;
use tests::{Engine, Program, World};

use crate::fixtures::{PERIOD, load_october, october, run_october};

/// Of each table that grows with every month.
const OLD_ROWS: i64 = 40_000;

/// The tables that grow with every month.
const GROWING: [&str; 4] = [
    "export_documents",
    "export_attempts",
    "export_jobs",
    "export_job_documents",
];

/// Forty months of a thousand accounts, each of whose documents was published by a job of its own; the planner knows of them.
fn history(queue: &str) -> String {
    format!(
        "INSERT INTO export_runs (run_id, period, issued_on, program_version, started_at, lease_expires_at, ended_at, recorded_at)
         SELECT to_char(m, 'YYYY-MM'), to_char(m, 'YYYY-MM'), to_char(m + interval '1 month', 'YYYY-MM-DD'), '0',
                extract(epoch FROM m)::bigint * 1000, 0, extract(epoch FROM m)::bigint * 1000 + 60000, extract(epoch FROM m)::bigint * 1000
         FROM generate_series(timestamp '2023-06-01', timestamp '2026-09-01', interval '1 month') m;
         INSERT INTO export_jobs (job_id, run_id, slots, created_at, queue, settled_at)
         SELECT r.run_id || '-' || i, r.run_id, 1, r.started_at, '{queue}', r.ended_at FROM export_runs r, generate_series(0, 999) i;
         INSERT INTO export_documents (document_id, period, kind, account_id, revision, state, run_id, delivery, estimated_rows, issued_on,
             profile_hash, program_version, job_id, attempts, submissions, object_key, sha256, bytes, row_count, due_at, settled_at)
         SELECT r.period || '.trade.A' || lpad(i::text, 3, '0'), r.period, 'trade', 'A' || lpad(i::text, 3, '0'), 1, 'succeeded', r.run_id,
                'electronic', 1, r.issued_on, 'x', '0', r.run_id || '-' || i, 1, 1, r.period || i, 'x', 1, 1, r.started_at, r.ended_at
         FROM export_runs r, generate_series(0, 999) i;
         INSERT INTO export_job_documents (job_id, slot, document_id) SELECT job_id, 0, document_id FROM export_documents;
         INSERT INTO export_attempts (attempt_id, document_id, job_id, slot, number, started_at, ended_at, outcome)
         SELECT document_id, document_id, job_id, 0, 1, due_at, settled_at, 'succeeded' FROM export_documents;
         ANALYZE"
    )
}

/// Rows that were read one after the other until now, of each table that grows.
async fn rows_scanned(world: &World) -> Result<[i64; 4]> {
    wait_for_counts(world).await?;
    let counts = world
        .texts("SELECT CAST(relname AS text), CAST(seq_tup_read AS text) FROM pg_stat_user_tables")
        .await?;
    let of = |table: &str| -> Result<i64> {
        let row = counts.iter().find(|row| row[0].as_deref() == Some(table));
        let rows = row.and_then(|row| row[1].as_deref());
        Ok(rows
            .with_context(|| format!("{table} is not counted"))?
            .parse()?)
    };
    let [documents, attempts, jobs, job_documents] = GROWING;
    Ok([of(documents)?, of(attempts)?, of(jobs)?, of(job_documents)?])
}

/// A session gives its counts away before it is gone.
async fn wait_for_counts(world: &World) -> Result<()> {
    let others = "SELECT CAST(count(*) AS text) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    let since = Instant::now();
    while world.texts(others).await?[0][0].as_deref() != Some("0") {
        ensure!(
            since.elapsed() < Duration::from_mins(1),
            "somebody is still connected"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// Holds the server's counts, while things are done one after the other.
struct Scans<'a> {
    world: &'a World,
    before: [i64; 4],
    found: Vec<String>,
}

impl<'a> Scans<'a> {
    /// From now on. First it makes sure that a scan would be seen.
    async fn begin(world: &'a World) -> Result<Self> {
        let before = rows_scanned(world).await?;
        for table in GROWING {
            let scan = format!(
                "SELECT CAST(count(*) AS text) FROM {table} t WHERE CAST(t.* AS text) = ''"
            );
            world.texts(&scan).await?;
        }
        let after = rows_scanned(world).await?;
        for (n, table) in GROWING.iter().enumerate() {
            let rows = after[n] - before[n];
            ensure!(
                rows >= OLD_ROWS,
                "of {table} {rows} rows were seen to be scanned"
            );
        }
        Ok(Self {
            world,
            before: after,
            found: Vec::new(),
        })
    }

    /// What has just been done may have read a tenth of a table, at most: the new month's rows, and those again and again.
    async fn after(&mut self, what: &str) -> Result<()> {
        let now = rows_scanned(self.world).await?;
        for (n, table) in GROWING.iter().enumerate() {
            let rows = now[n] - self.before[n];
            if rows >= OLD_ROWS / 10 {
                self.found
                    .push(format!("{what} scanned {rows} rows of {table}"));
            }
        }
        self.before = now;
        Ok(())
    }

    /// As [`Self::after`], of each question by itself.
    async fn after_questions(
        &mut self,
        analyze: &str,
        enqueuer: impl Fn(Vec<&'static str>) -> Program,
    ) -> Result<()> {
        for question in QUESTIONS {
            enqueuer(question.to_vec()).run().await?.expect(0)?;
            self.after(&format!("{question:?} after {analyze}")).await?;
        }
        Ok(())
    }

    fn expect_none(self) -> Result<()> {
        ensure!(self.found.is_empty(), "{}", self.found.join("\n"));
        Ok(())
    }
}

/// What is asked of a period that is under way, or over.
const QUESTIONS: [&[&str]; 6] = [
    &["status", "--period", PERIOD],
    &["status", "--period", PERIOD, "--documents", "--json"],
    &["status", "--period", PERIOD, "--watch", "--json"],
    &["plan", "--period", PERIOD],
    &["certificate", "--period", PERIOD],
    &["report", "--period", PERIOD, "--out", "-"],
];

/// What the planner takes for granted of a month that it does not know, and what it then knows of it; and a document to be reissued.
const ROUNDS: [(&str, &str); 2] = [
    ("SELECT 1", "2026-10.trade.A002"),
    ("ANALYZE", "2026-10.trade.A003"),
];

#[tokio::test]
async fn a_month_end_on_one_machine_scans_nothing_of_the_months_before() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 6).await?;
    world.enqueuer(["migrate"]).run().await?.expect(0)?;
    world.execute(&history("local")).await?;
    let mut scans = Scans::begin(&world).await?;
    run_october(&world).await?.expect(0)?;
    scans.after("run").await?;
    for (analyze, document) in ROUNDS {
        world.execute(analyze).await?;
        scans
            .after_questions(analyze, |question| world.enqueuer(question))
            .await?;
        let link = ["link", "2026-10.trade.A001"];
        world.enqueuer(link).run().await?.expect(0)?;
        scans.after("link").await?;
        let reissue = ["reissue", document, "--reason", "ticket 7"];
        world.enqueuer(reissue).run().await?.expect(0)?;
        scans.after("reissue").await?;
    }
    run_october(&world).await?.expect(0)?;
    scans.after("the second run").await?;
    scans.expect_none()?;
    world.close().await
}

#[tokio::test]
async fn a_month_end_on_aws_scans_nothing_of_the_months_before() -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    load_october(&world, 6).await?;
    let cloud = Cloud::of(&world).await?;
    cloud.migrate().await?;
    world.execute(&history("batch")).await?;
    let mut scans = Scans::begin(&world).await?;
    for (analyze, document) in ROUNDS {
        world.execute(analyze).await?;
        cloud.enqueuer(october([])).run().await?.expect(0)?;
        scans.after(&format!("run after {analyze}")).await?;
        cloud.batch.wait_idle().await?;
        scans.after(&format!("converters after {analyze}")).await?;
        let counts = cloud.sweep_to_the_end(PERIOD).await?;
        scans.after(&format!("sweeps after {analyze}")).await?;
        assert_eq!(counts["succeeded"], 12, "{counts}");
        scans
            .after_questions(analyze, |question| cloud.enqueuer(question))
            .await?;
        cloud.sweep().await?;
        scans
            .after(&format!("a sweep of nothing after {analyze}"))
            .await?;
        let reissue = ["reissue", document, "--reason", "ticket 7"];
        cloud.enqueuer(reissue).run().await?.expect(0)?;
        scans.after("reissue").await?;
    }
    scans.expect_none()?;
    world.close().await
}

//! The month end in which a runbook is read, made so that each of its commands makes sense.
//!
//! `A0001` is the account of the index's example; its trade statement has failed by the first cause that the runbook resubmits, or
//! is published where there is none. `A0002` is published; `A0003` and on fail by the further causes. Where the runbook runs a month,
//! the last account is not recorded yet. A period that is resumed and not stopped by the runbook is held.

use anyhow::{Context, Result, ensure};
use tests::World;
use tests::cloud::Cloud;
use tests::operator::Call;
use tests::published_below;

use super::page::Page;
use crate::fixtures::{Books, PERIOD};
use crate::steering::{mend_trades, spoil_trades};

/// Before the first deployment nothing is there but the source.
const FIRST: &str = "first-deployment";
/// The page that must end with a certificate.
const PROOF: &str = "prove-completeness";
/// By which documents fail where a runbook says none.
pub const ANY_CAUSE: &str = "positions";

/// What the page's blocks are executed in.
pub struct Stage<'a> {
    world: &'a World,
    cloud: &'a Cloud<'a>,
    page: &'a Page,
    /// Causes and the accounts whose trade statement has failed by them.
    failures: Vec<(String, String)>,
    held: bool,
    /// Of which nothing is recorded before the runbook runs the month.
    not_recorded: Option<String>,
}

impl<'a> Stage<'a> {
    /// Makes the source: before anything is on AWS.
    pub async fn load(world: &World, page: &Page) -> Result<()> {
        let accounts = accounts(causes(page).len() + 3);
        Books::of_october(accounts.iter().map(String::as_str))?
            .load(world)
            .await
    }

    pub async fn set(world: &'a World, cloud: &'a Cloud<'a>, page: &'a Page) -> Result<Self> {
        let causes = causes(page);
        let mut accounts = accounts(causes.len() + 3);
        let mut stage = Self {
            world,
            cloud,
            page,
            failures: Vec::new(),
            held: false,
            not_recorded: None,
        };
        let last = accounts.pop().context("no accounts")?;
        let fail = accounts.iter().enumerate().filter(|(n, _)| *n != 1);
        stage.failures = causes
            .into_iter()
            .zip(fail.map(|(_, account)| account.clone()))
            .collect();
        if page.name == FIRST {
            stage.not_recorded = Some(last);
            return Ok(stage);
        }
        cloud.migrate().await?;
        // What is made anew beside the deployment records nothing in it.
        let runs = page.blocks.concat().replace("command enqueuer", "");
        if runs.contains("enqueuer run") {
            stage.not_recorded = Some(last);
        } else {
            accounts.push(last);
        }
        stage.month_end(&accounts).await?;
        let (resume, stop) = (position(page, "--resume"), position(page, "enqueuer stop"));
        if resume.is_some_and(|resume| stop.is_none_or(|stop| resume < stop)) {
            cloud
                .enqueuer(["stop", "--period", PERIOD])
                .run()
                .await?
                .expect(0)?;
            stage.held = true;
        }
        Ok(stage)
    }

    async fn month_end(&self, accounts: &[String]) -> Result<()> {
        let failing: Vec<&str> = self
            .failures
            .iter()
            .map(|(_, account)| account.as_str())
            .collect();
        if !failing.is_empty() {
            spoil_trades(self.world, &failing).await?;
        }
        let mut run = vec!["run", "--period", PERIOD, "--refusals-percent", "100"];
        for account in accounts {
            run.extend(["--account", account]);
        }
        self.cloud.enqueuer(run).run().await?.expect(0)?;
        self.settle().await?;
        mend_trades(self.world).await
    }

    /// Lets everything that was begun come to its end, and does not touch what is due while the period is held.
    async fn settle(&self) -> Result<()> {
        if self.page.name == FIRST && self.cloud.status(PERIOD).await.is_err() {
            return Ok(());
        }
        for _ in 0..100 {
            self.cloud.batch.wait_idle().await?;
            self.cloud.sweep().await?;
            let counts = self.cloud.status(PERIOD).await?["counts"].clone();
            let waits = !self.held && counts["due"] != 0;
            if counts["submitted"] == 0 && counts["running"] == 0 && !waits {
                return Ok(());
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        anyhow::bail!("it does not come to its end")
    }

    /// The causes by which documents have failed.
    pub fn causes(&self) -> impl Iterator<Item = &str> {
        self.failures.iter().map(|(cause, _)| cause.as_str())
    }

    /// Judges what the last block called, and sets the stage for the next.
    pub async fn between(&mut self, calls: &[Call]) -> Result<()> {
        for call in calls {
            self.judge(call)?;
        }
        if calls.iter().any(changes_something) {
            self.settle().await?;
        }
        for call in calls {
            self.expect_done(call).await?;
        }
        self.expect_recorded(calls).await?;
        self.expect_rebuilt_equal()?;
        if self.page.name != FIRST {
            self.fail_again().await?;
        }
        Ok(())
    }

    /// The exit code of a call that went well: while a period is held everything that would submit waits.
    fn judge(&mut self, call: &Call) -> Result<()> {
        if !["enqueuer", "converter"].contains(&call.program.as_str()) {
            return Ok(());
        }
        let has = |option: &str| call.arguments.iter().any(|argument| argument == option);
        let command = call.arguments.first().map_or("", String::as_str);
        let mut expected = vec![0];
        match command {
            "stop" => self.held = true,
            "run" if has("--resume") => self.held = false,
            "run" | "resubmit" | "reissue" if self.held && !has("--dry-run") => expected = vec![75],
            // That it does not add up is an answer, too: documents are due and not recorded, or wait.
            "certificate" if self.not_recorded.is_some() => expected = vec![1],
            // The page's failures come back between its blocks.
            "certificate" if !self.failures.is_empty() => expected.push(1),
            "certificate" if self.held && self.page.name != PROOF => expected.push(1),
            _ => {}
        }
        ensure!(
            expected.contains(&call.code),
            "exit {} instead of {expected:?}: {} {:?}",
            call.code,
            call.program,
            call.arguments
        );
        Ok(())
    }

    /// What was resubmitted has not failed any more, and what was reissued is superseded.
    async fn expect_done(&self, call: &Call) -> Result<()> {
        let command = call.arguments.first().map_or("", String::as_str);
        if call.program != "enqueuer"
            || call
                .arguments
                .iter()
                .any(|argument| argument == "--dry-run")
        {
            return Ok(());
        }
        let status = || self.cloud.status(PERIOD);
        if command == "resubmit" {
            let cause = call
                .arguments
                .iter()
                .skip_while(|argument| *argument != "--cause")
                .nth(1);
            for document in status().await?["documents"]
                .as_array()
                .into_iter()
                .flatten()
            {
                let named = call
                    .arguments
                    .iter()
                    .any(|argument| document["document_id"] == *argument);
                let is_meant = match cause {
                    Some(cause) => document["cause"] == *cause,
                    None => named || call.arguments.iter().any(|argument| argument == "--failed"),
                };
                ensure!(
                    document["state"] != "failed" || !is_meant,
                    "{:?} leaves {document}",
                    call.arguments
                );
            }
        }
        if command == "excuse" {
            for argument in named(call) {
                let state = self.cloud.document(PERIOD, argument).await?["state"].clone();
                ensure!(state == "excused", "{argument} is {state}");
            }
        }
        if command == "reissue" {
            for argument in named(call) {
                let state = self.cloud.document(PERIOD, argument).await?["state"].clone();
                ensure!(state == "superseded" || self.held, "{argument} is {state}");
            }
        }
        Ok(())
    }

    /// What was run is in the ledger: the accounts named, or the whole month.
    async fn expect_recorded(&mut self, calls: &[Call]) -> Result<()> {
        let runs = calls.iter().filter(|call| {
            let command = call.arguments.first().map_or("", String::as_str);
            call.program == "enqueuer" && command == "run" && call.code == 0
        });
        for run in runs {
            let words = run.arguments.iter();
            let account = words.skip_while(|word| *word != "--account").nth(1);
            if let Some(account) = account.or(self.not_recorded.as_ref()) {
                let id = format!("{PERIOD}.trade.{account}");
                self.cloud
                    .document(PERIOD, &id)
                    .await
                    .with_context(|| format!("{:?}", run.arguments))?;
            }
            if account.is_none() {
                self.not_recorded = None;
            }
        }
        Ok(())
    }

    /// What a runbook makes again is what was published, bit by bit.
    fn expect_rebuilt_equal(&self) -> Result<()> {
        let published = self.world.published()?;
        for rebuilt in published_below(&self.world.path("rebuilt/store"))? {
            let equal = published
                .iter()
                .any(|known| known.key == rebuilt.key && known.sha256 == rebuilt.sha256);
            ensure!(equal, "{} is not what was published", rebuilt.key);
        }
        Ok(())
    }

    /// The documents of the page's causes have failed by them as often as it needs, and nothing of them is published.
    async fn fail_again(&self) -> Result<()> {
        let settled = "SELECT document_id, object_key FROM export_documents WHERE state IN ('failed', 'succeeded', 'excused')";
        let settled = self.world.texts(settled).await?;
        for (cause, account) in &self.failures {
            let id = format!("{PERIOD}.trade.{account}");
            let of_it = settled.iter().find(|row| row[0].as_ref() == Some(&id));
            if let Some(key) = of_it.and_then(|row| row[1].as_ref()) {
                self.cloud.s3.remove(key)?;
            }
            self.fail(&id, cause).await?;
        }
        Ok(())
    }

    async fn fail(&self, id: &str, cause: &str) -> Result<()> {
        self.world
            .execute(&format!(
                "UPDATE export_documents
                 SET state = 'failed', cause = '{cause}', error = 'of the test', object_key = NULL, sha256 = NULL, bytes = NULL
                 WHERE document_id = '{id}' AND state IN ('failed', 'succeeded', 'excused')"
            ))
            .await
    }
}

/// The documents that a call names.
fn named(call: &Call) -> impl Iterator<Item = &String> {
    let words = call.arguments.iter();
    words.filter(|argument| argument.starts_with(PERIOD) && argument.len() > PERIOD.len())
}

/// Whether what waits may go on by it.
fn changes_something(call: &Call) -> bool {
    let commands = [
        "excuse", "migrate", "reissue", "resubmit", "run", "stop", "sweep",
    ];
    let command = call.arguments.first().map_or("", String::as_str);
    call.program == "enqueuer" && commands.contains(&command)
}

/// The causes that a runbook resubmits; any, where it names none.
fn causes(page: &Page) -> Vec<String> {
    let mut causes: Vec<String> = Vec::new();
    let named = page
        .words_after("--cause ")
        .chain(page.words_after("CAUSE="));
    for cause in named {
        if !causes.iter().any(|known| known == cause) {
            causes.push(cause.to_owned());
        }
    }
    let some = page.says("enqueuer resubmit") || page.says("enqueuer excuse");
    if causes.is_empty() && some {
        causes.push(ANY_CAUSE.to_owned());
    }
    causes
}

fn accounts(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("A{n:04}")).collect()
}

/// Where a block first says this.
fn position(page: &Page, words: &str) -> Option<usize> {
    page.blocks.concat().find(words)
}

//! A world on AWS: its store is a bucket, its queue is Batch, and nothing has a default.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::batch::{BatchServer, Definition};
use crate::s3::S3;
use crate::{Answer, Program, World, binary};

/// Who issues the statements.
const PROFILE: &str = "[firm]
name = { ja = \"青葉証券株式会社\", en = \"Aoba Securities\" }
registration = { ja = \"関東財務局長（金商）第1号\", en = \"Kinsho No. 1\" }
contact = { ja = \"03-1111-2222\", en = \"+81-3-1111-2222\" }
";

/// Seconds of AWS's in one of the tests'.
const TIME_SCALE: u32 = 30;

/// Bucket and Batch of a world.
pub struct Cloud<'a> {
    world: &'a World,
    pub s3: &'a S3,
    pub batch: BatchServer,
    environment: Vec<(String, String)>,
}

impl<'a> Cloud<'a> {
    /// Puts a world on AWS.
    pub async fn of(world: &'a World) -> Result<Self> {
        Self::with(world, |definition| definition).await
    }

    /// Puts a world on AWS, with another job definition.
    pub async fn with(
        world: &'a World,
        change: impl FnOnce(Definition) -> Definition,
    ) -> Result<Self> {
        let s3 = world.with_s3().await?;
        let profile = world.path("profile.toml");
        std::fs::write(&profile, PROFILE)?;
        let mut environment: Vec<(String, String)> = [
            ("DEPLOYMENT", "aws"),
            ("DATABASE_URL", world.database_url()),
            ("ALERTS", "log"),
            ("BUSINESS_TIMEZONE", "Asia/Tokyo"),
            ("STATEMENT_PROFILE", &profile.to_string_lossy()),
            ("LEASE_SECONDS", "2"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        environment.extend(
            s3.environment()
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        let batch = BatchServer::start(change(Definition {
            converter: binary("converter"),
            environment: environment.clone(),
            time_scale: TIME_SCALE,
            ..Definition::default()
        }))
        .await?;
        // The bucket's credentials serve for Batch, too.
        let of_batch = batch
            .environment()
            .into_iter()
            .filter(|(name, _)| name.contains("BATCH"));
        environment.extend(of_batch.map(|(name, value)| (name.to_owned(), value)));
        for (name, value) in [("LOST_AFTER_SECONDS", "3"), ("MAX_VCPUS", "32")] {
            environment.push((name.to_owned(), value.to_owned()));
        }
        Ok(Self {
            world,
            s3,
            batch,
            environment,
        })
    }

    /// Has jobs ask for connections of the database, of which a consumable resource has so many.
    #[must_use]
    pub fn with_connections(mut self, connections: u32) -> Self {
        let resource = "statements-database-connections";
        self.batch
            .make_consumable_resource(resource, connections.into());
        let settings = [
            ("DATABASE_CONNECTIONS", connections.to_string()),
            ("BATCH_CONSUMABLE_RESOURCE", resource.to_owned()),
        ];
        let settings = settings.map(|(name, value)| (name.to_owned(), value));
        self.environment.extend(settings);
        self
    }

    /// The enqueuer as a scheduled task runs it.
    pub fn enqueuer<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> Program {
        self.settle(self.world.enqueuer(arguments))
    }

    /// The converter as an operator runs it, with the settings of the job definition.
    pub fn converter<'b>(&self, arguments: impl IntoIterator<Item = &'b str>) -> Program {
        self.settle(self.world.converter(arguments))
    }

    /// Any program, with the settings of the enqueuer's task.
    pub fn program<'b>(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = &'b str>,
    ) -> Program {
        self.settle(self.world.program(program, arguments))
    }

    /// A setting of the enqueuer's task.
    pub fn setting(&self, name: &str) -> Result<&str> {
        let mut settings = self.environment.iter();
        let found = settings.find(|(known, _)| known == name);
        found
            .map(|(_, value)| value.as_str())
            .with_context(|| format!("{name} is not set"))
    }

    fn settle(&self, program: Program) -> Program {
        let settings = self.environment.iter();
        settings.fold(program, |program, (name, value)| program.env(name, value))
    }

    /// Creates the ledger: on AWS no other command does.
    pub async fn migrate(&self) -> Result<()> {
        self.enqueuer(["migrate"]).run().await?.expect(0)?;
        Ok(())
    }

    /// Sweeps once.
    pub async fn sweep(&self) -> Result<Value> {
        self.enqueuer(["sweep", "--json"])
            .run()
            .await?
            .expect(0)?
            .json()
    }

    /// Sweeps as the scheduler does, until no document of the period is open.
    pub async fn sweep_to_the_end(&self, period: &str) -> Result<Value> {
        for _ in 0..200 {
            self.sweep().await?;
            let counts = self.status(period).await?["counts"].clone();
            let open: i64 = ["due", "submitted", "running"]
                .iter()
                .filter_map(|state| counts[*state].as_i64())
                .sum();
            if open == 0 {
                return Ok(counts);
            }
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        }
        let status = self.status(period).await?;
        anyhow::bail!("the sweep does not settle everything: {status:#}")
    }

    /// How the documents of a period stand.
    pub async fn status(&self, period: &str) -> Result<Value> {
        let status = ["status", "--period", period, "--documents", "--json"];
        let answer = self.enqueuer(status).run().await?;
        // A period without a run has no documents.
        let code = if answer.code == Some(65) { 65 } else { 0 };
        answer.expect(code)?.json()
    }

    /// A document of the period's status.
    pub async fn document(&self, period: &str, id: &str) -> Result<Value> {
        let status = self.status(period).await?;
        let documents = status["documents"].as_array().context("no documents")?;
        documents
            .iter()
            .find(|document| document["document_id"] == id)
            .cloned()
            .with_context(|| format!("the status does not list {id}: {status}"))
    }

    pub async fn certificate(&self, period: &str) -> Result<Answer> {
        self.enqueuer(["certificate", "--period", period, "--json"])
            .run()
            .await
    }
}

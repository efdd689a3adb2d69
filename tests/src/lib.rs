//! The harness: a world of its own for every test — a fresh database on the engine under test, a store in a temp
//! directory, and the real binaries.

mod audit;
mod aws_bodies;
mod aws_commands;
pub mod batch;
pub mod cloud;
mod compare;
mod engine;
mod expected;
mod loopback;
pub mod office;
pub mod ooxml;
pub mod operator;
pub mod pooler;
mod program;
pub mod proxy;
pub mod readers;
pub mod relay;
pub mod s3;
pub mod silent;
mod source;
mod store;
mod topic;
mod workbook;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result};
use sqlx::AnyPool;
use tempfile::TempDir;

pub use audit::{Audit, Audited};
pub use aws_commands::expect_valid_commands;
pub use engine::Engine;
pub use program::{Answer, Program};
pub use source::Source;
pub use store::{Published, published as published_below};
pub use topic::{Message, Topic};
pub use workbook::{Sheet, Workbook, part, parts};

/// Everything a test has. Dropped, it leaves nothing behind.
pub struct World {
    pub engine: Engine,
    database_url: String,
    directory: TempDir,
    database: engine::Database,
    /// The bucket in the place of the store's directory.
    s3: OnceLock<s3::S3>,
}

impl World {
    /// A world with an empty database.
    pub async fn new(engine: Engine) -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("statement-export-test-")
            .tempdir()?;
        let database = engine::Database::create(engine, directory.path()).await?;
        Ok(Self {
            engine,
            database_url: database.url.clone(),
            directory,
            database,
            s3: OnceLock::new(),
        })
    }

    /// From now on programs publish in a bucket.
    pub async fn with_s3(&self) -> Result<&s3::S3> {
        let s3 = s3::S3::start(&self.path("s3")).await?;
        Ok(self.s3.get_or_init(|| s3))
    }

    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// A scratch path of this world.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The directory below which documents are published.
    pub fn store(&self) -> PathBuf {
        self.path("store")
    }

    /// The enqueuer with this world's settings.
    pub fn enqueuer<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.program(&binary("enqueuer"), arguments)
    }

    /// A copy of the enqueuer with a shell script as the converter beside it; `$CONVERTER` in the script is the real one.
    pub fn enqueuer_beside<'a>(
        &self,
        script: &str,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Result<Program> {
        use std::os::unix::fs::PermissionsExt;
        let directory = self.path(&format!("beside-{:08x}", fastrand::u32(..)));
        std::fs::create_dir(&directory)?;
        let enqueuer = directory.join("enqueuer");
        // Copied by a process of its own: a file open for writing here could be inherited by whatever another test starts
        // at this moment, and would be "busy".
        let copied = std::process::Command::new("cp")
            .args([&binary("enqueuer"), &enqueuer])
            .status()?;
        anyhow::ensure!(copied.success(), "the enqueuer could not be copied");
        let converter = directory.join("converter");
        let real = binary("converter");
        let text = format!("#!/bin/sh\nCONVERTER='{}'\n{script}\n", real.display());
        std::fs::write(&converter, text)?;
        std::fs::set_permissions(&converter, std::fs::Permissions::from_mode(0o755))?;
        Ok(self.program(&enqueuer, arguments))
    }

    /// The converter with this world's settings.
    pub fn converter<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        self.program(&binary("converter"), arguments)
    }

    pub(crate) fn program<'a>(
        &self,
        binary: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
    ) -> Program {
        let program = Program::new(binary, arguments, self.directory.path())
            .env("DATABASE_URL", &self.database_url)
            .env("STORE_URL", &format!("file:{}", self.store().display()))
            .env("LEASE_SECONDS", "2")
            // Nobody asks an instance for its role: the machine of a test may have one.
            .env("AWS_EC2_METADATA_DISABLED", "true");
        let of_s3 = self.s3.get().map(s3::S3::environment);
        of_s3
            .into_iter()
            .flatten()
            .fold(program, |program, (name, value)| program.env(name, &value))
    }

    /// A connection pool to the world's database: source and ledger.
    pub async fn pool(&self) -> Result<AnyPool> {
        AnyPool::connect(&self.database_url)
            .await
            .context("connecting to the test's database")
    }

    /// Runs statements on the source or the ledger, separated by `;`.
    pub async fn execute(&self, statements: &str) -> Result<()> {
        let pool = self.pool().await?;
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()))
            .execute(&pool)
            .await
            .context(statements.to_owned())?;
        pool.close().await;
        Ok(())
    }

    /// The rows of a query, every column as text; columns must be cast to text in the query.
    pub async fn texts(&self, query: &str) -> Result<Vec<Vec<Option<String>>>> {
        use sqlx::Row;
        let pool = self.pool().await?;
        let rows = sqlx::query(sqlx::AssertSqlSafe(query.to_owned()))
            .fetch_all(&pool)
            .await
            .context(query.to_owned())?;
        pool.close().await;
        rows.iter()
            .map(|row| {
                (0..row.len())
                    .map(|column| Ok(row.try_get::<Option<String>, _>(column)?))
                    .collect()
            })
            .collect()
    }

    /// How the documents of a period stand, from `status --documents --json`.
    pub async fn status(&self, period: &str) -> Result<serde_json::Value> {
        let status = ["status", "--period", period, "--documents", "--json"];
        let answer = self.enqueuer(status).run().await?;
        // A period without a run has no documents.
        let code = if answer.code == Some(65) { 65 } else { 0 };
        answer.expect(code)?.json()
    }

    /// Every published document below the store.
    pub fn published(&self) -> Result<Vec<Published>> {
        match self.s3.get() {
            Some(s3) => s3.objects(),
            None => store::published(&self.store()),
        }
    }

    /// Writes the CSV files of a source and loads them. Relations that are not given are empty.
    pub async fn load(&self, files: &[(&str, &str)]) -> Result<()> {
        let directory = self.path("csv");
        std::fs::create_dir_all(&directory)?;
        for (name, text) in files {
            std::fs::write(directory.join(format!("{name}.csv")), text)?;
        }
        let mut load = self
            .enqueuer(["load", "--replace"])
            .arg(&directory.to_string_lossy());
        for relation in common::contract::RELATIONS {
            if !directory.join(format!("{}.csv", relation.name)).exists() {
                load = load.arg("--empty").arg(relation.name);
            }
        }
        load.run().await?.expect(0)?;
        Ok(())
    }

    /// Drops what the engine keeps outside of the temp directory.
    pub async fn close(self) -> Result<()> {
        self.database.drop().await
    }
}

/// A binary of the workspace, built by `make test` before the tests.
pub fn binary(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap_or_default();
    // target/debug/deps/scenarios-… → target/debug/NAME
    let directory = test
        .parent()
        .and_then(Path::parent)
        .unwrap_or(Path::new("target/debug"));
    let path = directory.join(name);
    assert!(
        path.is_file(),
        "{} is missing: run the tests with `make test`, which builds it",
        path.display()
    );
    path
}

/// Defines a test that runs on every engine. The body gets a fresh `World`.
#[macro_export]
macro_rules! on_every_engine {
    ($(#[$attribute:meta])* async fn $name:ident($world:ident: &World) $body:block) => {
        mod $name {
            #[allow(unused_imports, reason = "not every scenario uses everything of its module")]
            use super::*;

            async fn scenario($world: &$crate::World) -> anyhow::Result<()> $body

            async fn on(engine: $crate::Engine) -> anyhow::Result<()> {
                let world = $crate::World::new(engine).await?;
                let outcome = scenario(&world).await;
                world.close().await?;
                outcome
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn sqlite() -> anyhow::Result<()> {
                on($crate::Engine::Sqlite).await
            }

            $(#[$attribute])*
            #[tokio::test]
            async fn postgres() -> anyhow::Result<()> {
                on($crate::Engine::Postgres).await
            }
        }
    };
}

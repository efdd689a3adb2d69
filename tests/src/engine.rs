//! A fresh database on the engine under test.

use std::path::Path;
use std::sync::Once;

use anyhow::{Context, Result};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

/// The engines that every storage-touching test runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// A database of one test.
pub(crate) struct Database {
    pub url: String,
    /// The server's maintenance database and our database's name, where there is a server.
    server: Option<(String, String)>,
}

impl Database {
    pub async fn create(engine: Engine, directory: &Path) -> Result<Self> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        match engine {
            Engine::Sqlite => {
                let file = directory.join("statements.db");
                std::fs::File::create(&file)?;
                Ok(Self {
                    url: format!("sqlite://{}", file.display()),
                    server: None,
                })
            }
            Engine::Postgres => {
                let server = server_url()?;
                let name = format!("test_{:016x}", fastrand::u64(..));
                let mut connection = AnyConnection::connect(&server)
                    .await
                    .context("connecting to the test server")?;
                connection
                    .execute(AssertSqlSafe(format!("CREATE DATABASE {name}")))
                    .await?;
                connection.close().await?;
                let (base, _) = server
                    .rsplit_once('/')
                    .context("TEST_POSTGRES_URL has no database")?;
                Ok(Self {
                    // On AWS the server's certificate is verified unless the URL says otherwise.
                    url: format!("{base}/{name}?sslmode=disable"),
                    server: Some((server, name)),
                })
            }
        }
    }

    pub async fn drop(self) -> Result<()> {
        if let Some((server, name)) = self.server {
            let mut connection = AnyConnection::connect(&server).await?;
            connection
                .execute(AssertSqlSafe(format!("DROP DATABASE {name} WITH (FORCE)")))
                .await?;
            connection.close().await?;
        }
        Ok(())
    }
}

/// The maintenance database of the server that `make test` started.
fn server_url() -> Result<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where PostgreSQL is"
    )]
    std::env::var("TEST_POSTGRES_URL").context(
        "TEST_POSTGRES_URL is not set: run the tests with `make test`, which starts PostgreSQL",
    )
}

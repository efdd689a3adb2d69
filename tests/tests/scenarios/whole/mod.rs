//! The month is over, and the source is whole: what is missing without a word stops the month end before anything is recorded.

mod fewer;
mod hidden;
mod not_over;
mod time_zone;

use anyhow::{Result, ensure};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use tests::{Program, World};

use crate::fixtures::count;

/// Nothing of a period is recorded, and nothing is published.
async fn expect_nothing(world: &World, period: &str) -> Result<()> {
    for table in ["export_runs", "export_documents"] {
        let query = format!("SELECT count(*) FROM {table} WHERE period = '{period}'");
        ensure!(
            count(world, &query).await? == 0,
            "{table} has something of {period}"
        );
    }
    let published = world.published()?;
    let of_period = published.iter().filter(|file| file.key.starts_with(period));
    ensure!(of_period.count() == 0, "{published:?}");
    Ok(())
}

/// A role of PostgreSQL that reads the source. Roles are the whole server's, so that each test has its own.
struct Reader<'w> {
    world: &'w World,
    name: String,
}

impl<'w> Reader<'w> {
    /// One that may read all relations there are.
    async fn create(world: &'w World) -> Result<Self> {
        let name = format!("reader_{:016x}", fastrand::u64(..));
        world
            .execute(&format!(
                "CREATE ROLE {name} LOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}"
            ))
            .await?;
        Ok(Self { world, name })
    }

    /// The world's database as this role connects to it.
    fn url(&self) -> String {
        let url = self.world.database_url();
        let from = url.find("//").map_or(0, |slashes| slashes + 2);
        let to = url.find('@').unwrap_or(from);
        format!("{}{}{}", &url[..from], self.name, &url[to..])
    }

    /// The enqueuer that reads the source as this role.
    fn enqueuer<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Program {
        let program = self.world.enqueuer(arguments);
        program.env("SOURCE_DATABASE_URL", &self.url())
    }

    /// `{reader}` is this role.
    async fn execute(&self, statements: &str) -> Result<()> {
        let statements = statements.replace("{reader}", &self.name);
        self.world.execute(&statements).await
    }

    async fn drop(self) -> Result<()> {
        let mut connection = AnyConnection::connect(self.world.database_url()).await?;
        for statement in ["DROP OWNED BY {reader} CASCADE", "DROP ROLE {reader}"] {
            let statement = statement.replace("{reader}", &self.name);
            connection.execute(AssertSqlSafe(statement)).await?;
        }
        connection.close().await?;
        Ok(())
    }
}

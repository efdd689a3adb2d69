//! A PgBouncer of a test's own, before the test's database.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::sleep;

use crate::World;

/// A pooler; dropped, it ends.
pub struct Pooler {
    port: u16,
    server: String,
    url: String,
    _process: Child,
    _directory: TempDir,
}

impl Pooler {
    /// Starts one with `pool_mode` and few connections to the server, as the installed version has it by default otherwise.
    pub async fn start(world: &World, pool_mode: &str, settings: &str) -> Result<Self> {
        let url = world.database_url().to_owned();
        let (_, rest) = url.split_once("://").context("no URL")?;
        let authority = rest.split('/').next().unwrap_or_default();
        let (user, server) = authority.split_once('@').unwrap_or(("postgres", authority));
        let (host, server_port) = server.split_once(':').unwrap_or((server, "5432"));
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0")?
            .local_addr()?
            .port();
        let directory = tempfile::Builder::new().prefix("pooler-").tempdir()?;
        let users = directory.path().join("users.txt");
        std::fs::write(&users, format!("\"{user}\" \"\"\n"))?;
        let file = directory.path().join("pgbouncer.ini");
        std::fs::write(
            &file,
            format!(
                "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
                 unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = {pool_mode}\n{settings}\n",
                users.display()
            ),
        )?;
        for (path, mode) in [(directory.path(), 0o755), (&users, 0o644), (&file, 0o644)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        let pooler = Self {
            port,
            server: server.to_owned(),
            url,
            _process: spawn(&file)?,
            _directory: directory,
        };
        pooler.wait().await?;
        Ok(pooler)
    }

    /// The world's database by way of the pooler.
    pub fn url(&self) -> String {
        self.url
            .replacen(&self.server, &format!("127.0.0.1:{}", self.port), 1)
    }

    async fn wait(&self) -> Result<()> {
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(());
            }
            sleep(Duration::from_millis(50)).await;
        }
        bail!("pgbouncer does not answer")
    }
}

fn spawn(file: &Path) -> Result<Child> {
    let program = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"]
        .into_iter()
        .find(|path| Path::new(path).is_file())
        .context("pgbouncer is missing: run the tests with `make test`, which installs it")?;
    let mut command = Command::new(program);
    if rustix::process::geteuid().is_root() {
        // It refuses to run as root.
        command.args(["-u", "nobody"]);
    }
    command
        .arg("-q")
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .context("starting pgbouncer")
}

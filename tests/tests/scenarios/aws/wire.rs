//! The wire to the database, to be cut; and a process clock that is wrong.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tests::{Engine, World};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// A wire to PostgreSQL. SQLite has none; there the file is locked for a while, which is what its programs can lose it by.
pub struct Wire {
    url: String,
    engine: Engine,
    whole: Arc<watch::Sender<bool>>,
    serving: Option<JoinHandle<()>>,
}

impl Wire {
    pub async fn to(world: &World) -> Result<Self> {
        let (whole, _) = watch::channel(true);
        let whole = Arc::new(whole);
        if world.engine == Engine::Sqlite {
            return Ok(Self {
                url: world.database_url().to_owned(),
                engine: world.engine,
                whole,
                serving: None,
            });
        }
        // postgres://postgres@HOST:PORT/NAME
        let (before, rest) = world.database_url().split_once('@').context("no user")?;
        let (address, name) = rest.split_once('/').context("no database")?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("{before}@{}/{name}", listener.local_addr()?);
        let serving = tokio::spawn(serve(listener, address.to_owned(), whole.subscribe()));
        Ok(Self {
            url,
            engine: world.engine,
            whole,
            serving: Some(serving),
        })
    }

    /// The database at this end of the wire.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Cuts every connection, and lets none come about until the wire is whole again; a file of SQLite is locked until then,
    /// and longer than a lease.
    pub async fn cut_until<T>(&self, mended: impl Future<Output = Result<T>>) -> Result<T> {
        if self.engine == Engine::Sqlite {
            let pool = sqlx::AnyPool::connect(&self.url).await?;
            let lock = pool.begin_with("BEGIN IMMEDIATE").await?;
            tokio::time::sleep(Duration::from_secs(4)).await;
            lock.rollback().await?;
            pool.close().await;
            return mended.await;
        }
        self.whole.send_replace(false);
        let outcome = mended.await;
        self.whole.send_replace(true);
        outcome
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.abort();
        }
    }
}

async fn serve(listener: TcpListener, address: String, whole: watch::Receiver<bool>) {
    while let Ok((mut near, _)) = listener.accept().await {
        let (address, mut whole) = (address.clone(), whole.clone());
        if !*whole.borrow() {
            continue;
        }
        tokio::spawn(async move {
            let Ok(mut far) = TcpStream::connect(address).await else {
                return;
            };
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => {}
                _ = whole.wait_for(|whole| !whole) => {}
            }
        });
    }
}

/// A library that puts a process's clock forward by `CLOCK_AHEAD` seconds, where that process asks the system itself. SQLite
/// asks in another way, so that the ledger's clock stays right on every engine.
pub fn wrong_clock(world: &World) -> Result<PathBuf> {
    let (source, library) = (world.path("clock.c"), world.path("clock.so"));
    std::fs::write(
        &source,
        "#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *time) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, \"clock_gettime\");
    int answer = real(id, time);
    const char *ahead = getenv(\"CLOCK_AHEAD\");
    if (id == CLOCK_REALTIME && ahead) time->tv_sec += atol(ahead);
    return answer;
}
",
    )?;
    // The linker of every Rust program; without it these tests would not be here.
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .arg("-ldl")
        .status()?;
    ensure!(built.success(), "the clock could not be built");
    Ok(library)
}

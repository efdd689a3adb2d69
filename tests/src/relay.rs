//! What stands between a program and its PostgreSQL, and falls silent: a server that is frozen, an answer that is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::World;

const PASSES: u8 = 0;
const FROZEN: u8 = 1;
const LOSES_COMMITS: u8 = 2;

/// As the protocol has the statement, with the zero that ends it.
const COMMIT: &[u8] = b"COMMIT\0";

/// A relay; dropped, it ends, and with it all its connections.
pub struct Relay {
    port: u16,
    server: String,
    url: String,
    mood: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Before the world's PostgreSQL.
    pub async fn start(world: &World) -> Result<Self> {
        let url = world.database_url().to_owned();
        let (_, rest) = url.split_once("://").context("no URL")?;
        let authority = rest.split('/').next().unwrap_or_default();
        let server = authority
            .split_once('@')
            .map_or(authority, |(_, server)| server)
            .to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let mood = Arc::new(AtomicU8::new(PASSES));
        let (to, moods) = (server.clone(), mood.clone());
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(relay(client, to.clone(), moods.clone()));
            }
        });
        Ok(Self {
            port,
            server,
            url,
            mood,
            task,
        })
    }

    /// The world's database by way of the relay.
    pub fn url(&self) -> String {
        self.url
            .replacen(&self.server, &format!("127.0.0.1:{}", self.port), 1)
    }

    /// From now on nothing goes through, and no connection ends.
    pub fn freeze(&self) {
        self.mood.store(FROZEN, Ordering::SeqCst);
    }

    /// Everything goes through again; what was held up is gone.
    pub fn thaw(&self) {
        self.mood.store(PASSES, Ordering::SeqCst);
    }

    /// The connection breaks after the next COMMIT has reached the server, and before its answer. Later ones are not touched.
    pub fn lose_the_answer_to_a_commit(&self) {
        self.mood.store(LOSES_COMMITS, Ordering::SeqCst);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn relay(client: TcpStream, server: String, mood: Arc<AtomicU8>) -> Result<()> {
    let server = TcpStream::connect(server).await?;
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        ended = pass(from_client, to_server, &mood, true) => ended,
        ended = pass(from_server, to_client, &mood, false) => ended,
    }
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mood: &AtomicU8,
    is_of_client: bool,
) -> Result<()> {
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let length = from.read(&mut bytes).await?;
        if mood.load(Ordering::SeqCst) == FROZEN {
            std::future::pending::<()>().await;
        }
        if length == 0 {
            return Ok(());
        }
        let read = &bytes[..length];
        to.write_all(read).await?;
        let commits = is_of_client && read.windows(COMMIT.len()).any(|window| window == COMMIT);
        let loses = commits
            && mood
                .compare_exchange(LOSES_COMMITS, PASSES, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok();
        if loses {
            // The server gets it, but nobody hears of that.
            to.shutdown().await?;
            return Ok(());
        }
    }
}

//! A server that accepts, and says nothing, or only the first half of an answer, and then holds the connection.

use anyhow::Result;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// How much is said before the silence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing.
    Whole,
    /// The first half of the headers.
    AfterHalfTheHead,
    /// All headers, and the first half of the body.
    AfterHalfTheBody,
}

impl Silence {
    pub const ALL: [Self; 3] = [Self::Whole, Self::AfterHalfTheHead, Self::AfterHalfTheBody];

    const fn said(self) -> &'static [u8] {
        match self {
            Self::Whole => b"",
            Self::AfterHalfTheHead => b"HTTP/1.1 200 OK\r\nContent-Le",
            Self::AfterHalfTheBody => {
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 22\r\n\r\n{\"jobId\": \""
            }
        }
    }
}

/// The server; dropped, it ends, and with it all its connections.
pub struct SilentServer {
    url: String,
    task: JoinHandle<()>,
}

impl SilentServer {
    pub async fn start(silence: Silence) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(hold(client, silence.said()));
            }
        });
        Ok(Self { url, task })
    }

    /// `http://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for SilentServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes whatever comes until the client goes, and has said something after its first bytes.
async fn hold(mut client: TcpStream, said: &[u8]) {
    let mut bytes = vec![0; 1 << 16];
    let mut has_spoken = false;
    while let Ok(1..) = client.read(&mut bytes).await {
        if !has_spoken && client.write_all(said).await.is_err() {
            return;
        }
        has_spoken = true;
    }
}

//! HTTP on a random port of this machine: what the servers that play AWS's are made of.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, Result};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderMap;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// A request, read to its end.
pub(crate) struct Request {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Request {
    /// A header's text; empty when it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// Has a signature, version 4, for this service. Whether it is right is not looked at: no secret is shared with the client.
    pub fn is_signed_for(&self, service: &str) -> bool {
        let authorization = self.header("authorization");
        authorization.starts_with("AWS4-HMAC-SHA256 Credential=")
            && authorization.contains(&format!("/{service}/aws4_request"))
            && authorization.contains("Signature=")
            && !self.header("x-amz-date").is_empty()
    }
}

/// What is answered.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: String,
}

/// A server; it ends, and with it all its connections, when this is dropped.
pub(crate) struct Loopback {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Loopback {
    /// Answers every request by `handle`. `None` closes the connection without an answer.
    pub async fn serve<H, F>(handle: H) -> Result<Self>
    where
        H: Fn(Request) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Option<Answer>> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .context("binding a port of this machine")?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((stream, _)) = listener.accept().await else {
                    continue;
                };
                // Those that ended would pile up.
                while connections.try_join_next().is_some() {}
                connections.spawn(converse(stream, handle.clone()));
            }
        });
        Ok(Self { address, task })
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers a connection's requests until either side ends it.
async fn converse<H, F>(stream: TcpStream, handle: H)
where
    H: Fn(Request) -> F + Send + Sync + 'static,
    F: Future<Output = Option<Answer>> + Send + 'static,
{
    let service = service_fn(|request| answer(request, &handle));
    // A connection that breaks is the client's affair, or a fault that the test asked for.
    _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer<H, F>(
    request: hyper::Request<Incoming>,
    handle: &H,
) -> Result<Response<Full<Bytes>>>
where
    H: Fn(Request) -> F,
    F: Future<Output = Option<Answer>>,
{
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let request = Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        headers: head.headers,
        body,
    };
    // An error of the service closes the connection.
    let answer = handle(request).await.context("the answer is lost")?;
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    Ok(response.body(Full::new(Bytes::from(answer.body)))?)
}

/// An id of the form that AWS gives to jobs, messages and requests.
pub(crate) fn uuid() -> String {
    let (high, low) = (fastrand::u64(..), fastrand::u64(..));
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xffff,
        low >> 48,
        low & 0xffff_ffff_ffff
    )
}

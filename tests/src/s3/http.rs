//! The layer in front of the bucket, and a client as plain as a customer's browser.

use std::path::Path;
use std::sync::Mutex;

use anyhow::{Context, Result, bail};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderMap, HeaderName};
use hyper::{Method, StatusCode, Uri, client};
use hyper_util::rt::TokioIo;
use s3s::service::S3Service;
use s3s::{Body, HttpResponse};
use sha2::{Digest, Sha256};
use tokio::net::TcpStream;

use super::faults::{Fault, Faults};
use super::names::Names;

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Request {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Of the answer; `None` = there was none.
    pub status: Option<u16>,
}

impl Request {
    /// A header's text, empty when there is none.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

/// Stands before the bucket.
pub(super) struct Layer {
    service: S3Service,
    /// s3s-fs looks for an object and writes it in two steps, and a third one writes its headers; S3 does it in one.
    one_at_a_time: tokio::sync::Mutex<()>,
    names: Names,
    faults: Faults,
    requests: Mutex<Vec<Request>>,
    /// What the address of a task's role answers with; a bucket cannot have its name.
    role: Mutex<String>,
}

/// Where a task finds the credentials of its role.
pub(super) const ROLE: &str = "/credentials-of-the-task";

impl Layer {
    pub fn new(service: S3Service, directory: &Path) -> Self {
        Self {
            service,
            names: Names::new(directory),
            one_at_a_time: tokio::sync::Mutex::default(),
            faults: Faults::default(),
            requests: Mutex::default(),
            role: Mutex::default(),
        }
    }

    pub fn set_role(&self, credentials: String) {
        *self.role.lock().expect("the lock is poisoned") = credentials;
    }

    pub fn disturb(&self, method: &Method, fault: Fault, times: usize) {
        self.faults.add(method, fault, times);
    }

    pub fn calm(&self) {
        self.faults.clear();
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("the lock is poisoned").clone()
    }

    /// Answers a request, or closes its connection.
    pub async fn answer(&self, request: hyper::Request<Incoming>) -> Result<HttpResponse> {
        if request.uri().path() == ROLE {
            let credentials = self.role.lock().expect("the lock is poisoned").clone();
            return Ok(HttpResponse::new(Body::from(credentials)));
        }
        let number = self.note(&request);
        let answer = self.answer_or_not(request).await;
        if let Ok(answer) = &answer {
            let mut requests = self.requests.lock().expect("the lock is poisoned");
            requests[number].status = Some(answer.status().as_u16());
        }
        answer
    }

    fn note(&self, request: &hyper::Request<Incoming>) -> usize {
        let mut requests = self.requests.lock().expect("the lock is poisoned");
        requests.push(Request {
            method: request.method().clone(),
            uri: request.uri().clone(),
            headers: request.headers().clone(),
            status: None,
        });
        requests.len() - 1
    }

    async fn answer_or_not(&self, request: hyper::Request<Incoming>) -> Result<HttpResponse> {
        let fault = self.faults.next(request.method());
        let (head, mut body) = request.into_parts();
        if fault == Some(Fault::Cut) {
            let _ = body.frame().await;
            bail!("cut");
        }
        let mut body = body.collect().await?.to_bytes();
        match fault {
            Some(Fault::Refuse(status, code)) => return refusal(status, code),
            Some(Fault::WebPage(status)) => return web_page(status),
            Some(Fault::Slow(time)) => tokio::time::sleep(time).await,
            Some(Fault::Damage) => body = damaged(&body),
            _ => {}
        }
        if !is_intact(&head.headers, &body) {
            // s3s-fs would notice only after it wrote the object.
            return refusal(400, "BadDigest");
        }
        let (method, uri) = (head.method.clone(), head.uri.clone());
        let request = hyper::Request::from_parts(head, Body::from(body));
        let answer = {
            let _alone = self.one_at_a_time.lock().await;
            let answer = self.service.call(request).await;
            let answer = answer.map_err(|reason| anyhow::anyhow!("{reason:?}"))?;
            self.names.complete(&method, &uri, answer).await?
        };
        match fault {
            Some(Fault::LoseAnswer) => bail!("the answer {} is lost", answer.status()),
            Some(Fault::SlowAnswer(time)) => tokio::time::sleep(time).await,
            _ => {}
        }
        Ok(answer)
    }
}

fn damaged(body: &Bytes) -> Bytes {
    let mut bytes = body.to_vec();
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    bytes.into()
}

fn is_intact(headers: &HeaderMap, body: &Bytes) -> bool {
    let promised = headers.get(HeaderName::from_static("x-amz-checksum-sha256"));
    promised.is_none_or(|promised| {
        promised.as_bytes() == aws_smithy_types::base64::encode(Sha256::digest(body)).as_bytes()
    })
}

fn refusal(status: u16, code: &str) -> Result<HttpResponse> {
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>as the test wants it</Message></Error>"
    );
    let mut answer = HttpResponse::new(Body::from(xml));
    *answer.status_mut() = StatusCode::from_u16(status)?;
    Ok(answer)
}

fn web_page(status: u16) -> Result<HttpResponse> {
    let html = "<!DOCTYPE html>\n<html><head><title>Sign in to the network</title></head><body>Welcome</body></html>";
    let mut answer = HttpResponse::new(Body::from(html.to_owned()));
    *answer.status_mut() = StatusCode::from_u16(status)?;
    let html = hyper::header::HeaderValue::from_static("text/html; charset=utf-8");
    answer.headers_mut().insert("content-type", html);
    Ok(answer)
}

/// What a customer's browser gets.
#[derive(Debug)]
pub struct Download {
    pub status: u16,
    pub headers: HeaderMap,
    pub content: Vec<u8>,
}

/// GETs a URL without any credentials.
pub async fn download(url: &str) -> Result<Download> {
    let uri: Uri = url.parse()?;
    let authority = uri.authority().context("a URL without a host")?.clone();
    let stream = TcpStream::connect(authority.as_str()).await?;
    let (mut sender, connection) = client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().context("a URL without a path")?;
    let request = hyper::Request::get(path.as_str())
        .header("host", authority.as_str())
        .body(Empty::<Bytes>::new())?;
    let (head, body) = sender.send_request(request).await?.into_parts();
    let content = body.collect().await?.to_bytes().to_vec();
    connection.abort();
    Ok(Download {
        status: head.status.as_u16(),
        headers: head.headers,
        content,
    })
}

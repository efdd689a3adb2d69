//! An S3 server inside the test's process: s3s and s3s-fs, which check signatures, behind a layer that can be told what
//! goes wrong on the way and that puts right what s3s-fs does not do as S3 does.

mod faults;
mod http;
mod names;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result};
use hyper::Method;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::store::{self, Published};
pub use faults::Fault;
pub use http::{Download, Request, download};

pub const BUCKET: &str = "statements";
/// Below which documents are published.
pub const PREFIX: &str = "firm/monthly";
const REGION: &str = "ap-northeast-1";
const ACCESS_KEY: &str = "AKIATEST";
const SECRET_KEY: &str = "secret of the test";

/// A bucket of one test. It ends with it.
pub struct S3 {
    endpoint: String,
    directory: PathBuf,
    layer: Arc<http::Layer>,
    serving: JoinHandle<()>,
}

impl S3 {
    /// Serves a bucket below `directory` on a port of this machine.
    pub(crate) async fn start(directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory.join(BUCKET))?;
        let files = FileSystem::new(directory)
            .map_err(|reason| anyhow::anyhow!("the bucket cannot be opened: {reason:?}"))?;
        let mut service = S3ServiceBuilder::new(files);
        service.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let layer = Arc::new(http::Layer::new(service.build(), directory));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let serving = tokio::spawn(serve(listener, layer.clone()));
        Ok(Self {
            endpoint,
            directory: directory.to_owned(),
            layer,
            serving,
        })
    }

    /// What a program needs to use it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        vec![
            ("STORE_URL", format!("s3://{BUCKET}/{PREFIX}")),
            ("AWS_ENDPOINT_URL_S3", self.endpoint.clone()),
            ("AWS_REGION", REGION.to_owned()),
            ("AWS_ACCESS_KEY_ID", ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", SECRET_KEY.to_owned()),
        ]
    }

    /// Where a program finds the credentials of a role in the place of its own; they expire at this time, RFC 3339.
    pub fn role_until(&self, end: &str) -> (&'static str, String) {
        self.layer.set_role(format!(
            "{{\"AccessKeyId\": \"{ACCESS_KEY}\", \"SecretAccessKey\": \"{SECRET_KEY}\", \"Token\": \"token\", \"Expiration\": \"{end}\"}}"
        ));
        let address = format!("{}{}", self.endpoint, http::ROLE);
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address)
    }

    /// What happens to the next `times` requests of a method.
    pub fn disturb(&self, method: &Method, fault: Fault, times: usize) {
        self.layer.disturb(method, fault, times);
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        self.layer.calm();
    }

    /// Every request so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.layer.requests()
    }

    /// The requests of one method.
    pub fn requests_of(&self, method: &Method) -> Vec<Request> {
        let mut requests = self.requests();
        requests.retain(|request| request.method == *method);
        requests
    }

    /// Every object below the prefix.
    pub fn objects(&self) -> Result<Vec<Published>> {
        store::published(&self.prefix())
    }

    /// The content of an object below the prefix.
    pub fn content(&self, key: &str) -> Result<Vec<u8>> {
        std::fs::read(self.prefix().join(key)).context(key.to_owned())
    }

    /// Puts an object below the prefix as somebody else would, without a SHA-256.
    pub fn place(&self, key: &str, content: &[u8]) -> Result<()> {
        let path = self.prefix().join(key);
        std::fs::create_dir_all(path.parent().context("a key without a folder")?)?;
        std::fs::write(path, content)?;
        // s3s-fs would keep what it knows of the object before.
        let known = names::known_of(&self.directory, &format!("{BUCKET}/{PREFIX}/{key}"))?;
        if known.exists() {
            std::fs::remove_file(known)?;
        }
        Ok(())
    }

    /// The same with the SHA-256 that S3 computes, and under an ETag of its own, as where a key of KMS encrypts.
    pub fn place_encrypted(&self, key: &str, content: &[u8]) -> Result<()> {
        self.place(key, content)?;
        let known = names::known_of(&self.directory, &format!("{BUCKET}/{PREFIX}/{key}"))?;
        let sha256 = aws_smithy_types::base64::encode(Sha256::digest(content));
        let etag = format!("{:032x}", fastrand::u128(..));
        let known_of = serde_json::json!({"e_tag": etag, "checksum_sha256": sha256});
        Ok(std::fs::write(known, known_of.to_string())?)
    }

    pub fn remove(&self, key: &str) -> Result<()> {
        Ok(std::fs::remove_file(self.prefix().join(key))?)
    }

    fn prefix(&self) -> PathBuf {
        self.directory.join(BUCKET).join(PREFIX)
    }
}

impl Drop for S3 {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, layer: Arc<http::Layer>) {
    while let Ok((stream, _)) = listener.accept().await {
        let layer = layer.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request| layer.answer(request));
            // An answer that is an error closes the connection: that is how one is lost.
            let _ = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

//! What S3 tells of objects and s3s-fs does not: their ETags in listings, and the ids of their versions.

use common::hashing::hex;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use http_body_util::BodyExt;
use hyper::header::HeaderValue;
use hyper::{Method, Uri};
use md5::{Digest, Md5};
use s3s::{Body, HttpResponse};

/// Completes answers about the objects of a directory.
pub(super) struct Names {
    directory: PathBuf,
}

impl Names {
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// Adds what is missing.
    pub async fn complete(
        &self,
        method: &Method,
        uri: &Uri,
        mut answer: HttpResponse,
    ) -> Result<HttpResponse> {
        if !answer.status().is_success() {
            return Ok(answer);
        }
        let etag = answer.headers().get("etag").cloned();
        if let Some(etag) = etag {
            let version = format!("version-{}", etag.to_str()?.trim_matches('"'));
            let headers = answer.headers_mut();
            headers.insert("x-amz-version-id", HeaderValue::try_from(version)?);
            return Ok(answer);
        }
        let is_listing = uri
            .query()
            .is_some_and(|query| query.contains("list-type=2"));
        if *method != Method::GET || !is_listing {
            return Ok(answer);
        }
        let bucket = uri.path().trim_matches('/').to_owned();
        let (mut head, body) = answer.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|reason| anyhow::anyhow!("{reason}"))?;
        let listing = self.with_etags(&bucket, std::str::from_utf8(&body.to_bytes())?)?;
        head.headers.remove("content-length");
        Ok(HttpResponse::from_parts(head, Body::from(listing)))
    }

    fn with_etags(&self, bucket: &str, listing: &str) -> Result<String> {
        let mut complete = String::with_capacity(listing.len());
        let mut rest = listing;
        while let Some((before, after)) = rest.split_once("<Contents>") {
            let (object, after) = after.split_once("</Contents>").context("no end")?;
            let key = object
                .split_once("<Key>")
                .and_then(|(_, key)| key.split_once("</Key>"));
            let (key, _) = key.context("an object without a key")?;
            let etag = self.etag(&format!("{bucket}/{key}"))?;
            complete.push_str(before);
            let whole = format!("<Contents>{object}<ETag>&quot;{etag}&quot;</ETag></Contents>");
            complete.push_str(&whole);
            rest = after;
        }
        complete.push_str(rest);
        Ok(complete)
    }

    /// As s3s-fs answers it for one object.
    fn etag(&self, object: &str) -> Result<String> {
        let known = known_of(&self.directory, object)?;
        if known.exists() {
            let known: serde_json::Value = serde_json::from_slice(&std::fs::read(known)?)?;
            if let Some(etag) = known["e_tag"].as_str() {
                return Ok(etag.to_owned());
            }
        }
        let digest = Md5::digest(std::fs::read(self.directory.join(object))?);
        Ok(hex(&digest))
    }
}

/// Where s3s-fs keeps what it knows of `BUCKET/KEY`.
pub(super) fn known_of(directory: &Path, object: &str) -> Result<PathBuf> {
    let (bucket, key) = object.split_once('/').context("an object without a key")?;
    let encode = |text: &str| {
        let encoded = aws_smithy_types::base64::encode(text);
        encoded.replace('+', "-").replace('/', "_").replace('=', "")
    };
    let (bucket, key) = (encode(bucket), encode(key));
    Ok(directory.join(format!(".bucket-{bucket}.object-{key}.internal.json")))
}

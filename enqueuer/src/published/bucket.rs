//! A bucket, as its readers see it.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;
use common::aws::{self, SdkConfig};
use common::hashing::HashingWriter;
use common::ledger::{StoredAs, bare_etag};
use common::statement::Period;
use common::{Error, Result, store};
use futures_util::stream::{self, Stream, StreamExt, TryStreamExt};
use jiff::Timestamp;

use super::{Found, Object, SignedLink, Wanted};

/// The right that listing needs; S3 also wants it before it says that an object is not there.
const LISTING: &str = "s3:ListBucket of the bucket";

/// The rights that a link needs, of whoever signs it.
const READING: &str = "s3:GetObject and, of the bucket, s3:ListBucket";

/// Documents as objects below a prefix of a bucket.
pub struct Bucket {
    config: SdkConfig,
    client: Client,
    bucket: String,
    prefix: String,
}

impl Bucket {
    pub async fn open(bucket: &str, prefix: &str) -> Result<Self> {
        Ok(Self::of(aws::sdk_config().await?, bucket, prefix))
    }

    fn of(config: SdkConfig, bucket: &str, prefix: &str) -> Self {
        Self {
            client: Client::from_conf(settings(&config).build()),
            config,
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    /// Lists one object, or none: enough to know that bucket, region and rights are as they must be.
    pub async fn check(&self) -> Result<()> {
        let prefix = self.key("");
        let listing = self.client.list_objects_v2().bucket(&self.bucket);
        let asked = listing.prefix(&prefix).max_keys(1).send().await;
        asked
            .map(drop)
            .map_err(|error| aws::bucket_failed(&self.bucket, &prefix, LISTING, error))
    }

    /// Every object below the period, page by page, in the order in which S3 lists them: that of the keys' bytes.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>
    pub fn list(&self, period: Period) -> impl Stream<Item = Result<Object>> {
        let prefix = self.key(&format!("{period}/"));
        let listing = self.client.list_objects_v2().bucket(&self.bucket);
        let pages = listing.prefix(&prefix).into_paginator().send();
        let pages = stream::unfold(pages, async |mut pages| {
            let page = pages.next().await?;
            Some((page, pages))
        });
        let below = self.key("");
        pages
            .map(move |page| {
                let page = page
                    .map_err(|error| aws::bucket_failed(&self.bucket, &prefix, LISTING, error))?;
                let objects: Vec<_> = page
                    .contents()
                    .iter()
                    .filter_map(|object| {
                        let key = object.key()?.strip_prefix(&below)?.to_owned();
                        let bytes = u64::try_from(object.size().unwrap_or_default());
                        Some(Ok(Object {
                            key,
                            bytes: bytes.unwrap_or_default(),
                            etag: object.e_tag().map(bare_etag),
                        }))
                    })
                    .collect();
                Ok(stream::iter(objects))
            })
            .try_flatten()
    }

    /// A presigned GET. What it leads to nobody has looked at yet.
    pub async fn link(
        &self,
        wanted: &Wanted,
        now: Timestamp,
        expires: Duration,
    ) -> Result<SignedLink> {
        // Signed with the very credentials whose end is told. The SDK, which need not know it, would warn without a time.
        let credentials = aws::credentials(&self.config).await?;
        let ends = credentials.expiry().map(Timestamp::try_from);
        let signing = settings(&self.config).credentials_provider(Credentials::new(
            credentials.access_key_id(),
            credentials.secret_access_key(),
            credentials.session_token().map(ToOwned::to_owned),
            None,
            "link",
        ));
        let key = self.key(&wanted.key);
        let failed = |reason| Error::bug("the link cannot be signed").because(reason);
        let times = PresigningConfig::builder()
            .start_time(now.into())
            .expires_in(expires)
            .build()
            .map_err(|reason| failed(reason.to_string()))?;
        let request = Client::from_conf(signing.build())
            .get_object()
            .bucket(&self.bucket)
            .key(&key)
            .presigned(times)
            .await
            .map_err(|error| self.failed(&key, error))?;
        Ok(SignedLink {
            url: request.uri().to_owned(),
            expires_at: now.checked_add(expires).ok(),
            credentials_expire_at: ends.and_then(std::result::Result::ok),
        })
    }

    /// Compares an object with what was published: by the SHA-256 with which it was put, as S3 keeps it, or else by all of its bytes. What
    /// somebody put without one, or copied, has none.
    pub async fn look_at(&self, wanted: &Wanted) -> Result<Found> {
        let key = self.key(&wanted.key);
        let looked = self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(&key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await;
        let head = match looked {
            Ok(head) => head,
            Err(error) if error.code() == Some("NotFound") => return Ok(Found::Nothing),
            Err(error) => return Err(self.failed(&key, error)),
        };
        if u64::try_from(head.content_length().unwrap_or_default()) != Ok(wanted.bytes) {
            return Ok(Found::OfAnotherSize);
        }
        let stored = StoredAs::of(head.e_tag(), head.version_id());
        let sha256 = match head.checksum_sha256().and_then(aws::hex_of_base64) {
            Some(sha256) => Some(sha256),
            None => self.read(&key).await?,
        };
        Ok(match sha256 {
            None => Found::Nothing,
            Some(sha256) if sha256 == wanted.sha256 => Found::Published(stored),
            Some(_) => Found::Another,
        })
    }

    /// The SHA-256 of an object's bytes; `None` = it is gone.
    async fn read(&self, key: &str) -> Result<Option<String>> {
        let asked = self.client.get_object().bucket(&self.bucket).key(key);
        let object = match asked.send().await {
            Ok(object) => object,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            Err(error) => return Err(self.failed(key, error)),
        };
        let lost = |reason: io::Error| {
            let place = format!("s3://{}/{key}", self.bucket);
            Error::retry("aws", format!("reading {place}: the connection failed")).because(reason)
        };
        let mut hashing = HashingWriter::new(io::sink(), Arc::default());
        let mut body = object.body;
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|reason| lost(io::Error::other(reason)))?;
            hashing.write_all(&bytes).map_err(lost)?;
        }
        let (_, sha256, _) = hashing.finish().map_err(lost)?;
        Ok(Some(sha256))
    }

    /// Where an object is.
    pub fn place(&self, wanted: &Wanted) -> String {
        format!("s3://{}/{}", self.bucket, self.key(&wanted.key))
    }

    fn failed<E>(&self, key: &str, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        aws::bucket_failed(&self.bucket, key, READING, error)
    }

    fn key(&self, key: &str) -> String {
        store::below(&self.prefix, key)
    }
}

fn settings(config: &SdkConfig) -> Builder {
    Builder::from(config).force_path_style(aws::has_s3_endpoint(config))
}

#[cfg(test)]
mod tests {
    use aws_sdk_s3::config::{
        BehaviorVersion, HttpClient, Region, RuntimeComponents, SharedCredentialsProvider,
    };
    use aws_sdk_s3::primitives::SdkBody;
    use aws_smithy_runtime_api::client::http::{
        HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    };
    use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};

    use super::*;

    /// Answers a listing with two pages, and everything else with nothing.
    #[derive(Debug, Clone)]
    struct TwoPages;

    impl HttpClient for TwoPages {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    impl HttpConnector for TwoPages {
        fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
            let asked = request.uri();
            let page = if !asked.contains("prefix=firm%2F2026-10%2F") {
                String::new()
            } else if asked.contains("continuation-token=more") {
                page("2026-10/trade/B/2026-10.trade.B.xlsx", 2, false)
            } else {
                page("2026-10/trade/A/2026-10.trade.A.xlsx", 1, true)
            };
            let status = 200u16.try_into().unwrap();
            HttpConnectorFuture::ready(Ok(HttpResponse::new(status, SdkBody::from(page))))
        }
    }

    fn page(key: &str, bytes: u64, more: bool) -> String {
        let token = "<NextContinuationToken>more</NextContinuationToken>";
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
             <ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>{more}</IsTruncated>{}
             <Contents><Key>firm/{key}</Key><ETag>&quot;etag of {bytes}&quot;</ETag><Size>{bytes}</Size></Contents></ListBucketResult>",
            if more { token } else { "" }
        )
    }

    #[tokio::test]
    async fn a_period_is_listed_to_its_last_page() {
        let credentials = Credentials::new("key", "secret", None, None, "test");
        let config = SdkConfig::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("ap-northeast-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .http_client(TwoPages)
            .build();
        let bucket = Bucket::of(config, "statements", "firm");
        let listing = bucket.list("2026-10".parse().unwrap());
        let listed: Vec<Object> = listing.try_collect().await.unwrap();
        let object = |account: &str, bytes| Object {
            key: format!("2026-10/trade/{account}/2026-10.trade.{account}.xlsx"),
            bytes,
            etag: Some(format!("etag of {bytes}")),
        };
        assert_eq!(listed, [object("A", 1), object("B", 2)]);
    }
}

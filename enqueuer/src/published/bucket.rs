//! A bucket, as its readers see it.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Credentials};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;
use common::aws::{self, SdkConfig};
use common::statement::Period;
use common::{Error, Result, store};
use jiff::Timestamp;

use super::{Object, SignedLink, Wanted, changed, missing};

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

    /// Every object below the period, page by page.
    pub async fn list(&self, period: Period) -> Result<Vec<Object>> {
        let prefix = self.key(&format!("{period}/"));
        let listing = self.client.list_objects_v2().bucket(&self.bucket);
        let mut pages = listing.prefix(&prefix).into_paginator().send();
        let below = self.key("");
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page =
                page.map_err(|error| aws::bucket_failed(&self.bucket, &prefix, LISTING, error))?;
            found.extend(page.contents().iter().filter_map(|object| {
                Some(Object {
                    key: object.key()?.strip_prefix(&below)?.to_owned(),
                    bytes: u64::try_from(object.size().unwrap_or_default()).unwrap_or_default(),
                })
            }));
        }
        Ok(found)
    }

    /// A presigned GET.
    pub async fn link(
        &self,
        wanted: &Wanted,
        now: Timestamp,
        expires: Duration,
    ) -> Result<SignedLink> {
        self.look_at(wanted).await?;
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
            .map_err(|error| aws::bucket_failed(&self.bucket, &key, READING, error))?;
        Ok(SignedLink {
            url: request.uri().to_owned(),
            expires_at: now.checked_add(expires).ok(),
            credentials_expire_at: ends.and_then(std::result::Result::ok),
        })
    }

    /// A customer must not be sent to nothing, or to something else than what was published.
    async fn look_at(&self, wanted: &Wanted) -> Result<()> {
        let key = self.key(&wanted.key);
        let place = format!("s3://{}/{key}", self.bucket);
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
            Err(error) if error.code() == Some("NotFound") => return Err(missing(&place)),
            Err(error) => return Err(aws::bucket_failed(&self.bucket, &key, READING, error)),
        };
        let size = u64::try_from(head.content_length().unwrap_or_default());
        // A bucket that was copied with another kind of checksum has none of ours.
        let is_other = |digest: &str| aws::base64_of_hex(&wanted.sha256) != digest;
        if size != Ok(wanted.bytes) || head.checksum_sha256().is_some_and(is_other) {
            return Err(changed(&place));
        }
        Ok(())
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
             <Contents><Key>firm/{key}</Key><Size>{bytes}</Size></Contents></ListBucketResult>",
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
        let listed = bucket.list("2026-10".parse().unwrap()).await.unwrap();
        let object = |account: &str, bytes| Object {
            key: format!("2026-10/trade/{account}/2026-10.trade.{account}.xlsx"),
            bytes,
        };
        assert_eq!(listed, [object("A", 1), object("B", 2)]);
    }
}

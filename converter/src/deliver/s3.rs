//! A bucket as store.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::interceptors::InterceptorContext;
use aws_sdk_s3::config::retry::{ClassifyRetry, RetryAction};
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStream;
use common::aws::{self, CONNECT_TIMEOUT};
use common::hashing::HashingWriter;
use common::ledger::StoredAs;
use common::statement::DocumentId;
use common::store::ObjectKey;
use common::{Error, Result, store};

use super::{Finished, Opened, Outcome};

const CONTENT_TYPE: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What one PutObject takes.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/upload-objects.html>
const MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// An upload may take so long whatever its size, and in addition as long as it needs at so many bytes per second. One that
/// stands still altogether the SDK ends much sooner.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(30);
const UPLOAD_BYTES_PER_SECOND: u64 = 256 * 1024;

/// What is read of the file at a time; each read is a journey to another thread.
const READ_BYTES: usize = 256 * 1024;

/// Documents as objects below a prefix of a bucket.
#[derive(Debug, Clone)]
pub struct BucketStore {
    client: Client,
    bucket: String,
    prefix: String,
}

/// What is put, and what S3 keeps beside it.
pub struct Whole<'a> {
    pub path: &'a Path,
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: &'a str,
    pub content_type: &'a str,
    pub content_disposition: Option<String>,
    pub tagging: String,
}

impl BucketStore {
    pub async fn open(bucket: &str, prefix: &str) -> Result<Self> {
        let config = aws::sdk_config().await?;
        let of_s3 = aws_sdk_s3::config::Builder::from(&config)
            .force_path_style(aws::has_s3_endpoint(&config))
            .retry_classifier(ConflictPasses)
            .build();
        Ok(Self {
            client: Client::from_conf(of_s3),
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        })
    }

    /// Fetches an object into a temp file that has no name and goes with its handle.
    pub async fn read(&self, key: &ObjectKey) -> Result<Option<Opened>> {
        let asked = self.client.get_object().bucket(&self.bucket);
        let object = match asked.key(self.key(key)).send().await {
            Ok(object) => object,
            Err(error) if error.code() == Some("NoSuchKey") => return Ok(None),
            // Without the right to list, S3 does not tell whether there is an object.
            Err(error) => {
                return Err(self.failed(
                    "s3:GetObject (and s3:ListBucket of the bucket)",
                    key,
                    error,
                ));
            }
        };
        let stored = StoredAs::of(object.e_tag(), object.version_id());
        let doing = "fetching the published document";
        let failed = |reason| crate::disk::failed(doing, reason);
        let file = tempfile::tempfile().map_err(failed)?;
        let out = BufWriter::new(file.try_clone().map_err(failed)?);
        let mut out = HashingWriter::new(out, Arc::default());
        let mut body = object.body;
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|reason| {
                Error::retry("aws", format!("{doing}: the connection failed")).because(reason)
            })?;
            out.write_all(&bytes).map_err(failed)?;
        }
        let (_, sha256, bytes) = out.finish().map_err(failed)?;
        rewound(file)
            .map(|file| {
                Some(Opened {
                    file,
                    sha256,
                    bytes,
                    stored,
                })
            })
            .map_err(failed)
    }

    /// Puts a finished workbook, unless there is something already.
    pub async fn publish(&self, finished: Finished, document: &DocumentId) -> Result<Outcome> {
        let key = ObjectKey::of(document);
        if finished.bytes > MAX_BYTES {
            return Err(Error::data(
                "too_large",
                format!(
                    "{document} has {} bytes, and S3 takes {MAX_BYTES} in one piece: split the account's month, or leave out columns",
                    finished.bytes
                ),
            ));
        }
        self.put(
            &key,
            &Whole {
                path: &finished.file.path(),
                bytes: finished.bytes,
                sha256: &finished.sha256,
                content_type: CONTENT_TYPE,
                content_disposition: Some(finished.file_name.content_disposition()),
                tagging: format!("kind={}&period={}", document.kind, document.period),
            },
        )
        .await
    }

    /// One PutObject that refuses to replace. Dropped half way, it leaves nothing: an object is there as a whole or not at
    /// all. When an answer is lost, the SDK puts once more and hears that the object is there.
    pub async fn put(&self, key: &ObjectKey, whole: &Whole<'_>) -> Result<Outcome> {
        let put = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.key(key))
            .if_none_match("*")
            .checksum_sha256(aws::base64_of_hex(whole.sha256))
            .content_type(whole.content_type)
            .set_content_disposition(whole.content_disposition.clone())
            .tagging(&whole.tagging)
            .body(body_of(whole.path, whole.bytes).await?)
            .customize()
            .config_override(
                aws_sdk_s3::config::Builder::new().timeout_config(upload_timeouts(whole.bytes)),
            );
        match put.send().await {
            // S3 names what it keeps. Anything else that says 200 has kept nothing.
            Ok(kept) if kept.e_tag().is_none() => Err(Error::config(format!(
                "{}: it was not S3 that answered, but something like a web page of a proxy or a portal; check HTTPS_PROXY, NO_PROXY \
                 and AWS_ENDPOINT_URL",
                self.place(key)
            ))),
            Ok(kept) => {
                let stored = StoredAs::of(kept.e_tag(), kept.version_id());
                Ok(Outcome::Published(stored))
            }
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(Outcome::AlreadyThere),
            Err(error) => Err(self.failed("s3:PutObject and s3:PutObjectTagging", key, error)),
        }
    }

    pub fn place(&self, key: &ObjectKey) -> String {
        format!("s3://{}/{}", self.bucket, self.key(key))
    }

    fn key(&self, key: &ObjectKey) -> String {
        store::below(&self.prefix, key.as_str())
    }

    fn failed<E>(&self, rights: &str, key: &ObjectKey, error: SdkError<E>) -> Error
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        aws::bucket_failed(&self.bucket, &self.key(key), rights, error)
    }
}

/// Another write of the same key that is under way (409): it ends soon, and then there is an object or none.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>
#[derive(Debug)]
struct ConflictPasses;

impl ClassifyRetry for ConflictPasses {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        match context.response() {
            Some(response) if response.status().as_u16() == 409 => RetryAction::transient_error(),
            _ => RetryAction::NoActionIndicated,
        }
    }

    fn name(&self) -> &'static str {
        "Conflicting writes"
    }
}

fn upload_timeouts(bytes: u64) -> TimeoutConfig {
    let uploading = Duration::from_secs(bytes / UPLOAD_BYTES_PER_SECOND);
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(UPLOAD_TIMEOUT + uploading)
        .disable_operation_timeout()
        .build()
}

/// The file, to be read anew by every attempt.
async fn body_of(path: &Path, bytes: u64) -> Result<ByteStream> {
    let length = aws_sdk_s3::primitives::Length::Exact(bytes);
    ByteStream::read_from()
        .path(path)
        .length(length)
        .buffer_size(READ_BYTES)
        .build()
        .await
        .map_err(|reason| {
            Error::retry("disk", "the finished workbook cannot be read").because(reason)
        })
}

fn rewound(mut file: File) -> io::Result<File> {
    file.rewind()?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_s3_does_not_take_in_one_piece_is_not_sent() {
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(aws_sdk_s3::config::BehaviorVersion::v2026_01_12())
            .build();
        let store = BucketStore {
            client: Client::from_conf(settings),
            bucket: "statements".to_owned(),
            prefix: String::new(),
        };
        let document: DocumentId = "2026-10.trade.A1".parse().unwrap();
        let finished = Finished {
            file: super::super::Partial::unnamed().unwrap(),
            sha256: String::new(),
            bytes: MAX_BYTES + 1,
            file_name: super::super::FileName::new(&document, "Trades"),
        };
        let error = store.publish(finished, &document).await.unwrap_err();
        assert_eq!(error.cause(), "too_large");
        assert!(error.to_string().contains("5368709120"), "{error}");
    }

    #[test]
    fn large_uploads_get_more_time() {
        let seconds = |bytes| {
            upload_timeouts(bytes)
                .operation_attempt_timeout()
                .map(|timeout| timeout.as_secs())
        };
        assert_eq!(seconds(10_000), Some(30));
        assert_eq!(seconds(100 * 1024 * 1024), Some(430));
    }
}

//! What every AWS client shares: credentials, region, endpoints, proxy and TLS as in every SDK, and what an AWS error means.

mod http;
mod profile;
mod web_page;

use aws_config::BehaviorVersion;
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::service_config::ServiceConfigKey;
use std::time::Duration;

pub use aws_config::SdkConfig;
pub use http::{http_client, http_connector};
pub use web_page::is_web_page;

use crate::{Error, Result, certificates, hashing};

/// How often a request is sent before it has failed; the pauses between double, with jitter.
const MAX_ATTEMPTS: u32 = 4;

/// Until a connection must stand.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Until an answer must be there; uploads take as long as they are large, and set their own.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);

/// For all tries together: somebody waits for a command that hears nothing.
const TIMEOUT: Duration = Duration::from_mins(1);

/// Reads region, credentials and endpoints as every SDK does. A missing region, or no credentials at all, is an error at
/// once: with the first request it would look like a network that fails.
pub async fn sdk_config() -> Result<SdkConfig> {
    certificates::demand_authorities()?;
    // Not from the metadata of a virtual machine, which takes seconds to say no where there is none; tasks get AWS_REGION.
    let region = RegionProviderChain::first_try(EnvironmentVariableRegionProvider::new())
        .or_else(ProfileFileRegionProvider::new())
        .region()
        .await;
    let Some(region) = region else {
        profile::demand().await?;
        return Err(Error::config(
            "AWS_REGION is not set: name the region of queue, bucket and topic, e.g. ap-northeast-1",
        ));
    };
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .region(region)
        .http_client(http_client())
        .retry_config(RetryConfig::standard().with_max_attempts(MAX_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .operation_attempt_timeout(ATTEMPT_TIMEOUT)
                .operation_timeout(TIMEOUT)
                .build(),
        )
        .load()
        .await;
    credentials(&config).await?;
    Ok(config)
}

/// The credentials that requests are signed with at this moment, and with them when they expire.
pub async fn credentials(config: &SdkConfig) -> Result<Credentials> {
    let Some(provider) = config.credentials_provider() else {
        return Err(Error::config(NO_CREDENTIALS));
    };
    match provider.provide_credentials().await {
        Ok(credentials) => Ok(credentials),
        Err(
            reason @ (CredentialsError::CredentialsNotLoaded(_)
            | CredentialsError::InvalidConfiguration(_)),
        ) => {
            profile::demand().await?;
            Err(Error::config(NO_CREDENTIALS).because(reason))
        }
        Err(reason) => {
            Err(Error::retry("aws", "the AWS credentials could not be fetched").because(reason))
        }
    }
}

/// What to do where there are no credentials.
const NO_CREDENTIALS: &str = "there are no AWS credentials: give the task a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID \
                              and AWS_SECRET_ACCESS_KEY";

/// Whether S3 is somewhere else than at AWS (`AWS_ENDPOINT_URL_S3`, `AWS_ENDPOINT_URL`): such servers have no name per
/// bucket, so buckets belong into the path there.
pub fn has_s3_endpoint(config: &SdkConfig) -> bool {
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build();
    let of_s3 = key
        .ok()
        .and_then(|key| config.service_config()?.load_config(key));
    of_s3.is_some() || config.endpoint_url().is_some()
}

/// What became of a request that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The service refused it: nothing was done.
    Refused,
    /// Throttled: nothing was done, later it may be.
    Throttled,
    /// Nobody knows whether it was done: the answer was lost, or the service failed.
    Unknown,
}

/// What became of a request.
pub fn fate<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Fate {
    match error {
        SdkError::ConstructionFailure(_) => Fate::Refused,
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let code = service.err().code().unwrap_or_default();
            if status == 429 || THROTTLED.contains(&code) {
                Fate::Throttled
            } else if status < 500 {
                Fate::Refused
            } else {
                Fate::Unknown
            }
        }
        _ => Fate::Unknown,
    }
}

/// Error codes by which AWS's services say "slower"; some of them with status 400.
const THROTTLED: [&str; 8] = [
    "Throttling",
    "ThrottlingException",
    "Throttled",
    "ThrottledException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "SlowDown",
];

/// Error codes that pass by themselves although the service refused: new credentials are fetched, another write ends,
/// what was damaged on the way is sent again.
const PASSING: [&str; 9] = [
    "BadDigest",
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteBody",
    "OperationAborted",
    "RequestExpired",
    // This host's clock is wrong; the next attempt has another host.
    "RequestTimeTooSkewed",
    "RequestTimeout",
    "ConditionalRequestConflict",
];

/// Gives a failed request its class: what was refused must be mended (rights, names), anything else may be tried again.
pub fn failed<E>(doing: &str, error: SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    if let Some(page) = web_page::answered(&error) {
        return page.error(doing);
    }
    let code = error.code().unwrap_or_default().to_owned();
    let said = error.message().unwrap_or_default().to_owned();
    match fate(&error) {
        Fate::Refused if PASSING.contains(&code.as_str()) => {
            Error::retry("aws", format!("{doing}: AWS says {code}, {said}"))
        }
        Fate::Refused if !code.is_empty() => Error::config(format!(
            "{doing}: AWS refuses it, {code}: {said}; check rights (IAM), names and region"
        )),
        Fate::Refused => Error::config(format!(
            "{doing}: AWS refuses it; check rights (IAM), names and region"
        ))
        .because(error),
        Fate::Throttled => Error::retry("aws", format!("{doing}: AWS throttles, {code}: {said}")),
        Fate::Unknown => Error::retry("aws", format!("{doing}: AWS did not answer")).because(error),
    }
}

/// As [`failed`], for a request about an object of a bucket: names what is missing there. `rights` are what it needs.
pub fn bucket_failed<E>(
    bucket: &str,
    object: &str,
    rights: &str,
    error: SdkError<E, HttpResponse>,
) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let place = format!("s3://{bucket}/{object}");
    if let Some(page) = web_page::answered(&error) {
        return page.error(&place);
    }
    let said = error.message().unwrap_or_default();
    // The answer to HEAD has no body, and with it no code.
    let status = error
        .raw_response()
        .map(|response| response.status().as_u16());
    match (error.code(), status) {
        (Some("NoSuchBucket"), _) => Error::config(format!(
            "there is no bucket {bucket}: create it or correct STORE_URL"
        )),
        (Some("PermanentRedirect" | "AuthorizationHeaderMalformed"), _) | (_, Some(301)) => {
            Error::config(format!(
                "the bucket {bucket} is in another region: correct AWS_REGION; S3 says: {said}"
            ))
        }
        (Some("AccessDenied"), _) | (None, Some(403)) => Error::config(format!(
            "no right to {place}: the role needs {rights} there, and the right to use its key if the bucket is encrypted \
             with one of KMS; S3 says: {said}"
        )),
        _ => failed(&place, error),
    }
}

/// S3 wants a digest in base64, the ledger has it in hexadecimal.
pub fn base64_of_hex(hex: &str) -> String {
    let bytes: Vec<u8> = hex
        .as_bytes()
        .chunks_exact(2)
        .filter_map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok())
        .collect();
    aws_smithy_types::base64::encode(bytes)
}

/// The other way round; `None` = it is no digest of a whole object, as that of one that was put in parts (`…-2`).
pub fn hex_of_base64(digest: &str) -> Option<String> {
    let bytes = aws_smithy_types::base64::decode(digest).ok()?;
    (bytes.len() == 32).then(|| hashing::hex(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_written_as_s3_wants_them() {
        // Of the empty file, as AWS's documentation has it.
        assert_eq!(
            base64_of_hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
        assert_eq!(
            hex_of_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=").as_deref(),
            Some("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        );
        assert_eq!(
            hex_of_base64("47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=-2"),
            None
        );
    }
}

//! A Slack webhook. Its URL is a password: it is in no message, no error and no log line.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use common::printable::printable;
use common::{Error, Result, aws};
use tokio::time::{sleep, timeout};

/// Until an answer must be there, its text included.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Between the three tries.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];

/// Slack says how long it wants to be left alone; longer than this no command waits for an alert.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

/// What is read of an answer: Slack says `ok`, or a word such as `no_service`.
const MAX_ANSWER_BYTES: usize = 200;

pub struct Webhook {
    connector: SharedHttpConnector,
    url: String,
    timeout: Duration,
    pauses: [Duration; 2],
}

/// Why a try failed.
enum Failure {
    /// The same again may succeed, after this long if Slack says so.
    Passing(Error, Option<Duration>),
    Final(Error),
}

impl Webhook {
    pub fn new(url: &str) -> Self {
        Self::with(url, TIMEOUT, PAUSES)
    }

    pub(super) fn with(url: &str, timeout: Duration, pauses: [Duration; 2]) -> Self {
        Self {
            connector: aws::http_connector(),
            url: url.to_owned(),
            timeout,
            pauses,
        }
    }

    /// Posts a body. A lost answer may make a message appear twice, which is better than not at all.
    pub async fn post(&self, body: &str) -> Result<()> {
        let mut pauses = self.pauses.into_iter();
        loop {
            let (error, wanted) = match self.post_once(body).await {
                Ok(()) => return Ok(()),
                Err(Failure::Passing(error, wanted)) => (error, wanted),
                Err(Failure::Final(error)) => return Err(error),
            };
            let Some(pause) = pauses.next() else {
                return Err(error);
            };
            sleep(wanted.unwrap_or(pause).min(MAX_RETRY_AFTER)).await;
        }
    }

    async fn post_once(&self, body: &str) -> Result<(), Failure> {
        let request = self.request(body).map_err(Failure::Final)?;
        let answer = async {
            let response = self.connector.call(request).await?;
            let retry_after = retry_after(&response);
            Ok((
                response.status().as_u16(),
                retry_after,
                text(response).await,
            ))
        };
        let passing = |error| Failure::Passing(error, None);
        let (status, retry_after, said) = timeout(self.timeout, answer)
            .await
            .map_err(|_| passing(unreachable_because("it did not answer in time")))?
            .map_err(|error: ConnectorError| passing(unreachable_because(&self.reason(&error))))?;
        let said = self.without_secret(&said);
        let is_page = aws::is_web_page("", said.as_bytes());
        let answered = if is_page {
            format!(
                "not Slack answered, but a web page (status {status}); check HTTPS_PROXY and NO_PROXY"
            )
        } else {
            format!("the Slack webhook answered {status}: {said}")
        };
        match status {
            200..=299 if !is_page => Ok(()),
            429 | 500.. => Err(Failure::Passing(
                Error::retry("slack", answered),
                retry_after,
            )),
            _ if is_page => Err(Failure::Final(Error::config(answered))),
            _ => Err(Failure::Final(Error::config(format!(
                "{answered}; make a new webhook and set ALERTS=slack:URL"
            )))),
        }
    }

    fn request(&self, body: &str) -> Result<HttpRequest> {
        // Reasons are left out: they may repeat the URL.
        let wrong = || Error::config("the webhook of ALERTS=slack:URL is not a URL");
        let mut request = HttpRequest::new(SdkBody::from(body));
        request.set_uri(self.url.as_str()).map_err(|_| wrong())?;
        request.set_method("POST").map_err(|_| wrong())?;
        let headers = request.headers_mut();
        headers.insert("content-type", "application/json; charset=utf-8");
        Ok(request)
    }

    /// The innermost reason: name not found, connection refused, certificate not trusted.
    fn reason(&self, error: &ConnectorError) -> String {
        let mut reason: &dyn std::error::Error = error;
        while let Some(below) = reason.source() {
            reason = below;
        }
        self.without_secret(&reason.to_string())
    }

    /// No library is known to repeat the URL in its errors; none is trusted not to.
    fn without_secret(&self, text: &str) -> String {
        let path = self.url.splitn(4, '/').nth(3).unwrap_or_default();
        let repeats = path
            .split(['/', '?', '&', '='])
            .any(|part| part.len() > 3 && text.contains(part));
        if repeats {
            return "(an answer that repeats the webhook's URL)".to_owned();
        }
        printable(text)
    }
}

fn unreachable_because(reason: &str) -> Error {
    Error::retry(
        "slack",
        format!("the Slack webhook could not be reached: {reason}"),
    )
}

fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = response.headers().get("retry-after")?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// The beginning of an answer's text.
async fn text(response: HttpResponse) -> String {
    let mut body = ByteStream::new(response.into_body());
    let mut bytes = Vec::new();
    while let Some(Ok(part)) = body.next().await {
        bytes.extend_from_slice(&part);
        if bytes.len() >= MAX_ANSWER_BYTES {
            bytes.truncate(MAX_ANSWER_BYTES);
            break;
        }
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

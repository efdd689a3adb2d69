use std::process::ExitCode;
use std::time::Duration;

use common::clock::Clock;
use common::config::{Config, Settings};
use common::contract::ACCOUNTS;
use common::database::{Whose, query_text, statement_failed};
use common::ledger::{LinkCandidate, State};
use common::source::Source;
use common::statement::{AccountId, DocumentId};
use common::{Error, Result, telemetry};
use jiff::{Span, SpanRelativeTo};
use serde_json::json;

use crate::context::open_ledger;
use crate::out::line;
use crate::published::{PublishedStore, SignedLink, Wanted};

/// The longest that S3 honours a signature, in seconds: a week.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html>
const LONGEST: u64 = 7 * 24 * 60 * 60;

/// Makes a link by which a customer downloads a published document
#[derive(Debug, clap::Args)]
pub struct Link {
    /// The document, e.g. 2026-10.trade.A0001
    #[arg(value_name = "DOCUMENT")]
    document: String,
    /// How long the link is good for, e.g. 90s, 15m, 2h or 7d, which is the longest
    #[arg(long, value_name = "TIME", default_value = "15m")]
    expires: String,
    /// Prints the answer as JSON
    #[arg(long)]
    json: bool,
}

impl Link {
    pub async fn execute(self, settings: &Settings) -> Result<ExitCode> {
        let document: DocumentId = self.document.parse()?;
        let expires = parse_expires(&self.expires)?;
        let config = settings.resolve()?;
        let ledger = open_ledger(&config).await?;
        let candidate = ledger.link_candidate(&document).await;
        ledger.close().await;
        let wanted = linkable(&document, candidate?)?;
        demand_consent(&config, &document.account_id).await?;
        let store = PublishedStore::open(&config.store).await?;
        let link = store.link(&wanted, Clock::default().now(), expires).await?;
        warn_of_credentials(&link);
        if self.json {
            line!("{}", answer(&document, &wanted, &link));
        } else {
            line!("{}", link.url);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn parse_expires(text: &str) -> Result<Duration> {
    let wrong = || {
        Error::config(format!(
            "--expires {text:?} is not a time from 1 second to 7 days: write e.g. 90s, 15m, 2h or 7d"
        ))
    };
    let span: Span = text.parse().map_err(|_| wrong())?;
    let time = span
        .to_duration(SpanRelativeTo::days_are_24_hours())
        .map_err(|_| wrong())?;
    match u64::try_from(time.as_secs()) {
        Ok(seconds @ 1..=LONGEST) => Ok(Duration::from_secs(seconds)),
        _ => Err(wrong()),
    }
}

/// What the link must lead to, or why there is none.
fn linkable(document: &DocumentId, candidate: LinkCandidate) -> Result<Wanted> {
    let LinkCandidate {
        state,
        cause,
        on_paper,
        object_key,
        sha256,
        bytes,
        newest,
    } = candidate;
    match (state, newest) {
        (State::Succeeded, _) => {}
        (State::Superseded, Some(newest)) => {
            return Err(refused(format!(
                "{document} is superseded: link {newest}, which replaces it"
            )));
        }
        (state, _) => {
            let cause = cause.map(|cause| format!(" ({cause})")).unwrap_or_default();
            return Err(refused(format!(
                "{document} is {state}{cause}: only what is published has a link"
            )));
        }
    }
    if on_paper {
        return Err(refused(format!(
            "{document} was made for paper: the customer had not consented to electronic delivery"
        )));
    }
    let published = object_key
        .zip(sha256)
        .zip(bytes.and_then(|bytes| u64::try_from(bytes).ok()));
    let Some(((key, sha256), bytes)) = published else {
        return Err(Error::bug(format!(
            "{document} succeeded, but the ledger does not say what was published"
        )));
    };
    Ok(Wanted { key, sha256, bytes })
}

/// Consent may be withdrawn after a document was made: what the source says today decides.
async fn demand_consent(config: &Config, account_id: &AccountId) -> Result<()> {
    let mut source = Source::connect(config).await?;
    // A row that is hidden from the reader is an error, and none that has vanished.
    source.begin_snapshot().await?;
    source.catalog.demand(&ACCOUNTS)?;
    let found = consents(&mut source, account_id).await;
    source.close().await;
    match &found?[..] {
        [Some(consent)] if consent == "1" => Ok(()),
        [Some(consent)] if consent == "0" => Err(refused(format!(
            "account {account_id} does not consent to electronic delivery today: send its statements on paper"
        ))),
        [consent] => Err(refused(format!(
            "statement_accounts (account_id {account_id}), column electronic_delivery: {} is not known; the contract has 0, 1",
            consent
                .as_ref()
                .map_or_else(|| "null".to_owned(), |consent| format!("{consent:?}"))
        ))),
        [] => Err(refused(format!(
            "statement_accounts has no row for account {account_id} any more: nobody can say whether it consents to \
             electronic delivery"
        ))),
        _ => Err(refused(format!(
            "statement_accounts has two rows for account {account_id}; account_id must be unique"
        ))),
    }
}

/// `electronic_delivery` of every row with the account's id.
async fn consents(source: &mut Source, account_id: &AccountId) -> Result<Vec<Option<String>>> {
    let is_account = source.catalog.is_account(&ACCOUNTS);
    sqlx::query_scalar(query_text(format!(
        "SELECT CAST(t.electronic_delivery AS text) FROM statement_accounts t WHERE {is_account}"
    )))
    .bind(account_id.as_str())
    .fetch_all(source.connection())
    .await
    .map_err(statement_failed("reading the account", Whose::Source))
}

fn refused(why: String) -> Error {
    Error::data("not_linked", why)
}

/// The end of a link that ends before the time that was asked for.
fn early_end(link: &SignedLink) -> Option<jiff::Timestamp> {
    let (asked, credentials) = link.expires_at.zip(link.credentials_expire_at)?;
    (credentials < asked).then_some(credentials)
}

fn warn_of_credentials(link: &SignedLink) {
    if let (Some(end), Some(asked)) = (early_end(link), link.expires_at) {
        telemetry::say(&format!(
            "enqueuer: warning: the link ends at {end:.0} already, with the credentials that signed it, not at {asked:.0}"
        ));
    }
}

/// The machine-readable answer.
fn answer(document: &DocumentId, wanted: &Wanted, link: &SignedLink) -> serde_json::Value {
    let expires_at = early_end(link).or(link.expires_at);
    json!({
        "document_id": document.to_string(),
        "object_key": wanted.key,
        "sha256": wanted.sha256,
        "bytes": wanted.bytes,
        "url": link.url,
        "expires_at": expires_at.map(|end| format!("{end:.0}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_humane() {
        for (text, seconds) in [
            ("1s", 1),
            ("90s", 90),
            ("15m", 900),
            ("2h", 7200),
            ("1h 30m", 5400),
            ("7d", 604_800),
            ("1w", 604_800),
            ("2 hours", 7200),
        ] {
            assert_eq!(parse_expires(text).unwrap().as_secs(), seconds, "{text}");
        }
        for text in [
            "", "0s", "500ms", "-15m", "8d", "7d 1s", "1mo", "15", "soon", "15x",
        ] {
            let error = parse_expires(text).unwrap_err().to_string();
            assert!(
                error.contains("--expires") && error.contains("15m"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_link_ends_with_its_credentials() {
        let link = |credentials: Option<&str>| SignedLink {
            url: String::new(),
            expires_at: Some("2026-11-02T01:00:00Z".parse().unwrap()),
            credentials_expire_at: credentials.map(|time| time.parse().unwrap()),
        };
        let end = early_end(&link(Some("2026-11-02T00:30:00Z"))).unwrap();
        assert_eq!(format!("{end:.0}"), "2026-11-02T00:30:00Z");
        assert_eq!(early_end(&link(Some("2026-11-02T01:00:00Z"))), None);
        assert_eq!(early_end(&link(None)), None);
    }
}

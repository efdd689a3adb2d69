//! Settings: from the environment, each with a flag; parsed once, at the start, into one typed struct.

mod database_url;
mod same_database;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use url::Url;

use crate::profile::Profile;
use crate::store::StoreUrl;
use crate::{Error, Result};

pub use self::database_url::DatabaseUrl;

/// Where the month end runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deployment {
    /// This machine: a directory as store, processes as queue.
    Local,
    /// AWS Batch and S3. Nothing has a default there.
    Aws,
}

/// The settings as given. Every flag has its environment variable.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Settings {
    /// `local` or `aws`
    #[arg(
        long,
        env = "DEPLOYMENT",
        default_value = "local",
        global = true,
        value_name = "WHERE"
    )]
    pub deployment: String,
    /// Ledger, and source unless set apart [local default: sqlite://var/statements.db]
    #[arg(
        long,
        env = "DATABASE_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub database_url: Option<String>,
    /// The firm's relations, when they are not in DATABASE_URL
    #[arg(
        long,
        env = "SOURCE_DATABASE_URL",
        global = true,
        value_name = "URL",
        hide_env_values = true
    )]
    pub source_database_url: Option<String>,
    /// Where documents are published [local default: file:var/statements]
    #[arg(long, env = "STORE_URL", global = true, value_name = "URL")]
    pub store_url: Option<String>,
    /// Where alerts go [local default: log]
    #[arg(
        long,
        env = "ALERTS",
        global = true,
        value_name = "WHERE",
        hide_env_values = true
    )]
    pub alerts: Option<String>,
    /// The firm's profile, a TOML file [local default: a sample firm's]
    #[arg(long, env = "STATEMENT_PROFILE", global = true, value_name = "FILE")]
    pub statement_profile: Option<String>,
    /// The time zone of periods and dates of issue [local default: Asia/Tokyo]
    #[arg(long, env = "BUSINESS_TIMEZONE", global = true, value_name = "ZONE")]
    pub business_timezone: Option<String>,
    /// Seconds after which a silent run or converter counts as dead [default: 30]
    #[arg(long, env = "LEASE_SECONDS", global = true, value_name = "N")]
    pub lease_seconds: Option<String>,
    /// Seconds without an answer or a row after which a database's statement has failed [default: 300]
    #[arg(long, env = "STALL_SECONDS", global = true, value_name = "N")]
    pub stall_seconds: Option<String>,
    /// What is logged, e.g. `info` or `converter=debug` [default: warn locally, info on aws]
    #[arg(long, env = "LOG", global = true, value_name = "FILTER")]
    pub log: Option<String>,
}

/// Where alerts go (`ALERTS`).
#[derive(Clone, PartialEq, Eq)]
pub enum AlertsTo {
    /// The log.
    Log,
    /// An SNS topic, which Amazon Q Developer in chat applications shows in Slack.
    Sns { topic_arn: String },
    /// A Slack webhook. Whoever knows it can post: it is never shown.
    Slack { webhook: String },
}

impl fmt::Display for AlertsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AlertsTo::Log => f.write_str("log"),
            AlertsTo::Sns { topic_arn } => write!(f, "sns:{topic_arn}"),
            AlertsTo::Slack { .. } => f.write_str("slack"),
        }
    }
}

impl fmt::Debug for AlertsTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Config {
    pub deployment: Deployment,
    /// The ledger.
    pub database_url: DatabaseUrl,
    /// The firm's relations.
    pub source_database_url: DatabaseUrl,
    pub store: StoreUrl,
    pub alerts: AlertsTo,
    pub business_timezone: TimeZone,
    pub profile: Arc<Profile>,
    /// How long a lease holds without renewal.
    pub lease: Duration,
    /// How long a statement of a database may go on without an answer or another row.
    pub silence: Duration,
}

impl fmt::Debug for Settings {
    /// Nothing of them is shown: they may hold passwords where none belong.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").finish_non_exhaustive()
    }
}

impl Settings {
    /// Nothing but the local defaults.
    pub fn local() -> Self {
        Self {
            deployment: "local".to_owned(),
            database_url: None,
            source_database_url: None,
            store_url: None,
            alerts: None,
            statement_profile: None,
            business_timezone: None,
            lease_seconds: None,
            stall_seconds: None,
            log: None,
        }
    }

    /// `DEPLOYMENT`, needed before anything else for the log.
    pub fn deployment(&self) -> Result<Deployment> {
        match self.deployment.as_str() {
            "local" => Ok(Deployment::Local),
            "aws" => Ok(Deployment::Aws),
            other => Err(Error::config(format!(
                "DEPLOYMENT {other:?} is not known: write local or aws"
            ))),
        }
    }

    /// Checks every setting; the first unusable one is the error.
    pub fn resolve(&self) -> Result<Config> {
        self.resolve_all()
            .map_err(|mut errors| errors.swap_remove(0))
    }

    /// Checks every setting and names every unusable one.
    pub fn resolve_all(&self) -> std::result::Result<Config, Vec<Error>> {
        let deployment = match self.deployment() {
            Ok(deployment) => deployment,
            Err(error) => return Err(vec![error]),
        };
        let mut errors = Vec::new();
        let mut text = |value: &Option<String>, name: &str, local_default: &str| -> String {
            match (value, deployment) {
                (Some(value), _) if !value.trim().is_empty() => value.clone(),
                (_, Deployment::Local) => local_default.to_owned(),
                (_, Deployment::Aws) => {
                    errors.push(Error::config(format!(
                        "{name} is not set: with DEPLOYMENT=aws nothing has a default"
                    )));
                    local_default.to_owned()
                }
            }
        };
        let database_url = text(
            &self.database_url,
            "DATABASE_URL",
            "sqlite://var/statements.db",
        );
        let store_url = text(&self.store_url, "STORE_URL", "file:var/statements");
        let alerts = text(&self.alerts, "ALERTS", "log");
        let timezone = text(&self.business_timezone, "BUSINESS_TIMEZONE", "Asia/Tokyo");
        let profile = text(&self.statement_profile, "STATEMENT_PROFILE", "");
        let source_database_url = self
            .source_database_url
            .clone()
            .filter(|url| !url.trim().is_empty())
            .unwrap_or_else(|| database_url.clone());
        let mut collect = |error: Error| errors.push(error);
        let store = parse_or(
            store_url.parse(),
            StoreUrl::Directory("var/statements".into()),
            &mut collect,
        );
        if deployment == Deployment::Aws && matches!(store, StoreUrl::Directory(_)) {
            collect(Error::config(
                "STORE_URL is a directory: with DEPLOYMENT=aws it would vanish with its task; write s3://BUCKET/PREFIX",
            ));
        }
        let alerts = parse_or(parse_alerts(&alerts), AlertsTo::Log, &mut collect);
        let profile_path_given = !profile.is_empty();
        let profile = parse_or(read_profile(&profile), Profile::built_in(), &mut collect);
        if deployment == Deployment::Aws && profile_path_given && profile.is_sample {
            collect(Error::config(
                "STATEMENT_PROFILE still names the sample firm of docs/profile.toml: write your firm's name, registration and \
                 contact into it, in both languages, before customers get statements",
            ));
        }
        let business_timezone = parse_or(parse_timezone(&timezone), TimeZone::UTC, &mut collect);
        let lease = parse_or(
            parse_seconds("LEASE_SECONDS", self.lease_seconds.as_deref(), 30),
            Duration::from_secs(30),
            &mut collect,
        );
        let silence = parse_or(
            parse_seconds("STALL_SECONDS", self.stall_seconds.as_deref(), 300),
            Duration::from_mins(5),
            &mut collect,
        );
        let database_url = DatabaseUrl::of(database_url, deployment);
        let source_database_url = DatabaseUrl::of(source_database_url, deployment);
        if errors.is_empty() {
            warn_of_ignored("DATABASE_URL", &database_url);
            if source_database_url != database_url {
                warn_of_ignored("SOURCE_DATABASE_URL", &source_database_url);
            }
            Ok(Config {
                deployment,
                database_url,
                source_database_url,
                store,
                alerts,
                business_timezone,
                profile: Arc::new(profile),
                lease,
                silence,
            })
        } else {
            Err(errors)
        }
    }
}

/// The value, or the stand-in with which the remaining settings are still checked.
fn parse_or<T>(parsed: Result<T>, stand_in: T, collect: &mut impl FnMut(Error)) -> T {
    parsed.unwrap_or_else(|error| {
        collect(error);
        stand_in
    })
}

/// Says which parameters do nothing: a mistyped `sslmode` would otherwise turn TLS off unseen.
fn warn_of_ignored(setting: &str, url: &DatabaseUrl) {
    for number in url.ignored_parameters() {
        tracing::warn!(
            "{setting}: parameter {number} behind the question mark is ignored, because the driver does not know its name; known are {}",
            database_url::PARAMETERS.join(", ")
        );
    }
}

/// Without a file a sample firm's: whoever only tries the program has none yet.
fn read_profile(path: &str) -> Result<Profile> {
    if path.is_empty() {
        Ok(Profile::built_in())
    } else {
        Profile::read(Path::new(path))
    }
}

fn parse_alerts(text: &str) -> Result<AlertsTo> {
    if let Some(topic_arn) = text.strip_prefix("sns:")
        && topic_arn.starts_with("arn:")
        && topic_arn.split(':').count() == 6
    {
        return Ok(AlertsTo::Sns {
            topic_arn: topic_arn.to_owned(),
        });
    }
    if let Some(webhook) = text.strip_prefix("slack:").and_then(webhook) {
        return Ok(AlertsTo::Slack { webhook });
    }
    if text == "log" {
        return Ok(AlertsTo::Log);
    }
    // Without the text: a webhook is a secret, however it was mistyped.
    Err(Error::config(
        "ALERTS is not known: write log, sns:TOPIC_ARN or slack:https://WEBHOOK, the webhook without user and password",
    ))
}

/// A webhook as the URL parser understands it, which is how it is posted to. Without TLS only this machine is asked.
fn webhook(text: &str) -> Option<String> {
    let url = Url::parse(text).ok()?;
    let is_safe = match url.scheme() {
        "https" => true,
        "http" => url.host_str() == Some("127.0.0.1"),
        _ => false,
    };
    // `https://hooks.slack.com@elsewhere/` would go elsewhere.
    let has_user = !url.username().is_empty() || url.password().is_some();
    (is_safe && !has_user).then(|| url.into())
}

fn parse_timezone(name: &str) -> Result<TimeZone> {
    TimeZone::get(name).map_err(|reason| {
        Error::config(format!(
            "BUSINESS_TIMEZONE {name:?} is not a time zone: write an IANA name, e.g. Asia/Tokyo"
        ))
        .because(reason)
    })
}

fn parse_seconds(name: &str, seconds: Option<&str>, default: u64) -> Result<Duration> {
    match seconds.map(str::parse::<u32>) {
        None => Ok(Duration::from_secs(default)),
        Some(Ok(seconds @ 1..=3600)) => Ok(Duration::from_secs(seconds.into())),
        Some(_) => Err(Error::config(format!(
            "{name} {:?} is not a number of seconds from 1 to 3600",
            seconds.unwrap_or_default()
        ))),
    }
}

#[cfg(test)]
mod tests;

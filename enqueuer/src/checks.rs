//! What `check` verifies. Every deviation is named, not only the first.

use common::config::{Config, Settings};
use common::contract::RELATIONS;
use common::database::Database;
use common::ledger::Ledger;
use common::profile::{Policy, Profile, Rule};
use common::source::Source;
use common::store::StoreUrl;
use common::{Error, Result};

use crate::context::profile_file;
use crate::deviations::{self, Deviation};
use crate::published::PublishedStore;
use crate::queue::converter_path;

/// One thing that was looked at.
#[derive(Debug, Clone)]
pub struct Finding {
    pub subject: String,
    /// What is wrong and the mend; `None` = nothing.
    pub problem: Option<String>,
    /// What is right and yet should be known.
    pub note: Option<String>,
}

fn finding(subject: impl Into<String>, result: Result<()>) -> Finding {
    Finding {
        subject: subject.into(),
        problem: result.err().map(|error| error.chain()),
        note: None,
    }
}

/// Verifies everything a run needs.
pub async fn all(settings: &Settings) -> Vec<Finding> {
    let config = match settings.resolve_all() {
        Ok(config) => config,
        Err(errors) => {
            return errors
                .into_iter()
                .map(|error| finding("settings", Err(error)))
                .collect();
        }
    };
    let mut findings = vec![finding("settings", Ok(()))];
    findings.push(profile(settings, &config.profile));
    findings.push(finding(
        format!("ledger {}", config.database_url),
        ledger(&config).await,
    ));
    match Source::connect(&config).await {
        Ok(mut source) => {
            findings.push(finding(
                format!("source {}", config.source_database_url),
                Ok(()),
            ));
            for relation in RELATIONS {
                let found = deviations::of_relation(&mut source, relation).await;
                if found.is_empty() {
                    findings.push(finding(relation.name, Ok(())));
                }
                findings.extend(
                    found
                        .into_iter()
                        .map(|Deviation { place, problem }| Finding {
                            subject: place,
                            problem: Some(problem),
                            note: None,
                        }),
                );
            }
        }
        Err(error) => findings.push(finding(
            format!("source {}", config.source_database_url),
            Err(error),
        )),
    }
    findings.push(Finding {
        note: store_note(&config.store),
        ..finding(format!("store {}", config.store), store(&config).await)
    });
    findings.push(finding("temp directory", temp_directory()));
    findings.push(finding("converter", converter_path().map(drop)));
    findings
}

/// The profile was read with the settings; what is said here is what an operator should know before customers see it.
fn profile(settings: &Settings, profile: &Profile) -> Finding {
    let mut notes = Vec::new();
    let subject = if let Some(file) = profile_file(settings) {
        format!("profile {file}")
    } else {
        let mend = "set STATEMENT_PROFILE before sending statements to customers";
        notes.push(format!("it is a sample firm's: {mend}"));
        "profile built in".to_owned()
    };
    let policies = profile.policies;
    let lenient: Vec<String> = Rule::ALL
        .into_iter()
        .filter(|rule| policies.of(*rule) != Policy::Block)
        .map(|rule| format!("{} = {}", rule.as_str(), policies.of(rule).as_str()))
        .collect();
    if !lenient.is_empty() {
        notes.push(format!(
            "the gate does not stop documents that break these rules: {}",
            lenient.join(", ")
        ));
    }
    if policies.ownership != Policy::Block {
        notes.push(
            "with ownership not at block a customer may be sent rows of another customer's account"
                .to_owned(),
        );
    }
    Finding {
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..finding(subject, Ok(()))
    }
}

/// Looks at the ledger without changing it: an old or absent one is brought up to date by the next command locally.
async fn ledger(config: &Config) -> Result<()> {
    let database = Database::new(&config.database_url)?;
    database.verify().await?;
    let ledger = Ledger::connect(config, 1).await?;
    let current = ledger.is_current().await;
    ledger.close().await;
    if current? || config.deployment == common::config::Deployment::Local {
        return Ok(());
    }
    Err(Error::config(format!(
        "the ledger at {} is not up to date: run `enqueuer migrate`",
        database.url
    )))
}

/// Looks where documents will be published, so that a run does not find out with every one of them.
pub async fn store(config: &Config) -> Result<()> {
    PublishedStore::open(&config.store).await?.check().await
}

/// A bucket is written by the converter alone, under a role of its own.
fn store_note(store: &StoreUrl) -> Option<String> {
    let rights = "the converter's role also needs s3:GetObject, s3:PutObject and s3:PutObjectTagging there, which only it can try";
    matches!(store, StoreUrl::S3 { .. }).then(|| rights.to_owned())
}

/// Rows wait in the temp directory until they are compressed.
fn temp_directory() -> Result<()> {
    let directory = std::env::temp_dir();
    if directory.is_dir() {
        return Ok(());
    }
    Err(Error::config(format!(
        "{} is not a directory; set TMPDIR",
        directory.display()
    )))
}

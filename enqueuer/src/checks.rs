//! What `check` verifies. Every deviation is named, not only the first.

use common::clock::Clock;
use common::config::{AlertsTo, Config, Deployment, Settings};
use common::contract::RELATIONS;
use common::database::Database;
use common::ledger::Ledger;
use common::profile::{Policies, Policy, Profile, Rule};
use common::source::Source;
use common::statement::{Kind, Period};
use common::store::StoreUrl;
use common::{Error, Result};

use crate::agreement::{self, Scope};
use crate::alerts::{self, Alerts};
use crate::context::profile_file;
use crate::deviations::rights::{self, Lacking};
use crate::deviations::{self, Deviation};
use crate::local_time;
use crate::plan;
use crate::published::PublishedStore;
use crate::queue::{CapacitySettings, QueueSettings, converter_path};
use crate::readiness;
use crate::whole_source;

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

/// Verifies everything a run needs. An alert is sent only when asked for: people are on the other end.
pub async fn all(
    settings: &Settings,
    queue: &QueueSettings,
    capacity: &CapacitySettings,
    send_test_alert: bool,
) -> Vec<Finding> {
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
        Ok(mut source) => findings.extend(of_source(&config, &mut source).await),
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
    findings.push(match config.deployment {
        Deployment::Local => finding("converter", converter_path().map(drop)),
        Deployment::Aws => finding("queue", check_batch(queue).await),
    });
    findings.push(connections(&config, queue, capacity));
    findings.push(alerts(&config, send_test_alert).await);
    findings
}

/// The source as a run would read it, relation by relation.
async fn of_source(config: &Config, source: &mut Source) -> Vec<Finding> {
    let subject = format!("source {}", config.source_database_url);
    if let Err(error) = source.begin_snapshot().await {
        return vec![finding(subject, Err(error))];
    }
    let filtered = match source.filtered().await {
        Ok(filtered) => filtered,
        Err(error) => return vec![finding(subject, Err(error))],
    };
    let local_time = local_time::demand_business_time(source, &config.business_timezone).await;
    let mut findings = vec![Finding {
        note: source.other_zone(),
        ..finding(subject, local_time)
    }];
    let lacking = match rights::lacking(source).await {
        Ok(lacking) => lacking,
        Err(error) => {
            findings.push(finding("rights", Err(error)));
            Lacking::default()
        }
    };
    let problem = lacking.problem();
    let mut deviates = problem.is_some();
    findings.extend(problem.map(|problem| finding("rights", Err(Error::config(problem)))));
    for relation in RELATIONS
        .into_iter()
        .filter(|relation| !lacking.has(relation))
    {
        let of_relation = filtered
            .iter()
            .filter(|found| found.relation == relation.name);
        let notes: Vec<_> = of_relation
            .filter_map(whole_source::shown_by_policy)
            .collect();
        let note = (!notes.is_empty()).then(|| notes.join("; "));
        let found = deviations::of_relation(source, relation, &filtered).await;
        deviates |= !found.is_empty();
        if found.is_empty() {
            findings.push(Finding {
                note,
                ..finding(relation.name, Ok(()))
            });
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
    if !deviates {
        findings.push(prices_and_rates(source, config).await);
    }
    findings
}

/// In what prices and rates of the last complete month disagree. It is told, and no reason not to run: the gate's policy decides.
async fn prices_and_rates(source: &mut Source, config: &Config) -> Finding {
    let period = Period::last_complete(Clock::default().now(), &config.business_timezone);
    let kinds = &Kind::ALL;
    let found = async {
        let snapshots = readiness::snapshots(source, period, kinds, None).await?;
        let scope = Scope {
            profile: &config.profile,
            period,
            kinds,
            snapshots,
        };
        agreement::find(source, scope).await
    };
    let note = match found.await {
        Ok(findings) => {
            let lines = agreement::words::lines(&findings);
            (!lines.is_empty()).then(|| lines.join("\n       "))
        }
        Err(error) => Some(format!("not compared: {}", error.chain())),
    };
    Finding {
        note,
        ..finding(format!("prices and rates of {period}"), Ok(()))
    }
}

/// The profile was read with the settings; what is said here is what an operator should know before customers see it.
fn profile(settings: &Settings, profile: &Profile) -> Finding {
    let mut notes = Vec::new();
    let subject = if let Some(file) = profile_file(settings) {
        if profile.is_sample {
            let fix = "write your firm's name, registration and contact into it, in both languages";
            notes.push(format!(
                "it still names the sample firm, so that every page is marked as a sample: {fix}"
            ));
        }
        format!("profile {file}")
    } else {
        let mend = "set STATEMENT_PROFILE before sending statements to customers";
        notes.push(format!("it is a sample firm's: {mend}"));
        "profile built in".to_owned()
    };
    let (policies, defaults) = (profile.policies, Policies::default());
    let lenient: Vec<String> = Rule::ALL
        .into_iter()
        .filter(|rule| ![Policy::Block, defaults.of(*rule)].contains(&policies.of(*rule)))
        .map(|rule| format!("{} = {}", rule.as_str(), policies.of(rule).as_str()))
        .collect();
    if !lenient.is_empty() {
        notes.push(format!(
            "the gate does not stop documents that break these rules: {}",
            lenient.join(", ")
        ));
    }
    Finding {
        note: (!notes.is_empty()).then(|| notes.join("; ")),
        ..finding(subject, Ok(()))
    }
}

/// Looks at the ledger without changing it: an old or absent one is brought up to date by the next command locally.
async fn ledger(config: &Config) -> Result<()> {
    let database = Database::of_ledger(config)?;
    database.verify().await?;
    let ledger = Ledger::connect(config, 1).await?;
    let current = ledger.is_current().await;
    ledger.close().await;
    if current? || config.deployment == Deployment::Local {
        return Ok(());
    }
    Err(Error::config(format!(
        "the ledger at {} is not up to date: run `enqueuer migrate`",
        database.url
    )))
}

/// Whether an alert arrives cannot be seen from here: only that its destination takes one.
async fn alerts(config: &Config, send_test_alert: bool) -> Finding {
    let sent = if send_test_alert {
        Alerts::new(&config.alerts)
            .deliver(&alerts::events::test())
            .await
    } else {
        Ok(())
    };
    let note = match (&config.alerts, config.deployment) {
        (AlertsTo::Log, Deployment::Local) => None,
        (AlertsTo::Log, Deployment::Aws) => Some(
            "alerts are lines of the log, which nobody is called by: ALERTS can be sns:TOPIC_ARN or slack:WEBHOOK_URL",
        ),
        _ if send_test_alert => Some("a test was sent: see whether it has arrived"),
        _ => Some("not tried: `enqueuer check --send-test-alert` sends one"),
    };
    Finding {
        note: note.filter(|_| sent.is_ok()).map(str::to_owned),
        ..finding(format!("alerts {}", config.alerts), sent)
    }
}

/// Looks where documents will be published, so that a run does not find out with every one of them.
pub async fn store(config: &Config) -> Result<()> {
    PublishedStore::open(&config.store).await?.check().await
}

/// Whether Batch's queue is there and may be read.
async fn check_batch(queue: &QueueSettings) -> Result<()> {
    queue.batch().await?.check().await
}

/// More converters than a database has connections for would fail one after the other, and be tried again: that is slow, not wrong.
fn connections(config: &Config, queue: &QueueSettings, capacity: &CapacitySettings) -> Finding {
    let (note, result) = match plan::connections_at_most(config, queue, capacity) {
        Ok(note) => (note, Ok(())),
        Err(error) => (None, Err(error)),
    };
    Finding {
        note,
        ..finding("connections at peak", result)
    }
}

/// A bucket is written by the converter alone, under a role of its own.
fn store_note(store: &StoreUrl) -> Option<String> {
    let rights = "the converter's role also needs s3:GetObject, s3:PutObject and s3:PutObjectTagging there, which only it can try";
    matches!(store, StoreUrl::S3 { .. }).then(|| rights.to_owned())
}

/// Compressed rows wait in the temp directory for the rest of their workbook.
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

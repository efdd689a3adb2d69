//! What `check` verifies. Every deviation is named, not only the first.

mod probe;

use std::time::Duration;

use common::clock::Clock;
use common::config::{AlertsTo, Config, Deployment, Settings};
use common::contract::RELATIONS;
use common::database::Database;
use common::ledger::Ledger;
use common::profile::{Policies, Policy, Profile, Rule};
use common::source::{Filtered, Source};
use common::statement::{Kind, Period};
use common::{Error, Result};

use crate::agreement::{self, Scope};
use crate::alerts::{self, Alerts};
use crate::context::profile_file;
use crate::deviations::rights::{self, Lacking};
use crate::deviations::{self, Deviation};
use crate::local_time;
use crate::plan;
use crate::published::PublishedStore;
use crate::queue::{CapacitySettings, QueueSettings};
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

/// What may have a note although nothing is wrong.
fn noted(subject: &str, result: Result<Option<String>>) -> Finding {
    let (note, result) = match result {
        Ok(note) => (note, Ok(())),
        Err(error) => (None, Err(error)),
    };
    Finding {
        note,
        ..finding(subject, result)
    }
}

/// What is done beside looking.
#[derive(Debug, Clone, Copy)]
pub struct Trying {
    /// An alert is sent only when asked for: people are on the other end.
    pub test_alert: bool,
    /// How long the end of a converter's probe is waited for; `None` = none is made.
    pub probe: Option<Duration>,
}

/// Verifies everything a run needs.
pub async fn all(
    settings: &Settings,
    queue: &QueueSettings,
    capacity: &CapacitySettings,
    trying: Trying,
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
    let ledger = ledger(&config).await;
    let store = store(&config).await;
    let mut is_readable = ledger.is_ok() && store.is_ok();
    findings.push(Finding {
        note: Database::of_ledger(&config)
            .ok()
            .and_then(|ledger| ledger.unprotected()),
        ..finding(format!("ledger {}", config.database_url), ledger)
    });
    match Source::connect(&config).await {
        Ok(mut source) => {
            let (of_source, is_whole) = of_source(&config, &mut source).await;
            findings.extend(of_source);
            is_readable &= is_whole;
        }
        Err(error) => {
            is_readable = false;
            findings.push(finding(
                format!("source {}", config.source_database_url),
                Err(error),
            ));
        }
    }
    findings.push(finding(format!("store {}", config.store), store));
    findings.push(finding("temp directory", temp_directory()));
    if config.deployment == Deployment::Aws {
        findings.extend(of_batch(&config, queue).await);
    }
    let not_tried = |why: &str| Ok(Some(format!("not tried, {why}")));
    let tried = match trying.probe {
        None => not_tried("as --no-probe says: settings and rights of its own may be wrong"),
        Some(_) if !is_readable => not_tried("ledger, source and store must be mended first"),
        Some(patience) => probe::converter(&config, settings, queue, patience).await,
    };
    findings.push(noted("converter", tried));
    findings.push(connections(&config, queue, capacity));
    findings.push(alerts(&config, trying.test_alert).await);
    findings
}

/// The source as a run would read it, relation by relation, and whether a converter can read it, too.
async fn of_source(config: &Config, source: &mut Source) -> (Vec<Finding>, bool) {
    let subject = format!("source {}", config.source_database_url);
    if let Err(error) = source.begin_snapshot().await {
        return (vec![finding(subject, Err(error))], false);
    }
    let filtered = match source.filtered().await {
        Ok(filtered) => filtered,
        Err(error) => return (vec![finding(subject, Err(error))], false),
    };
    let local_time = local_time::demand_business_time(source, &config.business_timezone).await;
    let apart = config.source_database_url != config.database_url;
    let unprotected = source.database.unprotected().filter(|_| apart);
    let notes: Vec<_> = source.other_zone().into_iter().chain(unprotected).collect();
    let mut findings = vec![Finding {
        note: (!notes.is_empty()).then(|| notes.join("; ")),
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
    let problemless_rights = problem.is_none();
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
    let is_whole = problemless_rights
        && source.catalog.demand_all().is_ok()
        && filtered.iter().all(Filtered::shows_all);
    (findings, is_whole)
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

async fn ledger(config: &Config) -> Result<()> {
    Ledger::look(config).await?.close().await;
    Ok(())
}

/// Whether an alert arrives cannot be seen from here: only that its destination takes one.
async fn alerts(config: &Config, send_test_alert: bool) -> Finding {
    let alerts = Alerts::new(&config.alerts);
    let tried = async {
        if send_test_alert {
            alerts.deliver(&alerts::events::test()).await?;
        }
        alerts.check().await
    };
    let usual = match (&config.alerts, config.deployment) {
        (AlertsTo::Log, Deployment::Local) => None,
        (AlertsTo::Log, Deployment::Aws) => Some(
            "alerts are lines of the log, which nobody is called by: ALERTS can be sns:TOPIC_ARN or slack:WEBHOOK_URL",
        ),
        _ if send_test_alert => Some("a test was sent: see whether it has arrived"),
        _ => Some("not tried: `enqueuer check --send-test-alert` sends one"),
    };
    let tried = tried
        .await
        .map(|unheard| unheard.or_else(|| usual.map(str::to_owned)));
    noted(&format!("alerts {}", config.alerts), tried)
}

/// Looks where documents will be published, so that a run does not find out with every one of them.
pub async fn store(config: &Config) -> Result<()> {
    PublishedStore::open(&config.store).await?.check().await
}

/// Whether jobs can begin: queue, compute environments, job definition, connections where they are counted.
async fn of_batch(config: &Config, queue: &QueueSettings) -> Vec<Finding> {
    let batch = match queue.batch(config).await {
        Err(error) => return vec![finding("queue", Err(error))],
        Ok(batch) => batch,
    };
    let mut findings = vec![
        noted("queue", batch.check_queue().await),
        finding("job definition", batch.check_definition().await),
    ];
    if batch.budget.is_some() {
        findings.push(noted(
            "database connections",
            batch.check_connections().await,
        ));
    }
    findings
}

/// Where they are not counted, more converters than a database has connections for would fail one after the other, and be tried again:
/// that is slow, not wrong.
fn connections(config: &Config, queue: &QueueSettings, capacity: &CapacitySettings) -> Finding {
    noted(
        "connections at peak",
        plan::connections_at_most(config, queue, capacity),
    )
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

//! What alerts say, and that they arrive.

mod delivery;
mod mail;

use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::events::*;
use super::message::{by_protocol, custom_notification, log_line, webhook_body};
use super::*;

fn about() -> About {
    About {
        period: "2026-10".parse().unwrap(),
        run_id: Some("2026-10-20261102T000000Z-a1b2c3".to_owned()),
    }
}

fn ids(count: usize) -> Vec<DocumentId> {
    let id = |number| format!("2026-10.trade.A{number:04}").parse().unwrap();
    (1..=count).map(id).collect()
}

fn failed(cause: &str, documents: u64) -> Alert {
    documents_failed(&Documents {
        about: about(),
        cause: cause.to_owned(),
        documents,
        examples: ids(7),
    })
}

fn summary(failed: Vec<(String, u64)>) -> Alert {
    run_summary(&ended(failed))
}

fn ended(failed: Vec<(String, u64)>) -> RunSummary {
    RunSummary {
        about: about(),
        found: 1_000,
        published: 980,
        failed,
        closed_active: 0,
        unusable_rows: 0,
        excused: 12,
        paper: 40,
        duration: Duration::from_mins(29),
        period: PeriodStanding {
            published: 980,
            failed: 20,
            open: 0,
        },
    }
}

fn stuck(reason: &str) -> Alert {
    queue_stuck(&QueueStuck {
        about: about(),
        reason: reason.to_owned(),
        slots: 10_000,
        waiting: Duration::from_mins(65),
    })
}

fn at_risk(command: Option<&str>) -> Alert {
    deadline_at_risk(&DeadlineAtRisk {
        about: about(),
        forecast: Some("2026-11-02T01:30:00Z".parse().unwrap()),
        deadline: "2026-11-02T00:00:00Z".parse().unwrap(),
        zone: TimeZone::get("Asia/Tokyo").unwrap(),
        left: 41_000,
        mend: "raise maxvCpus from 256 to 512".to_owned(),
        command: command.map(str::to_owned),
    })
}

fn held(why: Held) -> Alert {
    period_held(&PeriodHeld {
        about: about(),
        why,
        waiting: 300,
    })
}

fn every_alert() -> Vec<Alert> {
    let mut alerts: Vec<Alert> = causes::OF_DOCUMENTS
        .iter()
        .map(|cause| failed(cause.name, 214))
        .collect();
    alerts.extend([
        published_with_warning(&Documents {
            about: about(),
            cause: "cash+positions".to_owned(),
            documents: 3,
            examples: ids(3),
        }),
        held(Held::Refusals {
            refused: 501,
            documents: 500,
        }),
        held(Held::Misconfigured {
            said: "a converter is misconfigured: no right to s3://bucket/x".to_owned(),
        }),
        held(Held::Stopped),
        stuck("MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"),
        at_risk(None),
        source_not_ready(&SourceNotReady {
            period: about().period,
            missing: "statement_positions has no snapshot".to_owned(),
        }),
        summary(vec![
            ("positions".to_owned(), 14),
            ("timeout".to_owned(), 6),
        ]),
        summary(Vec::new()),
        events::test(),
    ]);
    alerts
}

fn sns(alert: &Alert) -> Value {
    serde_json::from_str(&custom_notification(alert)).unwrap()
}

fn posted(alert: &Alert) -> String {
    let body: Value = serde_json::from_str(&webhook_body(alert)).unwrap();
    assert_eq!(keys(&body), ["text"]);
    body["text"].as_str().unwrap().to_owned()
}

fn keys(object: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

fn chars(value: &Value) -> usize {
    value.as_str().unwrap().chars().count()
}

#[test]
fn an_alert_is_a_custom_notification() {
    assert_eq!(
        sns(&failed("positions", 214)),
        json!({
            "version": "1.0",
            "source": "custom",
            "content": {
                "textType": "client-markdown",
                "title": "214 documents of 2026-10 refused: positions",
                "description": "Opening quantity and movements do not make the closing quantity: a movement is missing, or a snapshot is wrong.\n\
                    For example 2026-10.trade.A0001, 2026-10.trade.A0002, 2026-10.trade.A0003, 2026-10.trade.A0004, 2026-10.trade.A0005\n\
                    Period 2026-10, run 2026-10-20261102T000000Z-a1b2c3",
                "nextSteps": [
                    "Runbook: runbooks/gate-positions.md",
                    "`enqueuer resubmit --failed --period 2026-10 --cause positions --reason 'movements or snapshot mended in the source'`",
                ],
                "keywords": ["positions", "2026-10", "2026-10-20261102T000000Z-a1b2c3"],
            },
            "metadata": {
                "threadId": "2026-10-20261102T000000Z-a1b2c3",
                "summary": "214 documents of 2026-10 refused: positions",
                "additionalContext": {
                    "cause": "positions",
                    "period": "2026-10",
                    "run_id": "2026-10-20261102T000000Z-a1b2c3",
                    "documents": "214",
                    "runbook": "gate-positions",
                },
            },
        })
    );
}

#[test]
fn every_alert_keeps_to_the_schema() {
    for alert in every_alert() {
        let message = sns(&alert);
        assert_eq!(keys(&message), ["content", "metadata", "source", "version"]);
        assert_eq!(
            keys(&message["content"]),
            ["description", "keywords", "nextSteps", "textType", "title"]
        );
        assert_eq!(
            keys(&message["metadata"]),
            ["additionalContext", "summary", "threadId"]
        );
        let context = message["metadata"]["additionalContext"]
            .as_object()
            .unwrap();
        assert!(context.values().all(Value::is_string), "{message}");
        for list in ["nextSteps", "keywords"] {
            let list = message["content"][list].as_array().unwrap();
            assert!(
                !list.is_empty() && list.iter().all(Value::is_string),
                "{message}"
            );
        }
    }
}

#[test]
fn every_alert_says_what_it_means_and_how_to_mend_it() {
    for alert in every_alert() {
        for text in [posted(&alert), log_line(&alert)] {
            assert!(
                text.contains(&alert.title) && text.contains(alert.meaning),
                "{text}"
            );
            let unexpected = |char: char| char.is_control() && char != '\n';
            assert!(!text.contains(unexpected), "{text}");
        }
        assert!(
            !alert.command.contains(['{', '}', '<', '>', '\n']),
            "{}",
            alert.command
        );
        assert!(alert.command.starts_with("enqueuer "), "{}", alert.command);
        let text = posted(&alert);
        assert!(text.ends_with(&format!("`{}`", alert.command)), "{text}");
        assert!(
            text.contains(&format!("runbooks/{}.md", alert.runbook)),
            "{text}"
        );
        assert!(alert.examples.len() <= MAX_EXAMPLES);
    }
}

#[test]
fn what_no_document_tells_is_in_the_summary() {
    let found = run_summary(&RunSummary {
        closed_active: 2,
        unusable_rows: 1,
        ..ended(Vec::new())
    });
    assert_eq!(
        found.facts[2..],
        [
            "Of accounts closed before the period that still moved or held something: 2 documents",
            "In no document, because no account can have their account_id: 1 row",
        ]
    );
    assert_eq!(found.urgency, Urgency::Warning);
    assert_eq!(whole(1_000, 0).urgency, Urgency::Note);
}

/// The summary of a run that found a thousand documents and published 980, in a period that stands so.
fn whole(published: u64, failed: u64) -> Alert {
    run_summary(&RunSummary {
        period: PeriodStanding {
            published,
            failed,
            open: 0,
        },
        ..ended(Vec::new())
    })
}

#[test]
fn a_summary_tells_the_period_beside_its_run() {
    assert_eq!(
        whole(5_000, 3).title,
        "2026-10: 980 documents published, 0 failed; of the period 5000 of 5003 published, 3 failed"
    );
    // What other runs left failed is nobody's note.
    assert_eq!(whole(5_000, 3).urgency, Urgency::Warning);
    assert_eq!(
        whole(980, 20).title,
        "2026-10: 980 documents published, 0 failed"
    );
}

#[test]
fn a_hold_says_what_the_converter_said() {
    let said = "a converter is misconfigured: no right to s3://bucket/x";
    let held = held(Held::Misconfigured {
        said: said.to_owned(),
    });
    assert_eq!(held.facts, ["300 documents not submitted", said]);
}

#[test]
fn alerts_say_counts_instants_and_the_mend() {
    let summary = summary(vec![
        ("positions".to_owned(), 14),
        ("timeout".to_owned(), 6),
    ]);
    assert_eq!(summary.title, "2026-10: 980 documents published, 20 failed");
    assert_eq!(
        summary.facts,
        [
            "Found 1000, published 980, of them 40 for paper, excused 12, in 29 min",
            "The period as it stands: 980 of 1000 documents published, 20 failed, 0 open",
            "Failed by cause: positions 14, timeout 6",
        ]
    );
    assert_eq!(summary.command, "enqueuer certificate --period 2026-10");
    assert_eq!(
        at_risk(None).facts,
        [
            "Forecast 2026-11-02 10:30 +09:00, deadline 2026-11-02 09:00 +09:00, 41000 documents left",
            "Mend: raise maxvCpus from 256 to 512",
        ]
    );
    assert_eq!(at_risk(None).command, "enqueuer status --period 2026-10");
    assert_eq!(at_risk(Some("aws batch x")).command, "aws batch x");
    assert_eq!(
        stuck("CAPACITY").title,
        "The queue is stuck: 10000 slots of 2026-10 in RUNNABLE for 1 h 05 min"
    );
    assert_eq!(
        failed("timeout", 1).title,
        "1 document of 2026-10 failed: timeout"
    );
    assert_eq!(
        held(Held::Stopped).command,
        "enqueuer run --period 2026-10 --resume"
    );
}

#[test]
fn limits_hold_whatever_comes() {
    let long = "<&\u{7}\n`'x".repeat(10_000 / 7);
    let mut alert = failed(&long, u64::MAX);
    alert.facts = vec![long.clone(); 9];
    alert.command.clone_from(&long);
    let message = custom_notification(&alert);
    assert!(message.len() < 256 * 1024);
    let message: Value = serde_json::from_str(&message).unwrap();
    let content = &message["content"];
    assert!(chars(&content["title"]) <= 250);
    assert!(chars(&content["description"]) <= 8_000);
    for list in ["nextSteps", "keywords"] {
        for item in content[list].as_array().unwrap() {
            assert!(chars(item) <= 500, "{item}");
        }
    }
    assert!(by_protocol(&alert).len() < 256 * 1024);
    let text = posted(&alert);
    assert!(text.chars().count() <= 4_000);
    for text in [text.as_str(), content["description"].as_str().unwrap()] {
        assert!(!text.contains(|char: char| char.is_control() && char != '\n'));
        assert!(!text.contains('<'), "{text}");
    }
    assert!(!log_line(&alert).contains(char::is_control));
}

#[test]
fn a_cause_that_a_shell_would_read_is_not_in_the_command() {
    let command = |cause| failed(cause, 1).command;
    let rest = "--reason 'cause understood and mended'";
    assert_eq!(
        command("new_cause"),
        format!("enqueuer resubmit --failed --period 2026-10 --cause new_cause {rest}")
    );
    for hostile in ["x; rm -rf /", "$(id)", "a b", "--all", ""] {
        assert_eq!(
            command(hostile),
            format!("enqueuer resubmit --failed --period 2026-10 {rest}")
        );
    }
}

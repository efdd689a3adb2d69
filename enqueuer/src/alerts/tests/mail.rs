//! What a person's mail program shows, and what can be pasted from there.

use super::super::message::subject;
use super::*;

/// What SNS sends by a protocol.
fn by(protocol: &str, alert: &Alert) -> String {
    let message: Value = serde_json::from_str(&by_protocol(alert)).unwrap();
    assert_eq!(keys(&message), ["default", "email"]);
    let text = message.get(protocol).unwrap_or(&message["default"]);
    text.as_str().unwrap().to_owned()
}

#[test]
fn a_mail_is_plain_text_and_everybody_else_gets_the_notification() {
    let alert = held(Held::Misconfigured {
        said: "a converter is misconfigured: no right to s3://bucket/a&b <x>".to_owned(),
    });
    assert_eq!(
        by("email", &alert),
        "2026-10 is held: a converter is misconfigured\n\
         \n\
         Converters are misconfigured, so that every further one would end the same way: nothing further is submitted.\n\
         300 documents not submitted\n\
         a converter is misconfigured: no right to s3://bucket/a&b <x>\n\
         Period 2026-10, run 2026-10-20261102T000000Z-a1b2c3\n\
         Runbook: runbooks/period-held.md\n\
         \n\
         enqueuer check && enqueuer run --period 2026-10 --resume"
    );
    for protocol in ["https", "sqs", "email-json"] {
        assert_eq!(by(protocol, &alert), custom_notification(&alert));
    }
}

#[test]
fn a_command_is_pasted_as_it_is_from_wherever_it_is_shown() {
    for alert in every_alert() {
        let command = &alert.command;
        assert!(by("email", &alert).ends_with(&format!("\n{command}")));
        let notification = sns(&alert);
        assert_eq!(
            notification["content"]["nextSteps"][1],
            format!("`{command}`")
        );
        // As a line of the log has it, whose JSON escapes double quotes.
        assert_eq!(json!(command).to_string(), format!("\"{command}\""));
    }
}

#[test]
fn a_subject_is_one_that_sns_takes() {
    let mut alerts = every_alert();
    assert_eq!(
        subject(&alerts[0]),
        "214 documents of 2026-10 refused: identity"
    );
    for title in ["\n 顧客\u{7}明細書".to_owned(), "x".repeat(300)] {
        let mut alert = failed("timeout", 1);
        alert.title = title;
        alerts.push(alert);
    }
    for alert in alerts {
        let subject = subject(&alert);
        assert!((1..100).contains(&subject.len()), "{subject}");
        assert!(
            subject.starts_with(|char: char| char.is_ascii_graphic()),
            "{subject:?}"
        );
        assert!(
            subject.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
            "{subject:?}"
        );
    }
}

//! What starts the enqueuer by itself, as the deployment tells it (`SCHEDULES`): `check` lists it, and sees whether this version
//! understands the commands.

use clap::Parser;
use common::{Error, Result};
use serde_json::Value;

use super::Cli;
use crate::checks::Finding;

/// One finding per schedule. A schedule that is switched off is a note: the first deployment has them all so.
pub fn findings(schedules: Option<&str>) -> Vec<Finding> {
    let Some(text) = schedules.filter(|text| !text.trim().is_empty()) else {
        return Vec::new();
    };
    let parsed: std::result::Result<Vec<Value>, _> = serde_json::from_str(text);
    match parsed {
        Ok(schedules) => schedules.iter().map(finding).collect(),
        Err(reason) => vec![wrong(
            "schedules",
            &malformed("the list").because(reason).chain(),
        )],
    }
}

fn finding(schedule: &Value) -> Finding {
    let read = || -> Result<_> {
        let text = |name: &str| schedule[name].as_str().ok_or_else(|| malformed(name));
        let words = schedule["command"].as_array();
        let words: Option<Vec<&str>> =
            words.and_then(|words| words.iter().map(Value::as_str).collect());
        let words = words.ok_or_else(|| malformed("command"))?;
        let subject = format!(
            "schedule {}: {} {}: enqueuer {}",
            text("name")?,
            text("cron")?,
            text("timezone")?,
            words.join(" ")
        );
        let is_on = schedule["enabled"]
            .as_bool()
            .ok_or_else(|| malformed("enabled"))?;
        Ok((subject, words, is_on))
    };
    let (subject, words, is_on) = match read() {
        Ok(read) => read,
        Err(error) => return wrong("schedules", &error.chain()),
    };
    match understood(&words) {
        Ok(()) => Finding {
            subject,
            problem: None,
            note: (!is_on).then(|| "it is switched off: schedules_enabled".to_owned()),
        },
        Err(problem) => wrong(&subject, &problem),
    }
}

/// Whether the command line is one of this version.
fn understood(words: &[&str]) -> std::result::Result<(), String> {
    let arguments = std::iter::once(&"enqueuer").chain(words);
    let parsed = Cli::try_parse_from(arguments);
    parsed.map(drop).map_err(|error| {
        let said = error.to_string();
        let first = said.lines().next().unwrap_or_default().to_owned();
        format!("this version does not understand it: {first}; apply the Terraform module of this version")
    })
}

fn malformed(what: &str) -> Error {
    Error::config(format!(
        "SCHEDULES is not what the Terraform module makes of it: {what} cannot be read"
    ))
}

fn wrong(subject: &str, problem: &str) -> Finding {
    Finding {
        subject: subject.to_owned(),
        problem: Some(problem.to_owned()),
        note: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Terraform writes it (`terraform/tests/schedules.tftest.hcl`).
    fn schedule(command: &str, enabled: bool) -> String {
        format!(
            r#"[{{"command":{command},"cron":"cron(0/15 0-9 1-3 * ? *)","enabled":{enabled},"group":"statement-export-month-end","name":"run","timezone":"Asia/Tokyo"}}]"#
        )
    }

    const COMMAND: &str = r#"["run","--at","\u003caws.scheduler.scheduled-time\u003e","--group","pilot","--kind","trade","--time-limit-seconds","14400"]"#;

    #[test]
    fn every_schedule_is_listed() {
        let found = findings(Some(&schedule(COMMAND, true)));
        let [found] = &found[..] else {
            panic!("{found:?}")
        };
        let subject = "schedule run: cron(0/15 0-9 1-3 * ? *) Asia/Tokyo: enqueuer run --at <aws.scheduler.scheduled-time> \
                       --group pilot --kind trade --time-limit-seconds 14400";
        assert_eq!(found.subject, subject);
        assert_eq!((&found.problem, &found.note), (&None, &None));
        let off = &findings(Some(&schedule(COMMAND, false)))[0];
        assert!(off.problem.is_none() && off.note.is_some(), "{off:?}");
    }

    #[test]
    fn a_command_of_another_version_is_wrong() {
        for command in [r#"["runs"]"#, r#"["run","--groups","pilot"]"#, "[]"] {
            let found = &findings(Some(&schedule(command, true)))[0];
            let problem = found.problem.as_deref().unwrap_or_default();
            assert!(problem.contains("does not understand it"), "{found:?}");
        }
    }

    #[test]
    fn what_terraform_did_not_write_is_wrong() {
        for text in ["run", "{}", "[{}]", r#"[{"name":"run"}]"#] {
            let found = &findings(Some(text))[0];
            let problem = found.problem.as_deref().unwrap_or_default();
            assert!(problem.contains("SCHEDULES is not what"), "{found:?}");
        }
        assert!(findings(None).is_empty());
        assert!(findings(Some(" ")).is_empty());
    }
}

//! Bodies of AWS calls, held against AWS's own model of its services.

use std::collections::BTreeSet;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

const CHECK: &str = include_str!("../check_aws_bodies.py");

/// A body on its way to AWS or back.
pub(crate) struct Body<'a> {
    pub service: &'a str,
    pub operation: &'a str,
    pub is_request: bool,
    pub body: &'a Value,
}

/// Demands that AWS would take and give these bodies.
pub(crate) async fn expect_valid(bodies: impl IntoIterator<Item = Body<'_>>) -> Result<()> {
    // Polling gives the same body many times.
    let lines: BTreeSet<String> = bodies.into_iter().map(|body| body.line()).collect();
    ensure!(!lines.is_empty(), "there is no body to check");
    check_lines(CHECK, lines)
        .await
        .map_err(|wrong| anyhow::anyhow!("bodies that AWS would not have:\n{wrong:#}"))
}

/// Gives a script of Python's with botocore lines of JSON; it prints what is wrong with them. Without botocore nothing is right.
pub(crate) async fn check_lines(script: &str, lines: BTreeSet<String>) -> Result<()> {
    let python = python().context("no botocore: tests/with-botocore.sh finds or installs it")?;
    let mut check = Command::new(python)
        .args(["-B", "-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("starting the check against AWS's model")?;
    let mut stdin = check.stdin.take().context("the check has no stdin")?;
    let input: String = lines.into_iter().map(|line| line + "\n").collect();
    let write = async move { stdin.write_all(input.as_bytes()).await };
    let (written, output) = tokio::join!(write, check.wait_with_output());
    let output = output?;
    ensure!(
        output.status.success() && written.is_ok(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

impl Body<'_> {
    fn line(&self) -> String {
        json!({
            "service": self.service,
            "operation": self.operation,
            "direction": if self.is_request { "request" } else { "response" },
            "body": self.body,
        })
        .to_string()
    }
}

/// The python3 with botocore that `make test` has found or installed.
fn python() -> Option<String> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the test command tells its tests where the programs are"
    )]
    std::env::var("TEST_BOTOCORE_PYTHON").ok()
}

#[cfg(test)]
mod tests {
    use anyhow::Result;
    use serde_json::{Value, json};

    use super::{Body, expect_valid};

    fn service(operation: &str) -> &'static str {
        if operation == "Publish" {
            "sns"
        } else {
            "batch"
        }
    }

    async fn check(operation: &str, is_request: bool, body: &Value) -> Result<()> {
        let service = service(operation);
        expect_valid([Body {
            service,
            operation,
            is_request,
            body,
        }])
        .await
    }

    /// A right submission with something put into it.
    fn submission(with: &Value) -> Value {
        let mut body = json!({
            "jobName": "J1",
            "jobQueue": "statements",
            "jobDefinition": "converter",
            "arrayProperties": { "size": 2 },
            "timeout": { "attemptDurationSeconds": 60 },
            "containerOverrides": {
                "command": ["--job", "J1"],
                "resourceRequirements": [{ "type": "VCPU", "value": "0.25" }, { "type": "MEMORY", "value": "512" }],
            },
            "tags": { "run": "R1" },
            "propagateTags": true,
        });
        for (name, value) in with.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    }

    #[tokio::test]
    async fn right_bodies_pass() -> Result<()> {
        check("SubmitJob", true, &submission(&json!({}))).await?;
        let job = json!({ "jobName": "J1", "jobId": "1", "jobQueue": "q", "status": "RUNNABLE", "jobDefinition": "d" });
        check("DescribeJobs", false, &json!({ "jobs": [job] })).await?;
        check(
            "RegisterJobDefinition",
            true,
            &json!({
                "jobDefinitionName": "converter",
                "type": "container",
                "retryStrategy": crate::batch::retry_strategy(),
            }),
        )
        .await?;
        check(
            "Publish",
            true,
            &json!({ "TopicArn": "t", "Message": "m", "Subject": "s" }),
        )
        .await
    }

    /// An operation, what is wrong, and a word of the finding.
    type Wrong = (&'static str, Value, &'static str);

    fn wrong_submissions() -> Vec<Wrong> {
        let rule =
            |rule: Value| json!({ "retryStrategy": { "attempts": 3, "evaluateOnExit": [rule] } });
        let overrides = |name: &str, value: Value| json!({ "containerOverrides": { name: value } });
        let size = |size: i32| json!({ "arrayProperties": { "size": size } });
        let pair =
            json!([{ "type": "VCPU", "value": "0.25" }, { "type": "MEMORY", "value": "4096" }]);
        let reserved = json!([{ "name": "AWS_BATCH_JOB_ID", "value": "1" }]);
        let wrong = [
            (json!({ "jobname": "J1" }), "Unknown parameter"),
            (json!({ "jobName": 1 }), "Invalid type"),
            (json!({ "jobName": "a.b" }), "jobName"),
            (size(1), "2 to 10,000"),
            (size(10_001), "2 to 10,000"),
            (
                json!({ "timeout": { "attemptDurationSeconds": 59 } }),
                "less than 60",
            ),
            (json!({ "tags": {} }), "tags"),
            (
                json!({ "parameters": { "p": "v".repeat(31_000) } }),
                "30 KiB",
            ),
            (overrides("command", json!(["c".repeat(8190)])), "8,192"),
            (overrides("resourceRequirements", pair), "Fargate"),
            (overrides("environment", reserved), "Batch's own"),
            (rule(json!({ "action": "AGAIN" })), "AGAIN"),
            (
                rule(json!({ "action": "retry", "onReason": "*late" })),
                "onReason",
            ),
            (
                rule(json!({ "action": "retry", "onExitCode": "7x" })),
                "onExitCode",
            ),
        ];
        wrong
            .map(|(with, word)| ("SubmitJob", submission(&with), word))
            .into()
    }

    fn other_wrong_requests() -> Vec<Wrong> {
        let ids: Vec<String> = (0..101).map(|id| id.to_string()).collect();
        vec![
            (
                "SubmitJob",
                json!({ "jobName": "J1", "jobQueue": "q" }),
                "jobDefinition",
            ),
            ("DescribeJobs", json!({ "jobs": ids }), "100"),
            (
                "ListJobs",
                json!({ "jobQueue": "q", "arrayJobId": "a" }),
                "exactly one",
            ),
            (
                "ListJobs",
                json!({ "jobQueue": "q", "jobStatus": "DONE" }),
                "DONE",
            ),
            (
                "CancelJob",
                json!({ "jobId": "1", "reason": "r".repeat(1025) }),
                "1,024",
            ),
            ("TerminateJob", json!({ "jobId": "1" }), "reason"),
            (
                "Publish",
                json!({ "TopicArn": "t", "Message": "m", "Subject": "two\nlines" }),
                "Subject",
            ),
            (
                "Publish",
                json!({ "TopicArn": "t", "Message": "m".repeat(262_145) }),
                "262,144",
            ),
        ]
    }

    fn wrong_answers() -> Vec<Wrong> {
        let job = json!({ "jobName": "J1", "jobId": "1", "jobQueue": "q", "status": "DONE", "jobDefinition": "d" });
        vec![
            (
                "ListJobs",
                json!({ "jobSummaryList": [{ "jobId": "1" }] }),
                "jobName",
            ),
            ("DescribeJobs", json!({ "jobs": [job] }), "DONE"),
        ]
    }

    #[tokio::test]
    async fn every_kind_of_wrong_body_is_found() {
        let (submissions, requests, answers) =
            (wrong_submissions(), other_wrong_requests(), wrong_answers());
        let body = |is_request| {
            move |(operation, body, _): &'_ Wrong| (*operation, is_request, body.clone())
        };
        let wrong: Vec<_> = [(&submissions, true), (&requests, true), (&answers, false)]
            .into_iter()
            .flat_map(|(wrong, is_request)| wrong.iter().map(body(is_request)))
            .collect();
        let bodies = wrong.iter().map(|(operation, is_request, body)| Body {
            service: service(operation),
            operation,
            is_request: *is_request,
            body,
        });
        let report = expect_valid(bodies)
            .await
            .expect_err("all are wrong")
            .to_string();
        // A finding, and below it the body.
        let lines: Vec<&str> = report.lines().collect();
        for (operation, body, word) in submissions.iter().chain(&requests).chain(&answers) {
            let body: String = body.to_string().chars().take(2000).collect();
            let is_found = lines.windows(2).any(|pair| {
                pair[0].starts_with(operation)
                    && pair[0].contains(word)
                    && pair[1].trim_start() == body
            });
            assert!(
                is_found,
                "{word:?} is not found in {operation} {body}:\n{report}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_is_not_right() {
        expect_valid([]).await.expect_err("no body was seen");
    }
}

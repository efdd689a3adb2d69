//! Command lines of the AWS CLI, held against AWS's own model of its services.

use anyhow::{Context, Result};
use serde_json::json;

use crate::aws_bodies::check_lines;

const CHECK: &str = include_str!("../check_aws_commands.py");

/// Demands that services, operations, options and what is asked of the answers exist. A command is its words after `aws`.
pub async fn expect_valid_commands(
    commands: impl IntoIterator<Item = &[String]> + Send,
) -> Result<()> {
    let lines = commands.into_iter().map(|words| json!(words).to_string());
    check_lines(CHECK, lines.collect())
        .await
        .context("commands that the AWS CLI would not have")
}

#[cfg(test)]
mod tests {
    use anyhow::Result;

    use super::expect_valid_commands;

    async fn check(command: &str) -> Result<()> {
        let words: Vec<String> = command.split(' ').map(ToOwned::to_owned).collect();
        expect_valid_commands([&words[..]]).await
    }

    #[tokio::test]
    async fn right_commands_pass() -> Result<()> {
        for command in [
            "batch describe-jobs --jobs a b --query jobs[].[jobName,attempts[].container.exitCode] --output text",
            "batch update-compute-environment --compute-environment c --compute-resources maxvCpus=512",
            "batch list-jobs --job-queue q --filters name=JOB_NAME,values=2026-10*",
            "batch list-jobs --job-queue q --job-status PENDING --query jobSummaryList[].arrayProperties.size",
            "batch list-jobs --array-job-id a --job-status RUNNING --query length(jobSummaryList)",
            "batch describe-jobs --jobs a --query jobs[].arrayProperties.statusSummary.RUNNING",
            "batch describe-jobs --jobs a --query jobs[?status=='FAILED'].attempts[0].container|[0].{code:exitCode}",
            "batch describe-job-definitions --job-definitions converter:7",
            "batch describe-job-definitions --job-definitions arn:aws:batch:r:1:job-definition/c:7 --query jobDefinitions[].containerProperties.environment[].name",
            "logs tail group --since 1h --filter-pattern x --follow",
            "s3 ls s3://bucket/prefix/",
            "s3api get-object --bucket b --key k --version-id v file.xlsx",
            "ecs wait tasks-stopped --cluster c --tasks t",
            "secretsmanager put-secret-value --secret-id s --secret-string file:///dev/stdin",
            "cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CancelJob --max-results 5",
        ] {
            check(command).await?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn wrong_commands_do_not() {
        for (command, word) in [
            ("batches describe-jobs --jobs a", "no service batches"),
            ("batch describe-job --jobs a", "no operation describe-job"),
            ("batch describe-jobs", "--jobs is missing"),
            ("batch describe-jobs --jobs a --ids b", "--ids"),
            (
                "batch describe-jobs --jobs a --query jobs[].jobTitle",
                "no jobTitle",
            ),
            ("batch describe-jobs --jobs a --query jobs[", "--query"),
            // Each is somewhere in the answer, but not there.
            (
                "batch describe-jobs --jobs a --query jobs[].exitCode",
                "no exitCode",
            ),
            (
                "batch describe-jobs --jobs a --query jobs[].container[*].exitCode",
                "container is no list",
            ),
            (
                "batch describe-jobs --jobs a --query jobs.jobName",
                "asked of what is a list",
            ),
            (
                "batch describe-job-definitions --job-definitions converter",
                "NAME:REVISION",
            ),
            (
                "batch list-jobs --job-queue q --filters name=NAME,values=x",
                "JOB_NAME",
            ),
            (
                "batch list-jobs --job-queue q --job-status RUNNING",
                "slots of arrays",
            ),
            ("batch describe-jobs --jobs a --query x y", "2 values"),
            ("batch update-job-queue --job-queue q --state ON", "ENABLED"),
            (
                "batch update-compute-environment --compute-environment c --compute-resources vcpus=1",
                "maxvCpus",
            ),
            (
                "batch update-compute-environment --compute-environment c --compute-resources maxvCpus=many",
                "no number",
            ),
            (
                "cloudtrail lookup-events --lookup-attributes AttributeKey=Event",
                "EventName",
            ),
            (
                "s3api get-object --bucket b --key k --version-id",
                "file for the answer",
            ),
            ("logs tail", "instead of 1"),
            ("logs tail group --filter x", "--filter"),
            ("ecs wait task --tasks t", "cannot wait"),
        ] {
            let wrong = check(command).await.expect_err(command);
            let wrong = format!("{wrong:#}");
            assert!(wrong.contains(word), "{command}: {wrong}");
        }
    }
}

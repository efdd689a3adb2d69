//! A converter that digests rows (`converter --digests`): requests go to its stdin, answers come from its stdout.

use std::process::Stdio;

use common::config::{Config, Settings};
use common::digests::{DigestAnswer, DigestRequest, Digested};
use common::{Class, Error, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::queue::{HEAPS, converter_path, environment};

/// A running converter. Dropped, it is killed: it changes nothing.
pub struct Digester {
    child: Child,
    requests: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Digester {
    /// Starts the converter beside the running enqueuer.
    pub fn start(config: &Config, settings: &Settings) -> Result<Self> {
        let converter = converter_path()?;
        let mut child = Command::new(&converter)
            .arg("--digests")
            .envs(HEAPS)
            .envs(environment(config, settings))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(if settings.log.is_some() {
                Stdio::inherit()
            } else {
                Stdio::piped()
            })
            .kill_on_drop(true)
            .spawn()
            .map_err(|reason| {
                let converter = converter.display();
                Error::config(format!("the converter {converter} cannot be started"))
                    .because(reason)
            })?;
        let (Some(requests), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::bug("the converter was started without pipes"));
        };
        Ok(Self {
            child,
            requests,
            answers: BufReader::new(answers).lines(),
        })
    }

    /// The rows of some documents as the source has them now, in the same order. Requests and answers must fit into a pipe.
    pub async fn digest(
        &mut self,
        requests: impl Iterator<Item = &DigestRequest>,
    ) -> Result<Vec<Digested>> {
        let requests: Vec<&DigestRequest> = requests.collect();
        let lines: String = requests
            .iter()
            .map(|request| request.to_line() + "\n")
            .collect();
        // A converter that is gone says why by how it ended.
        let sent = self.requests.write_all(lines.as_bytes()).await;
        let sent = sent.and(self.requests.flush().await);
        let mut answers = Vec::with_capacity(requests.len());
        while sent.is_ok() && answers.len() < requests.len() {
            let Ok(Some(line)) = self.answers.next_line().await else {
                break;
            };
            answers.push(DigestAnswer::from_line(&line)?);
        }
        if answers.len() < requests.len() {
            return Err(self.failed().await);
        }
        in_order(&requests, answers)
    }

    /// Lets the converter end.
    pub async fn end(self) -> Result<()> {
        let Self {
            mut child,
            requests,
            ..
        } = self;
        drop(requests);
        let ended = child.wait().await;
        ended.map(drop).map_err(|reason| {
            Error::bug("a converter process cannot be waited for").because(reason)
        })
    }

    /// Why the converter ended too early, with the class of its exit code.
    async fn failed(&mut self) -> Error {
        let mut words = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            // What it said is only the better message.
            let _ = stderr.read_to_string(&mut words).await;
        }
        let code = self.child.wait().await.ok().and_then(|ended| ended.code());
        let said = words.lines().last().unwrap_or_default();
        let said = said.strip_prefix("converter: ").unwrap_or(said);
        let message = format!("comparing documents with the source: {said}");
        match code.and_then(|code| u8::try_from(code).ok()) {
            Some(code) if code == Class::Retry.exit_code() => Error::retry("database", message),
            Some(code) if code == Class::Config.exit_code() => Error::config(message),
            Some(code) if code == Class::Data.exit_code() => Error::data("source", message),
            _ => Error::bug(format!("a converter ended while it digested rows: {said}")),
        }
    }
}

/// The answers in the order of the requests.
fn in_order(requests: &[&DigestRequest], answers: Vec<DigestAnswer>) -> Result<Vec<Digested>> {
    let documents = requests.iter().map(|request| &request.document);
    if !documents.eq(answers.iter().map(|answer| &answer.document)) {
        return Err(Error::bug(
            "a converter answered for other documents than it was asked for",
        ));
    }
    Ok(answers.into_iter().map(|answer| answer.digested).collect())
}

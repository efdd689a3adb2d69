//! The real binaries, run as an operator would.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use tokio::process::{Child, Command};

/// A program about to run.
pub struct Program {
    command: Command,
}

/// What a program answered.
#[derive(Debug)]
pub struct Answer {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Program {
    pub(crate) fn new<'a>(
        binary: &Path,
        arguments: impl IntoIterator<Item = &'a str>,
        directory: &Path,
    ) -> Self {
        let mut program = Self::of(Command::new(binary));
        program
            .command
            .args(arguments)
            .current_dir(directory)
            .env("PATH", "/usr/bin:/bin");
        program
    }

    /// A command with nothing of the test's own environment.
    fn of(mut command: Command) -> Self {
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self { command }
    }

    /// Started by somebody whose umask takes no right from anybody.
    #[must_use]
    pub fn with_open_umask(self) -> Self {
        let program = self.command.as_std();
        let mut opened = Self::of(Command::new("/bin/sh"));
        opened
            .command
            .args(["-c", "umask 000; exec \"$0\" \"$@\""])
            .arg(program.get_program())
            .args(program.get_args())
            .envs(
                program
                    .get_envs()
                    .filter_map(|(name, value)| Some((name, value?))),
            );
        if let Some(directory) = program.get_current_dir() {
            opened.command.current_dir(directory);
        }
        opened
    }

    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Without a setting that every program of the world has.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    #[must_use]
    pub fn arg(mut self, value: &str) -> Self {
        self.command.arg(value);
        self
    }

    /// Runs it to its end.
    pub async fn run(mut self) -> Result<Answer> {
        let output = self.command.output().await.context("running the program")?;
        Ok(Answer {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Starts it, for tests that kill it. What it prints is thrown away.
    pub fn start(mut self) -> Result<Child> {
        self.command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .context("starting the program")
    }
}

impl Answer {
    /// Demands an exit code.
    pub fn expect(self, code: i32) -> Result<Self> {
        ensure!(
            self.code == Some(code),
            "exit {:?}, expected {code}\n{}\n{}",
            self.code,
            self.stdout,
            self.stderr
        );
        Ok(self)
    }

    /// The one JSON object on stdout.
    pub fn json(&self) -> Result<serde_json::Value> {
        serde_json::from_str(&self.stdout).with_context(|| format!("not JSON: {}", self.stdout))
    }
}

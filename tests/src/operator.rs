//! An operator at a shell: bash, and on its path only the programs that a runbook may use, each of which notes how it was called.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::cloud::Cloud;
use crate::{Answer, World, binary};

/// Ours: they run.
const OURS: [&str; 2] = ["enqueuer", "converter"];

/// Small programs of every machine: they run.
const COMMON: [&str; 9] = [
    "cut",
    "grep",
    "head",
    "jq",
    "mkdir",
    "sha256sum",
    "sort",
    "tail",
    "xargs",
];

/// What the module's output `operator_shell` sets, besides the functions `enqueuer` and `converter`.
pub const VARIABLES: [&str; 13] = [
    "BATCH_JOB_DEFINITION",
    "BATCH_JOB_QUEUE",
    "BUCKET",
    "COMPUTE_ENVIRONMENT",
    "COMPUTE_ENVIRONMENT_SPOT",
    "CONSUMABLE_RESOURCE",
    "DATABASE_CONNECTIONS_AT_PEAK",
    "ENQUEUER_CLUSTER",
    "ENQUEUER_LOG_GROUP",
    "LOG_GROUP",
    "STORE_URL",
    "TOPIC_ARN",
    "UNDELIVERED_QUEUE",
];

/// The job definition as the module gives it: by its revision.
const JOB_DEFINITION: &str =
    "arn:aws:batch:ap-northeast-1:123456789012:job-definition/statement-export-converter:7";

/// When pages are read: in the window of October's month end.
const NOW: &str = "2026-11-02T09:00:00+09:00";

/// How a call of a wrapped program ended: a separator after each word, and one more after the last.
const WORD: char = '\u{1e}';
const END: char = '\u{1d}';

/// How long blocks may take.
const PATIENCE: Duration = Duration::from_mins(5);

/// A program as it was called.
#[derive(Debug, Clone)]
pub struct Call {
    pub program: String,
    pub arguments: Vec<String>,
    pub code: i32,
}

/// The shell, with the settings of the enqueuer's task.
pub struct Operator<'a> {
    cloud: &'a Cloud<'a>,
    directory: PathBuf,
}

impl<'a> Operator<'a> {
    pub fn new(world: &World, cloud: &'a Cloud<'a>) -> Result<Self> {
        let operator = Self {
            cloud,
            directory: world.path("operator"),
        };
        std::fs::create_dir_all(operator.directory.join("bin"))?;
        operator.ours()?;
        for name in COMMON {
            operator.link(
                name,
                &found(name).with_context(|| format!("no {name} here"))?,
            )?;
        }
        let psql = found("psql").context("no psql here: it comes with PostgreSQL")?;
        operator.note("psql", &format!("'{}' \"$@\"", psql.display()))?;
        operator.others()?;
        let shell = operator.shell();
        std::fs::write(world.path("operator.sh"), shell)?;
        Ok(operator)
    }

    /// Ours, with the settings of their tasks, at the instant of the test.
    fn ours(&self) -> Result<()> {
        let definition = self.cloud.setting("BATCH_JOB_DEFINITION")?;
        let said = self.directory.join("said").display().to_string();
        for name in OURS {
            let program = binary(name).display().to_string();
            self.note(
                name,
                &format!(
                    "export BATCH_JOB_DEFINITION='{definition}'
case \" $* \" in *' --period '*|*' --at '*) ;; ' run '*) set -- \"$@\" --at '{NOW}';; esac
'{program}' \"$@\" 2>>'{said}'"
                ),
            )?;
        }
        Ok(())
    }

    /// What Terraform renders for operators.
    fn shell(&self) -> String {
        let variables = VARIABLES.map(|name| {
            let value = match name {
                "BATCH_JOB_DEFINITION" => JOB_DEFINITION,
                name => self.cloud.setting(name).unwrap_or("word"),
            };
            format!("export {name}='{value}'\n")
        });
        variables.concat()
    }

    /// What is somebody else's: it is noted and does nothing.
    fn others(&self) -> Result<()> {
        // A file as an answer, or a word.
        self.note(
            "aws",
            &format!(
                "for last; do :; done
case \"$2\" in get-object) : >\"$last\";; esac
case \" $* \" in *' get-secret-value '*) echo '{}';; *' --query '*|' logs tail '*) echo word;; esac",
                self.cloud.setting("DATABASE_URL")?
            ),
        )?;
        // Also takes a password from its input.
        self.note(
            "buildah",
            "case \" $* \" in *' --password-stdin '*) /bin/cat >/dev/null;; esac",
        )?;
        self.note(
            "date",
            &format!(
                "case \" $* \" in *' -d '*) ;; *) set -- -d '{NOW}' \"$@\";; esac\n/bin/date \"$@\""
            ),
        )?;
        let make = format!(
            "/usr/bin/env PATH=/usr/bin:/bin make -s -n -C '{}' \"$@\" >/dev/null",
            repository().display()
        );
        self.note("make", &make)?;
        let shell = self.shell();
        self.note(
            "terraform",
            &format!("case \"$*\" in *operator_shell) /bin/cat <<'END'\n{shell}END\n;; esac"),
        )
    }

    /// A program that runs a script and notes how it was called and ended.
    fn note(&self, name: &str, script: &str) -> Result<()> {
        let calls = self.directory.join("calls");
        let text = format!(
            "#!/bin/sh\n{script}\ncode=$?\nprintf '%s{word}' {name} \"$code\" \"$@\" '{END}' >>'{}'\nexit $code\n",
            calls.display(),
            word = "\\036",
        );
        install(&text, &self.directory.join("bin").join(name))
    }

    fn link(&self, name: &str, program: &Path) -> Result<()> {
        std::os::unix::fs::symlink(program, self.directory.join("bin").join(name))
            .with_context(|| name.to_owned())
    }

    /// Runs blocks one after the other in one shell, in which variables last. Before each block, and after the last one,
    /// `between` is told its number and what was called since; the shell waits meanwhile. What fails is an error, unless it is
    /// a program of ours: those are `between`'s to judge.
    pub async fn run(
        &self,
        blocks: &[&str],
        mut between: impl AsyncFnMut(usize, Vec<Call>) -> Result<()>,
    ) -> Result<()> {
        let script = self.script(blocks);
        let bin = self.directory.join("bin").display().to_string();
        let shell = found("bash").context("no bash here")?;
        let shell = self
            .cloud
            .program(&shell, ["-c", &script])
            .env("PATH", &bin);
        let mut told = 0;
        let guide = async {
            for number in 0..=blocks.len() {
                self.wait_for(number).await;
                let calls = self.calls()?;
                between(number, calls[told..].to_vec()).await?;
                told = calls.len();
                std::fs::write(self.directory.join(format!("go-{number}")), "")?;
            }
            std::future::pending::<Result<()>>().await
        };
        let answer = tokio::select! {
            answer = tokio::time::timeout(PATIENCE, shell.run()) => answer.context("the shell does not end")??,
            wrong = guide => return wrong.with_context(|| self.said()),
        };
        self.expect_done(&answer)
    }

    fn script(&self, blocks: &[&str]) -> String {
        let directory = self.directory.display();
        let mut script = format!(
            "set -uo pipefail
trap 'printf \"%s: %s\\n\" \"$?\" \"$BASH_COMMAND\" >>\"{directory}/failed\"' ERR
between() {{ : >\"{directory}/at-$1\"; until [ -e \"{directory}/go-$1\" ]; do /bin/sleep 0.05; done; }}
"
        );
        for (number, block) in blocks.iter().enumerate() {
            script.extend([&format!("between {number}\n"), *block, "\n"]);
        }
        script + &format!("between {}\nexit 0\n", blocks.len())
    }

    async fn wait_for(&self, number: usize) {
        let mark = self.directory.join(format!("at-{number}"));
        while !mark.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn calls(&self) -> Result<Vec<Call>> {
        let path = self.directory.join("calls");
        if !path.exists() {
            return Ok(Vec::new());
        }
        let text = std::fs::read_to_string(path)?;
        let end = format!("{END}{WORD}");
        text.split_terminator(&end)
            .map(|call| {
                let mut words = call.split_terminator(WORD).map(ToOwned::to_owned);
                let program = words.next().context("a call without a name")?;
                let code = words.next().context("a call without a code")?.parse()?;
                let arguments = words.collect();
                Ok(Call {
                    program,
                    arguments,
                    code,
                })
            })
            .collect()
    }

    /// What our programs said on stderr.
    fn said(&self) -> String {
        std::fs::read_to_string(self.directory.join("said")).unwrap_or_default()
    }

    fn expect_done(&self, answer: &Answer) -> Result<()> {
        let said = [&answer.stdout, &answer.stderr, &self.said()]
            .map(String::as_str)
            .concat();
        ensure!(
            answer.code == Some(0),
            "the shell ended with {:?}:\n{said}",
            answer.code
        );
        let failed = std::fs::read_to_string(self.directory.join("failed")).unwrap_or_default();
        for line in failed.lines() {
            let command = line.split_once(": ").map_or(line, |(_, command)| command);
            if !OURS.iter().any(|ours| command.starts_with(ours)) {
                bail!("failed with {line}\n{said}");
            }
        }
        Ok(())
    }
}

/// The root of the workspace.
pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A program of this machine.
fn found(name: &str) -> Option<PathBuf> {
    let postgres = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let versions = postgres.filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    ["/usr/bin", "/bin", "/usr/local/bin", "/opt/homebrew/bin"]
        .into_iter()
        .map(PathBuf::from)
        .chain(versions)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// Writes a program by a process of its own: a file open for writing here could be inherited by whatever another test starts at
/// this moment, and would be "busy".
fn install(text: &str, program: &Path) -> Result<()> {
    let draft = program.with_extension("txt");
    std::fs::write(&draft, text)?;
    let installed = std::process::Command::new("install")
        .args(["-m", "755"])
        .args([&draft, program])
        .status()?;
    ensure!(
        installed.success(),
        "{} could not be installed",
        program.display()
    );
    std::fs::remove_file(draft)?;
    Ok(())
}

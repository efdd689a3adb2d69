//! A runbook as its reader sees it.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use tests::operator::repository;

/// A file of `runbooks/`.
pub struct Page {
    /// Without `.md`.
    pub name: String,
    pub text: String,
    /// What can be pasted into a shell, in order.
    pub blocks: Vec<String>,
    /// What goes into a file: its language and text.
    pub files: Vec<(String, String)>,
}

/// The languages of blocks that are no commands.
const OF_FILES: [&str; 2] = ["hcl", "toml"];

impl Page {
    pub fn read(name: &str) -> Result<Self> {
        let path = directory().join(format!("{name}.md"));
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Self::parse(name, text)
    }

    /// The index and every runbook, by name.
    pub fn all() -> Result<Vec<Self>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(directory())? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            let name = name.strip_suffix(".md");
            names.push(name.context("a file that is no page")?.to_owned());
        }
        names.sort();
        names.iter().map(|name| Self::read(name)).collect()
    }

    fn parse(name: &str, text: String) -> Result<Self> {
        let mut page = Self {
            name: name.to_owned(),
            text: String::new(),
            blocks: Vec::new(),
            files: Vec::new(),
        };
        let mut open: Option<(String, String)> = None;
        for line in text.lines() {
            match (line.trim_start().strip_prefix("```"), open.take()) {
                (Some(language), None) => open = Some((language.to_owned(), String::new())),
                (Some(_), Some((language, block))) if language == "bash" => {
                    page.blocks.push(block);
                }
                (Some(_), Some(file)) => page.files.push(file),
                (None, Some((language, block))) => open = Some((language, block + line + "\n")),
                (None, None) => {}
            }
        }
        ensure!(open.is_none(), "{name}: a block without an end");
        page.text = text;
        Ok(page)
    }

    pub fn is_index(&self) -> bool {
        self.name == "README"
    }

    /// The words that follow `option` in the blocks, if they are no variables.
    pub fn words_after<'a>(&'a self, option: &'a str) -> impl Iterator<Item = &'a str> {
        let texts = self
            .blocks
            .iter()
            .flat_map(move |block| block.split(option).skip(1));
        texts.filter_map(|rest| {
            let end = rest.find(|letter: char| !letter.is_ascii_lowercase() && letter != '_');
            let word = &rest[..end.unwrap_or(rest.len())];
            (!word.is_empty()).then_some(word)
        })
    }

    /// Whether a block says this.
    pub fn says(&self, words: &str) -> bool {
        self.blocks.iter().any(|block| block.contains(words))
    }

    /// What stands between single backquotes in the prose.
    pub fn spans(&self) -> Vec<&str> {
        let prose = self.text.split("```").step_by(2);
        prose
            .flat_map(|prose| prose.split('`').skip(1).step_by(2))
            .collect()
    }

    /// The files that it links to.
    pub fn links(&self) -> Vec<&str> {
        let links = self.text.split("](").skip(1);
        links
            .filter_map(|rest| rest.split_once(')').map(|(link, _)| link))
            .filter(|link| !link.contains("://"))
            .map(|link| link.split('#').next().unwrap_or(link))
            .collect()
    }

    /// Its form: a title, the four headings, something to paste, and no command where it would not be executed.
    pub fn expect_form(&self) -> Result<()> {
        let name = &self.name;
        ensure!(self.text.starts_with("# "), "{name}: no title");
        let headings: Vec<&str> = self
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("## "))
            .collect();
        let all = ["Meaning", "Impact", "Diagnosis", "Mitigation"];
        ensure!(self.is_index() || headings == all, "{name}: {headings:?}");
        ensure!(!self.blocks.is_empty(), "{name}: nothing to paste");
        for (language, text) in &self.files {
            ensure!(
                OF_FILES.contains(&language.as_str()),
                "{name}: a block of {language}"
            );
            let command = text.contains("enqueuer ") || text.contains("converter ");
            ensure!(!command, "{name}: a command that is not executed:\n{text}");
        }
        for span in self.spans() {
            let ours = span.starts_with("enqueuer ") || span.starts_with("converter ");
            ensure!(
                !(ours && span.contains(" -")),
                "{name}: `{span}` is not executed: put it into a block"
            );
        }
        for link in self.links() {
            ensure!(
                directory().join(link).exists(),
                "{name}: {link} is not there"
            );
        }
        self.expect_no_invention()?;
        self.expect_a_look_before()
    }

    /// What is recorded for auditors or shown to a customer, and what only the reader knows, is the reader's to say.
    fn expect_no_invention(&self) -> Result<()> {
        let name = &self.name;
        for block in &self.blocks {
            for (option, only) in [
                ("--reason ", "\"$REASON\""),
                ("--customer-note ", "\"$NOTE\""),
            ] {
                let said = block
                    .split(option)
                    .skip(1)
                    .all(|rest| rest.starts_with(only));
                ensure!(said, "{name}: {option}is not {only}:\n{block}");
            }
            for line in block.lines() {
                let Some((variable, value)) = assignment(line) else {
                    continue;
                };
                let open = ["''", "$", "\""].iter().any(|open| value.starts_with(open));
                ensure!(open, "{name}: {variable} would be {value}");
            }
            ensure!(!block.contains('…'), "{name}: … is pasted:\n{block}");
        }
        Ok(())
    }

    /// Whoever pastes a block sees what it would do before it is done, and nothing is stopped and resumed at once.
    fn expect_a_look_before(&self) -> Result<()> {
        let name = &self.name;
        let mut looked = Vec::new();
        for block in &self.blocks {
            let commands = block.replace("\\\n", " ");
            let deciding: Vec<&str> = commands.lines().filter(|line| decides(line)).collect();
            let looks = deciding.iter().filter(|line| line.contains("--dry-run"));
            let looks: Vec<String> = looks.map(|line| without_certainty(line)).collect();
            let is_look = !looks.is_empty();
            for line in &deciding {
                ensure!(
                    is_look == line.contains("--dry-run"),
                    "{name}: a dry run and the real one in\n{block}"
                );
                let of_many = line.contains(" --failed") || line.contains("enqueuer reissue");
                let seen = looked.contains(&without_certainty(line));
                ensure!(
                    is_look || !of_many || seen,
                    "{name}: no dry run before {line}"
                );
                let sure = line.contains(" --yes") || line.contains("enqueuer reissue");
                ensure!(
                    is_look || !of_many || sure,
                    "{name}: more than a hundred would be refused by {line}"
                );
            }
            looked.extend(looks);
            let stops = block.contains("enqueuer stop");
            let goes_on = !deciding.is_empty() || block.contains("enqueuer run");
            ensure!(
                !(stops && goes_on),
                "{name}: stopped and resumed in\n{block}"
            );
        }
        Ok(())
    }

    /// What it asks of AWS, in blocks and prose: service, operation, and whether of an old version of an object.
    pub fn asked_of_aws(&self) -> Vec<(String, String, bool)> {
        let blocks = self.blocks.iter().map(|block| block.replace("\\\n", " "));
        let spans = self.spans().into_iter().map(ToOwned::to_owned);
        let mut asked = Vec::new();
        for text in blocks.chain(spans) {
            for line in text.lines() {
                let words: Vec<&str> = line
                    .split([' ', '('])
                    .filter(|word| !word.is_empty())
                    .collect();
                for (at, _) in words.iter().enumerate().filter(|(_, word)| **word == "aws") {
                    let [service, operation, ..] = words[at + 1..] else {
                        continue;
                    };
                    if service.starts_with('-') {
                        continue;
                    }
                    let of_version = words[at..].contains(&"--version-id");
                    asked.push((service.to_owned(), operation.to_owned(), of_version));
                }
            }
        }
        asked
    }
}

/// A variable that a line sets, and what it is set to.
pub fn assignment(line: &str) -> Option<(&str, &str)> {
    let set = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = set.split_once('=')?;
    let is_name = name
        .chars()
        .all(|letter| letter.is_ascii_uppercase() || letter == '_');
    (is_name && !name.is_empty()).then_some((name, value))
}

/// Whether it is a command by which an operator decides about documents.
fn decides(line: &str) -> bool {
    ["resubmit", "reissue", "excuse"]
        .iter()
        .any(|command| line.contains(&format!("enqueuer {command}")))
}

/// The command as its dry run has it, but for the dry run.
fn without_certainty(line: &str) -> String {
    let line = line.rsplit("&& ").next().unwrap_or(line);
    line.replace(" --dry-run", "")
        .replace(" --yes", "")
        .trim()
        .to_owned()
}

fn directory() -> PathBuf {
    repository().join("runbooks")
}

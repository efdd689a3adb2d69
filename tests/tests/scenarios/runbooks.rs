//! Every command of every runbook, executed as an operator would paste it: the whole page in one shell, after the variables of the
//! index, in a month end in which it makes sense. What is AWS's is held against AWS's model, what is Terraform's against the module.

mod claims;
mod page;
mod stage;

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use tests::cloud::Cloud;
use tests::operator::{Call, Operator, VARIABLES, repository};
use tests::{Engine, World, expect_valid_commands};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use page::{Page, assignment};
use stage::Stage;

/// What an operator fills in where the pages have `''`.
const FILLED_IN: [(&str, &str); 21] = [
    ("ACCOUNT", "A0001"),
    ("AT", "2026-11-01T00:15:00+09:00"),
    ("CONNECTIONS", "400"),
    ("DOCUMENT", "2026-10.trade.A0001"),
    ("FORMER", "00000000-0000-0000-0000-000000000001"),
    ("IMAGE_REPOSITORY", "registry.example/statement-export"),
    ("IMAGE_TAG", "1.4.2"),
    ("JOB", "00000000-0000-0000-0000-000000000002"),
    ("MAX_VCPUS", "64"),
    ("MOVEMENT", "MT2026-10-0"),
    ("NEW", "00000000-0000-0000-0000-000000000003"),
    ("NOTE", "The dividend of 9 October was corrected."),
    ("PUBLISHED", "2026-10.trade.A0002"),
    ("REASON", "ticket 123: of the test"),
    ("SECRET", "statement-export/database-url"),
    ("SECURITY", "130A"),
    ("SNAPSHOT", "2026-10-26"),
    (
        "TASK",
        "arn:aws:ecs:ap-northeast-1:123456789012:task/statement-export-enqueuer/0123456789abcdef",
    ),
    ("TRADE", "T0001"),
    ("VERSION", "v1"),
    ("CAUSE", stage::ANY_CAUSE),
];

/// Pages at a time: each has a month end of its own.
const AT_ONCE: usize = 6;

#[tokio::test]
async fn every_command_does_what_its_runbook_says() -> Result<()> {
    let outcomes = LocalSet::new().run_until(execute_all()).await?;
    let wrong: Vec<String> = outcomes
        .into_iter()
        .filter_map(Result::err)
        .map(|wrong| format!("{wrong:#}"))
        .collect();
    ensure!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    Ok(())
}

async fn execute_all() -> Result<Vec<Result<()>>> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut pages = JoinSet::new();
    for page in Page::all()? {
        let room = room.clone();
        pages.spawn_local(async move {
            let _place = room.acquire_owned().await;
            let outcome = execute(&page).await;
            outcome.with_context(|| format!("runbooks/{}.md", page.name))
        });
    }
    Ok(pages.join_all().await)
}

/// Executes every block of a page. On AWS the databases are PostgreSQL.
async fn execute(page: &Page) -> Result<()> {
    let world = World::new(Engine::Postgres).await?;
    let outcome = execute_in(&world, page).await;
    world.close().await?;
    outcome
}

async fn execute_in(world: &World, page: &Page) -> Result<()> {
    Stage::load(world, page).await?;
    let cloud = Cloud::of(world).await?;
    let mut stage = Stage::set(world, &cloud, page).await?;
    let index = Page::read("README")?;
    for cause in stage.causes() {
        let known = index.text.contains(&format!("`{cause}`"));
        ensure!(known, "the index has no cause {cause}");
    }
    let mut blocks = filled_in(&index)?;
    if !page.is_index() {
        blocks.extend(filled_in(page)?);
    }
    let blocks: Vec<&str> = blocks.iter().map(String::as_str).collect();
    let mut all = Vec::new();
    let operator = Operator::new(world, &cloud)?;
    operator
        .run(&blocks, async |number, calls| {
            if let Some(last) = number.checked_sub(1) {
                expect_all_called(blocks[last], &calls)?;
            }
            all.extend(calls.iter().cloned());
            stage.between(&calls).await
        })
        .await?;
    expect_known_to_others(page, &all).await
}

/// The blocks of a page as they are pasted.
fn filled_in(page: &Page) -> Result<Vec<String>> {
    let blocks = page.blocks.iter().map(|block| {
        let lines = block.lines().map(|line| {
            let Some((name, value)) = assignment(line).filter(|(_, value)| value.starts_with("''"))
            else {
                return Ok(format!("{line}\n"));
            };
            let known = FILLED_IN.iter().find(|(known, _)| *known == name);
            let (_, word) = known.with_context(|| format!("nobody knows {name}"))?;
            let (set, _) = line.split_at(line.len() - value.len());
            Ok(format!("{set}'{word}'{}\n", &value[2..]))
        });
        lines.collect::<Result<String>>()
    });
    blocks.collect()
}

/// No command of ours was passed over, behind a condition that did not hold or in a function that was not called.
fn expect_all_called(block: &str, calls: &[Call]) -> Result<()> {
    for program in ["enqueuer", "converter"] {
        let words = block
            .lines()
            .map(|line| line.split(" #").next().unwrap_or(line));
        let written = words.flat_map(|line| line.split([' ', '(', ';', '|', '&']));
        let written = written.filter(|word| *word == program).count();
        let called = calls.iter().filter(|call| call.program == program).count();
        ensure!(
            called >= written,
            "{called} of {written} calls of {program} in\n{block}"
        );
    }
    Ok(())
}

/// What the page says to AWS and to Terraform.
async fn expect_known_to_others(page: &Page, calls: &[Call]) -> Result<()> {
    let of = |program: &'static str| {
        let calls = calls.iter().filter(move |call| call.program == program);
        calls.map(|call| &call.arguments[..])
    };
    if of("aws").next().is_some() {
        expect_valid_commands(of("aws")).await?;
    }
    for target in of("make").flatten() {
        expect_target(target)?;
    }
    let module = Module::read()?;
    for name in VARIABLES {
        module.expect_says(&format!("{name} "))?;
    }
    for function in ["enqueuer", "converter"] {
        let shell = std::fs::read_to_string(repository().join("terraform/operator.sh"))?;
        let defined = shell.contains(&format!("\n{function}() {{"));
        ensure!(defined, "the operators' shell has no {function}");
    }
    for secret in of("aws")
        .flatten()
        .filter_map(|word| word.strip_prefix("statement-export/"))
    {
        module.expect_says(&format!("/{secret}\""))?;
    }
    for arguments in of("terraform") {
        module.expect_takes(arguments)?;
    }
    for (_, text) in page.files.iter().filter(|(language, _)| language == "hcl") {
        for line in text.lines() {
            if let Some((name, _)) = line
                .split_once(" =")
                .filter(|(name, _)| !name.starts_with(' '))
            {
                module.expect_declares("variable", name.trim_end())?;
            }
        }
    }
    Ok(())
}

/// A folder of the name would do for make itself.
fn expect_target(target: &str) -> Result<()> {
    let makefile = std::fs::read_to_string(repository().join("Makefile"))?;
    let rules = makefile
        .lines()
        .filter(|line| !line.starts_with(['\t', '#', '.']));
    let known = rules
        .filter_map(|line| line.split_once(':'))
        .any(|(targets, _)| targets.split(' ').any(|known| known == target));
    ensure!(known, "the Makefile has no target {target}");
    Ok(())
}

/// The Terraform module, as text.
struct Module(String);

impl Module {
    fn read() -> Result<Self> {
        let mut text = String::new();
        for entry in std::fs::read_dir(repository().join("terraform"))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "tf") {
                text += &std::fs::read_to_string(path)?;
            }
        }
        Ok(Self(text))
    }

    fn expect_takes(&self, arguments: &[String]) -> Result<()> {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match &words[..] {
            ["output", "-raw", name] => self.expect_declares("output", name),
            ["init" | "plan" | "apply"] => Ok(()),
            ["apply" | "plan", "-var", variable] => {
                let name = variable.split('=').next().unwrap_or(variable);
                self.expect_declares("variable", name)
            }
            _ => anyhow::bail!("terraform {words:?}"),
        }
    }

    fn expect_declares(&self, what: &str, name: &str) -> Result<()> {
        self.expect_says(&format!("{what} \"{name}\""))
    }

    fn expect_says(&self, words: &str) -> Result<()> {
        ensure!(self.0.contains(words), "the module has no {words}");
        Ok(())
    }
}

/// Operators may do what the pages ask of AWS, or the index says that it is an administrator's; it lists nothing else.
#[test]
fn the_index_lists_what_operators_may_not_do() -> Result<()> {
    let allowed = operators_actions()?;
    let mut asked = BTreeSet::new();
    for page in Page::all()? {
        for (service, operation, of_version) in page.asked_of_aws() {
            if !allowed.contains(&format!("\"{}\"", action(&service, &operation, of_version))) {
                let version = if of_version { " --version-id" } else { "" };
                asked.insert(format!("{service} {operation}{version}"));
            }
        }
    }
    let index = Page::read("README")?;
    let lists = index.text.lines().filter(|line| line.starts_with("- `"));
    let listed = lists.flat_map(|line| line.split('`').skip(1).step_by(2));
    let listed: BTreeSet<String> = listed.map(ToOwned::to_owned).collect();
    assert_eq!(
        asked, listed,
        "what operators may not do, and what the index says"
    );
    Ok(())
}

/// The statements of the operators' policy, as text.
fn operators_actions() -> Result<String> {
    let read = |name: &str| std::fs::read_to_string(repository().join("terraform").join(name));
    let section = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!("\n  {name} = "))?;
        let (section, _) = rest.split_once("\n  }\n")?;
        Some(section.to_owned())
    };
    let (operator, roles) = (read("operator.tf")?, read("roles.tf")?);
    let connections = read("connections.tf")?;
    let of = |text: &str, name: &str| section(text, name).with_context(|| format!("no {name}"));
    Ok([
        of(&operator, "operator_policy")?,
        of(&roles, "links_policy")?,
        of(&roles, "list_statements")?,
        of(&roles, "see_batch")?,
        of(&connections, "see_connections")?,
    ]
    .concat())
}

/// The right that a command of the AWS CLI takes.
fn action(service: &str, operation: &str, of_version: bool) -> String {
    match (service, operation) {
        ("logs", "tail") => return "logs:FilterLogEvents".to_owned(),
        ("s3", "ls") | ("s3api", "head-bucket") => return "s3:ListBucket".to_owned(),
        ("s3api", "get-object" | "head-object") if of_version => {
            return "s3:GetObjectVersion".to_owned();
        }
        _ => {}
    }
    let words = operation.split('-').map(|word| {
        let (first, rest) = word.split_at(1.min(word.len()));
        first.to_uppercase() + rest
    });
    let service = if service == "s3api" { "s3" } else { service };
    format!("{service}:{}", words.collect::<String>())
}

#[test]
fn every_runbook_has_its_form_and_its_place_in_the_index() -> Result<()> {
    let index = Page::read("README")?;
    for page in Page::all()? {
        page.expect_form()?;
        let link = format!("{}.md", page.name);
        let listed = index.links().contains(&link.as_str());
        ensure!(listed || page.is_index(), "the index lacks {link}");
    }
    Ok(())
}

#[tokio::test]
async fn commands_in_prose_exist() -> Result<()> {
    let world = World::new(Engine::Sqlite).await?;
    let mut asked = BTreeSet::new();
    for page in Page::all()? {
        for span in page.spans() {
            let Some(command) = span.strip_prefix("enqueuer ") else {
                continue;
            };
            let command = command.split(' ').next().unwrap_or(command).to_owned();
            if asked.insert(command.clone()) {
                let help = world.enqueuer([command.as_str(), "--help"]).run().await?;
                help.expect(0)
                    .with_context(|| format!("{}: `{span}`", page.name))?;
            }
        }
    }
    Ok(())
}

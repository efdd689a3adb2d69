//! The converter's and the enqueuer's processes, as they are measured.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use common::profile::Profile;
use tests::World;

use crate::measure::{self, Measured};
use crate::source;

/// A process with a world's settings and no others.
fn program(world: &World, name: &str) -> Command {
    let mut command = Command::new(tests::binary(name));
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("DATABASE_URL", world.database_url())
        .env("STORE_URL", format!("file:{}", world.store().display()));
    command
}

/// The converter's whole process on the big document: claim, read, gate, write, publish, settle.
pub async fn document(world: &World, gate: Gate) -> Result<Measured> {
    let measured = measure::process(&mut due_document(world, gate).await?)?;
    let published = world.published()?;
    let path = &published.first().context("nothing was published")?.path;
    let file_mb = measure::megabytes(path)?;
    Ok(Measured {
        file_mb,
        ..measured
    })
}

/// What is proven of rows while they are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    Whole,
    /// Without the rules that work figures out from others.
    WithoutFigures,
}

impl Gate {
    /// Both, as they are measured beside each other.
    pub const ALL: [Self; 2] = [Self::Whole, Self::WithoutFigures];

    pub fn words(self) -> &'static str {
        match self {
            Self::Whole => "with all rules",
            Self::WithoutFigures => "without `value`, `settlement`, `agreement`",
        }
    }
}

/// Makes the big document due again, and gives the process that makes it.
pub async fn due_document(world: &World, gate: Gate) -> Result<Command> {
    let path = profile(world, gate)?;
    source::make_due(world, &Profile::read(&path)?).await?;
    set_store_aside(world)?;
    let mut command = program(world, "converter");
    command
        .args(["--document", source::DOCUMENT])
        .env("STATEMENT_PROFILE", &path);
    Ok(command)
}

/// The enqueuer's whole run: every document found, recorded, made, reopened, published and settled.
pub async fn month(
    world: &World,
    database_url: &str,
    documents: u32,
    per_slot: u32,
) -> Result<Measured> {
    source::make_new(world).await?;
    set_store_aside(world)?;
    let mut command = program(world, "enqueuer");
    command
        .args(["run", "--period", source::PERIOD, "--parallel", "2"])
        .args(["--documents-per-slot", &per_slot.to_string()])
        .env("DATABASE_URL", database_url);
    let measured = measure::process(&mut command)?;
    let counts = source::succeeded(world).await?;
    ensure!(
        counts == u64::from(documents),
        "{counts} documents of {documents} were published"
    );
    Ok(measured)
}

/// Leaves the next run an empty store. What the last one published stays until its world is closed: for a minute ext4 without a
/// journal passes by every inode that became free, one after the other, whenever it needs a new one.
fn set_store_aside(world: &World) -> Result<()> {
    let store = world.store();
    if store.exists() {
        let mut names = (1..).map(|run| world.path(&format!("published-{run}")));
        let free = names.find(|path| !path.exists());
        std::fs::rename(&store, free.context("there is no name left")?)?;
    }
    Ok(())
}

/// Writes a profile, and returns its path.
pub fn profile(world: &World, gate: Gate) -> Result<PathBuf> {
    let text = "{ ja = \"見本\", en = \"Sample\" }";
    let policies = match gate {
        Gate::Whole => "",
        Gate::WithoutFigures => "value = \"off\"\nsettlement = \"off\"\nagreement = \"off\"\n",
    };
    // The source has no balances.
    let policies = format!("[gate]\ncash = \"off\"\n{policies}");
    let path = world.path("bench.toml");
    let firm = format!("[firm]\nname = {text}\nregistration = {text}\ncontact = {text}\n");
    std::fs::write(&path, firm + &policies)?;
    Ok(path)
}

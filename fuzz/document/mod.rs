//! A document made from any rows at all, and what must be true of it. The fuzz target and the converter's tests share
//! this module.

mod expected;
mod input;
#[path = "../../converter/src/workbook/roundtrip/read_back.rs"]
mod read_back;
mod rows;
mod source;

use std::sync::Arc;

use clap::Parser;
use common::config::{Config, Settings};
use common::ledger::{Assignment, Snapshots};
use common::profile::{Policies, Policy, Profile};
use common::source::SourceSnapshots;
use common::statement::{Kind, Language, parse_date};
use common::{Class, Error};
use converter::build::{Builder, Built};
use converter::deliver::Partial;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use input::Input;
use read_back::ReadBack;
use rows::Rows;
use source::Source;

/// A source, and what makes documents from it. One is enough for any number of inputs.
pub struct World {
    runtime: Runtime,
    source: Source,
    /// By whether the gate lets pass what does not add up: otherwise few rows would reach the workbook.
    strict: Builder,
    lenient: Builder,
    _directory: TempDir,
}

impl World {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime starts");
        let directory = TempDir::new().expect("there is a temp directory");
        let url = format!("sqlite://{}/source.db", directory.path().display());
        let source = runtime.block_on(Source::create(&url));
        Self {
            runtime,
            source,
            strict: builder(config(&url, Policy::Block)),
            lenient: builder(config(&url, Policy::Warn)),
            _directory: directory,
        }
    }

    /// Makes the document that the input describes, and panics when it is neither refused as bad data nor a workbook that
    /// shows its rows as they are. The error says why it was refused.
    pub fn check(&mut self, input: &[u8]) -> Result<(), Error> {
        let Input {
            kind,
            language,
            lenient,
            rows,
        } = Input::read(input);
        let assignment = assignment(kind);
        let partial = Partial::unnamed().expect("there is a temp directory");
        let builder = if lenient {
            &mut self.lenient
        } else {
            &mut self.strict
        };
        let built = self.runtime.block_on(async {
            self.source.replace(&rows).await;
            builder.build(&assignment, partial, Arc::default()).await
        });
        match built {
            Ok(built) => {
                expect_shown(&built, kind, language, &rows);
                Ok(())
            }
            Err(error) if error.class() == Class::Data && !is_ours(&error) => Err(error),
            Err(error) => panic!("{:?}: {}", error.class(), error.chain()),
        }
    }
}

/// A file that is not as it was written is our mistake, although the gate refuses it as any break.
fn is_ours(error: &Error) -> bool {
    error.to_string().contains("opened again")
}

fn expect_shown(built: &Built, kind: Kind, language: Language, rows: &Rows) {
    let bytes = std::fs::read(built.finished.file.path()).expect("the file is there");
    let found = ReadBack::new(bytes, language);
    let tables: Vec<_> = built
        .tables
        .iter()
        .map(|table| {
            (
                table.section.sheet(),
                usize::try_from(table.rows).expect("a row each"),
            )
        })
        .collect();
    found.expect_nothing_active(&tables);
    expected::expect_all(&found, &tables, kind, language, rows);
}

fn builder(config: Config) -> Builder {
    Builder::new(config.clone(), SourceSnapshots::apart(config))
}

/// The program's own settings and defaults, whatever the environment says.
fn config(url: &str, policy: Policy) -> Config {
    #[derive(Parser)]
    struct Flags {
        #[command(flatten)]
        settings: Settings,
    }
    let flags = ["fuzz", "--deployment=local", "--statement-profile="]
        .map(str::to_owned)
        .into_iter()
        .chain(["--database-url", "--source-database-url"].map(|flag| format!("{flag}={url}")));
    let settings = Flags::parse_from(flags).settings;
    let mut config = settings.resolve().expect("the settings are good");
    let mut profile = Profile::built_in();
    profile.policies = Policies {
        identity: policy,
        positions: policy,
        cash: policy,
        shape: policy,
        ownership: Policy::Block,
        value: policy,
        settlement: policy,
        agreement: policy,
    };
    config.profile = Arc::new(profile);
    config
}

fn assignment(kind: Kind) -> Assignment {
    let document = format!("2026-10.{kind}.{}", rows::ACCOUNT);
    let (opening, closing) = (parse_date(rows::OPENING), parse_date(rows::CLOSING));
    Assignment {
        document: document.parse().expect("it is a document id"),
        run_id: "run".to_owned(),
        issued_on: parse_date("2026-11-02").expect("it is a date"),
        snapshots: Snapshots {
            positions_opening: opening,
            positions_closing: closing,
            cash_opening: opening,
            cash_closing: closing,
        },
        profile_hash: String::new(),
        is_draft: false,
        correction: None,
        findings: std::sync::Arc::default(),
    }
}

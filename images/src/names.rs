//! What Terraform calls by name (`terraform/names.json`) is called the same in the code.

use std::collections::BTreeSet;
use std::path::Path;

use common::metrics::{NAMESPACE, names};
use common::statement::Kind;
use common::{Class, ledger};
use serde_json::{Value, json};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn of_terraform() -> Value {
    let path = Path::new(ROOT).join("terraform/names.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The variables that a program reads; what Batch sets itself is not set by anybody else.
fn variables(command: &clap::Command) -> BTreeSet<String> {
    let own = command
        .get_arguments()
        .filter_map(|argument| argument.get_env())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.starts_with("AWS_BATCH_"));
    own.chain(command.get_subcommands().flat_map(variables))
        .collect()
}

#[test]
fn environment_variables() {
    let named = &of_terraform()["environment"];
    assert_eq!(
        named["enqueuer"],
        json!(variables(&enqueuer::command())),
        "enqueuer"
    );
    assert_eq!(
        named["converter"],
        json!(variables(&converter::cli::command())),
        "converter"
    );
}

#[test]
fn exit_codes() {
    let codes = json!({
        "data": Class::Data.exit_code(),
        "retry": Class::Retry.exit_code(),
        "config": Class::Config.exit_code(),
        "bug": Class::Bug.exit_code(),
    });
    assert_eq!(of_terraform()["exit_codes"], codes);
}

#[test]
fn metrics_and_their_dimensions() {
    let metrics = json!({
        "namespace": NAMESPACE,
        "attempts": names::ATTEMPTS,
        "attempt_duration": names::ATTEMPT_DURATION,
        "document_rows": names::DOCUMENT_ROWS,
        "document_bytes": names::DOCUMENT_BYTES,
        "documents": names::DOCUMENTS,
        "failed_documents": names::FAILED_DOCUMENTS,
        "queue_age": names::QUEUE_AGE,
        "runs": names::RUNS,
        "sweeps": names::SWEEPS,
    });
    let named = of_terraform();
    assert_eq!(named["metrics"], metrics);
    let dimensions = json!({
        names::KIND: Kind::ALL.map(Kind::as_str),
        names::OUTCOME: names::OUTCOMES,
        names::STATE: ledger::State::ALL.map(ledger::State::as_str),
        // The causes are many, and a dashboard searches for them.
        names::CAUSE: [],
    });
    assert_eq!(named["dimensions"], dimensions);
}

#[test]
fn size_classes() {
    let enqueuer = enqueuer::command();
    let run = enqueuer.find_subcommand("run").unwrap();
    let classes = run
        .get_arguments()
        .find(|argument| argument.get_env() == Some("SIZE_CLASSES".as_ref()));
    let default = classes.unwrap().get_default_values()[0].to_str();
    assert_eq!(of_terraform()["size_classes"].as_str(), default);
}

#[test]
fn jobs_of_probes() {
    assert_eq!(of_terraform()["probe_jobs"], enqueuer::PROBE_JOBS);
}

#[test]
fn every_alarm_has_a_runbook_of_its_name() {
    let named = of_terraform();
    let index = std::fs::read_to_string(Path::new(ROOT).join("runbooks/README.md")).unwrap();
    for name in ["alarms", "events"]
        .iter()
        .flat_map(|list| named[list].as_array().unwrap())
    {
        let file = format!("{}.md", name.as_str().unwrap());
        assert!(
            Path::new(ROOT).join("runbooks").join(&file).is_file(),
            "runbooks/{file} is missing"
        );
        assert!(
            index.contains(&format!("]({file})")),
            "the index lacks {file}"
        );
    }
}

/// What the local queue gives its converters beside their settings.
#[test]
fn heaps_of_the_converters_image() {
    let path = Path::new(ROOT).join("Dockerfile");
    let file = std::fs::read_to_string(path).unwrap();
    let (_, stage) = file.split_once(" AS converter\n").unwrap();
    for (name, value) in enqueuer::HEAPS {
        assert!(stage.contains(&format!("    {name}={value}")), "{name}");
    }
}

//! What `-h`, `--help` and a mistake in a command line say.

use clap::CommandFactory;

use super::Cli;

/// What the program prints instead of working.
fn said(arguments: &[&str]) -> String {
    let program = std::iter::once(&"enqueuer").chain(arguments);
    let error = crate::command().try_get_matches_from(program).unwrap_err();
    error.to_string()
}

fn commands() -> Vec<String> {
    let names = Cli::command();
    let names = names.get_subcommands().map(clap::Command::get_name);
    names.map(str::to_owned).collect()
}

#[test]
fn verify_cli() {
    crate::command().debug_assert();
}

#[test]
fn short_help_is_of_the_command_alone() {
    assert_eq!(
        said(&["stop", "-h"]),
        "\
Holds a period: no further submissions, queued jobs cancelled; running ones finish

Usage: enqueuer stop [OPTIONS] --period <YYYY-MM>

Options:
      --period <YYYY-MM>  The month, e.g. 2026-10
      --reason <TEXT>     Why; kept in the ledger for the auditor [default: \"stopped by an operator\"]
      --json              Prints the answer as JSON
  -h, --help              Print help (see more with '--help')
"
    );
    for command in commands() {
        let help = said(&[&command, "-h"]);
        assert!(!help.contains("\nSettings:"), "{command}: {help}");
        assert!(!help.contains("\nQueue:"), "{command}: {help}");
        assert!(!help.contains("--database-url"), "{command}: {help}");
    }
}

#[test]
fn long_help_shows_own_options_then_the_queue_then_settings() {
    let mut with_queue = Vec::new();
    for command in commands() {
        let help = said(&[&command, "--help"]);
        let at = |heading: &str| help.find(&format!("\n{heading}:\n"));
        let (own, queue, settings) = (at("Options"), at("Queue"), at("Settings"));
        assert!(own.is_some() && own < settings, "{command}: {help}");
        if queue.is_some() {
            assert!(own < queue && queue < settings, "{command}: {help}");
            with_queue.push(command);
        }
        // The environment of whoever asks is nobody else's business.
        assert!(!help.contains("[env: DATABASE_URL="), "{help}");
    }
    let submit = [
        "demo", "check", "plan", "run", "stop", "resubmit", "reissue", "sweep",
    ];
    assert_eq!(with_queue, submit);
    // What is stopped is not made: which queue it is is all that counts.
    let stop = said(&["stop", "--help"]);
    assert!(stop.contains("BATCH_JOB_QUEUE"), "{stop}");
    for setting in ["LOCAL_PARALLEL", "SIZE_CLASSES", "DOCUMENTS_PER_SLOT"] {
        assert!(!stop.contains(setting), "{stop}");
    }
}

#[test]
fn a_mistake_is_answered_with_the_usage_of_the_help() {
    let url = ["--database-url", "sqlite://x"];
    for (arguments, usage) in [
        (vec!["stop"], "stop [OPTIONS] --period <YYYY-MM>\n"),
        (vec!["link"], "link [OPTIONS] <DOCUMENT>\n"),
        (vec!["load"], "load [OPTIONS] <DIR>\n"),
        (
            vec!["resubmit"],
            "resubmit [OPTIONS] --reason <TEXT> <DOCUMENT>...\n       \
             enqueuer resubmit [OPTIONS] --reason <TEXT> --failed\n",
        ),
    ] {
        let text = said(&[arguments.as_slice(), &url].concat());
        assert!(
            text.contains(&format!("\nUsage: enqueuer {usage}")),
            "{text}"
        );
        assert!(!text.contains("--database-url"), "{text}");
    }
}

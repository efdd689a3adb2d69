//! How both programs read their command lines.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Command, Parser};

use crate::Class;
use crate::printable::printable_lines;

/// The command line. Otherwise `--help` or what is wrong is printed, and the program ends with the code: a mistake in it is a
/// misconfiguration.
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    P::try_parse().map_err(|usage| {
        // Whoever reads gets it in other words; whoever only runs does not pay for them.
        let usage = readable(P::command())
            .try_get_matches()
            .err()
            .unwrap_or(usage);
        // It repeats what was given.
        let text = usage.to_string();
        let text = printable_lines(&text);
        // Whoever reads it may be gone.
        if usage.use_stderr() {
            let _ = write!(std::io::stderr(), "{text}");
            ExitCode::from(Class::Config.exit_code())
        } else {
            let _ = write!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
    })
}

/// The command with short help and usage as people need them. `-h` shows a command's own options, and `--help` the settings below
/// them. A usage error repeats the usage of the help: clap's own lists what the environment happens to set as if it were required.
#[must_use]
pub fn readable(command: Command) -> Command {
    let mut built = command.clone();
    built.build();
    let usage = usage_of(&mut built);
    settings_in_long_help(command)
        .override_usage(usage)
        .mut_subcommands(|subcommand| {
            let usage = built
                .find_subcommand_mut(subcommand.get_name())
                .map(usage_of);
            let subcommand = settings_in_long_help(subcommand);
            match usage {
                Some(usage) => subcommand.override_usage(usage),
                None => subcommand,
            }
        })
}

/// As help shows it.
fn usage_of(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned()
}

/// Settings stand below a heading of their own. What the environment sets them to is not shown: it may be a password.
fn settings_in_long_help(command: Command) -> Command {
    command.mut_args(|argument| {
        let is_setting = argument.get_help_heading().is_some();
        argument.hide_env_values(true).hide_short_help(is_setting)
    })
}

#[cfg(test)]
mod tests {
    use clap::error::ErrorKind;
    use clap::{Arg, Command};

    use super::readable;

    /// A program of one command that wants a name; a setting of it, here set as from the environment, is also given.
    fn program() -> Command {
        let setting = Arg::new("url")
            .long("url")
            .global(true)
            .env("STATEMENT_EXPORT_TEST_URL")
            .help_heading("Settings");
        Command::new("program")
            .arg(setting)
            .subcommand(Command::new("greet").arg(Arg::new("name").long("name").required(true)))
    }

    fn said(arguments: &[&str]) -> (ErrorKind, String) {
        let error = readable(program())
            .try_get_matches_from(arguments)
            .unwrap_err();
        (error.kind(), error.to_string())
    }

    #[test]
    fn a_usage_error_names_what_is_required_and_no_setting() {
        let (kind, text) = said(&["program", "greet", "--url", "sqlite://x"]);
        assert_eq!(kind, ErrorKind::MissingRequiredArgument);
        assert!(
            text.contains("Usage: program greet [OPTIONS] --name <name>\n"),
            "{text}"
        );
        assert!(!text.contains("--url"), "{text}");
    }

    #[test]
    fn short_help_is_of_the_commands_own_options_and_long_help_of_the_settings_too() {
        let (_, short) = said(&["program", "greet", "-h"]);
        assert!(
            short.contains("--name") && !short.contains("--url"),
            "{short}"
        );
        let (_, long) = said(&["program", "greet", "--help"]);
        let own = long.find("--name <name>\n").unwrap();
        let setting = long.find("--url").unwrap();
        assert!(own < setting, "{long}");
    }
}

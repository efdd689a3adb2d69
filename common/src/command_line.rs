//! How both programs read their command lines.

use std::process::ExitCode;

use clap::Parser;

use crate::Class;

/// The command line. Otherwise `--help` or what is wrong is printed, and the program ends with the code: a mistake in it is a
/// misconfiguration.
pub fn parse<P: Parser>() -> Result<P, ExitCode> {
    P::try_parse().map_err(|usage| {
        let _ = usage.print();
        if usage.use_stderr() {
            ExitCode::from(Class::Config.exit_code())
        } else {
            ExitCode::SUCCESS
        }
    })
}

use std::process::ExitCode;

fn main() -> ExitCode {
    converter::cli::run()
}

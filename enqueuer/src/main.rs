use std::process::ExitCode;

fn main() -> ExitCode {
    enqueuer::run()
}

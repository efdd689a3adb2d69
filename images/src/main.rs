//! Both programs in one binary, so that an image that holds both is not twice as large. It is the one by whose name it is
//! called.

use std::path::Path;
use std::process::ExitCode;

#[cfg(test)]
mod names;

fn main() -> ExitCode {
    let called = std::env::args_os().next().unwrap_or_default();
    match Path::new(&called)
        .file_name()
        .and_then(|name| name.to_str())
    {
        Some("converter") => converter::cli::run(),
        Some("enqueuer") => enqueuer::run(),
        _ => {
            eprintln!("statement-export: call it by the name enqueuer or converter (a link)");
            ExitCode::from(78)
        }
    }
}

//! Lines for the operator or a program behind a pipe. Whoever closes the pipe early (`| head`) has read enough; a full disk
//! ends the command in error once it has done its work.

use std::fmt::Arguments;
use std::io::{ErrorKind, Result as Written, Write as _, stdout};
use std::sync::OnceLock;

use common::printable::printable_lines;
use common::{Error, Result};

static FAILED: OnceLock<std::io::Error> = OnceLock::new();

/// Writes a line to stdout. Nobody's words in it steer a terminal; [`printable`](common::printable::printable) keeps them on it.
macro_rules! line {
    ($($argument:tt)*) => {
        $crate::out::keep($crate::out::write_line(format_args!($($argument)*)))
    };
}

pub(crate) use line;

pub fn write_line(text: Arguments<'_>) -> Written<()> {
    writeln!(stdout(), "{}", printable_lines(&text.to_string()))
}

/// Writes a whole file to stdout.
pub fn write_all(content: &[u8]) {
    keep(stdout().write_all(content));
}

/// Keeps the first failure that is the command's to tell.
pub fn keep(written: Written<()>) {
    if let Err(reason) = written
        && reason.kind() != ErrorKind::BrokenPipe
    {
        let _ = FAILED.set(reason);
    }
}

/// Whether everything has arrived. An error of class `Retry`: the disk is full, most likely.
pub fn arrived() -> Result<()> {
    keep(stdout().flush());
    FAILED.get().map_or(Ok(()), |reason| {
        Err(Error::retry(
            "disk",
            format!("the answer could not be written to stdout ({reason}); is its disk full?"),
        ))
    })
}

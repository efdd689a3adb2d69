//! Lines for the operator or a program behind a pipe. Whoever closes the pipe early (`| head`) has read enough; a full disk
//! ends the command in error once it has done its work.

use std::fmt::Arguments;
use std::io::{BufWriter, ErrorKind, Result as Written, Stdout, Write as _, stdout};
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

/// An answer of very many lines, on its way to stdout.
pub struct Lines(BufWriter<Stdout>);

impl Lines {
    pub fn begin() -> Self {
        Self(BufWriter::new(stdout()))
    }

    /// Writes a text as it is, without what would steer a terminal. `false` = nobody reads any more, and the rest need not be made.
    pub fn write(&mut self, text: &str) -> bool {
        self.kept(|out| out.write_all(printable_lines(text).as_bytes()))
    }

    /// The last of it. A failure is kept for [`arrived`].
    pub fn end(mut self) {
        self.kept(BufWriter::flush);
    }

    fn kept(&mut self, write: impl FnOnce(&mut BufWriter<Stdout>) -> Written<()>) -> bool {
        let written = write(&mut self.0);
        let is_read = written.is_ok();
        keep(written);
        is_read
    }
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

//! Lines for the operator or a program behind a pipe. Whoever closes the pipe early (`| head`) has read enough.

/// Writes a line to stdout.
macro_rules! line {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

pub(crate) use line;

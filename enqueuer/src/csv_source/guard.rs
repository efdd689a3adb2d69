//! Stands between a file and the CSV reader, which accepts whatever it is given and, when a quotation mark is missing,
//! swallows the rows that follow into one value. Rows must never be lost silently, so the guard refuses such files. It
//! also knows the line each record starts on; the CSV reader's own count is one short after CRLF, as Excel ends lines.

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Read};

/// No record is this long; more is a file that is no CSV, and must not fill the memory.
const MAX_RECORD_BYTES: u64 = 1 << 20;

/// Why a file is not CSV, and the line on which its record or quotation starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) line: u64,
    pub(super) fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    NeverClosed,
    TextAfterQuote,
    TooLong,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Fault::NeverClosed => "a quotation mark opens a value and is never closed",
            Fault::TextAfterQuote => {
                "a quoted value goes on after its closing quotation mark: double the quotation marks inside of values"
            }
            Fault::TooLong => "the row is longer than 1 MiB: is a quotation mark missing, or is this no CSV file?",
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RecordStart,
    FieldStart,
    Plain,
    Quoted,
    /// After a quotation mark inside a quoted value: its end, or the first of two.
    QuoteInQuoted,
}

/// Passes bytes through, and fails at the first that cannot be CSV.
pub(super) struct RecordGuard<R> {
    input: R,
    state: State,
    line: u64,
    record_bytes: u64,
    /// The line of the quotation mark that opened the value.
    quote_line: u64,
    record_lines: VecDeque<u64>,
    malformed: Option<Malformed>,
}

impl<R: Read> RecordGuard<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            state: State::RecordStart,
            line: 1,
            record_bytes: 0,
            quote_line: 1,
            record_lines: VecDeque::new(),
            malformed: None,
        }
    }

    /// The line on which the next record starts, asked for once per record. There are never more waiting than the CSV
    /// reader's buffer holds.
    pub(super) fn next_record_line(&mut self) -> u64 {
        self.record_lines.pop_front().unwrap_or(self.line)
    }

    /// Why reading failed, if the input was readable.
    pub(super) fn malformed(&self) -> Option<Malformed> {
        self.malformed
    }

    fn step(&mut self, byte: u8) -> Result<(), Malformed> {
        let line_end = matches!(byte, b'\n' | b'\r');
        if self.state == State::RecordStart && !line_end {
            self.record_lines.push_back(self.line);
            self.record_bytes = 0;
            self.state = State::FieldStart;
        }
        self.record_bytes += 1;
        if self.record_bytes > MAX_RECORD_BYTES {
            let line = self.record_lines.back().copied().unwrap_or(self.line);
            return Err(Malformed {
                line,
                fault: Fault::TooLong,
            });
        }
        self.state = match (self.state, byte) {
            (State::Quoted, b'"') => State::QuoteInQuoted,
            (State::Quoted, _) | (State::QuoteInQuoted, b'"') => State::Quoted,
            (State::FieldStart, b'"') => {
                self.quote_line = self.line;
                State::Quoted
            }
            (_, b'\n' | b'\r') => State::RecordStart,
            (_, b',') => State::FieldStart,
            (State::QuoteInQuoted, _) => {
                return Err(Malformed {
                    line: self.quote_line,
                    fault: Fault::TextAfterQuote,
                });
            }
            _ => State::Plain,
        };
        self.line += u64::from(byte == b'\n');
        if self.state == State::RecordStart {
            self.record_bytes = 0;
        }
        Ok(())
    }
}

impl<R: Read> Read for RecordGuard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let refused = || io::Error::from(io::ErrorKind::InvalidData);
        if self.malformed.is_some() {
            return Err(refused());
        }
        let length = self.input.read(buffer)?;
        if length == 0 && self.state == State::Quoted {
            self.malformed = Some(Malformed {
                line: self.quote_line,
                fault: Fault::NeverClosed,
            });
            return Err(refused());
        }
        for (passed, byte) in buffer[..length].iter().enumerate() {
            if let Err(malformed) = self.step(*byte) {
                self.malformed = Some(malformed);
                // What comes before is handed on first, so that its own errors are reported in the order of the file.
                return if passed == 0 {
                    Err(refused())
                } else {
                    Ok(passed)
                };
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Vec<u64>, Option<Malformed>) {
        let mut guard = RecordGuard::new(text.as_bytes());
        let _ = io::copy(&mut guard, &mut io::sink());
        (guard.record_lines.into(), guard.malformed)
    }

    #[test]
    fn records_know_their_line() {
        assert_eq!(read("a,b\n1,2\n\n\n3,4"), (vec![1, 2, 5], None));
        assert_eq!(read("a,b\r\n1,2\r\n\r\n3,4\r\n"), (vec![1, 2, 4], None));
        assert_eq!(read("a,\"b\nc\"\"\n\"\nd,e\n"), (vec![1, 4], None));
        assert_eq!(read("\"\",\"a,b\"\r\n5\" pipe,x\n"), (vec![1, 2], None));
    }

    #[test]
    fn broken_quotation_is_refused() {
        let (_, malformed) = read("a,b\n1,\"2\n3,4\n");
        assert_eq!(
            malformed,
            Some(Malformed {
                line: 2,
                fault: Fault::NeverClosed
            })
        );
        let (_, malformed) = read("a,b\n1,\"2\n3,\"4\"\n");
        assert_eq!(
            malformed,
            Some(Malformed {
                line: 2,
                fault: Fault::TextAfterQuote
            })
        );
    }

    #[test]
    fn a_record_without_end_does_not_fill_the_memory() {
        let text = format!("a,b\n1,\"{}", "2\n".repeat(1 << 20));
        assert_eq!(
            read(&text).1,
            Some(Malformed {
                line: 2,
                fault: Fault::TooLong
            })
        );
    }
}

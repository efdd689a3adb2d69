//! Hashes a workbook as it is written, so that it need not be read again.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

/// Passes bytes on, counts and hashes them, and stops when the attempt is over.
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    bytes: u64,
    stop: Arc<AtomicBool>,
}

impl<W: Write> HashingWriter<W> {
    /// `stop` ends a long save when the attempt lost its lease or was told to terminate.
    pub fn new(inner: W, stop: Arc<AtomicBool>) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            bytes: 0,
            stop,
        }
    }

    /// What was written to, its SHA-256 in lower-case hexadecimal, and how many bytes.
    pub fn finish(mut self) -> io::Result<(W, String, u64)> {
        self.inner.flush()?;
        Ok((self.inner, hex(&self.hash.finalize()), self.bytes))
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(io::Error::other("the attempt was stopped"));
        }
        let written = self.inner.write(buffer)?;
        self.hash.update(&buffer[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

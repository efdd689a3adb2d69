//! SHA-256 of what is published: computed as a workbook is written, so that it need not be read again, and of what is found.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
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

/// The SHA-256 of what is read to its end, in lower-case hexadecimal, and how many bytes that is.
pub fn sha256(mut from: impl Read) -> io::Result<(String, u64)> {
    let mut hashing = HashingWriter::new(io::sink(), Arc::default());
    io::copy(&mut from, &mut hashing)?;
    let (_, sha256, bytes) = hashing.finish()?;
    Ok((sha256, bytes))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_of_every_byte() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(&b""[..]).unwrap(), (empty.to_owned(), 0));
        let (digest, bytes) = sha256(&b"abc"[..]).unwrap();
        assert_eq!(
            (digest.as_str(), bytes),
            (
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
                3
            )
        );
    }
}

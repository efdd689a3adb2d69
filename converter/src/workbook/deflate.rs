//! Raw deflate streams that can follow one another as one: all but the last end on a byte and have no last block. The encoders of
//! `flate2` cannot be used for this: where their buffer is full they go on without the flush that was asked for, and
//! the stream lacks its end.

use std::io::{self, Write};

use flate2::{Compress, Compression, FlushCompress};

use super::COMPRESSION_LEVEL;

const BUFFER_BYTES: usize = 1 << 15;

/// Compresses to `W`.
pub struct Deflater<W> {
    compress: Compress,
    /// Whole at all times: what grows a vector would fill it with zeros at every write, however short.
    buffer: Box<[u8]>,
    out: W,
}

impl<W: Write> Deflater<W> {
    pub fn new(out: W) -> Self {
        Self {
            compress: Compress::new(Compression::new(COMPRESSION_LEVEL.into()), false),
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            out,
        }
    }

    pub fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.run(data, FlushCompress::None)
    }

    /// Bytes that were written.
    pub fn bytes(&self) -> u64 {
        self.compress.total_in()
    }

    /// Ends the stream so that another one can follow.
    pub fn end_on_byte(mut self) -> io::Result<W> {
        self.run(&[], FlushCompress::Sync)?;
        Ok(self.out)
    }

    /// Ends the stream, and with it those before.
    pub fn end(mut self) -> io::Result<W> {
        self.run(&[], FlushCompress::Finish)?;
        Ok(self.out)
    }

    /// A flush is complete only when it left room in the buffer; until then it must be asked for again (`deflate` in zlib.h).
    fn run(&mut self, mut data: &[u8], flush: FlushCompress) -> io::Result<()> {
        loop {
            let before = [self.compress.total_in(), self.compress.total_out()];
            self.compress.compress(data, &mut self.buffer, flush)?;
            let since = |before: u64, now: u64| usize::try_from(now - before).unwrap_or(usize::MAX);
            data = &data[since(before[0], self.compress.total_in())..];
            let compressed = &self.buffer[..since(before[1], self.compress.total_out())];
            self.out.write_all(compressed)?;
            if data.is_empty() && compressed.len() < self.buffer.len() {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::bufread::DeflateDecoder;

    use super::*;

    /// Incompressible bytes, so many that a flush finds the buffer nearly full, just full, or overflowing.
    #[test]
    fn a_flush_is_complete_wherever_it_comes() {
        let mut random = fastrand::Rng::with_seed(1);
        let bytes: Vec<u8> = (0..100_000).map(|_| random.u8(..)).collect();
        let sizes = [0, 32_500, 65_200, 98_000];
        let sizes = sizes.into_iter().flat_map(|size| size..size + 400);
        for size in sizes.step_by(3) {
            let mut first = Deflater::new(Vec::new());
            first.write(&bytes[..size]).unwrap();
            assert_eq!(first.bytes(), size as u64);
            let stream = first.end_on_byte().unwrap();
            assert!(size == 0 || stream.ends_with(&[0, 0, 0xFF, 0xFF]), "{size}");
            let mut second = Deflater::new(stream);
            second.write(b"and more").unwrap();
            let stream = second.end().unwrap();
            let mut rest = &*stream;
            let mut whole = Vec::new();
            DeflateDecoder::new(&mut rest)
                .read_to_end(&mut whole)
                .unwrap();
            assert_eq!(whole.len(), size + 8, "{size}");
            assert!(whole.starts_with(&bytes[..size]) && whole.ends_with(b"and more"));
            assert!(rest.is_empty(), "{size}");
        }
    }
}

//! Files: those that users name are regular ones, and those that we make are nobody else's.

use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

/// What this process makes from now on is for its user alone, files 0600 and directories 0700, whatever it was started with. It
/// holds for what libraries make and for the converters that are started, too.
pub fn keep_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Opens a file for reading. Anything else is refused by what it is: a named pipe would be waited for without end, and a device
/// need not end.
pub fn open(path: &Path) -> io::Result<File> {
    demand_file(&std::fs::metadata(path)?)?;
    // The name may be another thing's by now.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)?;
    demand_file(&file.metadata()?)?;
    Ok(file)
}

/// Reads a file that is small if it is the right one.
pub fn read(path: &Path, at_most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = open(path)?;
    let too_long = |bytes: u64| {
        let limit = at_most / 1024;
        Err(refused(&format!(
            "it has {} KB; at most {limit} are allowed",
            bytes.div_ceil(1024)
        )))
    };
    let size = file.metadata()?.len();
    if size > at_most {
        return too_long(size);
    }
    // It may be growing.
    file.take(at_most + 1).read_to_end(&mut bytes)?;
    match bytes.len() as u64 {
        read if read > at_most => too_long(read),
        _ => Ok(bytes),
    }
}

/// Refuses what is there and no file. What is not there may become one.
pub fn demand_file_or_nothing(path: &Path) -> io::Result<()> {
    match std::fs::metadata(path) {
        Ok(metadata) => demand_file(&metadata),
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(reason) => Err(reason),
    }
}

fn demand_file(metadata: &Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let what = what(metadata.file_type());
    Err(refused(&format!("it is {what} and not a file")))
}

fn what(kind: FileType) -> &'static str {
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    }
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn only_files_are_opened() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let made = std::process::Command::new("mkfifo")
            .arg(path("pipe"))
            .status();
        assert!(made.unwrap().success());
        let _listener = UnixListener::bind(path("socket")).unwrap();
        std::fs::write(path("file"), "text").unwrap();
        std::os::unix::fs::symlink(path("file"), path("link")).unwrap();
        for (other, what) in [
            (path("pipe"), "a named pipe"),
            (path("socket"), "a socket"),
            (directory.path().to_owned(), "a directory"),
            ("/dev/zero".into(), "a device"),
        ] {
            let error = read(&other, 10).unwrap_err().to_string();
            assert_eq!(error, format!("it is {what} and not a file"));
            assert!(demand_file_or_nothing(&other).is_err());
        }
        assert_eq!(read(&path("link"), 4).unwrap(), b"text");
        assert!(demand_file_or_nothing(&path("nothing")).is_ok());
    }

    #[test]
    fn a_size_is_known_before_it_is_read() {
        let file = tempfile::NamedTempFile::new().unwrap();
        file.as_file().set_len(1 << 40).unwrap();
        let error = read(file.path(), 512 * 1024).unwrap_err().to_string();
        assert_eq!(error, "it has 1073741824 KB; at most 512 are allowed");
        // It says of itself that it is empty.
        let error = read(Path::new("/proc/self/environ"), 0).unwrap_err();
        assert!(error.to_string().starts_with("it has 1 KB"), "{error}");
    }
}

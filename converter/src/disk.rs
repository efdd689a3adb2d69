//! Errors of the disk: a full one is full for every document, until somebody makes room; anything else of the surroundings may pass.

use std::io;
use std::path::Path;

use common::{Error, Result};

/// Gives a failed file operation its class: missing rights and read-only file systems must be mended, the rest may pass.
pub fn failed(doing: &str, reason: io::Error) -> Error {
    match reason.kind() {
        kind if is_full(kind) => {
            Error::misconfigured("disk_full", format!("{doing}: the disk is full; make room"))
                .because(reason)
        }
        io::ErrorKind::PermissionDenied
        | io::ErrorKind::ReadOnlyFilesystem
        | io::ErrorKind::NotADirectory => {
            Error::config(format!("{doing}: no right to write there")).because(reason)
        }
        _ => Error::retry("disk", format!("{doing}: the disk failed")).because(reason),
    }
}

/// What a row takes of the temp disk, in bytes: compressed rows wait there for the rest of their workbook, and with S3 the workbook for its
/// upload. Both together were measured at 160; long notes take several times as much.
const TEMP_BYTES_PER_ROW: u64 = 1_000;

/// Refuses to begin what would fill the temp disk at the end of minutes of work.
pub fn check_temp_space(directory: &Path, rows: u64) -> Result<()> {
    let stat = rustix::fs::statvfs(directory).map_err(|reason| {
        let directory = directory.display();
        Error::config(format!(
            "the temp directory {directory} cannot be used; set TMPDIR"
        ))
        .because(reason)
    })?;
    let free = stat.f_bavail.saturating_mul(stat.f_frsize);
    let needed = rows.saturating_mul(TEMP_BYTES_PER_ROW) + 1_000_000;
    if free >= needed {
        return Ok(());
    }
    Err(Error::misconfigured(
        "disk_full",
        format!(
            "the temp directory {} has {} MB free, the document's {rows} rows need about {} MB; set TMPDIR or give it more",
            directory.display(),
            free / 1_000_000,
            needed.div_ceil(1_000_000)
        ),
    ))
}

/// Gives a failed write of a temp file its class.
pub fn temp_failed(reason: io::Error) -> Error {
    if is_full(reason.kind()) {
        full_temp_disk().because(reason)
    } else {
        failed("writing to the temp directory, TMPDIR", reason)
    }
}

fn is_full(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    matches!(kind, StorageFull | QuotaExceeded | FileTooLarge)
}

fn full_temp_disk() -> Error {
    Error::misconfigured(
        "disk_full",
        "writing the workbook: the temp disk is full; set TMPDIR or give it more",
    )
}

/// Gives a panic of the writer its class: the workbook library panics when a temp file of its own cannot be written.
pub fn panicked(payload: &(dyn std::any::Any + Send)) -> Error {
    let text = payload
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| payload.downcast_ref::<&str>().copied())
        .unwrap_or("no message");
    if text.contains("StorageFull") || text.contains("QuotaExceeded") {
        return full_temp_disk();
    }
    Error::bug(format!("the converter panicked: {text}"))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_panic_on_a_full_disk_is_to_be_mended() {
        // As the workbook library does it.
        let panic = std::panic::catch_unwind(|| {
            let mut full = std::fs::OpenOptions::new()
                .write(true)
                .open("/dev/full")
                .unwrap();
            full.write_all(b"row").expect("Couldn't write to xml file");
        })
        .unwrap_err();
        let error = panicked(&*panic);
        assert_eq!(
            (error.class(), error.cause()),
            (common::Class::Config, "disk_full")
        );

        let panic = std::panic::catch_unwind(|| panic!("index out of bounds")).unwrap_err();
        assert_eq!(panicked(&*panic).class(), common::Class::Bug);
    }

    #[test]
    fn a_full_temp_disk_says_what_to_set() {
        let error = temp_failed(io::ErrorKind::StorageFull.into());
        assert_eq!(
            (error.class(), error.cause()),
            (common::Class::Config, "disk_full")
        );
        assert!(
            error.to_string().contains("set TMPDIR or give it more"),
            "{error}"
        );
        assert_eq!(temp_failed(io::ErrorKind::Other.into()).cause(), "disk");
    }

    #[test]
    fn too_little_space_says_how_much() {
        check_temp_space(Path::new("/tmp"), 1).unwrap();
        let error = check_temp_space(Path::new("/tmp"), u64::MAX / 10_000).unwrap_err();
        assert_eq!(error.cause(), "disk_full");
        assert!(error.to_string().contains("TMPDIR"), "{error}");
    }
}

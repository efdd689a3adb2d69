//! A workbook that is not published yet.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use common::{Error, Result};
use tempfile::NamedTempFile;

/// The temp file of a workbook that is being made.
#[derive(Debug)]
pub enum Partial {
    /// On the store's own file system, to be renamed. Killed, the converter leaves it, and whoever takes the document over removes it.
    Named(NamedTempFile),
    /// In `TMPDIR`. It goes with its process, however that ends: nobody would look for a customer's statement there.
    Unnamed(File),
}

impl Partial {
    pub fn unnamed() -> Result<Self> {
        let file = tempfile::tempfile();
        file.map(Self::Unnamed)
            .map_err(|reason| crate::disk::failed("beginning the workbook", reason))
    }

    pub fn as_file(&self) -> &File {
        match self {
            Self::Named(file) => file.as_file(),
            Self::Unnamed(file) => file,
        }
    }

    /// By what the file can be opened anew, as long as this value lives.
    pub fn path(&self) -> PathBuf {
        match self {
            Self::Named(file) => file.path().to_owned(),
            // An open file has this name on Linux, and each opening a position of its own.
            Self::Unnamed(file) => PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())),
        }
    }

    /// The file from its beginning, with a position of its own.
    pub fn reopen(&self) -> io::Result<File> {
        File::open(self.path())
    }

    /// Gives the file its name, unless there is one of that name: then the error is `AlreadyExists`.
    pub fn persist_noclobber(self, path: &Path) -> Result<io::Result<()>> {
        match self {
            Self::Named(file) => Ok(file
                .persist_noclobber(path)
                .map(drop)
                .map_err(|refused| refused.error)),
            Self::Unnamed(_) => Err(Error::bug("a workbook for a bucket cannot become a file")),
        }
    }
}

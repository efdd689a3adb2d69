//! A directory, as its readers see it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use common::statement::Period;
use common::store::StoreUrl;
use common::{Error, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::{Object, SignedLink, Wanted, changed, missing};

/// What stands for itself in the path of a URL.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Documents as files below a directory.
pub struct Directory {
    directory: PathBuf,
}

impl Directory {
    pub fn new(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
        }
    }

    /// Makes a file where documents will be made: one without a name, of which nothing is left whatever ends this process.
    pub fn check(&self) -> Result<()> {
        let directory = StoreUrl::partial_directory(&self.directory);
        let tried = fs::create_dir_all(&directory)
            .and_then(|()| tempfile::tempfile_in(&directory))
            .and_then(|mut file| file.write_all(b"check"));
        tried.map_err(|reason| {
            Error::config(format!(
                "{} cannot be written; give it rights or another STORE_URL",
                directory.display()
            ))
            .because(reason)
        })
    }

    /// Every file below the period. What is not published yet lies beside the periods.
    pub fn list(&self, period: Period) -> Result<Vec<Object>> {
        let failed = |reason| {
            Error::config(format!(
                "the store directory {} cannot be read",
                self.directory.display()
            ))
            .because(reason)
        };
        let mut found = Vec::new();
        let mut folders = vec![self.directory.join(period.to_string())];
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Err(reason) if reason.kind() == io::ErrorKind::NotFound => continue,
                entries => entries.map_err(failed)?,
            };
            for entry in entries {
                let path = entry.map_err(failed)?.path();
                let metadata = fs::metadata(&path).map_err(failed)?;
                if metadata.is_dir() {
                    folders.push(path);
                } else {
                    let key = path.strip_prefix(&self.directory).unwrap_or(&path);
                    found.push(Object {
                        key: key.to_string_lossy().into_owned(),
                        bytes: metadata.len(),
                    });
                }
            }
        }
        Ok(found)
    }

    /// A `file:` URL. It leads to the file for whoever may read it on this machine.
    pub fn link(&self, wanted: &Wanted) -> Result<SignedLink> {
        let path = std::path::absolute(self.directory.join(&wanted.key)).map_err(|reason| {
            Error::config("the working directory cannot be told; make STORE_URL absolute")
                .because(reason)
        })?;
        let place = path.display().to_string();
        match fs::metadata(&path) {
            Ok(metadata) if metadata.is_file() && metadata.len() == wanted.bytes => {}
            Ok(_) => return Err(changed(&place)),
            Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Err(missing(&place)),
            Err(reason) => {
                return Err(Error::config(format!("{place} cannot be looked at")).because(reason));
            }
        }
        let path = percent_encode(path.as_os_str().as_bytes(), ENCODED);
        Ok(SignedLink {
            url: format!("file://{path}"),
            expires_at: None,
            credentials_expire_at: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_of_a_period_is_listed() {
        let directory = tempfile::tempdir().unwrap();
        let store = Directory::new(directory.path());
        let period: Period = "2026-10".parse().unwrap();
        assert_eq!(store.list(period).unwrap(), []);
        for key in [
            ".partial/2026-10.trade.A1~x.xlsx",
            "2026-09/trade/A1/2026-09.trade.A1.xlsx",
            "2026-10/trade/A1/2026-10.trade.A1.xlsx",
            "2026-10/note.txt",
        ] {
            let path = directory.path().join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        let mut listed = store.list(period).unwrap();
        listed.sort();
        let keys: Vec<_> = listed.iter().map(|object| object.key.as_str()).collect();
        assert_eq!(
            keys,
            ["2026-10/note.txt", "2026-10/trade/A1/2026-10.trade.A1.xlsx"]
        );
        assert_eq!(listed[0].bytes, 16);
    }

    #[test]
    fn links_are_urls_whatever_the_directory_is_called() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("月 次#1");
        fs::create_dir(&store).unwrap();
        fs::write(store.join("x.xlsx"), b"123").unwrap();
        let wanted = |key: &str, bytes| Wanted {
            key: key.to_owned(),
            sha256: String::new(),
            bytes,
        };
        let store = Directory::new(&store);
        let url = store.link(&wanted("x.xlsx", 3)).unwrap().url;
        assert!(url.starts_with("file:///"), "{url}");
        assert!(url.ends_with("/%E6%9C%88%20%E6%AC%A1%231/x.xlsx"), "{url}");
        assert_eq!(
            store.link(&wanted("x.xlsx", 4)).unwrap_err().cause(),
            "tampered"
        );
        let error = store.link(&wanted("y.xlsx", 3)).unwrap_err();
        assert!(error.to_string().contains("y.xlsx is not there"), "{error}");
    }
}

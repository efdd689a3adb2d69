//! A directory, as its readers see it.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use common::ledger::StoredAs;
use common::statement::Period;
use common::store::StoreUrl;
use common::{Error, Result, files, hashing};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::walk::Walk;
use super::{Found, SignedLink, Wanted};

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

    /// Every file below the period, in the order of the keys' bytes. What is not published yet lies beside the periods.
    pub fn list(&self, period: Period) -> Walk {
        Walk::below(&self.directory, &period.to_string())
    }

    /// Reads a file to its end, on a thread of its own.
    pub async fn look_at(&self, wanted: &Wanted) -> Result<Found> {
        let (path, wanted) = (self.directory.join(&wanted.key), wanted.clone());
        let place = path.display().to_string();
        let looked = tokio::task::spawn_blocking(move || read(&path, &wanted)).await;
        looked
            .map_err(io::Error::from)
            .flatten()
            .map_err(|reason| Error::config(format!("{place} cannot be read")).because(reason))
    }

    /// Where an object is, from the root on.
    pub fn path(&self, wanted: &Wanted) -> Result<PathBuf> {
        std::path::absolute(self.directory.join(&wanted.key)).map_err(|reason| {
            Error::config("the working directory cannot be told; make STORE_URL absolute")
                .because(reason)
        })
    }

    /// A `file:` URL. It leads to the file for whoever may read it on this machine.
    pub fn link(&self, wanted: &Wanted) -> Result<SignedLink> {
        let path = self.path(wanted)?;
        let path = percent_encode(path.as_os_str().as_bytes(), ENCODED);
        Ok(SignedLink {
            url: format!("file://{path}"),
            expires_at: None,
            credentials_expire_at: None,
        })
    }
}

fn read(path: &Path, wanted: &Wanted) -> io::Result<Found> {
    match fs::metadata(path) {
        // What is no file is not opened.
        Ok(metadata) if metadata.is_file() && metadata.len() == wanted.bytes => {}
        Ok(_) => return Ok(Found::OfAnotherSize),
        Err(reason) if reason.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(reason) => return Err(reason),
    }
    let (sha256, _) = hashing::sha256(files::open(path)?)?;
    Ok(if sha256 == wanted.sha256 {
        Found::Published(StoredAs::default())
    } else {
        Found::Another
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_of_a_period_is_listed() {
        let directory = tempfile::tempdir().unwrap();
        let store = Directory::new(directory.path());
        let period: Period = "2026-10".parse().unwrap();
        assert_eq!(store.list(period).count(), 0);
        for key in [
            ".partial/2026-10.trade.A1~x.xlsx",
            "2026-09/trade/A1/2026-09.trade.A1.xlsx",
            "2026-10/trade/A1/2026-10.trade.A1.xlsx",
            "2026-10/trade/A1-x/2026-10.trade.A1-x.xlsx",
            "2026-10/trade/A1.xlsx",
            "2026-10/note.txt",
        ] {
            let path = directory.path().join(key);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, key).unwrap();
        }
        let listed: Vec<_> = store.list(period).map(Result::unwrap).collect();
        let keys: Vec<_> = listed.iter().map(|object| object.key.as_str()).collect();
        // As a bucket lists them: by the bytes of the whole key, in which a slash comes after a dash and a dot.
        assert_eq!(
            keys,
            [
                "2026-10/note.txt",
                "2026-10/trade/A1-x/2026-10.trade.A1-x.xlsx",
                "2026-10/trade/A1.xlsx",
                "2026-10/trade/A1/2026-10.trade.A1.xlsx",
            ]
        );
        assert_eq!(listed[0].bytes, 16);
    }

    #[test]
    fn links_are_urls_whatever_the_directory_is_called() {
        let directory = tempfile::tempdir().unwrap();
        let store = directory.path().join("月 次#1");
        fs::create_dir(&store).unwrap();
        fs::write(store.join("x.xlsx"), b"123").unwrap();
        let url = Directory::new(&store).link(&wanted("x.xlsx")).unwrap().url;
        assert!(url.starts_with("file:///"), "{url}");
        assert!(url.ends_with("/%E6%9C%88%20%E6%AC%A1%231/x.xlsx"), "{url}");
    }

    /// Of the bytes `123`.
    fn wanted(key: &str) -> Wanted {
        Wanted {
            key: key.to_owned(),
            sha256: hashing::sha256(&b"123"[..]).unwrap().0,
            bytes: 3,
        }
    }

    #[tokio::test]
    async fn every_byte_is_looked_at() {
        let directory = tempfile::tempdir().unwrap();
        let store = Directory::new(directory.path());
        for (content, found) in [
            (&b"123"[..], Found::Published(StoredAs::default())),
            (b"124", Found::Another),
            (b"1234", Found::OfAnotherSize),
        ] {
            fs::write(directory.path().join("x.xlsx"), content).unwrap();
            assert_eq!(store.look_at(&wanted("x.xlsx")).await.unwrap(), found);
        }
        assert_eq!(
            store.look_at(&wanted("y.xlsx")).await.unwrap(),
            Found::Nothing
        );
        fs::create_dir(directory.path().join("z.xlsx")).unwrap();
        assert_eq!(
            store.look_at(&wanted("z.xlsx")).await.unwrap(),
            Found::OfAnotherSize
        );
    }
}

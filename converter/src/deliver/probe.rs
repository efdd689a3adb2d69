//! Trying what publishing and adopting do, with an object that is no document.

use std::io::Write as _;

use common::hashing::hex;
use common::store::ObjectKey;
use common::{Error, Result};
use sha2::{Digest, Sha256};

use super::Store;
use super::s3::Whole;

/// Always the same bytes, whatever version puts them: nobody deletes them, and whoever probes finds those of the one before.
const PROBE: &[u8] = b"A converter of Statement Export put this here to see whether it may publish. It is no document.\n";

impl Store {
    /// Asks for an object that is not there, puts the probe unless it is there already, and reads it back: a converter needs the
    /// right to each of these. Nothing is deleted.
    pub async fn probe(&self) -> Result<()> {
        // Without the right to list, S3 says "access denied" here.
        self.read(&ObjectKey::of_nothing()).await?;
        let key = ObjectKey::of_probe();
        let sha256 = hex(&Sha256::digest(PROBE));
        let file = self.create_temp("probe~")?;
        file.as_file()
            .write_all(PROBE)
            .map_err(|reason| crate::disk::failed("writing the probe", reason))?;
        match self {
            Store::Directory(store) => store.publish(file, &key)?,
            Store::Bucket(store) => {
                let whole = Whole {
                    path: &file.path(),
                    bytes: PROBE.len() as u64,
                    sha256: &sha256,
                    content_type: "text/plain",
                    content_disposition: None,
                    tagging: "kind=probe".to_owned(),
                };
                store.put(&key, &whole).await?
            }
        };
        match self.read(&key).await? {
            Some(opened) if opened.sha256 == sha256 => Ok(()),
            Some(_) => Err(Error::config(format!(
                "what is at {} is not what converters put there to try the store; move it away",
                self.place(&key)
            ))),
            None => Err(Error::retry(
                "store",
                format!("what was put at {} is not there", self.place(&key)),
            )),
        }
    }
}

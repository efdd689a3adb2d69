//! Files that a command makes where the operator says.

use std::io::Read;
use std::path::{Path, PathBuf};

use common::{Error, Result};

/// Where a file goes. What is there and no file (a directory, a device) is not replaced by one.
pub fn destination(out: PathBuf) -> Result<PathBuf> {
    let refused = |what: &str| Err(Error::config(format!("--out {}: {what}", out.display())));
    if !parent(&out).is_dir() {
        return refused("there is no such directory");
    }
    match std::fs::metadata(&out) {
        Ok(found) if !found.is_file() => refused("it exists and is not a file"),
        _ => Ok(out),
    }
}

/// Puts a file into its place in one step: whoever looks finds the earlier one or this one whole. It is for its user alone, as it
/// tells of customers. `what` is said in an error.
pub fn replace(mut content: impl Read, out: &Path, what: &str) -> Result<()> {
    // Behind a link it is the file that is replaced.
    let target = out.canonicalize().unwrap_or_else(|_| out.to_owned());
    let mut place = || -> std::io::Result<()> {
        let mut copy = tempfile::Builder::new()
            .prefix(".enqueuer-")
            .tempfile_in(parent(&target))?;
        std::io::copy(&mut content, &mut copy)?;
        copy.persist(&target)?;
        Ok(())
    };
    place().map_err(|reason| {
        Error::config(format!("the {what} cannot be written to {}", out.display())).because(reason)
    })
}

/// The directory of a file, which for a bare name is the current one.
fn parent(file: &Path) -> &Path {
    match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

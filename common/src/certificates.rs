//! Files of certificates and keys that settings name. A library says of one that is not there only that a file was not found, or of
//! the authorities that nobody's certificate can be verified.

use std::path::Path;

use crate::{Error, Result, files};

/// By which every TLS library here finds the authorities that it trusts.
const AUTHORITIES: &str = "SSL_CERT_FILE";

/// Refuses to begin where the file of trusted authorities cannot be read.
pub fn demand_authorities() -> Result<()> {
    of_environment(AUTHORITIES).map_or(Ok(()), Err)
}

/// What is wrong with the file that an environment variable names, if it is set.
pub(crate) fn of_environment(name: &str) -> Option<Error> {
    let file = std::env::var_os(name).filter(|file| !file.is_empty())?;
    unreadable(name, Path::new(&file))
}

/// What is wrong with a file that a setting names.
pub(crate) fn unreadable(setting: &str, file: &Path) -> Option<Error> {
    let reason = files::open(file).err()?;
    let message = format!(
        "{setting} names {}, which cannot be read; correct the path, or put the file there",
        file.display()
    );
    Some(Error::config(message).because(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_there_is_named_with_its_setting() {
        let there = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        assert!(unreadable("sslkey", &there).is_none());
        let directory = unreadable("sslkey", Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(
            directory
                .chain()
                .ends_with("it is a directory and not a file")
        );
        let error = unreadable("sslkey", Path::new("/not/there/firm.key")).unwrap();
        assert_eq!(error.class(), crate::Class::Config);
        let said = error.chain();
        assert!(
            said.starts_with("sslkey names /not/there/firm.key, "),
            "{said}"
        );
    }
}

//! The profile that `AWS_PROFILE` names: where it is not defined, the SDK goes on without a word to the next place that may have
//! credentials, and says in the end that there are none.

use aws_config::profile;
use aws_types::os_shim_internal::{Env, Fs};

use crate::{Error, Result};

/// Refuses a profile that is named and defined nowhere.
pub(super) async fn demand() -> Result<()> {
    demand_in(&Fs::real(), &Env::real()).await
}

async fn demand_in(fs: &Fs, env: &Env) -> Result<()> {
    let Some(name) = env.get("AWS_PROFILE").ok().filter(|name| !name.is_empty()) else {
        return Ok(());
    };
    let files =
        "~/.aws/config and ~/.aws/credentials, or AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE";
    let defined = profile::load(fs, env, &usual(), None)
        .await
        .map_err(|reason| {
            let message = format!("the files of AWS profiles ({files}) cannot be read");
            Error::config(message).because(reason)
        })?;
    if defined.get_profile(&name).is_some() {
        return Ok(());
    }
    Err(Error::config(format!(
        "AWS_PROFILE names the profile {name:?}, which is defined nowhere ({files}): correct the name, or run `aws configure --profile {name}`"
    )))
}

/// The files where every SDK looks: the crate that names their type is none of ours.
fn usual<T: Default>() -> T {
    T::default()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[tokio::test]
    async fn a_profile_that_is_defined_nowhere_is_named() {
        let fs = Fs::from_map(HashMap::from([(
            "/home/.aws/config".to_owned(),
            b"[profile firm]\nregion = ap-northeast-1\n".to_vec(),
        )]));
        let env = |profile: &str| Env::from_slice(&[("HOME", "/home"), ("AWS_PROFILE", profile)]);
        for defined in ["firm", ""] {
            assert!(demand_in(&fs, &env(defined)).await.is_ok(), "{defined}");
        }
        let error = demand_in(&fs, &env("frim")).await.unwrap_err();
        assert_eq!(error.class(), crate::Class::Config);
        assert!(
            error.to_string().contains("the profile \"frim\""),
            "{error}"
        );
    }
}

//! What is published.

use std::collections::HashMap;

use common::config::Config;
use common::statement::Period;
use common::{Error, Result};

/// Keys and bytes of a period's objects.
pub async fn list(_config: &Config, _period: Period) -> Result<HashMap<String, u64>> {
    Err(Error::config("comes with the merge"))
}

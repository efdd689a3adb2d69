//! Documents for the tests.

use common::ledger::{Accounted, State};
use common::statement::Kind;

use super::accounting::Account;
use crate::published::Object;
use crate::targets::{Gives, Seen};

/// A trade statement of October 2026.
pub fn document(account: &str, revision: u32, state: State) -> Accounted {
    Accounted {
        kind: Kind::Trade,
        account_id: account.into(),
        revision,
        state,
        cause: None,
        object_key: Some(format!("{account}.{revision}")),
        bytes: Some(10),
        row_counts: None,
        etag: None,
        made_by: "2026-10-R".to_owned(),
        of_other_basis: None,
        is_settled: 1,
    }
}

/// An account with its trade statements.
pub fn account(id: &str, documents: Vec<Accounted>, objects: Vec<Object>) -> Account {
    Account {
        kind: Kind::Trade,
        account_id: id.parse().unwrap(),
        seen: None,
        documents,
        objects,
    }
}

/// As the source has it.
pub fn seen(is_account: bool, gives: Gives) -> Seen {
    Seen {
        account_id: None,
        is_account,
        is_active: matches!(gives, Gives::Due(_)),
        is_closed: false,
        gives,
        counts: Vec::new(),
    }
}

pub fn object(key: &str, bytes: u64) -> Object {
    Object {
        key: key.to_owned(),
        bytes,
        etag: None,
    }
}

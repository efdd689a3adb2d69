//! Documents for the tests.

use common::ledger::{DocumentRow, State, StoredAs};
use common::statement::Kind;

/// A trade statement of October 2026.
pub fn document(account: &str, revision: i64, state: State) -> DocumentRow {
    DocumentRow {
        document_id: format!("2026-10.trade.{account}"),
        kind: Kind::Trade,
        account_id: account.into(),
        period: "2026-10".into(),
        revision,
        state,
        cause: None,
        error: None,
        place: None,
        attempts: 1,
        object_key: Some(format!("{account}.{revision}")),
        sha256: None,
        bytes: Some(10),
        rows: None,
        delivery: "electronic".to_owned(),
        stored: StoredAs::default(),
    }
}

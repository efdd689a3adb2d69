//! Rule 4, ownership: every row that is read carries the document's account.

use common::Result;
use common::profile::Rule;
use common::statement::AccountId;

use super::Gate;

/// Refuses a row of another account. It cannot come from our queries; a view of the firm, a collation or a trailing
/// blank may still produce one, and then nobody may see it.
pub fn check(gate: &mut Gate, document: &AccountId, row: &str, relation: &str) -> Result<()> {
    if document.as_str() == row {
        return Ok(());
    }
    gate.broken(
        Rule::Ownership,
        format!(
            "{relation} answered a row of account {row:?} when asked for account {document}; check the view's definition"
        ),
    )
}

#[cfg(test)]
mod tests {
    use common::profile::Policies;

    use super::*;

    #[test]
    fn only_the_very_same_account_passes() {
        let document: AccountId = "A0001".parse().unwrap();
        let mut gate = Gate::new(Policies::default());
        check(&mut gate, &document, "A0001", "statement_trades").unwrap();
        for row in ["A0002", "a0001", "A0001 ", "A001", ""] {
            assert_eq!(
                check(&mut gate, &document, row, "statement_trades")
                    .unwrap_err()
                    .cause(),
                "ownership",
                "{row:?}"
            );
        }
    }
}

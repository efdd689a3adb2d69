//! Findings in words, for `check`, `plan` and `run`.

use common::agreement::{Findings, Security};
use serde_json::{Value, json};

use super::numbers::counted;
use crate::printable::printable;

/// Findings that a person is told; a program gets all that are kept.
const TOLD: usize = 10;

/// A security as operators know it.
pub fn security(security: &Security) -> String {
    let Security {
        code, market, name, ..
    } = security;
    if market.is_empty() {
        format!("{code} {name}")
    } else {
        format!("{code} ({market})")
    }
}

/// A sentence per finding, after one that says how many there are. Nothing when nothing was found.
pub fn lines(findings: &Findings) -> Vec<String> {
    let mut lines = Vec::new();
    let count = findings.count();
    if count > 0 {
        let verb = if count == 1 { "disagrees" } else { "disagree" };
        lines.push(format!(
            "Of the source's prices and rates {} {verb}; runbooks/gate-agreement.md says what to do:",
            crate::numbers::grouped(count)
        ));
        let told = findings.kept.iter().take(TOLD);
        lines.extend(told.map(|finding| format!("  {}", printable(&finding.says))));
        let more = count.saturating_sub(TOLD as u64);
        if more > 0 {
            lines.push(format!("  and {} more", crate::numbers::grouped(more)));
        }
    }
    lines.extend(not_compared(findings));
    lines.extend(not_proven(findings));
    lines
}

/// Why not everything was compared.
pub fn not_compared(findings: &Findings) -> Option<String> {
    let why = findings.not_compared.as_ref()?;
    Some(format!(
        "prices and rates could not be compared: {}",
        printable(why)
    ))
}

/// Of how many accounts settlement is not proven.
pub fn not_proven(findings: &Findings) -> Option<String> {
    let accounts = findings.settlement_not_proven;
    (accounts > 0).then(|| {
        format!(
            "Settlement is not proven of {}: payments of theirs name no trade (netted days), or no payment names a trade (paid for elsewhere, or \
             not at all).",
            counted(accounts, "account")
        )
    })
}

/// For a program.
pub fn answer(findings: &Findings) -> Value {
    let says: Vec<&str> = findings
        .kept
        .iter()
        .map(|finding| finding.says.as_str())
        .collect();
    json!({
        "count": findings.count(),
        "kept": says,
        "settlement_not_proven": findings.settlement_not_proven,
        "not_compared": findings.not_compared,
    })
}

#[cfg(test)]
mod tests {
    use common::agreement::{Doubt, Finding};

    use super::*;

    #[test]
    fn findings_are_told_with_their_number() {
        assert_eq!(lines(&Findings::default()), Vec::<String>::new());
        let mut findings = Findings {
            settlement_not_proven: 1,
            not_compared: Some("division by zero".to_owned()),
            ..Findings::default()
        };
        for number in 1..=12 {
            findings.add(Finding {
                says: format!("{number}\u{1b}"),
                doubt: Doubt::PriceJump {
                    security: Security::new("1", "X", "", "JPY"),
                },
            });
        }
        let lines = lines(&findings);
        assert!(
            lines[0].starts_with("Of the source's prices and rates 12 disagree"),
            "{lines:?}"
        );
        assert_eq!(
            (lines[1].as_str(), lines[10].as_str()),
            ("  1\\u001b", "  10\\u001b")
        );
        assert_eq!(lines[11], "  and 2 more");
        assert_eq!(
            lines[12],
            "prices and rates could not be compared: division by zero"
        );
        assert!(
            lines[13].starts_with("Settlement is not proven of 1 account: "),
            "{lines:?}"
        );
        assert_eq!(answer(&findings)["kept"].as_array().unwrap().len(), 12);
        assert_eq!(answer(&findings)["settlement_not_proven"], 1);
    }
}

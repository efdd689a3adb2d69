//! Whether a failed attempt is tried again, by the rules of AWS's `RetryStrategy`.

use serde_json::Value;

/// What an attempt's end says to the rules.
pub(super) struct Ended<'a> {
    pub exit_code: Option<i32>,
    pub reason: Option<&'a str>,
    pub status_reason: &'a str,
}

/// Whether an attempt, the `attempt`th one, is followed by another. The first rule decides of which all conditions match; when no
/// rule matches, or there are none, the job is retried.
pub(super) fn is_retried(strategy: &Value, attempt: usize, ended: &Ended) -> bool {
    let attempts = strategy["attempts"].as_u64().unwrap_or(1);
    if attempt as u64 >= attempts {
        return false;
    }
    let rules = strategy["evaluateOnExit"].as_array();
    let decisive = rules.and_then(|rules| rules.iter().find(|rule| matches(rule, ended)));
    decisive.is_none_or(|rule| {
        rule["action"]
            .as_str()
            .is_some_and(|action| action.eq_ignore_ascii_case("RETRY"))
    })
}

fn matches(rule: &Value, ended: &Ended) -> bool {
    let exit_code = ended.exit_code.map(|code| code.to_string());
    let holds = |condition: &str, value: Option<&str>| {
        rule[condition]
            .as_str()
            .is_none_or(|pattern| value.is_some_and(|value| is_like(pattern, value)))
    };
    // A container that just exited has no reason: `*` matches that, too. A lost host has no exit code to match.
    holds("onExitCode", exit_code.as_deref())
        && holds("onReason", Some(ended.reason.unwrap_or_default()))
        && holds("onStatusReason", Some(ended.status_reason))
}

/// `*` stands for anything, at the end of a pattern only.
fn is_like(pattern: &str, value: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => value.starts_with(start),
        None => value == pattern,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Ended, is_retried};
    use crate::batch::definition::retry_strategy;

    const EXITED: &str = "Essential container in task exited";

    fn ended<'a>(
        exit_code: impl Into<Option<i32>>,
        reason: impl Into<Option<&'a str>>,
        status_reason: &'a str,
    ) -> Ended<'a> {
        Ended {
            exit_code: exit_code.into(),
            reason: reason.into(),
            status_reason,
        }
    }

    #[test]
    fn the_five_rules() {
        let again = |ended| is_retried(&retry_strategy(), 1, &ended);
        assert!(again(ended(75, None, EXITED)));
        assert!(again(ended(137, None, "Your Spot Task was interrupted.")));
        assert!(again(ended(
            None,
            "CannotPullContainerError: 503",
            "Task failed to start"
        )));
        assert!(again(ended(
            None,
            "ResourceInitializationError: no route",
            "Task failed to start"
        )));
        for code in [65, 78, 101, 137, 750, 7] {
            assert!(!again(ended(code, None, EXITED)), "exit {code}");
        }
        assert!(!again(ended(
            137,
            "OutOfMemoryError: Container killed due to memory usage",
            EXITED
        )));
        assert!(!again(ended(
            None,
            None,
            "Host EC2 (instance i-0) terminated."
        )));
    }

    #[test]
    fn attempts_are_used_up() {
        let of = |attempt| is_retried(&retry_strategy(), attempt, &ended(75, None, EXITED));
        assert_eq!([1, 2, 3].map(of), [true, true, false]);
        let never = |strategy| is_retried(&strategy, 1, &ended(75, None, EXITED));
        assert!(!never(json!({})), "one attempt unless said otherwise");
    }

    #[test]
    fn rules_as_aws_reads_them() {
        let again = |rules, code| {
            let strategy = json!({ "attempts": 2, "evaluateOnExit": rules });
            is_retried(&strategy, 1, &ended(code, "Because: so", EXITED))
        };
        assert!(
            again(json!([]), 1),
            "without a rule every failure is retried"
        );
        assert!(
            again(json!([{ "action": "exit", "onExitCode": "2" }]), 1),
            "no rule matches"
        );
        assert!(
            !again(json!([{ "action": "exit", "onExitCode": "1*" }]), 12),
            "action in any case"
        );
        let first = json!([{ "action": "EXIT", "onExitCode": "1" }, { "action": "RETRY", "onReason": "*" }]);
        assert!(
            !again(first.clone(), 1) && again(first, 2),
            "the first match decides"
        );
        let both = json!([{ "action": "EXIT", "onExitCode": "1", "onReason": "Other*" }]);
        assert!(again(both, 1), "all conditions of a rule must match");
    }
}

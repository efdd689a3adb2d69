//! What alerts say about each cause: its runbook, what it means, and the command that mends it. An error's own text is never
//! repeated: it may hold a customer's amounts. `{period}` and `{cause}` in a command are filled in.

mod of_events;

use common::profile::Rule;

pub use of_events::*;

/// What is known about a cause.
#[derive(Debug, PartialEq, Eq)]
pub struct Cause {
    /// The ledger's word, or that of an event.
    pub name: &'static str,
    /// The file of that name in `runbooks/`, without `.md`.
    pub runbook: &'static str,
    pub meaning: &'static str,
    /// A line that can be pasted.
    pub command: &'static str,
}

/// Submits what failed by the cause again; the reason is kept for auditors. Single quotes survive wherever the line is shown: JSON
/// would escape double ones, and in the log they would have backslashes.
macro_rules! resubmit {
    ($reason:literal) => {
        concat!(
            "enqueuer resubmit --failed --period {period} --cause {cause} --reason '",
            $reason,
            "'"
        )
    };
}

/// Why documents fail. The gate's rules first: by them a document is refused.
pub static OF_DOCUMENTS: &[Cause] = &[
    Cause {
        name: "identity",
        runbook: "gate-identity",
        meaning: "A trade's net or settlement amount, or what a dividend pays, is not what the amounts beside it make: the source contradicts itself.",
        command: resubmit!("amounts fixed in the source"),
    },
    Cause {
        name: "positions",
        runbook: "gate-positions",
        meaning: "Opening quantity and movements do not make the closing quantity: a movement is missing, or a snapshot is wrong.",
        command: resubmit!("movements or snapshot mended in the source"),
    },
    Cause {
        name: "cash",
        runbook: "gate-cash",
        meaning: "Opening balance and movements do not make the closing balance: a movement is missing, or a balance is wrong.",
        command: resubmit!("movements or balances mended in the source"),
    },
    Cause {
        name: "ownership",
        runbook: "gate-ownership",
        meaning: "A row is not the account's own, or the finished file does not show what was computed: understand it before anything else.",
        command: resubmit!("ownership of the rows mended in the source"),
    },
    Cause {
        name: "shape",
        runbook: "gate-shape",
        meaning: "A row contradicts the source contract, or cannot be shown as it is: a null, an unknown code, a date or an id out of place.",
        command: resubmit!("rows mended in the source"),
    },
    Cause {
        name: "value",
        runbook: "gate-value",
        meaning: "An amount is not what quantity and price make it: a wrong price, price unit, factor or currency.",
        command: resubmit!("prices or amounts fixed in the source"),
    },
    Cause {
        name: "settlement",
        runbook: "gate-settlement",
        meaning: "The cash movements that name a trade do not make its settlement amount: a movement is missing, wrong, or there twice.",
        command: resubmit!("cash movements fixed in the source"),
    },
    Cause {
        name: "agreement",
        runbook: "gate-agreement",
        meaning: "A document has a price or a rate on which the source does not agree with itself: a price file is wrong, or a row.",
        command: resubmit!("prices and rates fixed in the source"),
    },
    Cause {
        name: "unknown_account",
        runbook: "source",
        meaning: "Rows of the period name an account that statement_accounts does not have.",
        command: resubmit!("account added to the source"),
    },
    Cause {
        name: "source",
        runbook: "source",
        meaning: "The database could not read the source's data, such as a value that is no date or number.",
        command: resubmit!("source mended"),
    },
    Cause {
        name: "timeout",
        runbook: "timeout",
        meaning: "An attempt ran longer than its timeout: the document is larger than its size class, or the source is slow.",
        command: resubmit!("timeout raised, or source fast again"),
    },
    Cause {
        name: "killed",
        runbook: "killed",
        meaning: "Converters ended without a word in every attempt: they were killed from outside.",
        command: resubmit!("what killed the converters is gone"),
    },
    Cause {
        name: "unreported",
        runbook: "killed",
        meaning: "Converters ended by themselves and could not tell the ledger why, in every attempt; mostly they could not reach it. Their log says why.",
        command: resubmit!("converters reach the ledger again"),
    },
    Cause {
        name: "terminated",
        runbook: "killed",
        meaning: "Converters were told to terminate before they were done, in every attempt.",
        command: resubmit!("nothing terminates the converters any more"),
    },
    Cause {
        name: "lost_job",
        runbook: "killed",
        meaning: "Batch did not list the job any more: it was not told how it ended.",
        command: resubmit!("job lost by Batch"),
    },
    Cause {
        name: "lost_host",
        runbook: "killed",
        meaning: "The hosts below the converters were lost in every attempt, as Spot capacity is when it is reclaimed.",
        command: resubmit!("hosts lost"),
    },
    Cause {
        name: "out_of_memory",
        runbook: "out-of-memory",
        meaning: "Converters needed more memory than their size class has. Memory does not grow with rows: this is worth an engineer's look.",
        command: resubmit!("memory of the size class raised"),
    },
    Cause {
        name: "cancelled",
        runbook: "cancelled",
        meaning: "Jobs were cancelled before their converters began, by an operator or by the queue.",
        command: resubmit!("cancelled by mistake"),
    },
    Cause {
        name: "stuck_runnable",
        runbook: "queue-stuck",
        meaning: "Jobs waited in RUNNABLE for longer than the queue allows and were cancelled: no host could be had for them.",
        command: resubmit!("queue mended"),
    },
    Cause {
        name: "job_definition",
        runbook: "job-definition",
        meaning: "Batch refuses the job definition, or cannot start its image.",
        command: resubmit!("job definition mended"),
    },
    Cause {
        name: "database",
        runbook: "database",
        meaning: "The database was away, locked, or had no connection left, in every attempt.",
        command: resubmit!("database reachable again"),
    },
    Cause {
        name: "lease_lost",
        runbook: "database",
        meaning: "The ledger did not answer for as long as a lease holds, in every attempt.",
        command: resubmit!("ledger reachable again"),
    },
    Cause {
        name: "store",
        runbook: "store",
        meaning: "The store did not keep what was published, in every attempt.",
        command: resubmit!("store mended"),
    },
    Cause {
        name: "foreign_object",
        runbook: "store",
        meaning: "Something that this ledger did not make lies under the documents' keys: another ledger's store, or a stray file. Nothing was replaced.",
        command: resubmit!("foreign objects moved away, or STORE_URL corrected"),
    },
    Cause {
        name: "aws",
        runbook: "store",
        meaning: "An AWS service, mostly the store, throttled or did not answer, in every attempt.",
        command: resubmit!("service answers again"),
    },
    Cause {
        name: "disk_full",
        runbook: "disk-full",
        meaning: "Converters had no room left for their workbooks: every further document would fail the same way.",
        command: resubmit!("disk enlarged"),
    },
    Cause {
        name: "disk",
        runbook: "disk-full",
        meaning: "The disk below the converters failed, in every attempt.",
        command: resubmit!("disk mended"),
    },
    Cause {
        name: "bug",
        runbook: "bug",
        meaning: "The program is wrong, and would be again: page the engineers. Nothing wrong was published.",
        command: resubmit!("program mended"),
    },
    Cause {
        name: "config",
        runbook: "misconfigured",
        meaning: "Settings, rights or the schema are wrong for the converters: every further document would fail the same way.",
        command: resubmit!("settings mended"),
    },
    UNKNOWN,
];

/// For what the ledger calls by a word that is not known here.
pub const UNKNOWN: Cause = Cause {
    name: "unknown",
    runbook: "unknown-cause",
    meaning: "This version has no text for the cause; `enqueuer status` shows the documents' errors.",
    command: resubmit!("cause understood and mended"),
};

impl Cause {
    /// What is known about why documents failed.
    pub fn of_documents(name: &str) -> &'static Cause {
        let known = OF_DOCUMENTS.iter().find(|cause| cause.name == name);
        known.unwrap_or(&UNKNOWN)
    }

    /// What became of the documents, in a word.
    pub fn verb(&self) -> &'static str {
        let refused = Rule::ALL.iter().any(|rule| rule.as_str() == self.name);
        if refused { "refused" } else { "failed" }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    static OF_EVENTS: &[Cause] = &[
        PUBLISHED_WITH_WARNING,
        SOURCE_DISAGREES,
        HELD_BY_REFUSALS,
        HELD_BY_SETTINGS,
        HELD_BY_OPERATOR,
        QUEUE_STUCK,
        DEADLINE_AT_RISK,
        SOURCE_NOT_READY,
        RUN_FAILED,
        RUN_SUMMARY,
        TEST,
    ];

    fn all() -> impl Iterator<Item = &'static Cause> {
        OF_DOCUMENTS.iter().chain(OF_EVENTS)
    }

    #[test]
    fn every_cause_has_runbook_meaning_and_command() {
        for cause in all() {
            let name = cause.name;
            assert!(!name.is_empty() && !cause.runbook.is_empty(), "{cause:?}");
            assert!(
                cause.meaning.len() > 20 && cause.meaning.ends_with('.'),
                "{name}"
            );
            assert!(cause.command.starts_with("enqueuer "), "{name}");
            let text = [cause.meaning, cause.command].concat();
            assert!(!text.contains(char::is_control), "{name}");
        }
        let names: BTreeSet<_> = OF_DOCUMENTS.iter().map(|cause| cause.name).collect();
        assert_eq!(names.len(), OF_DOCUMENTS.len(), "a cause is there twice");
    }

    #[test]
    fn the_gate_refuses_and_all_else_fails() {
        for rule in Rule::ALL {
            assert_eq!(Cause::of_documents(rule.as_str()).name, rule.as_str());
            assert_eq!(Cause::of_documents(rule.as_str()).verb(), "refused");
        }
        assert_eq!(Cause::of_documents("timeout").verb(), "failed");
        assert_eq!(*Cause::of_documents("never heard of"), UNKNOWN);
    }

    /// The runbooks of what AWS itself tells: each has the name of its alarm or event, and `images/src/names.rs` sees that it is there.
    fn of_alarms_and_events() -> BTreeSet<String> {
        let names: serde_json::Value =
            serde_json::from_str(include_str!("../../../terraform/names.json")).unwrap();
        let lists = ["alarms", "events"].map(|list| names[list].as_array().unwrap());
        let names = lists.into_iter().flatten();
        names
            .map(|name| format!("{}.md", name.as_str().unwrap()))
            .collect()
    }

    #[test]
    fn every_runbook_is_there_complete_and_in_the_index() {
        let runbooks = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runbooks");
        let read = |name: &str| {
            std::fs::read_to_string(runbooks.join(name))
                .unwrap_or_else(|reason| panic!("{name}: {reason}"))
        };
        let index = read("README.md");
        let named: BTreeSet<_> = all().map(|cause| format!("{}.md", cause.runbook)).collect();
        for file in &named {
            let text = read(file);
            for heading in ["Meaning", "Impact", "Diagnosis", "Mitigation"] {
                let found = text
                    .lines()
                    .filter(|line| *line == format!("## {heading}"))
                    .count();
                assert_eq!(found, 1, "{file}: {heading}");
            }
            assert!(text.contains("```"), "{file} has nothing to paste");
            assert!(
                index.contains(&format!("]({file})")),
                "the index lacks {file}"
            );
        }
        let of_aws = of_alarms_and_events();
        let operations = index.split("| alert |").next().unwrap();
        for file in std::fs::read_dir(&runbooks).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let is_operation = operations.contains(&format!("]({name})"));
            assert!(
                name == "README.md"
                    || is_operation
                    || named.contains(&name)
                    || of_aws.contains(&name),
                "no alert, alarm or operation names {name}"
            );
        }
        for cause in all() {
            let row = format!("`{}`", cause.name);
            assert!(index.contains(&row), "the index lacks {row}");
        }
    }
}

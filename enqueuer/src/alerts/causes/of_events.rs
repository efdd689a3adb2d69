//! What alerts say of what happens to a run or a period, rather than to single documents.

use super::Cause;

/// The gate only warns of the rule, by the firm's profile, or could not prove it.
pub const PUBLISHED_WITH_WARNING: Cause = Cause {
    name: "published_with_warning",
    runbook: "published-with-warning",
    meaning: "The gate found a break of a rule that the profile lets pass, or could not prove the rule; customers can see these documents.",
    command: "enqueuer status --period {period}",
};

/// Prices or rates of the source disagree.
pub const SOURCE_DISAGREES: Cause = Cause {
    name: "source_disagrees",
    runbook: "gate-agreement",
    meaning: "Prices or rates of the source contradict each other, seen before the first document was made.",
    command: "enqueuer plan --period {period}",
};

/// Too many refusals: more of the same would follow.
pub const HELD_BY_REFUSALS: Cause = Cause {
    name: "period_held",
    runbook: "period-held",
    meaning: "So many documents are refused that the source is more likely wrong than the customers' data: nothing further is submitted.",
    command: "enqueuer run --period {period} --resume",
};

/// Converters cannot begin.
pub const HELD_BY_SETTINGS: Cause = Cause {
    name: "period_held",
    runbook: "period-held",
    meaning: "Converters are misconfigured, so that every further one would end the same way: nothing further is submitted.",
    command: "enqueuer check && enqueuer run --period {period} --resume",
};

/// An operator said stop.
pub const HELD_BY_OPERATOR: Cause = Cause {
    name: "period_held",
    runbook: "period-held",
    meaning: "An operator stopped the period: nothing further is submitted until it is resumed.",
    command: "enqueuer run --period {period} --resume",
};

/// Jobs wait and none begins.
pub const QUEUE_STUCK: Cause = Cause {
    name: "queue_stuck",
    runbook: "queue-stuck",
    meaning: "Batch has jobs ready to run and finds no host for them: until the queue is mended nothing goes on.",
    command: "enqueuer check",
};

/// Jobs wait for connections of the database, which others hold.
pub const WAITING_FOR_DATABASE: Cause = Cause {
    name: "waiting_for_database",
    runbook: "waiting-for-database",
    meaning: "All connections that the database has for converters are taken. Nothing is stuck: as converters end, others begin by themselves.",
    command: "enqueuer status --period {period}",
};

/// The forecast lies behind the deadline.
pub const DEADLINE_AT_RISK: Cause = Cause {
    name: "deadline_at_risk",
    runbook: "deadline",
    meaning: "At the present pace the period is complete after its deadline.",
    command: "enqueuer status --period {period}",
};

/// The source is not all there: closing snapshots, accounts, positions.
pub const SOURCE_NOT_READY: Cause = Cause {
    name: "source_not_ready",
    runbook: "source-not-ready",
    meaning: "The month end has not begun, and nothing is recorded: the source has no closing snapshot yet, no account, or far less than last time.",
    command: "enqueuer run --period {period}",
};

/// A run or a sweep ended in error, or a run died.
pub const RUN_FAILED: Cause = Cause {
    name: "run_failed",
    runbook: "run-failed",
    meaning: "A run or a sweep could not begin or go on; its last log line says why. What was submitted goes on, the rest stays due.",
    command: "enqueuer check && enqueuer run --period {period}",
};

/// A run has ended.
pub const RUN_SUMMARY: Cause = Cause {
    name: "run_summary",
    runbook: "run-summary",
    meaning: "The run has ended; the certificate says whether the period adds up.",
    command: "enqueuer certificate --period {period}",
};

/// Somebody tries the alerts.
pub const TEST: Cause = Cause {
    name: "test",
    runbook: "alerts",
    meaning: "Somebody tries whether alerts arrive: nothing is wrong.",
    command: "enqueuer check --send-test-alert",
};

-- What was pruned of old periods, when and why: their reports tell it, and count it in.

CREATE TABLE export_prunings (
    pruning_id       text   NOT NULL,
    period           text   NOT NULL,
    reason           text   NOT NULL,
    pruned_at        bigint NOT NULL,
    attempts         bigint NOT NULL,
    -- of these: lost or given back
    retries          bigint NOT NULL,
    -- the first begin of these attempts; null = there are none
    first_started_at bigint,
    -- documents of slots of jobs
    assignments      bigint NOT NULL,
    jobs             bigint NOT NULL,
    PRIMARY KEY (pruning_id, period)
);

CREATE INDEX export_prunings_by_period ON export_prunings (period);

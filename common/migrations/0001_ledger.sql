-- The ledger: the only truth about what is due, done, failed and excused. The same text runs on every engine, so
-- columns are text and bigint; times are milliseconds since 1970 by the ledger's own clock.

CREATE TABLE export_runs (
    run_id            text   NOT NULL PRIMARY KEY,
    period            text   NOT NULL,
    -- the date of issue of the documents that this run found due
    issued_on         text   NOT NULL,
    -- the snapshots of the source that this run's documents are made from; null = the source has none
    positions_opening text,
    positions_closing text,
    cash_opening      text,
    cash_closing      text,
    program_version   text   NOT NULL,
    started_at        bigint NOT NULL,
    -- the process that works the local queue is alive until then
    lease_expires_at  bigint NOT NULL,
    ended_at          bigint
);

CREATE TABLE export_jobs (
    job_id       text   NOT NULL PRIMARY KEY,
    run_id       text   NOT NULL REFERENCES export_runs (run_id),
    slots        bigint NOT NULL,
    created_at   bigint NOT NULL
);

CREATE INDEX export_jobs_by_run ON export_jobs (run_id);

CREATE TABLE export_documents (
    document_id      text   NOT NULL PRIMARY KEY,
    period           text   NOT NULL,
    kind             text   NOT NULL CHECK (kind IN ('trade', 'balance')),
    account_id       text   NOT NULL,
    revision         bigint NOT NULL,
    state            text   NOT NULL
        CHECK (state IN ('due', 'submitted', 'running', 'succeeded', 'failed', 'excused', 'superseded')),
    -- the run that found it due, and with it the pinned snapshots
    run_id           text   NOT NULL REFERENCES export_runs (run_id),
    delivery         text   NOT NULL CHECK (delivery IN ('electronic', 'paper')),
    estimated_rows   bigint NOT NULL,
    issued_on        text   NOT NULL,
    profile_hash     text   NOT NULL,
    program_version  text   NOT NULL,
    -- the last submission, and the attempts since
    job_id           text REFERENCES export_jobs (job_id),
    attempts         bigint NOT NULL DEFAULT 0,
    -- the attempt that holds the lease
    attempt_id       text,
    lease_expires_at bigint,
    -- why it failed, was given back, or is excused
    cause            text,
    error            text,
    -- what was published
    object_key       text,
    sha256           text,
    bytes            bigint,
    row_count        bigint,
    row_counts       text,
    due_at           bigint NOT NULL,
    settled_at       bigint,
    UNIQUE (kind, account_id, period, revision)
);

CREATE INDEX export_documents_by_state ON export_documents (period, state);
CREATE INDEX export_documents_by_job ON export_documents (job_id);
CREATE INDEX export_documents_by_run ON export_documents (run_id);

CREATE TABLE export_job_documents (
    job_id      text   NOT NULL REFERENCES export_jobs (job_id),
    slot        bigint NOT NULL,
    document_id text   NOT NULL REFERENCES export_documents (document_id),
    PRIMARY KEY (job_id, slot, document_id)
);

CREATE INDEX export_job_documents_by_document ON export_job_documents (document_id);

CREATE TABLE export_attempts (
    attempt_id  text   NOT NULL PRIMARY KEY,
    document_id text   NOT NULL REFERENCES export_documents (document_id),
    job_id      text,
    slot        bigint,
    -- Batch's number of the attempt, from 1
    number      bigint NOT NULL,
    started_at  bigint NOT NULL,
    ended_at    bigint,
    -- of the workbook that it was about to publish: what is found published is ours only if an attempt says so
    sha256      text,
    -- succeeded, failed, given_back or lost
    outcome     text,
    cause       text,
    error       text
);

CREATE INDEX export_attempts_by_document ON export_attempts (document_id);

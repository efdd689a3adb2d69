-- What AWS Batch knows of a job, and what operators decided about documents and periods.

-- run, resubmit or reissue
ALTER TABLE export_runs ADD COLUMN command text NOT NULL DEFAULT 'run';
-- as given to the run, for what is submitted again
ALTER TABLE export_runs ADD COLUMN documents_per_slot bigint NOT NULL DEFAULT 1;

-- every document that it found stands in the ledger; null = its process died before
ALTER TABLE export_runs ADD COLUMN recorded_at bigint;

-- what the attempt's workbook was made with: whoever adopts it settles the document with these
ALTER TABLE export_attempts ADD COLUMN run_id text;
ALTER TABLE export_attempts ADD COLUMN issued_on text;

-- local or batch
ALTER TABLE export_jobs ADD COLUMN queue text NOT NULL DEFAULT 'local';
ALTER TABLE export_jobs ADD COLUMN size_class text;
-- Batch's id; null = nobody has seen Batch's answer
ALTER TABLE export_jobs ADD COLUMN batch_job_id text;
-- no slot of it can run any more, and what they left open is settled
ALTER TABLE export_jobs ADD COLUMN settled_at bigint;

-- since someone last decided that the document be made
ALTER TABLE export_documents ADD COLUMN submissions bigint NOT NULL DEFAULT 0;

CREATE INDEX export_documents_due ON export_documents (period, estimated_rows DESC, document_id) WHERE state = 'due';
CREATE INDEX export_jobs_unsettled ON export_jobs (queue) WHERE settled_at IS NULL;

-- As long as a period is held nothing of it is submitted.
CREATE TABLE export_holds (
    hold_id   text   NOT NULL PRIMARY KEY,
    period    text   NOT NULL,
    -- stopped, refusals or config
    cause     text   NOT NULL,
    reason    text   NOT NULL,
    held_at   bigint NOT NULL,
    lifted_at bigint
);

CREATE UNIQUE INDEX export_holds_open ON export_holds (period) WHERE lifted_at IS NULL;

-- What operators did to documents, and why: for the auditor.
CREATE TABLE export_actions (
    action_id   text   NOT NULL PRIMARY KEY,
    document_id text   NOT NULL REFERENCES export_documents (document_id),
    -- resubmit, reissue or excuse
    action      text   NOT NULL,
    reason      text   NOT NULL,
    acted_at    bigint NOT NULL
);

CREATE INDEX export_actions_by_document ON export_actions (document_id);

-- Alerts that are sent once, whoever finds them due first.
CREATE TABLE export_alerts (
    alert_id   text   NOT NULL PRIMARY KEY,
    claimed_at bigint NOT NULL,
    sent_at    bigint
);

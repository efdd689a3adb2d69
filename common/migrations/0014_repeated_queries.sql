-- For what is asked again and again, every minute for years: indexes of the few documents that it is about.

-- submitted or running, of whatever period
CREATE INDEX export_documents_taken ON export_documents (job_id) WHERE state IN ('submitted', 'running');

-- what was reissued: nearly every document is the latest revision
CREATE INDEX export_documents_later ON export_documents (kind, account_id, period, revision) WHERE revision > 1;

CREATE INDEX export_jobs_by_time ON export_jobs (queue, created_at, job_id);
CREATE INDEX export_runs_by_period ON export_runs (period, started_at);

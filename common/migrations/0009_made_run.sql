-- The run whose snapshots and date of issue a published document shows, where it was made by another run than the one that
-- has it; null = by that one.

ALTER TABLE export_documents ADD COLUMN made_run_id text;

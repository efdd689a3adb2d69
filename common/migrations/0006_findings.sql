-- What a run found out about its source before its first document: prices and rates that disagree, and of how many accounts
-- settlement is not proven. JSON; null = nothing, or a run of an older program.

ALTER TABLE export_runs ADD COLUMN findings text;

-- How much the source had when a run of a whole period looked into it: far less the next time is a load that is still going, or rows that
-- the reader is not shown. Null = the run was not of everything, or did not look.

ALTER TABLE export_runs ADD COLUMN source_accounts bigint;
-- of the closing snapshot
ALTER TABLE export_runs ADD COLUMN source_positions bigint;
-- what an operator accepted although it is far less, in words
ALTER TABLE export_runs ADD COLUMN accepted_fewer text;

-- Slots of a run that are ready and wait for connections of the database (DATABASE_CONNECTIONS), as the last sweep found it; null = none.

ALTER TABLE export_runs ADD COLUMN waiting_for_database bigint;

-- What a run found in the source that no document can tell of.

-- rows whose account_id belongs to no account there could be: a line for every relation that the run looked at, also without such rows
CREATE TABLE export_unusable_ids (
    run_id    text   NOT NULL REFERENCES export_runs (run_id),
    relation  text   NOT NULL,
    row_count bigint NOT NULL,
    -- the first of them, as JSON: [{"account_id", "row"}], with an id as text that any terminal can show; null = it is null
    examples  text   NOT NULL,
    PRIMARY KEY (run_id, relation)
);

-- due documents of accounts that were closed before the period; null = the run looked for none
ALTER TABLE export_runs ADD COLUMN closed_active bigint;

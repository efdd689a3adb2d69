-- What a converter found that only tried what converters do: `enqueuer check` hears it here, since Batch tells of an exit code only.

CREATE TABLE export_probes (
    batch_job_id text   NOT NULL PRIMARY KEY,
    -- what is wrong, in the converter's own words; empty = nothing
    words        text   NOT NULL,
    ended_at     bigint NOT NULL
);

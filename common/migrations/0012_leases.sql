-- What one process at a time does for the whole ledger.

CREATE TABLE export_leases (
    -- sweep
    name             text   NOT NULL PRIMARY KEY,
    -- the process that has it
    holder           text   NOT NULL,
    -- when somebody else may take it, unless it is renewed
    lease_expires_at bigint NOT NULL
);

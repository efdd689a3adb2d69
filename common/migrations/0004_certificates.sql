-- Whether what was published is still what the source says: digests of the rows alone, and what looks at them came to.

-- per section of the document, as JSON; null = published by an older program
ALTER TABLE export_documents ADD COLUMN section_digests text;
-- of the workbook that the attempt was about to publish: whoever adopts it settles the document with it
ALTER TABLE export_attempts ADD COLUMN section_digests text;

-- Every comparison of a period's published documents with the source.
CREATE TABLE export_comparisons (
    comparison_id text   NOT NULL PRIMARY KEY,
    period        text   NOT NULL,
    compared_at   bigint NOT NULL,
    compared      bigint NOT NULL,
    -- documents that are no longer what the source says
    changed       bigint NOT NULL,
    -- documents whose rows the source has lost, most of a kind at once
    purged        bigint NOT NULL,
    -- published by an older program, or with another basis: nothing to compare with
    incomparable  bigint NOT NULL
);

CREATE INDEX export_comparisons_by_period ON export_comparisons (period, compared_at);

-- What the newest comparison of a period found.
CREATE TABLE export_changes (
    comparison_id text   NOT NULL,
    document_id   text   NOT NULL REFERENCES export_documents (document_id),
    -- in words
    change        text   NOT NULL,
    -- only rows were lost
    lost          bigint NOT NULL,
    PRIMARY KEY (comparison_id, document_id)
);

CREATE INDEX export_changes_by_document ON export_changes (document_id);

-- Every certificate that was taken.
CREATE TABLE export_certificates (
    certificate_id text   NOT NULL PRIMARY KEY,
    period         text   NOT NULL,
    taken_at       bigint NOT NULL,
    -- complete, failed (documents have), open, wrong or purged
    verdict        text   NOT NULL,
    -- null = it did not compare rows (--quick)
    comparison_id  text
);

CREATE INDEX export_certificates_by_period ON export_certificates (period, taken_at);

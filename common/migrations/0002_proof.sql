-- What a document was made from, so that a rebuild that differs can say whether the source changed or the program did;
-- and what a corrected one tells its customer.

ALTER TABLE export_documents ADD COLUMN source_digest text;
ALTER TABLE export_documents ADD COLUMN source_rows bigint;
ALTER TABLE export_documents ADD COLUMN customer_note text;

-- Of the workbook that the attempt was about to publish: whoever adopts it settles the document with these.
ALTER TABLE export_attempts ADD COLUMN source_digest text;
ALTER TABLE export_attempts ADD COLUMN source_rows bigint;
ALTER TABLE export_attempts ADD COLUMN profile_hash text;
ALTER TABLE export_attempts ADD COLUMN program_version text;
ALTER TABLE export_attempts ADD COLUMN warning_cause text;
ALTER TABLE export_attempts ADD COLUMN warning text;

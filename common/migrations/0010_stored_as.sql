-- How a bucket names what it keeps, by which a listing tells an object that was replaced. Null = published in a directory, or by an older
-- program.

ALTER TABLE export_documents ADD COLUMN etag text;
-- null besides = the bucket keeps no versions
ALTER TABLE export_documents ADD COLUMN version_id text;

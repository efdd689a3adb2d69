-- Which column of the source a failure is about, as relation.column; null = it is about none.

ALTER TABLE export_documents ADD COLUMN place text;
ALTER TABLE export_attempts ADD COLUMN place text;

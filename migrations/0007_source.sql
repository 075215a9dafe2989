-- The source row that a posting came from, so that what was made of a row is found whatever its subject was called then.
-- The content, which the hash covers, says it too; of postings from before this was kept nobody knows.
ALTER TABLE syncd.posting ADD COLUMN source TEXT NOT NULL DEFAULT '';   -- table:key
CREATE INDEX syncd_posting_source ON syncd.posting (source, pipeline) WHERE source <> '';

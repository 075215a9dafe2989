-- Subjects that a source row was called by before, so that what was made of a row is found under its earlier name.
CREATE TABLE syncd.renamed (
    pipeline      TEXT NOT NULL,
    subject       TEXT NOT NULL,
    was           TEXT NOT NULL
);
CREATE INDEX syncd_renamed_subject ON syncd.renamed (subject, pipeline);

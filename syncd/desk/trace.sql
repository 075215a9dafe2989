-- postings: all postings of a subject and those that took its collected rows, in order
SELECT p.pipeline, p.seq, p.key, p.rule, p.voucher, p.reverses, p.mapping_hash, p.position, p.committed_at,
       p.posted_at, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p
JOIN (
    SELECT o.pipeline, o.seq FROM syncd.posting o WHERE o.subject = ?
    UNION
    SELECT t.pipeline, t.seq FROM syncd.collected c
    JOIN syncd.posting t ON t.pipeline = c.pipeline AND t.key = c.posted
    WHERE c.subject = ?
) AS mine ON mine.pipeline = p.pipeline AND mine.seq = p.seq
ORDER BY p.pipeline, p.seq;

-- collected: a subject's collected rows, those that wait for their voucher and those that are in one
SELECT pipeline, rule, grp, change, position, posted FROM syncd.collected WHERE subject = ? ORDER BY position;

-- parked: a subject's parked rows, settled ones too
SELECT pipeline, id, state, rule, code, params, position, committed_at, parked_at, attempts, settled_at
FROM syncd.parked WHERE subject = ? ORDER BY pipeline, id;

-- actions: what people did to a subject's parked rows
SELECT a.at, a.actor, a.action, a.target, a.reason, a.detail
FROM syncd.action a JOIN syncd.parked p ON a.pipeline = p.pipeline AND a.target = 'parked/' || p.id
WHERE p.subject = ? ORDER BY a.seq;

-- named: postings by voucher, key or source row, the last given as it is
SELECT pipeline, seq, key, subject, voucher FROM syncd.posting
WHERE key = ? OR (source <> '' AND source = ?) OR (voucher <> '' AND voucher = ?) ORDER BY pipeline, seq LIMIT ?;

-- parked_of: subjects of the parked rows of a source row
SELECT DISTINCT subject FROM syncd.parked WHERE source_table = ? AND source_key = ? ORDER BY subject LIMIT ?;

-- shares: the collected rows that a posting took
SELECT pipeline, rule, grp, change, position, posted, subject FROM syncd.collected
WHERE pipeline = ? AND posted = ? ORDER BY position, key LIMIT ?;

-- collected_of: where the collected row with a key went
SELECT pipeline, posted, subject FROM syncd.collected WHERE key = ? ORDER BY pipeline LIMIT ?;

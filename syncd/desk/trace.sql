-- postings: all postings of a subject and those that took its collected rows, in order
SELECT p.pipeline, p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position,
       p.committed_at, p.posted_at, p.content,
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

-- renamed: postings that rename a card, of the source rows by which a subject has postings
SELECT DISTINCT r.content FROM syncd.posting p
JOIN syncd.posting r ON r.pipeline = p.pipeline AND r.source = p.source AND r.source <> '' AND r.content LIKE ?
WHERE p.subject = ? AND p.source <> '';

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
SELECT p.pipeline, p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position,
       p.committed_at, p.posted_at, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p
WHERE p.key = ? OR (p.source <> '' AND p.source = ?) OR (p.voucher <> '' AND p.voucher = ?)
ORDER BY p.pipeline, p.seq LIMIT ?;

-- numbered: one posting by its number
SELECT p.pipeline, p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position,
       p.committed_at, p.posted_at, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p WHERE p.seq = ? AND p.pipeline = ?;

-- number_of: the number of a posting by its key
SELECT seq FROM syncd.posting WHERE key = ? AND pipeline = ?;

-- headed: postings whose voucher's header may hold a value
SELECT p.pipeline, p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position,
       p.committed_at, p.posted_at, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p WHERE p.voucher <> '' AND p.content LIKE ? ORDER BY p.pipeline, p.seq;

-- imaged: source rows that may hold a value in one of their columns
SELECT source_table, key, image FROM syncd.mirror WHERE image LIKE ? ORDER BY source_table, key;

-- parked_of: subjects of the parked rows of a source row
SELECT DISTINCT subject FROM syncd.parked WHERE source_table = ? AND source_key = ? ORDER BY subject LIMIT ?;

-- collected_of: where the collected row with a key went
SELECT pipeline, posted, subject FROM syncd.collected WHERE key = ? ORDER BY pipeline LIMIT ?;

-- collected_like: collected rows whose change may be of a source row
SELECT pipeline, posted, subject, change FROM syncd.collected WHERE change LIKE ? ORDER BY pipeline, position;

-- shares: the rows of a group whose record does not name them
SELECT key, subject, change, position FROM syncd.collected WHERE pipeline = ? AND posted = ? ORDER BY position, key;

-- kept: how many of the rows that a posting's record names are there, and in that posting
SELECT count(*) FROM syncd.collected WHERE pipeline = ? AND posted = ? AND key IN (?*);

-- rows: collected rows by their keys
SELECT key, subject, change, position FROM syncd.collected WHERE pipeline = ? AND key IN (?*);

-- acts_of: what people did to the row that a posting came from
SELECT a.at, a.actor, a.action, a.target, a.reason, a.detail
FROM syncd.parked p JOIN syncd.action a ON a.pipeline = p.pipeline AND a.target = 'parked/' || p.id
WHERE p.pipeline = ? AND p.position = ? ORDER BY a.seq LIMIT ?;

-- accepted: who answered for a mapping, the last before something was posted under it
SELECT at, actor, action, target, reason, detail FROM syncd.action
WHERE action = 'accept' AND at <= ? AND detail LIKE ? ORDER BY seq DESC LIMIT 1;

-- runs: who approved the runs of a period
SELECT at, actor, action, target, reason, detail FROM syncd.action
WHERE action IN ('propose', 'depreciate') AND pipeline = ? AND target = ? ORDER BY seq;

-- acts_of_group: the same of the rows of a group
SELECT a.at, a.actor, a.action, a.target, a.reason, a.detail
FROM syncd.parked p
JOIN syncd.collected c ON c.pipeline = p.pipeline AND c.position = p.position
JOIN syncd.action a ON a.pipeline = p.pipeline AND a.target = 'parked/' || p.id
WHERE c.pipeline = ? AND c.posted = ? ORDER BY a.seq LIMIT ?;

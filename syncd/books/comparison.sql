-- recent: pieces of the last changes, the newest first
SELECT to_change, from_change, changes FROM syncd.recent WHERE pipeline = ? ORDER BY to_change DESC LIMIT ?;

-- parked: the newest parked rows, and what people decided about them
SELECT position, change, original, state, subject, rule, code, params, waits_for, approved, parked_at, settled_at
FROM syncd.parked WHERE pipeline = ? ORDER BY id DESC LIMIT ?;

-- collected: the newest collected rows, the group of each, and the posting that took it
SELECT position, change, rule, grp, posted FROM syncd.collected WHERE pipeline = ? ORDER BY position DESC LIMIT ?;

-- counted: how many changes the pipeline has carried
SELECT changes FROM syncd.pipeline WHERE name = ?;

-- made: what became of changes, by their positions
SELECT seq, position, key, rule, subject, reverses, content FROM syncd.posting
WHERE pipeline = ? AND seq > (SELECT max(seq) FROM syncd.posting WHERE pipeline = ?) - ? ORDER BY seq DESC;

-- mirror: the last images of source rows
SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key IN (?*);

-- posted: postings by key, and who reversed them
SELECT p.position, p.subject, p.key, p.rule, p.voucher, p.content, r.key, r.position
FROM syncd.posting p LEFT JOIN syncd.posting r
  ON r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''
WHERE p.pipeline = ? AND p.key IN (?*);

-- standing: the same of subjects, those that reverse nothing, the oldest first
SELECT p.position, p.subject, p.key, p.rule, p.voucher, p.content, r.key, r.position
FROM syncd.posting p LEFT JOIN syncd.posting r
  ON r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''
WHERE p.pipeline = ? AND p.reverses = '' AND p.rule IN (?*) AND p.subject IN (?*) ORDER BY p.seq;

-- standing_of: the same of source rows
SELECT p.position, p.subject, p.key, p.rule, p.voucher, p.content, r.key, r.position
FROM syncd.posting p LEFT JOIN syncd.posting r
  ON r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''
WHERE p.pipeline = ? AND p.reverses = '' AND p.source <> '' AND p.rule IN (?*) AND p.source IN (?*) ORDER BY p.seq;

-- kept: collected rows by key
SELECT position, key, rule FROM syncd.collected WHERE pipeline = ? AND key IN (?*);

-- written: what postings wrote to cards, by their subjects, in order
SELECT p.position, p.key, p.rule, p.subject, p.content FROM syncd.posting p
WHERE p.pipeline = ? AND (p.subject = ? OR p.key IN (
  SELECT c.posted FROM syncd.collected c WHERE c.pipeline = ? AND c.subject = ? AND c.posted <> '')) ORDER BY p.seq;

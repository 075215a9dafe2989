-- read_pipeline: where a pipeline stands
SELECT position, posting_seq, posting_hash, parked_seq, changes, posted, repeated
FROM syncd.pipeline WHERE name = ?;

-- add_pipeline: a pipeline at its first start
INSERT INTO syncd.pipeline (name, posting_seq, posting_hash, parked_seq, changes, posted, repeated)
VALUES (?, 0, ?, 0, 0, 0, 0);

-- advance: what a batch moved; touches no row when somebody else has written meanwhile
UPDATE syncd.pipeline
SET position = ?, committed_at = coalesce(?, committed_at), updated_at = ?, posting_seq = ?, posting_hash = ?,
    parked_seq = ?, changes = ?, posted = ?, repeated = ?
WHERE name = ? AND posting_seq = ? AND parked_seq = ? AND coalesce(position, '') = ?;

-- held: subjects that have open parked rows, and how many
SELECT subject, count(*) FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL GROUP BY subject;

-- awaited: reference rows that parked rows wait for, and how many wait
SELECT waits_for, count(*) FROM syncd.parked
WHERE pipeline = ? AND settled_at IS NULL AND waits_for <> '' GROUP BY waits_for;

-- released: groups, or prefixes of them, whose rows are due when they come
SELECT rule, grp FROM syncd.released WHERE pipeline = ?;

-- collects: whether any row was ever collected
SELECT 1 FROM syncd.collected WHERE pipeline = ? LIMIT 1;

-- mirror: the last image of a source row
SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- mirrored: whether a source row has an image
SELECT key FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- posted: a posting by idempotency key, and who reversed it
SELECT p.key, p.rule, p.voucher, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p WHERE p.pipeline = ? AND p.key = ?;

-- kept: a collected row by idempotency key
SELECT key, rule FROM syncd.collected WHERE pipeline = ? AND key = ?;

-- latest: a subject's postings that reverse nothing, and who reversed them
SELECT p.seq, p.subject, p.key, p.rule, p.voucher, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p WHERE p.pipeline = ? AND p.rule IN (?*) AND p.reverses = '' AND p.subject = ?;

-- add_number: the first number of a period and type
INSERT INTO syncd.number (period, type, last) VALUES (?, ?, 0) ON CONFLICT (period, type) DO NOTHING;

-- set_number: the last number given
UPDATE syncd.number SET last = ? WHERE period = ? AND type = ?;

-- collect: collected rows of a group that are due and not yet posted, in source order
SELECT key, subject, change FROM syncd.collected
WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due = 1 ORDER BY position, key;

-- due_groups: groups with such rows
SELECT DISTINCT rule, grp FROM syncd.collected WHERE pipeline = ? AND posted = '' AND due = 1 ORDER BY rule, grp;

-- take: these rows are in a voucher now
UPDATE syncd.collected SET posted = ? WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due = 1;

-- uncollect: a collected row that was parked after all; its retry collects it again
DELETE FROM syncd.collected WHERE pipeline = ? AND rule = ? AND grp = ? AND position = ? AND posted = '';

-- wait_group: the rest of a group waits until one of its rows comes again
UPDATE syncd.collected SET due = 0 WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '';

-- fall_due: the rows of a group, or of all groups that begin with these values
UPDATE syncd.collected SET due = 1
WHERE pipeline = ? AND rule = ? AND posted = '' AND due = 0
  AND (? = '' OR grp = ? OR substr(grp, 1, length(?) + 1) = ? || '|');

-- release: remember that a group's rows are due when they come
INSERT INTO syncd.released (pipeline, rule, grp) VALUES (?, ?, ?) ON CONFLICT (pipeline, rule, grp) DO NOTHING;

-- discards: parked rows that a person gave up
SELECT id, subject, waits_for FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL AND request = 'discard';

-- discard: these rows are given up
UPDATE syncd.parked SET state = 'discarded', settled_at = ?, request = '' WHERE pipeline = ? AND id IN (?*);

-- asked: subjects with rows to be tried again, those asked for first in front
SELECT subject FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL AND request = 'retry'
GROUP BY subject ORDER BY min(id) LIMIT ?;

-- waiting: how many open parked rows a subject has
SELECT count(*) FROM syncd.parked WHERE pipeline = ? AND subject = ? AND settled_at IS NULL;

-- open_rows: open parked rows of a subject in source order, kept from others until the transaction ends
SELECT id, waits_for, change, approved FROM syncd.parked
WHERE pipeline = ? AND subject = ? AND settled_at IS NULL ORDER BY id LIMIT ?;

-- parked_at: positions of changes that were parked, settled ones among them
SELECT position FROM syncd.parked WHERE pipeline = ? AND position IN (?*);

-- taken_up: these rows are being tried again
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND id IN (?*);

-- unreadable: a row whose table the mapping no longer has
UPDATE syncd.parked SET state = 'failed', code = ?, params = ?, request = ''
WHERE pipeline = ? AND id = ?;

-- still_parked: a row that was tried again in vain
UPDATE syncd.parked
SET state = ?, rule = ?, code = ?, params = ?, waits_for = ?, attempts = attempts + 1
WHERE pipeline = ? AND id = ?;

-- settle: a row that is done
UPDATE syncd.parked SET state = ?, settled_at = ?, attempts = attempts + 1, request = '' WHERE pipeline = ? AND id = ?;

-- release_head: the first open row of a subject is tried next, if all that it did was to wait behind another
UPDATE syncd.parked SET request = 'retry'
WHERE pipeline = ? AND state = 'behind' AND request = ''
  AND id = (SELECT first FROM (SELECT min(h.id) AS first FROM syncd.parked h
                               WHERE h.pipeline = ? AND h.subject = ? AND h.settled_at IS NULL) AS head);

-- heal_head: the first open row of a subject is tried again because a row of its table, perhaps itself, was changed
UPDATE syncd.parked SET request = 'retry'
WHERE pipeline = ? AND state IN ('failed', 'approval') AND request = '' AND source_table = ?
  AND id = (SELECT first FROM (SELECT min(h.id) AS first FROM syncd.parked h
                               WHERE h.pipeline = ? AND h.subject = ? AND h.settled_at IS NULL) AS head);

-- arrived: rows that waited for these references are tried again
UPDATE syncd.parked SET request = 'retry'
WHERE pipeline = ? AND settled_at IS NULL AND state = 'failed' AND request = '' AND waits_for IN (?*);

-- count_ignored: changes that no rule had anything to say about
INSERT INTO syncd.ignored (pipeline, reason, changes) VALUES (?, ?, ?)
ON CONFLICT (pipeline, reason) DO UPDATE SET changes = syncd.ignored.changes + excluded.changes;

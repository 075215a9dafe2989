-- parked: parked rows, oldest first
SELECT id, subject, state, rule, source_table, source_key, code, params, waits_for, change, original, position,
       committed_at, parked_at, attempts, request, approved, settled_at
FROM syncd.parked
WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)
  AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ?
  AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = ?
ORDER BY id LIMIT ?;

-- newest: the number of the last row that was parked
SELECT parked_seq FROM syncd.pipeline WHERE name = ?;

-- subjects: of the rows that were parked last
SELECT subject FROM syncd.parked WHERE pipeline = ? ORDER BY id DESC LIMIT ?;

-- parked_by_id: parked rows by number
SELECT id, subject, state, rule, source_table, source_key, code, params, waits_for, change, original, position,
       committed_at, parked_at, attempts, request, approved, settled_at
FROM syncd.parked WHERE pipeline = ? AND id IN (?*) ORDER BY id;

-- mirrored: whether the EAM has a row
SELECT 1 FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- behind: how many later changes of a subject wait behind a row
SELECT count(*) FROM syncd.parked
WHERE pipeline = ? AND subject = ? AND id > ? AND state = 'behind' AND settled_at IS NULL;

-- groups: open parked rows of one signature
SELECT state, rule, code, source_table, count(*), min(id), min(committed_at), max(committed_at),
       count(DISTINCT subject), min(parked_at), max(id), sum(CASE WHEN request = '' THEN 0 ELSE 1 END)
FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL
GROUP BY state, rule, code, source_table ORDER BY count(*) DESC, min(id);

-- followers: how many open rows wait behind those of a signature
SELECT h.state, h.rule, h.code, h.source_table, count(*) FROM syncd.parked b
JOIN (SELECT DISTINCT subject, state, rule, code, source_table FROM syncd.parked
      WHERE pipeline = ? AND settled_at IS NULL AND state <> 'behind') h ON h.subject = b.subject
WHERE b.pipeline = ? AND b.settled_at IS NULL AND b.state = 'behind'
GROUP BY h.state, h.rule, h.code, h.source_table;

-- request: ask the daemon for a row; touches none that is settled or rejected
UPDATE syncd.parked SET request = ? WHERE pipeline = ? AND id = ? AND settled_at IS NULL
  AND NOT (state = 'approval' AND request = 'discard');

-- withdraw: nothing is asked of a row any more; what somebody agreed to or refused stands
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND id = ? AND settled_at IS NULL
  AND state <> 'approval' AND request IN ('retry', 'discard');

-- edit: another content for a row; what was approved was the content before
UPDATE syncd.parked
SET original = coalesce(original, change), change = ?, approved = '[]', request = 'retry'
WHERE pipeline = ? AND id = ? AND settled_at IS NULL
  AND NOT (state = 'approval' AND request = 'discard');

-- approve: a rule that a row may pass
UPDATE syncd.parked SET approved = ?, request = 'retry'
WHERE pipeline = ? AND id = ? AND settled_at IS NULL AND state = 'approval' AND request = '';

-- reopen: a row that was rejected is to be judged once more
UPDATE syncd.parked SET request = 'reopen', approved = '[]'
WHERE pipeline = ? AND id = ? AND state = 'discarded' AND request = '';

-- source: the source that a pipeline's position belongs to
UPDATE syncd.pipeline SET source = ? WHERE name = ?;

-- accept: a mapping's content that a person answers for
INSERT INTO syncd.acceptance (mapping, hash, actor, reason, accepted_at) VALUES (?, ?, ?, ?, ?);

-- accepted: the content accepted last
SELECT hash FROM syncd.acceptance WHERE mapping = ? ORDER BY accepted_at DESC LIMIT 1;

-- head: the end of the chain of actions
SELECT seq, hash FROM syncd.chain WHERE name = 'action';

-- begin_chain: the first action of all
INSERT INTO syncd.chain (name, seq, hash) VALUES ('action', 0, ?);

-- move_head: the new end of the chain
UPDATE syncd.chain SET seq = ?, hash = ? WHERE name = 'action';

-- asked_for: who asked for something that takes two people, and who did it
SELECT target, actor, action, detail FROM syncd.action
WHERE pipeline = ? AND target IN (?*) AND action IN (?, ?) ORDER BY seq;

-- act: what a person did; a row for each action follows
INSERT INTO syncd.action (seq, at, actor, action, pipeline, target, reason, detail, hash) VALUES;

-- still_installed: pipelines that carry or have carried, but for those whose last word is that they were uninstalled
SELECT p.name FROM syncd.pipeline p
WHERE NOT EXISTS (SELECT 1 FROM syncd.action a WHERE a.pipeline = p.name AND a.action = 'uninstalled')
ORDER BY p.name;

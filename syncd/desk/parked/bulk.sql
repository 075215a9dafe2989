-- rows: open parked rows of a selection of which nothing is asked yet, by number: an index of open rows by subject would
-- be read whole for each lot
SELECT id, state, code, params FROM syncd.parked
WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)
  AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ?
  AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = 0 AND request IN ('', 'heal')
ORDER BY id LIMIT ?;

-- rows_by_id: the same of rows that are named
SELECT id, state, code, params FROM syncd.parked
WHERE pipeline = ? AND id IN (?*) AND id > ? AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = 0 AND request IN ('', 'heal') ORDER BY id LIMIT ?;

-- count: how many they are
SELECT count(*) FROM syncd.parked
WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)
  AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ?
  AND settled_at IS NULL AND request IN ('', 'heal');

-- ask: of these rows
UPDATE syncd.parked SET request = ?
WHERE pipeline = ? AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = 0 AND request IN ('', 'heal') AND id IN (?*);

-- bulk: what was asked of many rows at once
SELECT seq, at, actor, reason, detail, pipeline FROM syncd.action
WHERE seq = ? AND pipeline = ? AND action = 'bulk';

-- bulks: the last of them
SELECT seq, at, actor, reason, detail, pipeline FROM syncd.action
WHERE pipeline = ? AND action = 'bulk' AND seq > ? ORDER BY seq DESC LIMIT ?;

-- ends: that all were asked, or that somebody stopped it
SELECT seq, at, actor, action, detail FROM syncd.action
WHERE seq > ? AND target = ? AND action IN ('bulk_asked', 'bulk_stop') ORDER BY seq;

-- reached: the last row that was asked
SELECT target FROM syncd.action
WHERE seq > ? AND pipeline = ? AND action = ? AND detail = ? ORDER BY seq DESC LIMIT 1;

-- meant: the rows that were asked, or taken back
SELECT target FROM syncd.action WHERE seq > ? AND seq <= ? AND pipeline = ? AND action = ? AND detail = ? ORDER BY seq;

-- came_to: what became of rows, by state and reason
SELECT state, rule, code, CASE WHEN settled_at IS NULL THEN request ELSE '' END, count(*) FROM syncd.parked
WHERE pipeline = ? AND id IN (?*) GROUP BY state, rule, code, CASE WHEN settled_at IS NULL THEN request ELSE '' END;

-- asked: of rows those that nobody has taken up
SELECT id FROM syncd.parked WHERE pipeline = ? AND request = ? AND id IN (?*)
  AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = 0 ORDER BY id;

-- withdraw: they stay as they are
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND request = ? AND CASE WHEN settled_at IS NULL THEN 0 ELSE 1 END = 0 AND id IN (?*);

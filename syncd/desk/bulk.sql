-- rows: open parked rows of a selection of which nothing is asked yet
SELECT id, state, code, params FROM syncd.parked
WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)
  AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ?
  AND settled_at IS NULL AND request IN ('', 'heal')
ORDER BY id LIMIT ?;

-- rows_by_id: the same of rows that are named
SELECT id, state, code, params FROM syncd.parked
WHERE pipeline = ? AND id IN (?*) AND id > ? AND settled_at IS NULL AND request IN ('', 'heal') ORDER BY id LIMIT ?;

-- count: how many they are
SELECT count(*) FROM syncd.parked
WHERE pipeline = ? AND (? = '' OR subject = ?) AND (? = '' OR state = ?) AND (? = '' OR rule = ?)
  AND (? = '' OR code = ?) AND (? = '' OR source_table = ?) AND id > ? AND id <= ?
  AND settled_at IS NULL AND request IN ('', 'heal');

-- ask: of these rows
UPDATE syncd.parked SET request = ?
WHERE pipeline = ? AND settled_at IS NULL AND request IN ('', 'heal') AND id IN (?*);

-- bulk: what was asked of many rows at once
SELECT seq, at, actor, reason, detail, pipeline FROM syncd.action WHERE seq = ? AND action = 'bulk';

-- bulks: the last of them
SELECT seq, at, actor, reason, detail, pipeline FROM syncd.action
WHERE pipeline = ? AND action = 'bulk' AND seq > ? ORDER BY seq DESC LIMIT ?;

-- ends: that all were asked, or that somebody stopped it
SELECT seq, at, actor, action, detail FROM syncd.action
WHERE seq > ? AND target = ? AND action IN ('bulk_asked', 'bulk_stop') ORDER BY seq;

-- reached: the last row that was asked
SELECT target FROM syncd.action
WHERE seq > ? AND pipeline = ? AND action = ? AND detail = ? ORDER BY seq DESC LIMIT 1;

-- came_to: what became of the rows, by state and reason
SELECT p.state, p.rule, p.code, CASE WHEN p.settled_at IS NULL THEN p.request ELSE '' END, count(*)
FROM syncd.action a JOIN syncd.parked p ON p.pipeline = a.pipeline AND a.target = 'parked/' || p.id
WHERE a.seq > ? AND a.seq <= ? AND a.pipeline = ? AND a.action = ? AND a.detail = ? AND p.id <= ?
GROUP BY p.state, p.rule, p.code, CASE WHEN p.settled_at IS NULL THEN p.request ELSE '' END
ORDER BY count(*) DESC, p.state, p.rule, p.code;

-- asked: rows of it that nobody has taken up
SELECT p.id FROM syncd.action a JOIN syncd.parked p ON p.pipeline = a.pipeline AND a.target = 'parked/' || p.id
WHERE a.seq > ? AND a.pipeline = ? AND a.action = ? AND a.detail = ? AND p.id > ? AND p.id <= ?
  AND p.settled_at IS NULL AND p.request = ?
ORDER BY p.id LIMIT ?;

-- withdraw: they stay as they are
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND request = ? AND settled_at IS NULL AND id IN (?*);

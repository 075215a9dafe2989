-- keep: how a pipeline stands in a minute; what it has counted stands in its own row
INSERT INTO syncd.sample
(pipeline, at, unread_bytes, unread_rows, lag_ms, parked_s, parked, retained_bytes, changes, posted, ignored)
SELECT p.name, ?, ?, ?, ?, ?, ?, ?, p.changes, p.posted,
       (SELECT coalesce(sum(i.changes), 0) FROM syncd.ignored i WHERE i.pipeline = p.name)
FROM syncd.pipeline p WHERE p.name = ?
ON CONFLICT (pipeline, at) DO NOTHING;

-- forget: what is older than is kept
DELETE FROM syncd.sample WHERE pipeline = ? AND at < ?;

-- since: from a moment on, in order
SELECT at, unread_bytes, unread_rows, lag_ms, parked_s, parked, retained_bytes, changes, posted, ignored
FROM syncd.sample WHERE pipeline = ? AND at >= ? ORDER BY at;

-- begun: when the first one was taken
SELECT min(at) FROM syncd.sample WHERE pipeline = ?;

-- ignored: changes that no rule had anything to say about, by the table and the rules that were asked
SELECT reason, changes FROM syncd.ignored WHERE pipeline = ? ORDER BY changes DESC, reason;

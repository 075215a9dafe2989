-- folded: how far a pipeline's postings were looked at, and for which deadlines
SELECT terms, seq FROM syncd.lifecycle_folded WHERE pipeline = ?;

-- forget: all states, to be folded anew
DELETE FROM syncd.lifecycle WHERE pipeline = ?;

-- begin: folding begins
INSERT INTO syncd.lifecycle_folded (pipeline, terms, seq) VALUES (?, ?, 0)
ON CONFLICT (pipeline) DO UPDATE SET terms = excluded.terms, seq = excluded.seq;

-- reach: postings were looked at up to here
UPDATE syncd.lifecycle_folded SET seq = ? WHERE pipeline = ? AND seq = ?;

-- head: the last posting that there is
SELECT posting_seq FROM syncd.pipeline WHERE name = ?;

-- entered: the states that assets entered behind one posting, up to another
SELECT seq, key, committed_at FROM syncd.posting
WHERE pipeline = ? AND seq > ? AND seq <= ? AND rule = 'lifecycle' ORDER BY seq LIMIT ?;

-- latest: the last state of these assets
SELECT l.asset, l.entry, l.state, l.left_on, l.since, l.due, l.step, l.next_on FROM syncd.lifecycle l
WHERE l.pipeline = ? AND l.asset IN (?*) ORDER BY l.asset, l.entry;

-- leave: an asset leaves a state
UPDATE syncd.lifecycle SET left_on = ?, left_at = ?, next_on = '' WHERE asset = ? AND pipeline = ? AND entry = ?;

-- enter: an asset enters a state
INSERT INTO syncd.lifecycle
(pipeline, asset, entry, state, was, since, entered_at, entered_by, left_on, left_at, due, step, next_on)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', ?, ?, ?);

-- passed: deadlines that passed before a day begins, the first day's
SELECT asset, entry, state, since, due, step, next_on FROM syncd.lifecycle
WHERE pipeline = ? AND next_on <> '' AND next_on <= ? ORDER BY next_on, asset, entry LIMIT ?;

-- step_on: which step of a deadline comes next
UPDATE syncd.lifecycle SET step = ?, next_on = ? WHERE asset = ? AND pipeline = ? AND entry = ? AND step = ?;

-- standing: the states in which assets stand, those of some
SELECT asset, entry, state, was, since, entered_at, entered_by, left_on, left_at, due FROM syncd.lifecycle
WHERE pipeline = ? AND left_on = '' AND state IN (?*) ORDER BY since, asset;

-- cycles: every state of the assets that have come to one of some
SELECT l.asset, l.entry, l.state, l.was, l.since, l.entered_at, l.entered_by, l.left_on, l.left_at, l.due FROM syncd.lifecycle l
JOIN (SELECT DISTINCT e.asset FROM syncd.lifecycle e WHERE e.pipeline = ? AND e.state IN (?*)) AS closed
ON closed.asset = l.asset
WHERE l.pipeline = ? ORDER BY l.asset, l.entry;

-- of_asset: every state of an asset
SELECT asset, entry, state, was, since, entered_at, entered_by, left_on, left_at, due FROM syncd.lifecycle
WHERE asset = ? AND pipeline = ? ORDER BY entry;

-- made: which rows of passed deadlines there are, of these keys
SELECT key FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key IN (?*);

-- due: deliveries that may be sent now, each the first open one of its subject
SELECT d.pipeline, d.seq, d.key, d.kind, d.target, d.subject, d.body, d.decided_at, d.state, d.attempts, d.next_at,
       d.code, d.params, d.settled_at
FROM syncd.delivery d
WHERE d.pipeline = ? AND d.state IN ('waiting', 'unknown') AND d.next_at <= ?
  AND NOT EXISTS (SELECT 1 FROM syncd.delivery e
                  WHERE e.subject = d.subject AND e.pipeline = d.pipeline AND e.kind = d.kind AND e.target = d.target
                    AND e.seq < d.seq AND e.state IN ('waiting', 'unknown'))
ORDER BY d.seq LIMIT ?;

-- begun: it is about to be sent, and nobody knows what becomes of it
UPDATE syncd.delivery SET state = 'unknown', attempts = attempts + 1 WHERE pipeline = ? AND seq = ?;

-- came_to: what became of an attempt
UPDATE syncd.delivery SET state = ?, next_at = ?, code = ?, params = ?, settled_at = ? WHERE pipeline = ? AND seq = ?;

-- listed: deliveries behind a number, those of a state and kind where one is given
SELECT pipeline, seq, key, kind, target, subject, body, decided_at, state, attempts, next_at, code, params, settled_at
FROM syncd.delivery
WHERE pipeline = ? AND (? = '' OR state = ?) AND (? = '' OR kind = ?) AND (? = 1 OR state NOT IN ('done', 'discarded'))
ORDER BY seq DESC LIMIT ?;

-- of_subject: the last deliveries about a subject
SELECT pipeline, seq, key, kind, target, subject, body, decided_at, state, attempts, next_at, code, params, settled_at
FROM syncd.delivery WHERE subject = ? AND pipeline = ? ORDER BY seq DESC LIMIT ?;

-- one: a delivery
SELECT pipeline, seq, key, kind, target, subject, body, decided_at, state, attempts, next_at, code, params, settled_at
FROM syncd.delivery WHERE pipeline = ? AND seq = ?;

-- overtaken: whether one of the same subject that was decided later has been sent
SELECT seq FROM syncd.delivery
WHERE subject = ? AND pipeline = ? AND kind = ? AND target = ? AND seq > ? AND state <> 'waiting' ORDER BY seq LIMIT 1;

-- again: a refused delivery is to be sent once more
UPDATE syncd.delivery SET state = 'waiting', attempts = 0, next_at = ?, settled_at = NULL
WHERE pipeline = ? AND seq = ? AND state = 'refused';

-- discard: a refused delivery is given up
UPDATE syncd.delivery SET state = 'discarded' WHERE pipeline = ? AND seq = ? AND state = 'refused';

-- counts: what is not done, by kind and state, and since when
SELECT kind, state, count(*), min(decided_at) FROM syncd.delivery
WHERE pipeline = ? AND state IN ('waiting', 'unknown', 'refused') GROUP BY kind, state ORDER BY kind, state;

-- forget: what was done long ago
DELETE FROM syncd.delivery WHERE pipeline = ? AND state IN ('done', 'discarded') AND settled_at < ?;

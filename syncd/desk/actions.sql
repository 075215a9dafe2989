-- end: the number of the last action
SELECT seq FROM syncd.chain WHERE name = 'action';

-- within: actions between two numbers, the newest first
SELECT seq, at, actor, action, pipeline, target, reason, detail FROM syncd.action
WHERE seq < ? AND seq > ? AND pipeline IN (?*) AND (? = 1 OR target NOT LIKE 'account/%') AND (? = '' OR actor = ?) AND (? = '' OR action = ?)
  AND (? = '' OR target LIKE ?) AND (? = '' OR reason LIKE ? OR detail LIKE ?)
ORDER BY seq DESC LIMIT ?;

-- on: what was done to something, the newest first
SELECT seq, at, actor, action, pipeline, target, reason, detail FROM syncd.action WHERE target = ?
ORDER BY seq DESC LIMIT ?;

-- last: what each did last, behind a number
SELECT a.seq, a.at, a.actor, a.action, a.pipeline, a.target, a.reason, a.detail FROM syncd.action a
JOIN (SELECT max(seq) AS seq FROM syncd.action WHERE seq > ? GROUP BY actor) l ON l.seq = a.seq;

-- done_at: when an action was done
SELECT at FROM syncd.action WHERE seq >= ? ORDER BY seq LIMIT 1;

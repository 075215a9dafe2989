-- parked: the parked rows of some assets, by subject or by the asset's own row
SELECT subject, source_key, pipeline, id, state, code, CASE WHEN original IS NULL THEN 0 ELSE 1 END
FROM syncd.parked
WHERE pipeline IN (?*) AND (subject IN (?*) OR source_table = ? AND source_key IN (?*)) ORDER BY id;

-- collected: rows of some assets that wait for their groups; by the assets' indexes, which the pipeline's must not be taken
-- for
SELECT CASE WHEN card = '' THEN subject ELSE card END, rule, grp FROM syncd.collected
WHERE pipeline || '' IN (?*) AND posted = '' AND (subject IN (?*) OR card IN (?*)) ORDER BY position;

-- written: what postings wrote to the cards of some assets, by themselves or with their groups, in order
SELECT content FROM syncd.posting
WHERE (pipeline IN (?*) AND subject IN (?*) OR key IN (
  SELECT posted FROM syncd.collected WHERE pipeline IN (?*) AND subject IN (?*) AND posted <> ''))
  AND length(content) < ? ORDER BY pipeline, seq;

-- cancelled: vouchers by hand that a posting has cancelled, and by what
SELECT reverses, content FROM syncd.posting WHERE reverses IN (?*);

-- begin: a run of the reconciliation; its totals and what it looked at as JSON
INSERT INTO syncd.reconciliation (pipeline, id, at, actor, position, assets, differing, alerting, waiting, report)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- last: the number of the last run
SELECT coalesce(max(id), 0) FROM syncd.reconciliation WHERE pipeline = ?;

-- difference: what a run found
INSERT INTO syncd.difference (pipeline, run, id, asset, field, eam, finance, cause, params, proposal, change, request)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '');

-- up_to: the last run by a moment
SELECT id, at FROM syncd.reconciliation WHERE pipeline = ? AND at <= ? ORDER BY id DESC LIMIT 1;

-- history: the last runs, the newest first
SELECT id, at, actor, position, assets, differing, alerting, waiting FROM syncd.reconciliation
WHERE pipeline = ? ORDER BY id DESC LIMIT ?;

-- run: one of them
SELECT at, actor, report FROM syncd.reconciliation WHERE pipeline = ? AND id = ?;

-- found: a difference by its number, and the others of its asset
SELECT d.id, d.asset, d.field, d.eam, d.finance, d.cause, d.params, d.change, d.request FROM syncd.difference d
WHERE d.pipeline = ? AND d.run = ? AND d.asset = (
  SELECT o.asset FROM syncd.difference o WHERE o.pipeline = ? AND o.run = ? AND o.id = ?) ORDER BY d.id;

-- wanted: what somebody has accepted of an asset, of whatever run, and the daemon has not taken up
SELECT id, asset, field, eam, finance, cause, params, change, request FROM syncd.difference
WHERE pipeline = ? AND asset = ? AND request = 'post';

-- newer: whether a row of the asset is parked
SELECT 1 FROM syncd.parked WHERE pipeline = ? AND subject = ? AND settled_at IS NULL;

-- accept: ask the daemon for the posting of a difference
UPDATE syncd.difference SET request = 'post' WHERE pipeline = ? AND run = ? AND change = ? AND request = '';

-- forget: runs so old that nobody looks at them
DELETE FROM syncd.reconciliation WHERE pipeline = ? AND id <= ?;

-- forget_differences: and what they found; who has accepted what of it is asked when its row waits for approval
DELETE FROM syncd.difference WHERE pipeline = ? AND run <= ? AND request = '';

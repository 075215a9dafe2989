-- end: where a pipeline's chains must end
SELECT posting_seq, posting_hash, event_seq, event_hash, collected_seq, collected_hash FROM syncd.pipeline
WHERE name = ?;

-- postings: a stretch of a chain, and the voucher that each posting cancelled
SELECT p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position, p.committed_at, p.posted_at,
       p.content, p.hash, p.source,
       CASE WHEN p.reverses LIKE '/%' THEN substr(p.reverses, 2) ELSE
       (SELECT r.voucher FROM syncd.posting r
        WHERE r.pipeline = p.pipeline AND r.key = p.reverses AND p.reverses <> '') END
FROM syncd.posting p WHERE p.pipeline = ? AND p.seq > ? AND p.seq <= ? ORDER BY p.seq LIMIT ?;

-- before: the last posting up to a number
SELECT seq, hash FROM syncd.posting WHERE pipeline = ? AND seq <= ? ORDER BY seq DESC LIMIT 1;

-- range: the numbers of the first and of the last posting
SELECT MIN(seq), MAX(seq) FROM syncd.posting WHERE pipeline = ?;

-- homeless: postings of pipelines that there are not
SELECT pipeline, count(*) FROM syncd.posting WHERE pipeline NOT IN (SELECT name FROM syncd.pipeline)
GROUP BY pipeline ORDER BY pipeline;

-- shapes: how vouchers lay in finance's tables when they were posted
SELECT hash, shape FROM syncd.shape;

-- action_end: where the chain of actions must end
SELECT seq, hash FROM syncd.chain WHERE name = 'action';

-- actions: a stretch of the chain of actions
SELECT seq, at, actor, action, pipeline, target, reason, detail, hash
FROM syncd.action WHERE seq > ? ORDER BY seq LIMIT ?;

-- events: a stretch of the chain of parked rows
SELECT seq, id, at, event, subject, state, rule, code, params, origin, content, hash
FROM syncd.parked_event WHERE pipeline = ? AND seq > ? ORDER BY seq LIMIT ?;

-- events_of: the same by parked row, of the rows behind a number up to another
SELECT id, seq, at, event, subject, state, rule, code, params, origin, content
FROM syncd.parked_event WHERE pipeline = ? AND id > ? AND id <= ? ORDER BY id, seq;

-- parked_rows: parked rows behind a number, as they are
SELECT id, subject, state, rule, code, params, source_table, source_key, position, committed_at, parked_at, change,
       original, attempts, request, approved, settled_at
FROM syncd.parked WHERE pipeline = ? AND id > ? ORDER BY id LIMIT ?;

-- collected_events: a stretch of the chain of collected rows
SELECT seq, at, event, posting, content, hash
FROM syncd.collected_event WHERE pipeline = ? AND seq > ? ORDER BY seq LIMIT ?;

-- collected_rows: every row that is kept for a group, as its digest covers it, and the posting that took it
SELECT key, posted, rule, grp, card, subject, change, position, number FROM syncd.collected WHERE pipeline = ?;

-- made: every month that a run made, as its digest covers it
SELECT asset, book, month, nth, period, line, cents, row_keys, run, posting_seq
FROM syncd.depreciated WHERE pipeline = ?;

-- released: groups that were released
SELECT rule, grp FROM syncd.released WHERE pipeline = ?;

-- renaming: postings that call a card otherwise
SELECT seq, content FROM syncd.posting WHERE pipeline = ? AND content LIKE ? ORDER BY seq;

-- acceptances: mappings that people answered for
SELECT mapping, hash, actor, reason, accepted_at FROM syncd.acceptance ORDER BY accepted_at, mapping;

-- closings: the periods that are closed
SELECT period, closed_at FROM syncd.closing ORDER BY period;

-- accounts: who may act, and what
SELECT name, password, roles, closed_at, pipelines, companies FROM syncd.account ORDER BY name;

-- tokens: by what machines act for an account
SELECT name, digest, account, scope, expires_at, revoked_at FROM syncd.token ORDER BY name;

-- host_users: users of the operating system and whose accounts they are
SELECT name, account FROM syncd.host_user ORDER BY name;

-- identities: people whom a provider knows, and whose accounts they are
SELECT issuer, subject, account, follows FROM syncd.identity ORDER BY issuer, subject;

-- differences: what a reconciliation has proposed and somebody is said to have accepted
SELECT run, id, asset, change FROM syncd.difference
WHERE pipeline = ? AND request <> '' ORDER BY run, id;

-- runs: runs of computed depreciation as they are kept
SELECT period, run, kind, asset, state, assets, cents, actor, reason FROM syncd.depreciation_run
WHERE pipeline = ? AND book = '' ORDER BY period, run;

-- sums: what is kept of the months that runs made
SELECT run, COUNT(DISTINCT asset), SUM(cents) FROM syncd.depreciated WHERE pipeline = ? AND book = '' GROUP BY run;

-- months: every month that a run made, by the rows that carry it, and whether it counts
SELECT asset, row_keys, month, run, live, period FROM syncd.depreciated WHERE pipeline = ? AND book = ''
ORDER BY asset, row_keys, month, nth;

-- given_up: rows that were given up
SELECT source_key FROM syncd.parked WHERE pipeline = ? AND state = 'discarded' AND position LIKE 'run:%';

-- newer: postings behind a number
SELECT seq, key, subject, content FROM syncd.posting WHERE pipeline = ? AND seq > ? ORDER BY seq;

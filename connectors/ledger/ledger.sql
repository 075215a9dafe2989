-- read_pipeline: where a pipeline stands
SELECT position, posting_seq, posting_hash, parked_seq, changes, posted, repeated, event_seq, event_hash,
       collected_seq, collected_hash
FROM syncd.pipeline WHERE name = ?;

-- add_pipeline: a pipeline at its first start
INSERT INTO syncd.pipeline
(name, posting_seq, posting_hash, parked_seq, changes, posted, repeated, event_hash, collected_hash)
VALUES (?, 0, ?, 0, 0, 0, 0, ?, ?);

-- events_end: the end of the chain of what became of parked rows
UPDATE syncd.pipeline SET event_seq = ?, event_hash = ? WHERE name = ?;

-- parked_before: parked rows behind a number, as they are
SELECT id, subject, state, rule, code, params, source_table, source_key, position, committed_at, parked_at, change,
       original, settled_at, attempts
FROM syncd.parked WHERE pipeline = ? AND id > ? ORDER BY id LIMIT ?;

-- collected_end: the end of the chain of what became of collected rows
UPDATE syncd.pipeline SET collected_seq = ?, collected_hash = ? WHERE name = ?;

-- collected_before: collected rows behind a key, as they are
SELECT key, posted, rule, grp, card, subject, change, position, number
FROM syncd.collected WHERE pipeline = ? AND key > ? ORDER BY key LIMIT ?;

-- months_made: whether runs have made any months
SELECT 1 FROM syncd.depreciated WHERE pipeline = ? LIMIT 1;

-- told: whether anything of a kind is in the chain
SELECT 1 FROM syncd.collected_event WHERE pipeline = ? AND event = ? LIMIT 1;

-- months_before: months that runs have made, of assets behind one
SELECT asset, book, month, nth, period, line, cents, row_keys, run, posting_seq
FROM syncd.depreciated WHERE pipeline = ? AND asset > ? ORDER BY asset, book, month, nth LIMIT ?;

-- advance: what a batch moved; touches no row when somebody else has written meanwhile
UPDATE syncd.pipeline
SET position = ?, committed_at = coalesce(?, committed_at), updated_at = ?, posting_seq = ?, posting_hash = ?,
    parked_seq = ?, changes = ?, posted = ?, repeated = ?
WHERE name = ? AND posting_seq = ? AND parked_seq = ? AND coalesce(position, '') = ?;

-- open: every open parked row, in source order
SELECT id, subject, source_table, source_key, waits_for FROM syncd.parked
WHERE pipeline = ? AND settled_at IS NULL ORDER BY id;

-- open_of: the same of some subjects
SELECT id, subject, source_table, source_key, waits_for FROM syncd.parked
WHERE pipeline = ? AND subject IN (?*) AND settled_at IS NULL ORDER BY id;

-- released: groups, or prefixes of them, whose rows are due when they come
SELECT rule, grp FROM syncd.released WHERE pipeline = ?;

-- failed_rows: parked rows of groups that were due
SELECT id, rule, grp FROM syncd.failed_row WHERE pipeline = ?;

-- add_failed_row: a row of this group was parked when it was due
INSERT INTO syncd.failed_row (pipeline, id, rule, grp) VALUES (?, ?, ?, ?);

-- remove_failed_row: it is settled
DELETE FROM syncd.failed_row WHERE pipeline = ? AND id = ?;

-- collects: whether any row was ever collected
SELECT 1 FROM syncd.collected WHERE pipeline = ? LIMIT 1;

-- mirror: the last image of a source row
SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- mirrored: whether a source row has an image
SELECT key FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- posted: a posting by idempotency key, who reversed it, and the change that it was made of
SELECT p.key, p.rule, p.voucher, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), ''),
       p.position
FROM syncd.posting p WHERE p.pipeline = ? AND p.key = ?;

-- kept: a collected row by idempotency key
SELECT key, rule FROM syncd.collected WHERE pipeline = ? AND key = ?;

-- collected_row: a collected row, and the posting that has taken it
SELECT change, posted, card, rule, grp FROM syncd.collected WHERE pipeline = ? AND key = ?;

-- standing: a subject's postings that reverse nothing, and who reversed them
SELECT p.seq, p.subject, p.key, p.rule, p.voucher, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p WHERE p.pipeline = ? AND p.rule IN (?*) AND p.reverses = '' AND p.subject = ?;

-- standing_of: the same of a source row
SELECT p.seq, p.subject, p.key, p.rule, p.voucher, p.content,
       coalesce((SELECT r.key FROM syncd.posting r
                 WHERE r.pipeline = p.pipeline AND r.reverses = p.key AND r.reverses <> ''), '')
FROM syncd.posting p
WHERE p.pipeline = ? AND p.rule IN (?*) AND p.reverses = '' AND p.source <> '' AND p.source = ?;

-- shapes: how vouchers lie in finance's tables, as far as it is kept
SELECT hash FROM syncd.shape;

-- add_shape: how vouchers lie in finance's tables from now on
INSERT INTO syncd.shape (hash, shape) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING;

-- moved: the key that a source row had before
SELECT was FROM syncd.moved WHERE pipeline = ? AND key = ?;

-- collecting: the collected rows that will change a card; by the card's index, which the pipeline's must not be taken for
SELECT position, card, rule, grp, key FROM syncd.collected
WHERE pipeline || '' = ? AND posted = '' AND card <> '' AND card = ?;

-- add_number: the first number of a period and type
INSERT INTO syncd.number (period, type, last) VALUES (?, ?, 0) ON CONFLICT (period, type) DO NOTHING;

-- set_number: the last number given, and the day of its voucher
UPDATE syncd.number SET last = ?, last_date = ? WHERE period = ? AND type = ?;

-- begin_budgets: what writers who look at budgets hold
INSERT INTO syncd.chain (name, seq, hash) VALUES ('budget', 0, '') ON CONFLICT (name) DO NOTHING;

-- hold_budgets: kept from others until the transaction ends
SELECT seq FROM syncd.chain WHERE name = 'budget';

-- closed: those of the periods that people have closed
SELECT period FROM syncd.closing WHERE period IN (?*);

-- collect: collected rows of a group that are due and not yet posted, in source order
SELECT key, subject, change, number FROM syncd.collected
WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due BETWEEN ? AND 1 ORDER BY position, key;

-- open_groups: groups with rows that are not posted and wait for no parked row, in source order of their first
SELECT rule, grp, due FROM syncd.collected WHERE pipeline = ? AND posted = '' AND due < 2
GROUP BY rule, grp, due ORDER BY min(position), rule, grp;

-- due_keys: the rows of a group that are due and not yet posted
SELECT key FROM syncd.collected WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due BETWEEN ? AND 1;

-- take: these rows are in a voucher now
UPDATE syncd.collected SET posted = ?
WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due BETWEEN ? AND 1;

-- keys_at: the collected rows of a change
SELECT key FROM syncd.collected WHERE pipeline = ? AND rule = ? AND grp = ? AND position = ? AND posted = '';

-- uncollect: a collected row that was parked after all; its retry collects it again
DELETE FROM syncd.collected WHERE pipeline = ? AND rule = ? AND grp = ? AND position = ? AND posted = '';

-- wait_group: what was due of a group waits for the parked row that speaks for it
UPDATE syncd.collected SET due = 2
WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due BETWEEN ? AND 1;

-- group_waits_no_more: that one is settled
UPDATE syncd.collected SET due = 1 WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = '' AND due = 2;

-- rule_falls_due: the time has come of all rows that a rule has collected
UPDATE syncd.collected SET due = 1 WHERE pipeline = ? AND rule = ? AND posted = '';

-- release: remember that a group's rows are due when they come
INSERT INTO syncd.released (pipeline, rule, grp) VALUES (?, ?, ?) ON CONFLICT (pipeline, rule, grp) DO NOTHING;

-- discards: parked rows that a person gave up
SELECT id, subject FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL AND request = 'discard';

-- discard: these rows are given up
UPDATE syncd.parked SET state = 'discarded', settled_at = ?, request = '' WHERE pipeline = ? AND id IN (?*);

-- reopenings: rejected rows that are to be judged once more
SELECT id, subject, rule, code, params, source_key, change, coalesce(original, change), settled_at FROM syncd.parked
WHERE pipeline = ? AND settled_at IS NOT NULL AND request = 'reopen' ORDER BY id;

-- stays_rejected: one that something behind it has overtaken
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND id = ?;

-- reopen_rejected: one that takes its place again
UPDATE syncd.parked
SET state = 'approval', settled_at = NULL, request = 'retry', waits_for = '', folded = 0, attempts = attempts + 1
WHERE pipeline = ? AND id = ?;

-- rejected: parked rows that somebody refuses who may approve them, with who and why
SELECT p.id, p.subject, p.change,
       coalesce((SELECT max(a.seq) FROM syncd.action a
                 WHERE a.pipeline = p.pipeline AND a.action = 'reject' AND a.target = 'parked/' || p.id), 0)
FROM syncd.parked p
WHERE p.pipeline = ? AND p.settled_at IS NULL AND p.request = 'discard'
  AND 'reject' = (SELECT r.action FROM syncd.action r
                  WHERE r.pipeline = p.pipeline AND r.action IN ('reject', 'discard') AND r.target = 'parked/' || p.id
                  ORDER BY r.seq DESC LIMIT 1)
ORDER BY p.id;

-- action: who did something, and why
SELECT actor, reason FROM syncd.action WHERE seq = ?;

-- group_taken: the collected rows that a posting took
SELECT subject, change FROM syncd.collected WHERE pipeline = ? AND rule = ? AND grp = ? AND posted = ?
ORDER BY position, key;

-- answered: what the EAM was told of the changes of a subject
SELECT seq, key FROM syncd.delivery WHERE pipeline = ? AND kind = 'answer' AND subject = ?;

-- accepted: what people accepted of what a reconciliation proposed, and nobody has taken up
SELECT run, max(asset), change, max(cause) FROM syncd.difference
WHERE pipeline = ? AND request = 'post' AND change <> '' GROUP BY run, change ORDER BY run, min(id);

-- accepting: what people did to have it posted
SELECT target, detail FROM syncd.action WHERE pipeline = ? AND action = 'accept_difference' AND target LIKE ?;

-- accept: taken up, under this number
UPDATE syncd.difference SET request = ? WHERE pipeline = ? AND run = ? AND change = ? AND request = 'post';

-- parked_seq: the number of the last parked row, where one is parked that no batch has read
UPDATE syncd.pipeline SET parked_seq = ? WHERE name = ?;

-- asked: subjects with rows to be tried again, those asked for first in front, and whether all that happened is that
-- a correction came
SELECT subject, min(CASE WHEN request = 'heal' THEN 1 ELSE 0 END) FROM syncd.parked
WHERE pipeline = ? AND settled_at IS NULL AND request IN ('retry', 'heal') GROUP BY subject ORDER BY min(id) LIMIT ?;

-- open_rows: open parked rows of a subject behind a number, in source order, kept from others until the transaction
-- ends
SELECT id, change, original, approved FROM syncd.parked
WHERE pipeline = ? AND subject = ? AND settled_at IS NULL AND id > ? ORDER BY id LIMIT ?;

-- parked_at: positions of changes that were parked, settled ones among them
SELECT position FROM syncd.parked WHERE pipeline = ? AND position IN (?*);

-- taken_up: all rows of a subject are being tried again
UPDATE syncd.parked SET request = '' WHERE pipeline = ? AND subject = ? AND settled_at IS NULL AND request <> 'discard';

-- folded: the last row behind a parked one that it was tried with
SELECT folded FROM syncd.parked WHERE pipeline = ? AND id = ?;

-- heal_taken_up: a subject whose first row is being tried with its corrections, up to a number
UPDATE syncd.parked SET request = '', folded = ? WHERE pipeline = ? AND subject = ? AND settled_at IS NULL AND request = 'heal';

-- unreadable: a row whose table the mapping no longer has
UPDATE syncd.parked SET state = 'failed', code = ?, params = ?, request = ''
WHERE pipeline = ? AND id = ?;

-- still_parked: a row that was tried again in vain, perhaps under another subject
UPDATE syncd.parked
SET subject = ?, state = ?, rule = ?, code = ?, params = ?, waits_for = ?, attempts = attempts + 1
WHERE pipeline = ? AND id = ?;

-- settle: a row that is done
UPDATE syncd.parked SET state = ?, settled_at = ?, attempts = attempts + 1, request = '' WHERE pipeline = ? AND id = ?;

-- release_head: the first open row of a subject is tried next, if all that it did was to wait behind another, or for a
-- group that may have lost the row that it waited for
UPDATE syncd.parked SET request = 'retry'
WHERE pipeline = ? AND id = ? AND state = 'behind' AND (waits_for = '' OR waits_for LIKE 'group:%') AND request = '';

-- reopen: a row that was tried again and collected is parked once more
UPDATE syncd.parked
SET subject = ?, state = ?, rule = ?, code = ?, params = ?, waits_for = ?, attempts = attempts + 1, change = ?,
    settled_at = NULL, request = '', folded = 0
WHERE pipeline = ? AND id = ?;

-- heal_head: the first open row of a subject is tried again because a row of its table, perhaps itself, was changed
UPDATE syncd.parked SET request = 'heal'
WHERE pipeline = ? AND id = ? AND (state <> 'behind' OR waits_for <> '') AND request = '' AND source_table = ?;

-- retry_head: the first open row of a subject is tried again, with all that is behind it
UPDATE syncd.parked SET request = 'retry' WHERE pipeline = ? AND id = ? AND request IN ('', 'heal');

-- arrived: what these rows waited for has come
UPDATE syncd.parked SET request = 'retry' WHERE pipeline = ? AND request IN ('', 'heal') AND id IN (?*);

-- waiting: rows that wait for this
SELECT id, subject FROM syncd.parked WHERE pipeline = ? AND settled_at IS NULL AND waits_for IN (?*);

-- defer: rows that wait for something else now
UPDATE syncd.parked SET waits_for = ? WHERE pipeline = ? AND id IN (?*);

-- count_ignored: changes that no rule had anything to say about
INSERT INTO syncd.ignored (pipeline, reason, changes) VALUES (?, ?, ?)
ON CONFLICT (pipeline, reason) DO UPDATE SET changes = syncd.ignored.changes + excluded.changes;

-- keep_recent: the changes at the end of a batch
INSERT INTO syncd.recent (pipeline, to_change, from_change, changes) VALUES (?, ?, ?, ?);

-- clear_recent: what lies too far back
DELETE FROM syncd.recent WHERE pipeline = ? AND to_change <= ?;

-- take_back: months of an asset that a run takes back, by the rows that carried them
UPDATE syncd.depreciated SET live = 0 WHERE asset = ? AND pipeline = ? AND book = ? AND row_keys = ?;

-- run_reached: how far a run is
UPDATE syncd.depreciation_run
SET state = ?, reached = ?, assets = assets + ?, made = made + ?, cents = cents + ?, faults = ?
WHERE pipeline = ? AND book = ? AND period = ? AND run = ?;

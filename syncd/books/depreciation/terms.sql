-- folded: how far a pipeline's postings were looked at, and for which fields
SELECT fields, seq FROM syncd.terms_folded WHERE pipeline = ?;

-- forget: all terms, to be folded anew
DELETE FROM syncd.terms WHERE pipeline = ?;

-- begin: folding begins
INSERT INTO syncd.terms_folded (pipeline, fields, seq) VALUES (?, ?, 0)
ON CONFLICT (pipeline) DO UPDATE SET fields = excluded.fields, seq = excluded.seq;

-- reach: postings were looked at up to here
UPDATE syncd.terms_folded SET seq = ? WHERE pipeline = ? AND seq = ?;

-- postings: what comes behind; of rules that change no terms without the content, which is as long as a group
SELECT seq, rule, committed_at, CASE WHEN rule IN (?*) THEN '' ELSE content END, position, reverses
FROM syncd.posting WHERE pipeline = ? AND seq > ? ORDER BY seq LIMIT ?;

-- renamed: postings up to a number that rename a card
SELECT seq, content FROM syncd.posting WHERE pipeline = ? AND seq <= ? AND content LIKE ? ORDER BY seq;

-- move_terms: an asset is called otherwise
UPDATE syncd.terms SET asset = ? WHERE pipeline = ? AND asset = ?;

-- move_months: the same of what runs had made of it by a posting; what came later is of another that took the code
UPDATE syncd.depreciated SET asset = ? WHERE pipeline = ? AND asset = ? AND posting_seq < ?;

-- known: the terms of these assets up to a posting, each with its latest last
SELECT asset, seq, month, card FROM syncd.terms WHERE pipeline = ? AND seq <= ? AND asset IN (?*) ORDER BY seq;

-- stretch: the terms of these assets by the postings from one to another
SELECT pipeline, asset, seq, day, month, card FROM syncd.terms
WHERE pipeline = ? AND asset IN (?*) AND seq > ? AND seq <= ?;

-- rows: how many terms there are
SELECT COUNT(*) FROM syncd.terms WHERE pipeline = ?;

-- restated: those of these assets of which a month was taken back
SELECT DISTINCT asset FROM syncd.depreciated WHERE pipeline = ? AND book = '' AND live = 0 AND asset IN (?*);

-- carried: the months that runs had made of these assets, and their amounts
SELECT asset, month, posting_seq, cents FROM syncd.depreciated
WHERE pipeline = ? AND book = '' AND live = 1 AND asset IN (?*);

-- add: terms of an asset
INSERT INTO syncd.terms (pipeline, asset, seq, day, month, card) VALUES

-- next_assets: assets behind one
SELECT DISTINCT asset FROM syncd.terms WHERE pipeline = ? AND asset > ? ORDER BY asset LIMIT ?;

-- between: the terms of the assets from one to another
SELECT asset, day, month, card FROM syncd.terms WHERE pipeline = ? AND asset >= ? AND asset <= ? ORDER BY asset, seq;

-- count: how many assets have terms
SELECT COUNT(DISTINCT asset) FROM syncd.terms WHERE pipeline = ?;

-- posted: by asset what runs have made up to a month
SELECT asset, COUNT(DISTINCT month), SUM(cents), MIN(month), MAX(month) FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND live = 1 AND asset >= ? AND asset <= ? AND month <= ? GROUP BY asset;

-- posted_months: of an asset, month by month
SELECT month, cents, period FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND live = 1 AND asset = ? AND month <= ? ORDER BY month;

-- posted_by_month: of assets, month by month
SELECT asset, month, SUM(cents) FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND live = 1 AND month <= ? AND asset IN (?*) GROUP BY asset, month;

-- of_month: by asset what runs have made of a month
SELECT asset, SUM(cents) FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND live = 1 AND month = ? GROUP BY asset;

-- assets_from: assets from one on
SELECT DISTINCT asset FROM syncd.terms WHERE pipeline = ? AND asset >= ? ORDER BY asset LIMIT ?;

-- taken_back: months that were made and do not count any more
SELECT asset, month, COUNT(*) FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND live = 0 AND asset >= ? AND asset <= ? GROUP BY asset, month;

-- times: how often months of these assets were made
SELECT asset, month, MAX(nth) FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND asset IN (?*) GROUP BY asset, month;

-- row_lines: the rows that assets have in periods
SELECT asset, period, line, row_keys FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND asset >= ? AND asset <= ? AND period >= ?;

-- periods: those in which a run has made rows
SELECT DISTINCT period FROM syncd.depreciated WHERE pipeline = ? AND book = ? AND run = ? ORDER BY period;

-- carrying: the rows that carry a month
SELECT DISTINCT asset, row_keys FROM syncd.depreciated
WHERE pipeline = ? AND book = ? AND month = ? AND live = 1 AND asset > ? AND (? = '' OR asset = ?)
ORDER BY asset LIMIT ?;

-- given_up: months whose row a person has discarded are owed again
UPDATE syncd.depreciated SET live = 0 WHERE pipeline = ? AND live = 1 AND row_keys IN (?*);

-- discarded: rows of the computed table that were given up
SELECT source_key FROM syncd.parked WHERE pipeline = ? AND source_table = ? AND state = 'discarded';

-- retry: rows of earlier runs that could not be posted are tried again
UPDATE syncd.parked SET request = 'retry'
WHERE pipeline = ? AND source_table = ? AND settled_at IS NULL AND state = 'failed' AND request = '';

-- asked: runs that are not made yet, the oldest first
SELECT book, period, run, kind, asset, reached, made, faults, asked_at FROM syncd.depreciation_run
WHERE pipeline = ? AND state = 'asked' ORDER BY asked_at, period, run LIMIT 1;

-- runs: those of a period
SELECT run, kind, state, reached, assets, made, cents, faults FROM syncd.depreciation_run
WHERE pipeline = ? AND book = ? AND period = ? ORDER BY run;

-- ask: a run
INSERT INTO syncd.depreciation_run
(pipeline, book, period, run, kind, asset, state, reached, assets, made, cents, faults, actor, reason, asked_at)
VALUES (?, ?, ?, ?, ?, ?, 'asked', '', 0, 0, 0, '{}', ?, ?, ?);

-- vouchers: what was posted of the rows that runs of a period have made
SELECT DISTINCT voucher FROM syncd.posting
WHERE pipeline = ? AND rule IN (?*) AND position LIKE ? AND voucher <> '' ORDER BY voucher;

-- failed: rows of the computed table that could not be posted
SELECT COUNT(*) FROM syncd.parked
WHERE pipeline = ? AND source_table = ? AND settled_at IS NULL AND state = 'failed';

-- unposted: rows of a table that are parked, or were given up
SELECT source_key FROM syncd.parked
WHERE pipeline = ? AND source_table = ? AND (settled_at IS NULL OR state = 'discarded');

-- collected: rows that are in no voucher yet
SELECT change FROM syncd.collected WHERE pipeline = ? AND posted = '' AND rule IN (?*);

-- images: the mirror's rows of a table
SELECT key, image FROM syncd.mirror WHERE pipeline = ? AND source_table = ?;

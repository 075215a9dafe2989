-- closed: the periods that people have closed
SELECT period FROM syncd.closing ORDER BY period;

-- closed_at: when a period was closed
SELECT closed_at FROM syncd.closing WHERE period = ?;

-- types: the types of voucher that were ever numbered; a series that is no period's begins with *
SELECT DISTINCT type FROM syncd.number WHERE type <> '' AND period NOT LIKE '*%' ORDER BY type;

-- begun: the periods in which vouchers were numbered
SELECT DISTINCT period FROM syncd.number WHERE period NOT LIKE '*%';

-- numbers: how far a period's series have come
SELECT type, last FROM syncd.number WHERE period = ? AND type <> '' ORDER BY type;

-- begin_series: a series of a period that nobody has begun
INSERT INTO syncd.number (period, type, last) VALUES (?, ?, 0) ON CONFLICT (period, type) DO NOTHING;

-- hold_series: keep a period's numbers from others until the transaction ends
UPDATE syncd.number SET last = last WHERE period = ?;

-- close: nothing more goes to a period
INSERT INTO syncd.closing (period, closed_at) VALUES (?, ?);

-- reopen: it may again
DELETE FROM syncd.closing WHERE period = ?;

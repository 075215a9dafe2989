-- forget: answers that nobody asks for any more
DELETE FROM syncd.answered WHERE at < ?;

-- answer: what a request was answered
SELECT digest, status, body FROM syncd.answered WHERE key = ? AND account = ?;

-- begin: a request is in hand
INSERT INTO syncd.answered (account, key, digest, status, body, at) VALUES (?, ?, ?, 0, '', ?);

-- keep: what it was answered
UPDATE syncd.answered SET status = ?, body = ? WHERE key = ? AND account = ?;

-- drop: nothing was done, so it may be asked once more
DELETE FROM syncd.answered WHERE key = ? AND account = ?;

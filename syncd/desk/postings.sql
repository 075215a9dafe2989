-- of_subject: the postings of a subject, the newest first
SELECT pipeline, seq, key, rule, subject, voucher, reverses, posted_at, content FROM syncd.posting
WHERE subject = ? AND pipeline = ? AND seq < ? AND seq > ? AND (? = '' OR rule = ?) AND (? = '' OR voucher = ?)
  AND (? = '' OR content LIKE ?) AND (? = '' OR content LIKE ?)
ORDER BY seq DESC LIMIT ?;

-- within: postings between two numbers, the newest first
SELECT pipeline, seq, key, rule, subject, voucher, reverses, posted_at, content FROM syncd.posting
WHERE pipeline = ? AND seq < ? AND seq > ? AND (? = '' OR rule = ?) AND (? = '' OR voucher = ?)
  AND (? = '' OR content LIKE ?) AND (? = '' OR content LIKE ?)
ORDER BY seq DESC LIMIT ?;

-- end: the number of the last posting
SELECT posting_seq FROM syncd.pipeline WHERE name = ?;

-- posted_at: when these postings were made
SELECT seq, posted_at FROM syncd.posting WHERE pipeline = ? AND seq IN (?*);

-- posted_from: when the first posting from a number on was made
SELECT posted_at FROM syncd.posting WHERE pipeline = ? AND seq >= ? ORDER BY seq LIMIT 1;

-- postings: the whole record of pipelines, in order
SELECT pipeline, position, rule, voucher, reverses, committed_at, content FROM syncd.posting
WHERE pipeline IN (?*) ORDER BY pipeline, seq;

-- renamed: postings by which cards are called otherwise, in order
SELECT content FROM syncd.posting WHERE pipeline IN (?*) AND content LIKE ? ORDER BY pipeline, seq;

-- vouchers: postings whose content names a period
SELECT key, rule, voucher, content FROM syncd.posting
WHERE pipeline IN (?*) AND voucher <> '' AND content LIKE ? ORDER BY pipeline, seq;

-- of_rules: vouchers that rules have made, and those that cancel them
SELECT p.key, p.rule, o.rule, p.subject, p.voucher, p.content
FROM syncd.posting p LEFT JOIN syncd.posting o ON o.key = p.reverses AND o.pipeline = p.pipeline
WHERE p.pipeline IN (?*) AND p.voucher <> '' AND (p.rule IN (?*) OR o.rule IN (?*)) ORDER BY p.pipeline, p.seq;

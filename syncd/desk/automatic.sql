-- counts: vouchers of a period by rule and mapping
SELECT rule, mapping_hash, count(*) FROM syncd.posting
WHERE pipeline = ? AND voucher <> '' AND content LIKE ? GROUP BY rule, mapping_hash ORDER BY rule, mapping_hash;

-- types: the types of voucher that a period has
SELECT DISTINCT type FROM syncd.number WHERE (period = ? OR period LIKE ?) AND type <> '' ORDER BY type;

-- vouchers: those of a rule
SELECT key, subject, voucher, mapping_hash, posted_at, content FROM syncd.posting
WHERE pipeline = ? AND voucher <> '' AND content LIKE ? AND rule = ? ORDER BY seq LIMIT ?;

-- agreed: those that came of a parked row to which a person agreed
SELECT p.key, p.rule, p.mapping_hash, k.approved FROM syncd.parked k
JOIN syncd.posting p ON p.pipeline = k.pipeline AND p.subject = k.subject AND p.position = k.position
WHERE k.pipeline = ? AND k.approved <> '[]' AND p.voucher <> '' AND p.content LIKE ?;

-- agreed_in_group: those of a group with such a row
SELECT p.key, p.rule, p.mapping_hash, k.approved FROM syncd.parked k
JOIN syncd.collected c ON c.pipeline = k.pipeline AND c.subject = k.subject AND c.position = k.position
JOIN syncd.posting p ON p.pipeline = c.pipeline AND p.key = c.posted
WHERE k.pipeline = ? AND k.approved <> '[]' AND c.posted <> '' AND p.content LIKE ?;

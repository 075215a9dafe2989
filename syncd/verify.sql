-- end: where a pipeline's chain of postings must end
SELECT posting_seq, posting_hash FROM syncd.pipeline WHERE name = ?;

-- postings: a stretch of a chain, and the voucher that each posting cancelled
SELECT p.seq, p.key, p.rule, p.subject, p.voucher, p.reverses, p.mapping_hash, p.position, p.committed_at, p.posted_at,
       p.content, p.hash,
       (SELECT r.voucher FROM syncd.posting r WHERE r.pipeline = p.pipeline AND r.key = p.reverses)
FROM syncd.posting p WHERE p.pipeline = ? AND p.seq > ? ORDER BY p.seq LIMIT ?;

-- action_end: where the chain of actions must end
SELECT seq, hash FROM syncd.chain WHERE name = 'action';

-- actions: a stretch of the chain of actions
SELECT seq, at, actor, action, pipeline, target, reason, detail, hash
FROM syncd.action WHERE seq > ? ORDER BY seq LIMIT ?;

-- postings: the whole record, in order
SELECT pipeline, position, rule, voucher, reverses, committed_at, content FROM syncd.posting ORDER BY pipeline, seq;

-- vouchers: postings whose content names a period
SELECT key, rule, voucher, content FROM syncd.posting WHERE voucher <> '' AND content LIKE ? ORDER BY pipeline, seq;

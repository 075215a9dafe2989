-- parked: every open parked row, whatever its pipeline
SELECT pipeline, id, subject, state, code, params, change, committed_at FROM syncd.parked
WHERE settled_at IS NULL ORDER BY pipeline, id;

-- collected: collected rows that are in no voucher yet
SELECT pipeline, rule, grp, change FROM syncd.collected WHERE posted = '' ORDER BY pipeline, rule, grp;

-- pipelines: those that post to this finance
SELECT name FROM syncd.pipeline ORDER BY name;

-- untold: answers to the EAM that are not done and were not given up
SELECT pipeline, seq, subject, state FROM syncd.delivery
WHERE kind = 'answer' AND state IN ('waiting', 'unknown', 'refused') ORDER BY pipeline, seq;

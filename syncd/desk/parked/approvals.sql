-- deeds: what people did to parked rows, and who asked for those that a reconciliation proposed, in order
SELECT target, seq, at, actor, action, reason, detail FROM syncd.action
WHERE pipeline = ? AND target IN (?*)
UNION ALL
SELECT 'parked/' || d.request, a.seq, a.at, a.actor, a.action, a.reason, a.detail
FROM syncd.difference d
JOIN syncd.action a ON a.pipeline = d.pipeline AND a.action = 'accept_difference'
                   AND a.target = 'difference/' || d.run || '/' || d.id
WHERE d.pipeline = ? AND d.request IN (?*)
ORDER BY 2;

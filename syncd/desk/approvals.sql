-- deeds: what people did to parked rows, in order
SELECT target, at, actor, action, reason, detail FROM syncd.action
WHERE pipeline = ? AND target IN (?*) ORDER BY seq;

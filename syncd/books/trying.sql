-- image: the last image of a source row
SELECT image FROM syncd.mirror WHERE pipeline = ? AND source_table = ? AND key = ?;

-- keys: the keys of a table's rows among so many of all tables, from one on
SELECT key FROM (SELECT key, source_table, pipeline FROM syncd.mirror WHERE key >= ? ORDER BY key LIMIT ?) near
WHERE pipeline = ? AND source_table = ? ORDER BY key LIMIT ?;

-- looked_to: the last of so many keys of all tables, and how many there are
SELECT max(key), count(*) FROM (SELECT key FROM syncd.mirror WHERE key >= ? ORDER BY key LIMIT ?) near;

-- posting: where a posting has come from, of which source row and of which subject
SELECT position, source, subject FROM syncd.posting WHERE pipeline = ? AND seq = ?;

-- changed: a change that was parked or collected, by its subject and its position
SELECT change FROM syncd.parked WHERE subject = ? AND pipeline = ? AND position = ?
UNION ALL SELECT change FROM syncd.collected WHERE subject = ? AND pipeline = ? AND position = ?;

-- made: what was made of a source row, and where that has come from
SELECT position, content FROM syncd.posting WHERE pipeline = ? AND source <> '' AND source = ?;

-- collected: the rows of a subject that are collected, or were
SELECT position, change FROM syncd.collected WHERE pipeline = ? AND subject = ?;

-- Each paragraph is one transaction; recorded by record.py as pgoutput sends them.
INSERT INTO eam.asset VALUES (1, 'SB-001', '数控车床 “1号”', 150000.00, '2026-01-31', '2026-01-31 08:00', '2026-01-31 08:00+08', 'use', true, repeat('long', 600));

INSERT INTO eam.asset (id) VALUES (2);

UPDATE eam.asset SET value = 150000.50 WHERE id = 1;

UPDATE eam.asset SET id = 3 WHERE id = 2;

DELETE FROM eam.asset WHERE id = 3;

INSERT INTO eam.cost VALUES ('A', 1, 'NaN', 1767225600, '20260131', repeat('long', 600)), ('B', 2, 1.005, -1, '2026111', 'short');

UPDATE eam.cost SET amount = 12.30 WHERE kind = 'A';

UPDATE eam.cost SET kind = 'C' WHERE kind = 'B';

DELETE FROM eam.cost WHERE kind = 'A';

ALTER TABLE eam.asset DROP COLUMN ok, ADD COLUMN site text, ALTER COLUMN value TYPE text;
INSERT INTO eam.asset VALUES (4, 'SB-004', '', '12,000.00', 'infinity', '0044-03-15 00:00 BC', '2026-01-31 08:00+08', 'idle', 'long', '上海');

TRUNCATE eam.asset, eam.cost;

SELECT pg_logical_emit_message(true, 'syncd', 'beat');

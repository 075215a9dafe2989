-- Updates and deletes, with whole row images and with partial ones.
UPDATE wide SET b = 'changed', q = NULL WHERE id IN (1, 2);

DELETE FROM wide WHERE id = 3;

SET SESSION binlog_row_image = MINIMAL;

UPDATE wide SET b = 'minimal', h = NULL WHERE id = 4;

UPDATE wide SET id = 40 WHERE id = 4;

DELETE FROM wide WHERE id = 40;

INSERT INTO wide (id, a, c, f, r, q) VALUES (5, 50, 3, 'f', 18, 'partial');

SET SESSION binlog_row_image = NOBLOB;

UPDATE words SET utf8mb4 = 'no blob' WHERE id = 1;

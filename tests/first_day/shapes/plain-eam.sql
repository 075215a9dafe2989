-- Plain English; what was charged stands in rows of their own alone.
CREATE TABLE dep_unit (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    short VARCHAR(10) NOT NULL UNIQUE,
    title VARCHAR(60) NOT NULL
);
CREATE TABLE asset_kind (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    code VARCHAR(10) NOT NULL UNIQUE,
    title VARCHAR(60) NOT NULL,
    life_years INTEGER
);
CREATE TABLE fixed_asset (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tag VARCHAR(20) NOT NULL UNIQUE,
    title VARCHAR(80) NOT NULL,
    unit_id INTEGER NOT NULL REFERENCES dep_unit (id),
    kind_id INTEGER NOT NULL REFERENCES asset_kind (id),
    cost DECIMAL(14,2) NOT NULL,
    commissioned_at DATETIME NULL,
    state VARCHAR(12) NOT NULL,
    disposed_on DATE NULL
);
CREATE TABLE monthly_depreciation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    asset_id INTEGER NOT NULL REFERENCES fixed_asset (id),
    month CHAR(7) NOT NULL,
    amount DECIMAL(14,2) NOT NULL,
    booked BOOLEAN NOT NULL
);
INSERT INTO dep_unit (short, title) VALUES ('P1','Press shop'),('T1','Tool room');
INSERT INTO asset_kind (code, title, life_years) VALUES ('MACH','Machines',10),('IT','Computers',3);
INSERT INTO fixed_asset (tag, title, unit_id, kind_id, cost, commissioned_at, state) VALUES
    ('M-001','Lathe',1,1,48000.00,'2026-01-05 09:00:00','in_service'),
    ('M-002','Mill',2,1,36000.50,'2026-01-08 10:30:00','in_service'),
    ('C-001','Laptop',2,2,1800.00,'2026-01-12 08:00:00','in_service'),
    ('M-003','Saw',1,1,9000.00,NULL,'ordered'),
    ('M-000','Old press',1,1,7000.00,'2012-01-01 00:00:00','scrapped');
INSERT INTO monthly_depreciation (asset_id, month, amount, booked) VALUES
    (1,'2026-01',400.00,1),
    (2,'2026-01',300.00,1);

CREATE SCHEMA eam;
CREATE TABLE eam.department (id BIGINT PRIMARY KEY, code TEXT NOT NULL, kind TEXT NOT NULL);
CREATE TABLE eam.asset (
    id             BIGINT PRIMARY KEY,
    asset_code     TEXT NOT NULL,
    name           TEXT NOT NULL,
    class_code     TEXT NOT NULL,
    department_id  BIGINT NOT NULL,
    status         TEXT NOT NULL,
    original_value NUMERIC(18, 2) NOT NULL,
    life_months    INTEGER NOT NULL,
    purchase_date  DATE NOT NULL,
    approved_on    DATE NOT NULL
);
ALTER TABLE eam.asset REPLICA IDENTITY FULL;
ALTER TABLE eam.department REPLICA IDENTITY FULL;
INSERT INTO eam.department
SELECT n, 'D' || n, CASE n % 2 WHEN 0 THEN 'production' ELSE 'administration' END FROM generate_series(1, 20) AS n;

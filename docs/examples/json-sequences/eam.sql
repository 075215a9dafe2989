-- An EAM on PostgreSQL of the kind that has text for keys and puts whatever there is into JSON. A policy shows each plant its own
-- rows, and nobody else's.
CREATE TYPE equipment_state AS ENUM ('planned', 'in_service', 'retired');

CREATE TABLE equipment (
    tag text PRIMARY KEY,                                   -- 'P-101/A'
    plant text NOT NULL,
    state equipment_state NOT NULL DEFAULT 'planned',
    sheet jsonb NOT NULL,                                   -- {"name": …, "purchase": {"price": "48000.00", "on": "2026-02-03"}}
    labels text[] NOT NULL DEFAULT '{}',                    -- 'leased', 'ex', …
    cost_centres text[] NOT NULL,                           -- the first one bears it
    changed_on date
);
CREATE TABLE work_order (
    no text PRIMARY KEY,
    tag text NOT NULL REFERENCES equipment,
    plant text NOT NULL,
    body jsonb NOT NULL                                     -- {"state": "closed", "on": …, "parts": [{"cost": "…", "capital": true}]}
);

ALTER TABLE equipment ENABLE ROW LEVEL SECURITY;
ALTER TABLE work_order ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_plant ON equipment USING (plant = current_setting('eam.plant', true));
CREATE POLICY own_plant ON work_order USING (plant = current_setting('eam.plant', true));

INSERT INTO equipment VALUES
    ('P-001', 'north', 'in_service', '{"name": "Pump", "purchase": {"price": "30000.00", "on": "2025-05-20"}}', '{}', '{SC}', NULL),
    ('C-001', 'south', 'in_service', '{"name": "Compressor", "purchase": {"price": 8000.40, "on": "2025-11-02"}}', '{ex}', '{SC,YF}', NULL),
    ('L-001', 'south', 'in_service', '{"name": "Lorry", "purchase": {"price": "1", "on": "2025-01-01"}}', '{leased}', '{SC}', NULL);

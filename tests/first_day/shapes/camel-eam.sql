-- Names of two cases, a flag for a state.
CREATE TABLE AssetMaster (
    AssetId INTEGER PRIMARY KEY,
    AssetTag TEXT NOT NULL UNIQUE,
    Description TEXT,
    CostCenter TEXT,
    PurchasePrice REAL,
    InServiceDate DATETIME,
    IsActive BOOLEAN NOT NULL
);
INSERT INTO AssetMaster VALUES
    (1,'T-1','Lathe','CC1',100.5,'2026-01-05 08:00:00',1),
    (2,'T-2','Mill','CC2',250.25,'2026-01-06 09:30:00',1),
    (3,'T-3','Saw','CC2',70.0,NULL,0);

-- Numbers written with their year, a day up to which the books are closed; no cards.
CREATE TABLE ChartOfAccounts (
    AccountNo TEXT PRIMARY KEY,
    AccountName TEXT NOT NULL,
    IsGroup INTEGER NOT NULL
);
CREATE TABLE JournalEntry (
    JournalId INTEGER PRIMARY KEY AUTOINCREMENT,
    DocNo TEXT NOT NULL UNIQUE,
    PostingDate DATE NOT NULL,
    Memo TEXT,
    ExternalRef TEXT,
    Posted INTEGER NOT NULL
);
CREATE TABLE JournalLine (
    LineId INTEGER PRIMARY KEY AUTOINCREMENT,
    JournalId INTEGER NOT NULL REFERENCES JournalEntry,
    LineNo INTEGER NOT NULL,
    AccountNo TEXT NOT NULL REFERENCES ChartOfAccounts,
    Debit DECIMAL(18,2) NOT NULL,
    Credit DECIMAL(18,2) NOT NULL,
    CostCenter TEXT,
    Currency TEXT NOT NULL
);
CREATE TABLE CompanySettings (
    Id INTEGER PRIMARY KEY,
    CompanyName TEXT,
    LockDate DATE
);
INSERT INTO ChartOfAccounts VALUES
    ('1500','Property, plant and equipment',0),
    ('2000','Accounts payable',0),
    ('1000','Cash at bank',0),
    ('1','Assets',1);
INSERT INTO JournalEntry VALUES
    (1,'JV-2025-0001','2025-12-01','opening',NULL,1),
    (2,'JV-2025-0002','2025-12-03','x',NULL,1);
INSERT INTO JournalLine VALUES
    (1,1,1,'1500',10.00,0,'CC1','USD'),
    (2,1,2,'1000',0,10.00,NULL,'USD'),
    (3,2,1,'1500',20.00,0,'CC1','USD'),
    (4,2,2,'2000',0,20.00,NULL,'USD');
INSERT INTO CompanySettings VALUES
    (1,'X','2025-12-31');

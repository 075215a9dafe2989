-- A ledger of pinyin initials, for which no word list was completed.
CREATE TABLE cwkm (kmdm TEXT PRIMARY KEY, kmmc TEXT NOT NULL, mjbz TEXT NOT NULL);
CREATE TABLE cwqj (qjdm TEXT PRIMARY KEY, qsrq DATE NOT NULL, zzrq DATE NOT NULL, jzbz TEXT NOT NULL);
CREATE TABLE cwpz (pznm INTEGER PRIMARY KEY, qjdm TEXT NOT NULL REFERENCES cwqj, pzzl TEXT NOT NULL, pzhm INTEGER NOT NULL, zdrq DATE NOT NULL, djzs INTEGER, zdxm TEXT NOT NULL, wbhm TEXT, UNIQUE (qjdm, pzzl, pzhm));
CREATE TABLE cwfl (pznm INTEGER NOT NULL REFERENCES cwpz, flbh INTEGER NOT NULL, flzy TEXT, kmdm TEXT NOT NULL REFERENCES cwkm, jfje DECIMAL(18,2) NOT NULL, dfje DECIMAL(18,2) NOT NULL, bmdm TEXT, PRIMARY KEY (pznm, flbh));
CREATE TABLE gdzc (zcbm TEXT PRIMARY KEY, zcmc TEXT NOT NULL, zclb TEXT, sybm TEXT, zcyz DECIMAL(18,2) NOT NULL, ljzj DECIMAL(18,2) NOT NULL, ksrq DATE, sybz TEXT NOT NULL);
INSERT INTO cwkm VALUES ('1601','固定资产','1'),('1602','累计折旧','1'),('1606','固定资产清理','1'),('2202','应付账款','1'),('1002','银行存款','1'),('660202','折旧费','1');
INSERT INTO cwqj VALUES ('202512','2025-12-01','2025-12-31','1'),('202601','2026-01-01','2026-01-31','0'),('202602','2026-02-01','2026-02-28','0');
INSERT INTO cwpz VALUES (1,'202512','转',1,'2025-12-04',1,'赵',NULL),(2,'202512','转',2,'2025-12-06',1,'赵',NULL);
INSERT INTO cwfl VALUES (1,1,'购','1601',3000.00,0,'C20'),(1,2,'购','2202',0,3000.00,NULL),(2,1,'购','1601',10.00,0,'C10'),(2,2,'购','2202',0,10.00,NULL);
INSERT INTO gdzc VALUES ('E-0900','Old saw','TLS','C20',3000.00,2900.00,'2011-05-01','1'),('E-0901','Bench','TLS','C10',10.00,0.00,'2025-12-06','1');

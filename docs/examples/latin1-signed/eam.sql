-- An EAM on an old MariaDB: latin1, money in DOUBLE, no day is a day of zeros, what an asset cost stands in a second
-- table, orders are a header and its lines.
SET sql_mode = '';

CREATE TABLE anlage (
    anl_nr CHAR(10) NOT NULL,
    bezeichnung VARCHAR(40) NOT NULL DEFAULT '',
    kst CHAR(6) NOT NULL DEFAULT '',
    zugang DATE NOT NULL DEFAULT '0000-00-00',
    abgang DATE NOT NULL DEFAULT '0000-00-00',
    PRIMARY KEY (anl_nr)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE anlage_wert (
    anl_nr CHAR(10) NOT NULL,
    ahk DOUBLE NOT NULL DEFAULT 0,
    PRIMARY KEY (anl_nr)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE bestellung (
    best_nr INT UNSIGNED NOT NULL AUTO_INCREMENT,
    lieferant VARCHAR(40) NOT NULL DEFAULT '',
    freigabe DATE NOT NULL DEFAULT '0000-00-00',
    status CHAR(1) NOT NULL DEFAULT 'E',
    PRIMARY KEY (best_nr)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE bestell_pos (
    best_nr INT UNSIGNED NOT NULL,
    pos SMALLINT NOT NULL,
    art CHAR(1) NOT NULL DEFAULT 'M',
    text VARCHAR(40) NOT NULL DEFAULT '',
    menge DOUBLE NOT NULL DEFAULT 1,
    preis DOUBLE NOT NULL DEFAULT 0,
    PRIMARY KEY (best_nr, pos)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE zahlung (
    zahl_nr INT UNSIGNED NOT NULL AUTO_INCREMENT,
    best_nr INT UNSIGNED NOT NULL,
    datum DATE NOT NULL DEFAULT '0000-00-00',
    betrag DOUBLE NOT NULL DEFAULT 0,
    PRIMARY KEY (zahl_nr)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

INSERT INTO anlage VALUES ('M-0001', 'Fräsmaschine', '4100', '2019-06-12', '0000-00-00');
INSERT INTO anlage_wert VALUES ('M-0001', 38000.4);
INSERT INTO anlage VALUES ('M-0002', 'Säge', '4200', '2015-01-30', '2024-12-31');
INSERT INTO anlage_wert VALUES ('M-0002', 1200);

-- A ledger on MariaDB as small packages keep it: the amount carries the sign, ids are AUTO_INCREMENT, one series of
-- numbers runs through all years, and one setting says up to which day the books are closed.
CREATE TABLE account (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    acct_no VARCHAR(10) NOT NULL UNIQUE,
    title VARCHAR(60) NOT NULL,
    active TINYINT NOT NULL DEFAULT 1
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE setting (name VARCHAR(40) NOT NULL PRIMARY KEY, value VARCHAR(40) NOT NULL) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE register (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    inv_no CHAR(10) NOT NULL UNIQUE,
    label VARCHAR(40) NOT NULL,
    centre CHAR(6) NOT NULL,
    cost DOUBLE NOT NULL DEFAULT 0,
    since DATE NOT NULL DEFAULT '0000-00-00',
    gone TINYINT NOT NULL DEFAULT 0
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE booking (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    serial_no INT NOT NULL UNIQUE,
    booked_on DATE NOT NULL,
    text VARCHAR(100) NOT NULL,
    ref VARCHAR(190) NULL,
    entered TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    KEY booking_ref (ref)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

CREATE TABLE booking_line (
    id INT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    booking_id INT NOT NULL,
    account_id INT NOT NULL,
    centre CHAR(6) NULL,
    amount DECIMAL(15, 2) NOT NULL,
    KEY line_booking (booking_id),
    FOREIGN KEY (booking_id) REFERENCES booking (id),
    FOREIGN KEY (account_id) REFERENCES account (id)
) ENGINE = InnoDB DEFAULT CHARSET = latin1;

INSERT INTO account VALUES
    (7, '0400', 'Maschinen', 1), (8, '1600', 'Verbindlichkeiten', 1), (9, '2310', 'Anlagenabgänge', 1),
    (10, '9000', 'Saldenvortrag', 1), (11, '0399', 'Maschinen alt', 0);
INSERT INTO setting VALUES ('closed_until', '2026-01-31'), ('currency', 'EUR');
INSERT INTO booking VALUES (5, 4711, '2026-01-01', 'Saldenvortrag', NULL, '2026-01-01 08:00:00');
INSERT INTO booking_line VALUES (NULL, 5, 7, NULL, 38000.40), (NULL, 5, 10, NULL, -38000.40);

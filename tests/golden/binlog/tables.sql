-- Every column type, and every form that bytes take in a row.
CREATE TABLE every (
    id INT PRIMARY KEY, tiny TINYINT, tiny_unsigned TINYINT UNSIGNED, small SMALLINT, small_unsigned SMALLINT UNSIGNED,
    medium MEDIUMINT, medium_unsigned MEDIUMINT UNSIGNED, whole INT, whole_unsigned INT UNSIGNED, big BIGINT,
    big_unsigned BIGINT UNSIGNED, flag BOOLEAN, bit1 BIT(1), bit9 BIT(9), bit64 BIT(64), single FLOAT, twice DOUBLE,
    bought DATE, built YEAR, status ENUM('草稿', '在用', '报废') CHARACTER SET gbk, marks SET('a', 'b', '丙', 'd', 'e', 'f', 'g', 'h', 'i'),
    note JSON, place POINT, raw VARBINARY(300), raw_long BLOB, raw_fixed BINARY(4)
) CHARACTER SET utf8mb4;
CREATE TABLE amount (
    id INT PRIMARY KEY, d1 DECIMAL(1, 0), d4_4 DECIMAL(4, 4), d5_2 DECIMAL(5, 2), d9 DECIMAL(9, 0), d10_1 DECIMAL(10, 1),
    d18_2 DECIMAL(18, 2), d20_9 DECIMAL(20, 9), d38_10 DECIMAL(38, 10), d30_30 DECIMAL(30, 30), d65 DECIMAL(65, 0),
    d65_30 DECIMAL(65, 30)
);
CREATE TABLE moment (
    id INT PRIMARY KEY, dt0 DATETIME, dt1 DATETIME(1), dt2 DATETIME(2), dt3 DATETIME(3), dt4 DATETIME(4),
    dt5 DATETIME(5), dt6 DATETIME(6), ts0 TIMESTAMP NULL, ts1 TIMESTAMP(1) NULL, ts2 TIMESTAMP(2) NULL,
    ts3 TIMESTAMP(3) NULL, ts4 TIMESTAMP(4) NULL, ts5 TIMESTAMP(5) NULL, ts6 TIMESTAMP(6) NULL, t0 TIME, t1 TIME(1),
    t2 TIME(2), t3 TIME(3), t4 TIME(4), t5 TIME(5), t6 TIME(6)
);
CREATE TABLE words (
    id INT PRIMARY KEY, utf8mb4 VARCHAR(63) CHARACTER SET utf8mb4, utf8mb4_long VARCHAR(64) CHARACTER SET utf8mb4,
    utf8mb3 VARCHAR(100) CHARACTER SET utf8mb3, latin1 VARCHAR(100) CHARACTER SET latin1,
    gbk VARCHAR(100) CHARACTER SET gbk, gb2312 TEXT CHARACTER SET gb2312, big5 VARCHAR(100) CHARACTER SET big5,
    ucs2 VARCHAR(100) CHARACTER SET ucs2, utf16 TEXT CHARACTER SET utf16, utf32 VARCHAR(10) CHARACTER SET utf32,
    fixed CHAR(10) CHARACTER SET utf8mb4, fixed_long CHAR(255) CHARACTER SET utf8mb4, fixed_gbk CHAR(5) CHARACTER SET gbk,
    tiny TINYTEXT CHARACTER SET utf8mb4, medium MEDIUMTEXT CHARACTER SET latin1, endless LONGTEXT CHARACTER SET utf8mb4,
    packed VARCHAR(500) COMPRESSED CHARACTER SET utf8mb4, packed_long TEXT COMPRESSED CHARACTER SET gbk,
    status ENUM('é', 'ü') CHARACTER SET latin1, marks SET('é', 'ü') CHARACTER SET latin1
) CHARACTER SET utf8mb4;
CREATE TABLE wide (
    a INT NOT NULL, b VARCHAR(10), c INT NOT NULL, d SMALLINT, e DATE, f VARCHAR(10) NOT NULL, g BIGINT, h INT, i INT,
    j INT, k INT, l INT, m INT, n INT, o INT, p INT, q VARCHAR(10), r INT NOT NULL, id INT, PRIMARY KEY (id, c), UNIQUE (a)
) CHARACTER SET utf8mb4;

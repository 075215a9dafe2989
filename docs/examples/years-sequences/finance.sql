-- A ledger on PostgreSQL that trusts nobody: sequences behind triggers, sums that are checked at the commit, balances
-- that a trigger keeps, numbers that are unique among the vouchers that are valid.
CREATE SCHEMA gl;

CREATE TABLE gl.account (id integer PRIMARY KEY, code text NOT NULL UNIQUE, name text NOT NULL, postable boolean NOT NULL);
CREATE TABLE gl.cost_center (id integer PRIMARY KEY, code text NOT NULL UNIQUE);
CREATE TABLE gl.period (
    id integer PRIMARY KEY, code text NOT NULL UNIQUE, starts_on date NOT NULL, ends_on date NOT NULL,
    state text NOT NULL CHECK (state IN ('open', 'closed'))
);

CREATE TABLE gl.asset (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,                                     -- 'owned'; what is leased stands here, too
    tag text NOT NULL,
    title text NOT NULL,
    cost numeric(16, 2) NOT NULL CHECK (cost >= 0),
    cost_center_id integer REFERENCES gl.cost_center,
    state text NOT NULL
);
CREATE UNIQUE INDEX one_owned ON gl.asset (tag) WHERE kind = 'owned';

CREATE SEQUENCE gl.entry_id START 1000;
CREATE TABLE gl.entry (
    id bigint PRIMARY KEY,
    period_id integer NOT NULL REFERENCES gl.period,
    fiscal_year integer NOT NULL,
    kind text NOT NULL,
    number integer NOT NULL,
    entry_date date NOT NULL,
    memo text NOT NULL,
    state text NOT NULL DEFAULT 'posted' CHECK (state IN ('posted', 'void')),
    origin text                                             -- which system made it, and what it calls it
);
CREATE UNIQUE INDEX one_number ON gl.entry (fiscal_year, kind, number) WHERE state = 'posted';
CREATE INDEX entry_origin ON gl.entry (origin);

CREATE TABLE gl.line (
    entry_id bigint NOT NULL REFERENCES gl.entry DEFERRABLE INITIALLY DEFERRED,
    line integer NOT NULL,
    account_id integer NOT NULL REFERENCES gl.account DEFERRABLE INITIALLY DEFERRED,
    cost_center_id integer REFERENCES gl.cost_center,
    debit numeric(16, 2) NOT NULL CHECK (debit >= 0),
    credit numeric(16, 2) NOT NULL CHECK (credit >= 0),
    memo text NOT NULL,
    PRIMARY KEY (entry_id, line)
);

CREATE TABLE gl.balance (
    account_id integer NOT NULL REFERENCES gl.account, fiscal_year integer NOT NULL,
    debit numeric(16, 2) NOT NULL, credit numeric(16, 2) NOT NULL, PRIMARY KEY (account_id, fiscal_year)
);

CREATE FUNCTION gl.draw_id() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('gl.entry_id'));
    RETURN NEW;
END $$;
CREATE TRIGGER draw_id BEFORE INSERT ON gl.entry FOR EACH ROW EXECUTE FUNCTION gl.draw_id();

CREATE FUNCTION gl.keep_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO gl.balance AS b
    SELECT NEW.account_id, fiscal_year, NEW.debit, NEW.credit FROM gl.entry WHERE id = NEW.entry_id
    ON CONFLICT (account_id, fiscal_year)
    DO UPDATE SET debit = b.debit + excluded.debit, credit = b.credit + excluded.credit;
    RETURN NULL;
END $$;
CREATE TRIGGER keep_balance AFTER INSERT ON gl.line FOR EACH ROW EXECUTE FUNCTION gl.keep_balance();

CREATE FUNCTION gl.must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(debit) <> sum(credit) FROM gl.line WHERE entry_id = NEW.entry_id) THEN
        RAISE EXCEPTION 'entry % does not balance', NEW.entry_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER must_balance AFTER INSERT OR UPDATE ON gl.line
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION gl.must_balance();

INSERT INTO gl.account VALUES
    (10, '1601', '固定资产', true), (20, '1606', '固定资产清理', true), (30, '2202', '应付账款', true),
    (40, '4001', '实收资本', true), (90, '16', '长期资产', false);
INSERT INTO gl.cost_center VALUES (1, 'SC'), (2, 'YF');
INSERT INTO gl.period VALUES
    (202512, '2025-12', '2025-12-01', '2025-12-31', 'closed'),
    (202601, '2026-01', '2026-01-01', '2026-01-31', 'closed'),
    (202602, '2026-02', '2026-02-01', '2026-02-28', 'open'),
    (202603, '2026-03', '2026-03-01', '2026-03-31', 'open');

-- What was there before: last year's assets, entered by hand.
BEGIN;
INSERT INTO gl.entry (period_id, fiscal_year, kind, number, entry_date, memo)
VALUES (202601, 2026, '转', 1, '2026-01-01', '期初资产');
INSERT INTO gl.line VALUES (1000, 1, 10, NULL, 38000.40, 0, '期初资产'), (1000, 2, 40, NULL, 0, 38000.40, '期初资产');
COMMIT;

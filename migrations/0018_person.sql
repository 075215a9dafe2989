-- Who may do what: where an account is let, whose it is at a command line, tokens of machines, and what a request that
-- is sent twice was answered the first time.

ALTER TABLE syncd.account ADD COLUMN pipelines TEXT NOT NULL DEFAULT '';   -- JSON: names; empty for all
ALTER TABLE syncd.account ADD COLUMN companies TEXT NOT NULL DEFAULT '';   -- JSON: books of layouts; empty for all

CREATE TABLE syncd.host_user (          -- users of the operating system who are somebody at a command line
    name          TEXT PRIMARY KEY,
    account       TEXT NOT NULL,
    mapped_at     TEXT NOT NULL
);

CREATE TABLE syncd.token (
    name          TEXT PRIMARY KEY,     -- which one, for people; it begins the token
    digest        TEXT NOT NULL,        -- of the whole token, which is shown once
    account       TEXT NOT NULL,
    scope         TEXT NOT NULL,        -- JSON: actions that it is good for
    made_at       TEXT NOT NULL,
    expires_at    TEXT NOT NULL,
    revoked_at    TEXT NOT NULL         -- empty while it is good
);

CREATE TABLE syncd.answered (           -- requests to the API that change something
    account       TEXT NOT NULL,
    key           TEXT NOT NULL,        -- as the caller chose it
    digest        TEXT NOT NULL,        -- of what was asked
    status        BIGINT NOT NULL,      -- 0 while it is in hand
    body          TEXT NOT NULL,
    at            TEXT NOT NULL,
    PRIMARY KEY (key, account)
);

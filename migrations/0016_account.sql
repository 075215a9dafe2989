-- People who sign in to the console. Their names stand beside what they did, so an account is closed and never deleted.

CREATE TABLE syncd.account (
    name          TEXT PRIMARY KEY,
    password      TEXT NOT NULL,        -- as argon2 keeps it
    roles         TEXT NOT NULL,        -- JSON: names of roles
    opened_at     TEXT NOT NULL,
    closed_at     TEXT NOT NULL,        -- empty while it is open
    failures      BIGINT NOT NULL,      -- wrong passwords since the last right one
    locked_until  TEXT NOT NULL         -- empty where it is not locked
);

CREATE TABLE syncd.session (            -- signed in, from one browser
    digest        TEXT PRIMARY KEY,     -- of the secret that the browser holds
    account       TEXT NOT NULL,
    begun_at      TEXT NOT NULL,
    seen_at       TEXT NOT NULL
);
CREATE INDEX syncd_session_account ON syncd.session (account);

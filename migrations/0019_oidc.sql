-- People who are known to a provider by OpenID Connect, and sign-ins by it that were taken, none of which is taken twice.

CREATE TABLE syncd.identity (
    subject       TEXT NOT NULL,        -- what the issuer calls somebody for ever
    issuer        TEXT NOT NULL,
    account       TEXT NOT NULL,
    follows       BIGINT NOT NULL,      -- 1 where the issuer's groups say the account's roles, 0 where an administrator does
    bound_at      TEXT NOT NULL,
    PRIMARY KEY (subject, issuer)
);

CREATE TABLE syncd.nonce (
    digest        TEXT PRIMARY KEY,
    used_at       TEXT NOT NULL
);

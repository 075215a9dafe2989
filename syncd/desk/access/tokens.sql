-- tokens: all of them, the newest first
SELECT name, account, scope, made_at, expires_at, revoked_at FROM syncd.token ORDER BY made_at DESC, name;

-- add: a new token
INSERT INTO syncd.token (name, digest, account, scope, made_at, expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, '');

-- revoke: it is good for nothing any more
UPDATE syncd.token SET revoked_at = ? WHERE name = ? AND revoked_at = '';

-- holder: a token by its name, and the account that acts by it
SELECT t.digest, t.scope, t.expires_at, t.revoked_at,
       a.name, a.password, a.roles, a.closed_at, a.failures, a.locked_until, a.pipelines, a.companies
FROM syncd.token t JOIN syncd.account a ON a.name = t.account WHERE t.name = ?;

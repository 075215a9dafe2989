-- bound: whose account somebody's is who a provider knows
SELECT i.follows, a.name, a.roles, a.closed_at FROM syncd.identity i JOIN syncd.account a ON a.name = i.account
WHERE i.subject = ? AND i.issuer = ?;

-- every: all who are bound
SELECT account, issuer, subject, follows FROM syncd.identity ORDER BY account, issuer, subject;

-- bind: somebody is known by an account from now on
INSERT INTO syncd.identity (subject, issuer, account, follows, bound_at) VALUES (?, ?, ?, ?, ?);

-- unbind: and is not any more
DELETE FROM syncd.identity WHERE subject = ? AND issuer = ?;

-- used: whether a sign-in was taken
SELECT 1 FROM syncd.nonce WHERE digest = ?;

-- use: it is
INSERT INTO syncd.nonce (digest, used_at) VALUES (?, ?);

-- forget: those whose tokens are good for nothing by themselves
DELETE FROM syncd.nonce WHERE used_at < ?;

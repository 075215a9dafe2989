-- account: one account by name
SELECT name, password, roles, closed_at, failures, locked_until, pipelines, companies FROM syncd.account WHERE name = ?;

-- accounts: all of them
SELECT name, password, roles, closed_at, failures, locked_until, pipelines, companies FROM syncd.account ORDER BY name;

-- open: a new account
INSERT INTO syncd.account (name, password, roles, opened_at, closed_at, failures, locked_until)
VALUES (?, ?, ?, ?, '', 0, '');

-- password: another password; who was locked out is not any more
UPDATE syncd.account SET password = ?, failures = 0, locked_until = '' WHERE name = ?;

-- roles: other roles
UPDATE syncd.account SET roles = ? WHERE name = ?;

-- limit: where it is let
UPDATE syncd.account SET pipelines = ?, companies = ? WHERE name = ?;

-- close: nobody signs in with it any more
UPDATE syncd.account SET closed_at = ? WHERE name = ? AND closed_at = '';

-- failed: a wrong password, and so many lock; counted here, for many may be tried at once. A server that assigns from
-- left to right has to find the count before
UPDATE syncd.account SET locked_until = CASE WHEN failures + 1 < ? THEN locked_until ELSE ? END,
       failures = CASE WHEN failures + 1 < ? THEN failures + 1 ELSE 0 END
WHERE name = ?;

-- signed_in: the right password
UPDATE syncd.account SET failures = 0, locked_until = '' WHERE name = ?;

-- begin: a browser is let in
INSERT INTO syncd.session (digest, account, begun_at, seen_at) VALUES (?, ?, ?, ?);

-- session: whose a session is
SELECT s.begun_at, s.seen_at, a.name, a.password, a.roles, a.closed_at, a.failures, a.locked_until,
       a.pipelines, a.companies
FROM syncd.session s JOIN syncd.account a ON a.name = s.account WHERE s.digest = ?;

-- seen: it was used
UPDATE syncd.session SET seen_at = ? WHERE digest = ?;

-- sessions: those that go on
SELECT account, begun_at, seen_at, digest FROM syncd.session WHERE seen_at >= ? AND begun_at >= ?
ORDER BY account, begun_at, digest;

-- end: it is over
DELETE FROM syncd.session WHERE digest = ?;

-- end_all: all of an account's are over
DELETE FROM syncd.session WHERE account = ?;

-- forget: those that were not used for long
DELETE FROM syncd.session WHERE seen_at < ? OR begun_at < ?;

-- host_users: users of the operating system and whose accounts they are
SELECT name, account FROM syncd.host_user ORDER BY name;

-- host_user: whose account a user of the operating system is
SELECT a.name, a.password, a.roles, a.closed_at, a.failures, a.locked_until, a.pipelines, a.companies
FROM syncd.host_user h JOIN syncd.account a ON a.name = h.account WHERE h.name = ?;

-- map: a user of the operating system is somebody
INSERT INTO syncd.host_user (name, account, mapped_at) VALUES (?, ?, ?);

-- unmap: and is nobody any more
DELETE FROM syncd.host_user WHERE name = ?;

-- token_holders: whose tokens are good, or were until they expired, and for what
SELECT account, scope FROM syncd.token WHERE revoked_at = '';

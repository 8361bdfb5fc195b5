package account

const (
	sqlBrandID = `select id from brands where app_id = $1`
	sqlBrand   = `select app_id, name, country_id, config, sandbox, disabled, clock_offset, created_at, version
		from brands where id = $1`

	sqlInsertBrand = `insert into brands
		(id, app_id, name, country_id, config, sandbox, disabled, clock_offset, created_at, version)
		values ($1, $2, $3, $4, $5, $6, false, 0, $7, 1) on conflict (app_id) do nothing`
	sqlAdvanceClock = `update brands set clock_offset = clock_offset + $2, version = version + 1
		where id = $1 and sandbox and clock_offset + $2 <= $3`
	sqlSetClock = `update brands set clock_offset = $2, version = version + 1
		where id = $1 and sandbox and clock_offset <= $2 and $2 <= $3`
	sqlUpdateBrand = `update brands set name = $3, country_id = $4, config = $5, version = version + 1
		where id = $1 and version = $2`
	sqlDisableBrand = `update brands set disabled = $2, version = version + 1 where id = $1`
	sqlLockBrand    = `update brands set version = version where id = $1`

	// Inserts nothing when there is no such account.
	sqlInsertOwner = `insert into memberships (brand_id, account_id, level, stores, created_at, version)
		select cast($1 as integer), id, $3, '', cast($4 as bigint), 1 from accounts where id = $2`
	// Inserts nothing when there is no such account.
	sqlSetMember = `insert into memberships (brand_id, account_id, level, stores, created_at, version)
		select cast($1 as integer), id, $3, $4, cast($5 as bigint), 1 from accounts where id = $2
		on conflict (brand_id, account_id) do update
		set level = excluded.level, stores = excluded.stores, version = memberships.version + 1`
	sqlRemoveMember = `delete from memberships where brand_id = $1 and account_id = $2`
	sqlAddMember    = `insert into memberships (brand_id, account_id, level, stores, created_at, version, teammate_id)
		values ($1, $2, $3, $4, $5, 1, $6) on conflict (brand_id, account_id) do nothing`
	sqlChangeMember = `update memberships set level = $3, stores = $4, version = version + 1
		where brand_id = $1 and account_id = $2`
	sqlOwnersOfBrand = `select a.email from memberships m join accounts a on a.id = m.account_id
		where m.brand_id = $1 and m.level = 'Owner' and a.disabled = false order by a.id`
	sqlCountOwners = `select count(*) from memberships m join accounts a on a.id = m.account_id
		where m.brand_id = $1 and m.level = 'Owner' and a.disabled = false`

	sqlClaimFirst    = `insert into account_first (id, account_id) values (1, $1) on conflict do nothing`
	sqlInsertAccount = `insert into accounts (id, email, name, password_hash, disabled, created_at, updated_at, verified, version)
		values ($1, $2, $3, $4, false, $5, $5, $6, 1) on conflict (email) do nothing`
	sqlPassword = `select id, password_hash, disabled, verified from accounts where email = $1`

	sqlAccountCaller = `select name, email from accounts where id = $1 and disabled = false`
	sqlGrants        = `select b.id, b.app_id, m.level, m.stores
		from memberships m join brands b on b.id = m.brand_id
		where m.account_id = $1 and b.disabled = false order by b.id`
	sqlStanding = `select b.app_id, m.level, m.stores, a.name, a.email
		from memberships m join brands b on b.id = m.brand_id join accounts a on a.id = m.account_id
		where m.brand_id = $1 and m.account_id = $2 and b.disabled = false and a.disabled = false`

	sessionColumns   = `s.session_key, s.account_id, s.authenticated_at, s.methods, s.created_at, s.seen_at, s.expires_at, s.address, s.agent`
	sqlInsertSession = `insert into sessions
		(digest, session_key, account_id, authenticated_at, methods, created_at, seen_at, ends_at, expires_at, address, agent)
		values ($1, $2, $3, $4, $5, $4, $4, $6, $7, $8, $9)`
	sqlSession = `select ` + sessionColumns + ` from sessions s join accounts a on a.id = s.account_id
		where s.digest = $1 and s.ends_at > $2 and a.disabled = false`
	sqlTouchSession     = `update sessions set seen_at = $2, ends_at = $3 where digest = $1`
	sqlSessionsOf       = `select ` + sessionColumns + ` from sessions s where s.account_id = $1 and s.ends_at > $2 order by s.seen_at desc, s.session_key`
	sqlEndSession       = `delete from sessions where digest = $1`
	sqlEndSessionByKey  = `delete from sessions where account_id = $1 and session_key = $2`
	sqlEndOtherSessions = `delete from sessions where account_id = $1 and session_key <> $2`
	sqlSweepSessions    = `delete from sessions where digest in (
		select digest from sessions where ends_at <= $1 order by ends_at limit $2)`

	// Holds the account's row until the transaction ends.
	sqlHoldAccount = `update accounts set version = version where id = $1 and disabled = false
		returning email, name, password_hash`
	sqlCountSecondFactors = `select count(*) from account_totp where account_id = $1 and confirmed = true`

	sqlPersonOf    = `select id, email, name, verified from accounts where email = $1 and disabled = false`
	sqlPersonByID  = `select email, name, verified from accounts where id = $1 and disabled = false`
	sqlPasswordOf  = `select password_hash from accounts where id = $1 and disabled = false`
	sqlFirstBrand  = `select first_brand from accounts where id = $1`
	sqlSetSignUp   = `update accounts set language = $2, first_brand = $3 where id = $1`
	sqlSetPassword = `update accounts set password_hash = $2, verified = true, first_brand = '', updated_at = $3, version = version + 1
		where id = $1`
	sqlChangePassword = `update accounts set password_hash = $3, updated_at = $4, version = version + 1
		where id = $1 and password_hash = $2 and disabled = false`
	sqlVerifyWithoutPassword = `update accounts set verified = true, password_hash = '', first_brand = '', updated_at = $2, version = version + 1
		where id = $1 and verified = false`

	sqlPutPIN = `insert into account_pins (address_digest, purpose, pin_digest, tries, expires_at) values ($1, $2, $3, 0, $4)
		on conflict (address_digest, purpose) do update
		set pin_digest = excluded.pin_digest, tries = 0, expires_at = excluded.expires_at`
	sqlTryPIN = `update account_pins set tries = tries + 1
		where address_digest = $1 and purpose = $2 and tries < $3 and expires_at > $4`
	sqlTakePIN = `delete from account_pins where address_digest = $1 and purpose = $2 and pin_digest = $3`
	sqlEndPINs = `delete from account_pins where address_digest = $1`

	sqlInsertReset = `insert into account_resets (digest, account_id, expires_at) values ($1, $2, $3)`
	sqlTakeReset   = `delete from account_resets where digest = $1 and expires_at > $2 returning account_id`
	sqlEndResets   = `delete from account_resets where account_id = $1`

	// Replaces an authenticator app only while it is not confirmed.
	sqlBeginTOTP = `insert into account_totp (account_id, sealed, confirmed, last_step, created_at) values ($1, $2, false, 0, $3)
		on conflict (account_id) do update set sealed = excluded.sealed, created_at = excluded.created_at
		where account_totp.confirmed = false`
	sqlTOTP          = `select sealed, last_step from account_totp where account_id = $1 and confirmed = $2`
	sqlTakeStep      = `update account_totp set last_step = $2, confirmed = true where account_id = $1 and last_step < $2`
	sqlRemoveTOTP    = `delete from account_totp where account_id = $1`
	sqlPutRecovery   = `insert into account_recovery (account_id, digest) values ($1, $2)`
	sqlTakeRecovery  = `delete from account_recovery where account_id = $1 and digest = $2`
	sqlDropRecovery  = `delete from account_recovery where account_id = $1`
	sqlCountRecovery = `select count(*) from account_recovery where account_id = $1`
	sqlCountPasskeys = `select count(*) from passkeys where account_id = $1`

	sqlAddPasskey = `insert into passkeys (credential_id, passkey_key, account_id, name, doc, sign_count, created_at, used_at)
		select $1, $2, cast($3 as integer), $4, $5, cast($6 as bigint), cast($7 as bigint), 0
		where (select count(*) from passkeys where account_id = $3) < cast($8 as integer)
		on conflict (credential_id) do nothing`
	sqlPasskeys = `select passkey_key, credential_id, account_id, name, doc, created_at, used_at from passkeys
		where account_id = $1 order by created_at, passkey_key`
	sqlPasskey = `select p.passkey_key, p.credential_id, p.account_id, p.name, p.doc, p.created_at, p.used_at from passkeys p
		join accounts a on a.id = p.account_id where p.credential_id = $1 and a.disabled = false`
	sqlAnswerOnce = `insert into passkey_answers (digest, expires_at) values ($1, $2) on conflict (digest) do nothing`
	// Refuses a count that does not rise, unless the authenticator does not count at all.
	sqlUsePasskey = `update passkeys set sign_count = $2, doc = $3, used_at = $4
		where credential_id = $1 and (sign_count < $2 or sign_count = 0 and $2 = 0)`
	sqlRenamePasskey = `update passkeys set name = $3 where account_id = $1 and passkey_key = $2`
	sqlRemovePasskey = `delete from passkeys where account_id = $1 and passkey_key = $2`
	sqlSweepAnswers  = `delete from passkey_answers where digest in (
		select digest from passkey_answers where expires_at <= $1 order by expires_at limit $2)`

	sqlSweepPINs = `delete from account_pins where (address_digest, purpose) in (
		select address_digest, purpose from account_pins where expires_at <= $1 order by expires_at limit $2)`
	sqlSweepResets = `delete from account_resets where digest in (
		select digest from account_resets where expires_at <= $1 order by expires_at limit $2)`

	sqlProfile = `select email, name, verified, language, time_zone, phone, local_times, created_at, updated_at
		from accounts where id = $1 and disabled = false`

	sqlUpdateProfile = `update accounts set name = $2, language = $3, time_zone = $4, phone = $5, local_times = $6, updated_at = $7,
		version = version + 1 where id = $1 and disabled = false`

	sqlKnowsSite = `select count(*) from account_sites s join accounts a on a.id = s.account_id
		where a.email = $1 and s.site = $2 and s.seen_at > $3`
	sqlSeeSite = `insert into account_sites (account_id, site, seen_at) values ($1, $2, $3)
		on conflict (account_id, site) do update set seen_at = excluded.seen_at`
	sqlSweepSites = `delete from account_sites where (account_id, site) in (
		select account_id, site from account_sites where seen_at <= $1 order by seen_at limit $2)`

	sqlAsset       = `select content_type, content from assets where name = $1`
	sqlDropAssets  = `delete from assets where brand_id = $1 and kind = $2`
	sqlInsertAsset = `insert into assets (name, brand_id, kind, content_type, content, created_at)
		values ($1, $2, $3, $4, $5, $6) on conflict (name) do nothing`

	// Teammates are who has a level on brand $1, and who is invited to it.
	teammates = `select case when m.teammate_id = '' then cast(m.account_id as text) else m.teammate_id end as id,
			m.account_id, a.name, a.email, m.level, m.stores, m.created_at, cast(0 as bigint) as expires_at,
			coalesce((select max(s.seen_at) from sessions s where s.account_id = a.id), 0) as seen_at
		from memberships m join accounts a on a.id = m.account_id where m.brand_id = $1
		union all
		select id, 0, '', email, level, stores, created_at, expires_at, 0
		from teammate_invitations where brand_id = $1 and account_id = 0`
	teammateColumns = `id, account_id, name, email, level, stores, expires_at, seen_at`
	sqlTeammates    = `select ` + teammateColumns + ` from (` + teammates + `) t order by created_at, id`
	sqlTeammate     = `select ` + teammateColumns + ` from (` + teammates + `) t where id = $2`
	sqlTeammateAt   = `select ` + teammateColumns + ` from (` + teammates + `) t where email = $2 order by account_id desc limit 1`
	sqlMember       = `select ` + teammateColumns + ` from (` + teammates + `) t where account_id = $2`

	sqlCountInvitations = `select count(*) from teammate_invitations where brand_id = $1 and account_id = 0`
	sqlCountSent        = `select count(*) from audit_entries where account_id = $1 and action = $2 and at > $3`
	// An open invitation of the address is replaced under its id.
	sqlInvite = `insert into teammate_invitations
		(id, brand_id, email, level, stores, digest, inviter_id, account_id, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $9)
		on conflict (brand_id, email) do update
		set id = case when teammate_invitations.account_id = 0 then teammate_invitations.id else excluded.id end,
			level = excluded.level, stores = excluded.stores, digest = excluded.digest, inviter_id = excluded.inviter_id,
			account_id = 0, created_at = excluded.created_at, expires_at = excluded.expires_at
		returning id`
	sqlChangeInvitation = `update teammate_invitations set level = $2, stores = $3, inviter_id = $4 where id = $1 and account_id = 0`
	sqlDropInvitation   = `delete from teammate_invitations where id = $1`
	sqlTakeInvitation   = `update teammate_invitations set account_id = $2 where id = $1 and account_id = 0 and expires_at > $3`

	invitations = `select i.id, i.brand_id, b.app_id, b.name, i.email, i.level, i.stores, i.inviter_id, i.account_id,
			i.created_at, i.expires_at, exists (select 1 from accounts a where a.email = i.email and a.verified = true)
		from teammate_invitations i join brands b on b.id = i.brand_id where b.disabled = false`
	sqlInvitation       = invitations + ` and i.id = $1`
	sqlInvitationOfCode = invitations + ` and i.digest = $1`
	sqlInvitationsTo    = invitations + ` and i.email = $1 and i.account_id = 0 and i.expires_at > $2 order by i.created_at, i.id`

	sqlInsertAudit = `insert into audit_entries
		(entry_id, brand_id, account_id, oauth_app_id, name, action, target, detail, address, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	audit = `select entry_id, account_id, oauth_app_id, name, action, target, detail, address, at from audit_entries
		where brand_id = $1 and entry_id < $2 and substr(action, 1, $4) = $3 and at >= $5 and at < $6`
	auditPage  = ` order by entry_id desc limit $7`
	sqlAudit   = audit + auditPage
	sqlAuditOf = audit + ` and account_id = $8` + auditPage
)

package oauth

const (
	appColumns = `id, brand_id, owner_id, name, logo_uri, flow, refresh_usage, access_seconds, refresh_seconds,
		levels, stores, disabled, created_at, version, settings`

	sqlApp         = `select ` + appColumns + ` from oauth_apps where id = $1`
	sqlAppsOfBrand = `select ` + appColumns + ` from oauth_apps where brand_id = $1 order by created_at, id`

	sqlInsertApp = `insert into oauth_apps (` + appColumns + `)
		select $1, cast($2 as integer), cast($3 as integer), $4, $5, $6, $7, cast($8 as integer), cast($9 as integer),
			$10, $11, false, cast($12 as bigint), 1, '{}'
		where (select count(*) from oauth_apps where brand_id = $2) < cast($13 as integer)`
	sqlUpdateApp = `update oauth_apps set name = $3, logo_uri = $4, flow = $5, refresh_usage = $6, access_seconds = $7,
		refresh_seconds = $8, settings = $9, levels = $10, stores = $11, version = version + 1 where id = $1 and version = $2`
	sqlLockApp   = `update oauth_apps set version = version where id = $1`
	sqlDeleteApp = `delete from oauth_apps where id = $1`

	sqlInsertSecret = `insert into oauth_secrets (id, brand_id, oauth_app_id, digest, sealed, created_at)
		values ($1, $2, $3, $4, $5, $6)`
	sqlSecretDigests    = `select digest from oauth_secrets where oauth_app_id = $1 order by id desc`
	sqlCountSecrets     = `select count(*) from oauth_secrets where oauth_app_id = $1`
	sqlNewestSecret     = `select sealed from oauth_secrets where oauth_app_id = $1 order by created_at desc, id desc limit 1`
	sqlKeepNewestSecret = `delete from oauth_secrets where oauth_app_id = $1 and id <> (
		select id from oauth_secrets where oauth_app_id = $1 order by created_at desc, id desc limit 1)`
	sqlDeleteSecrets = `delete from oauth_secrets where oauth_app_id = $1`

	sqlRedirectURIs       = `select id, uri from oauth_redirect_uris where oauth_app_id = $1 order by id`
	sqlInsertRedirectURI  = `insert into oauth_redirect_uris (id, brand_id, oauth_app_id, uri, created_at) values ($1, $2, $3, $4, $5)`
	sqlDeleteRedirectURI  = `delete from oauth_redirect_uris where id = $1`
	sqlDeleteRedirectURIs = `delete from oauth_redirect_uris where oauth_app_id = $1`

	// A grant of an app that is deleted goes with it.
	sqlDeleteGrantsOfApp = `delete from oauth_grants where oauth_app_id = $1`
	sqlDeleteTokensOfApp = `delete from oauth_tokens where oauth_app_id = $1`

	sqlInsertToken = `insert into oauth_tokens
		(digest, token_key, brand_id, oauth_app_id, kind, subject_id, levels, stores, created_at, expires_at,
		authorization_id, scopes, key_thumbprint, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 0)`
	sqlToken = `select token_key, oauth_app_id, authorization_id, kind, subject_id, levels, stores, scopes, key_thumbprint, used_at,
		created_at, expires_at from oauth_tokens where digest = $1`
	sqlCountTokens = `select count(*) from oauth_tokens where oauth_app_id = $1 and expires_at > $2 and used_at = 0`
	sqlTokens      = `select token_key, kind, subject_id, scopes, authorization_id, created_at, expires_at from oauth_tokens
		where oauth_app_id = $1 and expires_at > $2 and used_at = 0 order by created_at desc, token_key limit $3 offset $4`
	sqlTokenByKey = `select digest, oauth_app_id, kind, authorization_id from oauth_tokens
		where token_key = $1 and brand_id = $2 and expires_at > $3 and used_at = 0`
	sqlUseToken    = `update oauth_tokens set used_at = $2 where digest = $1 and used_at = 0`
	sqlDeleteToken = `delete from oauth_tokens where digest = $1`

	sqlInsertAuthorization = `insert into oauth_authorizations
		(id, grant_id, oauth_app_id, account_id, scopes, claims, nonce, session_key, methods, authenticated_at, revoked, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, false, $11, $12)`
	sqlAuthorization = `select id, grant_id, oauth_app_id, account_id, scopes, claims, nonce, session_key, methods, authenticated_at,
		revoked, expires_at from oauth_authorizations where id = $1`
	sqlHoldAuthorization = `update oauth_authorizations set expires_at = case when expires_at < $2 then $2 else expires_at end
		where id = $1 and revoked = false`
	sqlRevokeAuthorization         = `update oauth_authorizations set revoked = true where id = $1`
	sqlRevokeAuthorizationsOfGrant = `update oauth_authorizations set revoked = true where grant_id = $1`
	sqlDeleteTokensOfAuthorization = `delete from oauth_tokens where authorization_id = $1 and authorization_id <> ''`

	sqlInsertCode = `insert into oauth_codes
		(digest, authorization_id, redirect_uri, challenge, key_thumbprint, redeemed_at, expires_at, forget_at)
		values ($1, $2, $3, $4, $5, 0, $6, $7)`
	sqlCode         = `select authorization_id, redirect_uri, challenge, key_thumbprint from oauth_codes where digest = $1`
	sqlRedeemCode   = `update oauth_codes set redeemed_at = $2 where digest = $1 and redeemed_at = 0 and expires_at > $2`
	sqlCodeRedeemed = `select redeemed_at <> 0 from oauth_codes where digest = $1`

	grantColumns       = `id, oauth_app_id, account_id, brand_id, scopes, stores, created_at, granted_at`
	sqlGrant           = `select ` + grantColumns + ` from oauth_grants where id = $1`
	sqlGrantOf         = `select ` + grantColumns + ` from oauth_grants where oauth_app_id = $1 and account_id = $2 and brand_id = $3`
	sqlGrantsOfPerson  = `select ` + grantColumns + ` from oauth_grants where oauth_app_id = $1 and account_id = $2 order by granted_at desc, id desc`
	sqlGrantsOfBrand   = `select ` + grantColumns + ` from oauth_grants where brand_id = $1 order by id desc`
	sqlGrantsOfAccount = `select ` + grantColumns + ` from oauth_grants where account_id = $1 order by id desc`
	sqlGrantStands     = `select 1 from oauth_grants where id = $1`
	sqlPutGrant        = `insert into oauth_grants (` + grantColumns + `) values ($1, $2, $3, $4, $5, $6, $7, $7)
		on conflict (oauth_app_id, account_id, brand_id) do update
		set scopes = excluded.scopes, stores = excluded.stores, granted_at = excluded.granted_at returning id`
	sqlDeleteGrant         = `delete from oauth_grants where id = $1`
	sqlDeleteTokensOfGrant = `delete from oauth_tokens where authorization_id <> '' and authorization_id in (
		select id from oauth_authorizations where grant_id = $1)`

	sqlInsertPushed = `insert into oauth_pushed (digest, oauth_app_id, parameters, expires_at) values ($1, $2, $3, $4)`
	sqlTakePushed   = `delete from oauth_pushed where digest = $1 and oauth_app_id = $2 and expires_at > $3 returning parameters`

	sqlInsertDevice = `insert into oauth_devices
		(digest, user_digest, oauth_app_id, scopes, key_thumbprint, pause, polled_at, authorization_id, denied, redeemed, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, 0, '', false, false, $7, $8) on conflict (user_digest) do nothing`
	sqlDeviceByUserCode = `select digest, oauth_app_id, scopes from oauth_devices
		where user_digest = $1 and expires_at > $2 and authorization_id = '' and denied = false`
	sqlDecideDevice = `update oauth_devices set authorization_id = $2, denied = $3
		where digest = $1 and expires_at > $4 and authorization_id = '' and denied = false`
	sqlDevice = `select oauth_app_id, key_thumbprint, pause, polled_at, authorization_id, denied, redeemed, expires_at
		from oauth_devices where digest = $1`
	sqlPollDevice   = `update oauth_devices set polled_at = $2, pause = $3 where digest = $1`
	sqlRedeemDevice = `update oauth_devices set redeemed = true where digest = $1 and redeemed = false`

	sqlUseOnce = `insert into oauth_replays (digest, expires_at) values ($1, $2) on conflict (digest) do nothing`

	// Newest generation first.
	sqlKeys      = `select kid, algorithm, generation, sealed, public, created_at, active_at, gone_at from oauth_keys order by algorithm desc, generation desc`
	sqlInsertKey = `insert into oauth_keys (kid, algorithm, generation, sealed, public, created_at, active_at, gone_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0) on conflict (algorithm, generation) do nothing`
	sqlActivateKey = `update oauth_keys set active_at = $2 where kid = $1 and active_at > $2`
	sqlDropKey     = `update oauth_keys set gone_at = $2 where kid = $1`
	sqlForgetKeys  = `delete from oauth_keys where gone_at <> 0 and gone_at <= $1`
	sqlRetireKeys  = `update oauth_keys set gone_at = $3 where algorithm = $1 and gone_at = 0 and generation < (
		select max(generation) from oauth_keys where algorithm = $1 and active_at <= $2)`

	sqlSweepTokens = `delete from oauth_tokens where digest in (
		select digest from oauth_tokens where expires_at <= $1 order by expires_at limit $2)`
	sqlSweepCodes = `delete from oauth_codes where digest in (
		select digest from oauth_codes where forget_at <= $1 order by forget_at limit $2)`
	sqlSweepAuthorizations = `delete from oauth_authorizations where id in (
		select id from oauth_authorizations where expires_at <= $1 order by expires_at limit $2)`
	sqlSweepPushed = `delete from oauth_pushed where digest in (
		select digest from oauth_pushed where expires_at <= $1 order by expires_at limit $2)`
	sqlSweepDevices = `delete from oauth_devices where digest in (
		select digest from oauth_devices where expires_at <= $1 order by expires_at limit $2)`
	sqlSweepReplays = `delete from oauth_replays where digest in (
		select digest from oauth_replays where expires_at <= $1 order by expires_at limit $2)`
)

package oauth

const (
	appColumns = `id, brand_id, owner_id, name, logo_uri, flow, refresh_usage, access_seconds, refresh_seconds,
		levels, stores, disabled, created_at, version`

	sqlApp         = `select ` + appColumns + ` from oauth_apps where id = $1`
	sqlAppsOfBrand = `select ` + appColumns + ` from oauth_apps where brand_id = $1 order by created_at, id`

	sqlInsertApp = `insert into oauth_apps (` + appColumns + `)
		select $1, cast($2 as integer), cast($3 as integer), $4, $5, $6, $7, cast($8 as integer), cast($9 as integer),
			$10, $11, false, cast($12 as bigint), 1
		where (select count(*) from oauth_apps where brand_id = $2) < cast($13 as integer)`
	sqlUpdateApp = `update oauth_apps set name = $3, logo_uri = $4, flow = $5, refresh_usage = $6, access_seconds = $7,
		refresh_seconds = $8, version = version + 1 where id = $1 and version = $2`
	sqlTouchApp  = `update oauth_apps set version = version + 1 where id = $1`
	sqlDeleteApp = `delete from oauth_apps where id = $1`

	sqlInsertSecret = `insert into oauth_secrets (id, brand_id, oauth_app_id, digest, sealed, created_at)
		values ($1, $2, $3, $4, $5, $6)`
	sqlSecretDigests    = `select digest from oauth_secrets where oauth_app_id = $1 order by id desc`
	sqlNewestSecret     = `select sealed from oauth_secrets where oauth_app_id = $1 order by created_at desc, id desc limit 1`
	sqlKeepNewestSecret = `delete from oauth_secrets where oauth_app_id = $1 and id <> (
		select id from oauth_secrets where oauth_app_id = $1 order by created_at desc, id desc limit 1)`
	sqlDeleteSecrets = `delete from oauth_secrets where oauth_app_id = $1`

	sqlRedirectURIs      = `select id, uri from oauth_redirect_uris where oauth_app_id = $1 order by id`
	sqlRedirectURI       = `select id from oauth_redirect_uris where oauth_app_id = $1 and uri = $2`
	sqlInsertRedirectURI = `insert into oauth_redirect_uris (id, brand_id, oauth_app_id, uri, created_at)
		select cast($1 as integer), brand_id, id, $3, cast($4 as bigint) from oauth_apps
		where id = $2 and (select count(*) from oauth_redirect_uris where oauth_app_id = $2) < cast($5 as integer)
		on conflict (oauth_app_id, uri) do nothing`
	sqlDeleteRedirectURI  = `delete from oauth_redirect_uris where oauth_app_id = $1 and id = $2 returning uri`
	sqlDeleteRedirectURIs = `delete from oauth_redirect_uris where oauth_app_id = $1`

	sqlInsertToken = `insert into oauth_tokens
		(digest, token_key, brand_id, oauth_app_id, kind, subject_id, levels, stores, created_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	sqlToken       = `select oauth_app_id, kind, subject_id, levels, stores, expires_at from oauth_tokens where digest = $1`
	sqlCountTokens = `select count(*) from oauth_tokens where oauth_app_id = $1 and expires_at > $2`
	sqlTokens      = `select token_key, subject_id, expires_at from oauth_tokens
		where oauth_app_id = $1 and expires_at > $2 order by created_at desc, token_key limit $3 offset $4`
	sqlRevokeToken = `delete from oauth_tokens where token_key = $1 and brand_id = $2 and expires_at > $3 returning digest, oauth_app_id`
	sqlSweepTokens = `delete from oauth_tokens where digest in (
		select digest from oauth_tokens where expires_at <= $1 order by expires_at limit $2)`
)

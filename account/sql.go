package account

const (
	sqlBrandID = `select id from brands where app_id = $1`
	sqlBrand   = `select app_id, name, country_id, config, sandbox, disabled, clock_offset, created_at, version
		from brands where id = $1`

	sqlInsertBrand = `insert into brands
		(id, app_id, name, country_id, config, sandbox, disabled, clock_offset, created_at, version)
		values ($1, $2, $3, $4, $5, $6, false, 0, $7, 1) on conflict (app_id) do nothing`
	sqlUpdateBrand = `update brands set name = $3, country_id = $4, config = $5, version = version + 1
		where id = $1 and version = $2`
	sqlDisableBrand = `update brands set disabled = $2, version = version + 1 where id = $1`
	sqlLockBrand    = `update brands set version = version where id = $1`

	// Inserts nothing when there is no such account.
	sqlInsertOwner = `insert into memberships (brand_id, account_id, level, stores, created_at, version)
		select cast($1 as integer), id, $3, '', cast($4 as bigint), 1 from accounts where id = $2`
	sqlSetMember = `insert into memberships (brand_id, account_id, level, stores, created_at, version)
		values ($1, $2, $3, $4, $5, 1)
		on conflict (brand_id, account_id) do update
		set level = excluded.level, stores = excluded.stores, version = memberships.version + 1`
	sqlRemoveMember = `delete from memberships where brand_id = $1 and account_id = $2`
	sqlCountOwners  = `select count(*) from memberships where brand_id = $1 and level = 'Owner'`

	sqlClaimFirst    = `insert into account_first (id, account_id) values (1, $1) on conflict do nothing`
	sqlInsertAccount = `insert into accounts (id, email, name, password_hash, disabled, created_at, version)
		values ($1, $2, $3, $4, false, $5, 1) on conflict (email) do nothing`
	sqlPassword = `select id, password_hash, disabled from accounts where email = $1`

	sqlAccountCaller = `select name, email from accounts where id = $1 and disabled = false`
	sqlGrants        = `select b.id, b.app_id, m.level, m.stores
		from memberships m join brands b on b.id = m.brand_id
		where m.account_id = $1 and b.disabled = false order by b.id`
	sqlStanding = `select b.app_id, m.level, m.stores, a.name, a.email
		from memberships m join brands b on b.id = m.brand_id join accounts a on a.id = m.account_id
		where m.brand_id = $1 and m.account_id = $2 and b.disabled = false and a.disabled = false`

	sqlAsset      = `select content_type, content from assets where name = $1`
	sqlDropLogos  = `delete from assets where brand_id = $1 and kind = 'logo' and name <> $2`
	sqlInsertLogo = `insert into assets (name, brand_id, kind, content_type, content, created_at)
		values ($1, $2, 'logo', $3, $4, $5) on conflict (name) do nothing`

	sqlInsertAudit = `insert into audit_entries
		(entry_id, brand_id, account_id, oauth_app_id, name, action, target, detail, address, at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`
	sqlAudit = `select entry_id, account_id, oauth_app_id, name, action, target, detail, address, at from audit_entries
		where brand_id = $1 and ($2 = 0 or account_id = $2) and entry_id < $3 and substr(action, 1, $5) = $4
			and at >= $6 and at < $7 order by entry_id desc limit $8`
)

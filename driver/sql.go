package driver

const (
	sqlIDByPhone  = `select id from drivers where phone = $1`
	sqlProfile    = `select name, phone, picture from drivers where id = $1`
	sqlSetName    = `update drivers set name = $2 where id = $1`
	sqlSetNames   = `update driver_brands set name = $2 where driver_id = $1`
	sqlSetPicture = `update drivers set picture = $2 where id = $1`

	sqlInsertSession = `insert into driver_sessions (digest, driver_id, expires_at) values ($1, $2, $3)`
	sqlSession       = `select d.id, d.name from driver_sessions s join drivers d on d.id = s.driver_id
		where s.digest = $1 and s.expires_at > $2`
	sqlSweepSessions = `delete from driver_sessions where expires_at <= $1`

	// The stores of brands that are not disabled, brand by brand.
	sqlWorkplaces = `select s.brand_id, b.app_id, s.store_id, d.name from driver_stores s join brands b on b.id = s.brand_id
			join driver_brands d on d.driver_id = s.driver_id and d.brand_id = s.brand_id
		where s.driver_id = $1 and b.disabled = false order by s.brand_id, s.store_id`

	sqlDuty        = `select store_id, online from driver_stores where driver_id = $1`
	sqlSetPresence = `update driver_stores set online = $3, since = $4 where driver_id = $1 and store_id = $2`

	sqlAddDevice = `insert into driver_devices (driver_id, token, added_at) values ($1, $2, $3)
		on conflict (driver_id, token) do update set added_at = excluded.added_at`
	sqlTrimDevices = `delete from driver_devices where driver_id = $1 and token not in (
		select token from driver_devices where driver_id = $1 order by added_at desc, token limit $2)`
	sqlRemoveDevice = `delete from driver_devices where driver_id = $1 and token = $2`

	// Zero rows: somebody has the number already.
	sqlInsertDriver = `insert into drivers (id, phone, name, picture, created_at) values ($1, $2, $3, '', $4) on conflict (phone) do nothing`
	// It holds the driver until the end of the transaction: nobody deletes them meanwhile.
	sqlHoldDriver   = `update drivers set phone = phone where phone = $1 returning id`
	sqlHoldDriverID = `update drivers set phone = phone where id = $1`
	sqlPutBrand     = `insert into driver_brands (driver_id, brand_id, name) values ($1, $2, $3)
		on conflict (driver_id, brand_id) do update set name = excluded.name`
	sqlCountOfBrand = `select count(*) from driver_brands where brand_id = $1`
	sqlAddStore     = `insert into driver_stores (driver_id, store_id, brand_id, online, since) values ($1, $2, $3, false, 0)
		on conflict (driver_id, store_id) do nothing`
	sqlRemoveStore = `delete from driver_stores where driver_id = $1 and store_id = $2`
	// It keeps who works there from leaving until the transaction ends. Zero rows: they do not.
	sqlHoldPlace = `update driver_stores set online = online where driver_id = $1 and store_id = $2`
	sqlStoresOf  = `select store_id from driver_stores where driver_id = $1 and brand_id = $2 order by store_id`

	// $2 is one driver, 0 = all.
	sqlTeam = `select d.id, b.name, d.phone, d.picture, s.store_id, s.online, s.since
		from driver_brands b join drivers d on d.id = b.driver_id
			join driver_stores s on s.driver_id = b.driver_id and s.brand_id = b.brand_id
		where b.brand_id = $1 and (cast($2 as integer) = 0 or d.id = $2) order by d.id, s.store_id`

	sqlRemoveBrand = `delete from driver_brands where driver_id = $1 and brand_id = $2`

	sqlWorksFor       = `select count(*) from driver_brands where driver_id = $1`
	sqlDeleteDriver   = `delete from drivers where id = $1`
	sqlDeleteSessions = `delete from driver_sessions where driver_id = $1`
	sqlDeleteDevices  = `delete from driver_devices where driver_id = $1`
)

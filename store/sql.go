package store

const (
	sqlStoreVersion = `select version from stores where id = $1`
	sqlStore        = `select brand_id, group_id, version, doc from stores where id = $1`
	sqlBrandStores  = `select id, version from stores where brand_id = $1 and archived = false order by id`

	sqlGroup  = `select brand_id, version, doc from store_groups where id = $1`
	sqlGroups = `select doc from store_groups where brand_id = $1 order by id`

	sqlInsertGroup = `insert into store_groups (id, brand_id, version, doc) values ($1, $2, 1, $3)`
	// Zero rows: somebody changed the group since version $2.
	sqlUpdateGroup = `update store_groups set version = version + 1, doc = $3 where id = $1 and version = $2`
	// It holds the row until the end of the transaction: no group goes while a store comes. Zero rows: it is gone.
	sqlHoldGroup   = `update store_groups set id = id where id = $1`
	sqlGroupStores = `select count(*) from stores where group_id = $1`
	sqlDeleteGroup = `delete from store_groups where id = $1`

	sqlWorkflow       = `select version, doc from fulfillment_configs where id = $1 and brand_id = $2`
	sqlWorkflows      = `select doc from fulfillment_configs where brand_id = $1 order by id`
	sqlCountWorkflows = `select count(*) from fulfillment_configs where brand_id = $1`
	sqlInsertWorkflow = `insert into fulfillment_configs (id, brand_id, version, doc) values ($1, $2, 1, $3)`
	// Zero rows: somebody changed the workflow since version $2, or deleted it.
	sqlUpdateWorkflow = `update fulfillment_configs set version = version + 1, doc = $3 where id = $1 and version = $2`
	sqlDeleteWorkflow = `delete from fulfillment_configs where id = $1 and brand_id = $2`
	// Zero rows: another workflow names the store.
	sqlNameStore    = `insert into fulfillment_stores (store_id, brand_id, config_id) values ($1, $2, $3) on conflict (store_id) do nothing`
	sqlUnnameStores = `delete from fulfillment_stores where config_id = $1`

	sqlInsertStore = `insert into stores (id, brand_id, group_id, menu_id, name, published, archived, version, doc)
		values ($1, $2, $3, $4, $5, $6, $7, 1, $8)`
	// Zero rows: somebody changed the store since version $2.
	sqlUpdateStore = `update stores set group_id = $3, menu_id = $4, name = $5, published = $6, archived = $7,
		version = version + 1, doc = $8 where id = $1 and version = $2`
)

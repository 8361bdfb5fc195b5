package store

const (
	sqlStoreVersion = `select version from stores where id = $1`
	sqlStore        = `select brand_id, group_id, version, doc from stores where id = $1`
)

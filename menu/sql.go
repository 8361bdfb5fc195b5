package menu

const (
	sqlMenuVersion = `select version from menus where id = $1`
	sqlMenu        = `select brand_id, version, show_tax, parts, doc from menus where id = $1`
	sqlBrandMenus  = `select id, name, version, modified_at, locked, integrated from menus where brand_id = $1 order by id`

	sqlInsertMenu = `insert into menus (id, brand_id, name, version, modified_at, locked, integrated, show_tax, doc)
		values ($1, $2, $3, 1, $4, $5, $6, false, $7)`
	// Zero rows: somebody changed the menu since version $2.
	sqlUpdateMenu = `update menus set version = version + 1, name = $3, modified_at = $4, locked = $5, integrated = $6, show_tax = $7, parts = $8, doc = $9
		where id = $1 and version = $2`
)

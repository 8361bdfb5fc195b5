package menu

const (
	sqlMenuVersion = `select version from menus where id = $1`
	sqlMenu        = `select brand_id, version, show_tax, doc from menus where id = $1`
)

package menu

const (
	sqlMenuVersion = `select version from menus where id = $1`
	sqlMenu        = `select brand_id, version, show_tax, parts, doc from menus where id = $1`
	sqlBrandMenus  = `select id, name, version, modified_at, locked, integrated from menus where brand_id = $1 order by id`

	sqlInsertMenu = `insert into menus (id, brand_id, name, version, modified_at, locked, integrated, show_tax, doc)
		values ($1, $2, $3, 1, $4, $5, $6, $7, $8)`
	// Zero rows: somebody changed the menu since version $2.
	sqlUpdateMenu = `update menus set version = version + 1, name = $3, modified_at = $4, locked = $5, integrated = $6, show_tax = $7, parts = $8, doc = $9
		where id = $1 and version = $2`

	// Changes nothing, but others wait for the row. Zero rows: the menu is not at version $2 any more.
	sqlHoldMenu = `update menus set version = version where id = $1 and version = $2`

	// Zero rows: a store sells from the menu. The row is held, so no store can be given it meanwhile.
	sqlDeleteMenu = `delete from menus where id = $1 and version = $2 and not exists (select 1 from stores where menu_id = $1)`
	sqlDropUndos  = `delete from menu_undos where menu_id = $1`

	sqlCheckpoints    = `select checkpoint_id, name, kept_at from menu_checkpoints where menu_id = $1 order by checkpoint_id desc`
	sqlCheckpoint     = `select show_tax, doc from menu_checkpoints where menu_id = $1 and checkpoint_id = $2`
	sqlKeepCheckpoint = `insert into menu_checkpoints (checkpoint_id, menu_id, name, kept_at, show_tax, doc) values ($1, $2, $3, $4, $5, $6)`
	// All but the newest $2 of a menu.
	sqlDropCheckpoints = `delete from menu_checkpoints where menu_id = $1 and checkpoint_id not in
		(select checkpoint_id from menu_checkpoints where menu_id = $1 order by checkpoint_id desc limit $2)`

	// What a member goes back to stays what it was before the first of several changes.
	sqlPutUndo = `insert into menu_undos (menu_id, part_id, member, prior, brand_id, due_at) values ($1, $2, $3, $4, $5, $6)
		on conflict (menu_id, part_id, member) do update set due_at = excluded.due_at`
	// $3 has the names of members with a comma before and behind each.
	sqlDropUndo   = `delete from menu_undos where menu_id = $1 and part_id = $2 and $3 like '%,' || member || ',%'`
	sqlTakeUndo   = `delete from menu_undos where menu_id = $1 and part_id = $2 and member = $3 and due_at = $4`
	sqlUndoBrands = `select brand_id, min(due_at) from menu_undos group by brand_id`
	sqlDueUndos   = `select menu_id, part_id, member, prior, due_at from menu_undos where brand_id = $1 and due_at <= $2
		order by due_at, menu_id, part_id limit $3`
)

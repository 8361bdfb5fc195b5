package api_test

import (
	"strings"

	"comanda/account"
	"comanda/internal/apptest"
)

// menuParts changes the menu of the tour part by part, and leaves it as it was.
func (t *tour) menuParts() {
	t.Helper()
	const section, item, set = "menuSectionId={newSection}", "menuSectionId={newSection} menuSectionItemId={newItem}",
		"menuSectionId={newSection} menuSectionItemId={newItem} optionSetId={newSet}"
	const option = set + " menuItemOptionSetItemId={newOption}"
	own := func(op, vars, body, event string) show {
		return show{op: op, as: apptest.Owner, vars: vars, body: body, events: apptest.Events{event}}
	}
	keeps := func(c show, name, member string) show { c.save = map[string]string{name: member}; return c }
	missing := func(c show, unknown string) show { c.unknown = unknown; return c }
	sectionUpdated, itemUpdated, setUpdated, optionUpdated := "menu.section.updated", "menu.section_item.updated", "menu.option_set.updated", "menu.option_set_item.updated"
	t.show(
		keeps(own("CreateMenuSection", "", `{"Name":"Sweets","Description":"From our own oven"}`, "menu.section.created"), "newSection", "Data.MenuSectionId"),
		show{op: "CreateMenuSection", as: apptest.Owner, body: `{}`, refused: 400},
		own("UpdateMenuSection", section, `{"IsAvailable":false}`, sectionUpdated),
		own("CreateMenuSectionAvailability", section, `{"AvailabilityMode":"DisplayBasedOnTimes"}`, sectionUpdated),
		missing(own("CreateMenuAvailabilityForDay", section+" dayOfWeek=Friday", `{"StartTime":"18:00:00","Period":"04:00:00"}`, sectionUpdated), "menuSectionId=424242"),
		keeps(own("CreateMenuSectionItem", section, `{"Name":"Tiramisu","Price":6.5}`, "menu.section_item.created"), "newItem", "Data.MenuItemId"),
		keeps(own("CloneMenuSectionItem", item, "", "menu.section_item.created"), "itemCopy", "Data.MenuItemId"),
		missing(own("MoveMenuItem", section+" menuSectionItemId={itemCopy} destinationDisplayOrder=0", "", sectionUpdated), "menuSectionItemId=424242"),
		own("MenuSections_SetItemDisplayOrders", section, `{"DisplayOrders":[{"Id":{newItem},"DisplayOrder":5}]}`, sectionUpdated),
		keeps(own("CreateMenuItemOptionSet", item, `{"Name":"Sauce","MinSelectCount":0,"MaxSelectCount":1}`, "menu.option_set.created"), "newSet", "Data.MenuItemOptionSetId"),
		own("UpdateMenuItemOptionSet", set, `{"Name":"Topping"}`, setUpdated),
		keeps(own("AddMenuItemOptionSetItem", set, `{"Name":"Chocolate","Price":0.5}`, "menu.option_set_item.created"), "newOption", "Data.MenuItemOptionSetItemId"),
		keeps(own("Menus_UpsertTaxRate", "", `{"Name":"Sweets","Rate":23}`, "menu.updated"), "rate", "TaxRateId"),
		own("SetSectionItemTax", item+" taxRateId={rate}", "", itemUpdated),
		own("SetOptionSetItemTax", option+" taxRateId={rate}", "", optionUpdated),
	)
	for _, p := range []struct{ op, vars, event string }{
		{"MenuImage", "", "menu.updated"},
		{"MenuSectionImage", section, sectionUpdated},
		{"MenuSectionItemImage", item, itemUpdated},
		{"OptionSetImage", set, setUpdated},
		{"OptionSetItemImage", option, optionUpdated},
	} {
		body, header := imageForm(t.Kit, "Image", pixels(t.Kit))
		large, largeHeader := imageForm(t.Kit, "Image", make([]byte, account.MaxImage+1))
		up := own("Upload"+p.op, p.vars, body, p.event)
		up.header = header
		t.show(
			up,
			show{op: up.op, as: apptest.Owner, vars: p.vars, body: large, header: largeHeader, refused: 413},
			own("Delete"+p.op, p.vars, "", p.event),
		)
	}
	t.show(
		keeps(own("CloneMenuSection", section, "", "menu.section.created"), "sectionCopy", "Data.MenuSectionId"),
		own("RemoveMenuItemOptionSetItem", option, "", "menu.option_set_item.deleted"),
		own("DeleteMenuItemOptionSet", set, "", "menu.option_set.deleted"),
		own("DeleteMenuSectionItem", item, "", "menu.section_item.deleted"),
		own("DeleteMenuSection", "menuSectionId={sectionCopy}", "", "menu.section.deleted"),
		own("DeleteMenuSection", section, "", "menu.section.deleted"),
		own("Menus_DeleteTaxRate", "taxId={rate}", "", "menu.updated"),
	)
	t.menuWhole()
}

// menuWhole changes the menu of the tour as a whole, and leaves it as it was.
func (t *tour) menuWhole() {
	t.Helper()
	own := func(op, vars, body string, events ...string) show {
		return show{op: op, as: apptest.Owner, vars: vars, body: body, events: events, unknown: "menuId=424242"}
	}
	const updated, item, option = "menu.updated", "menu.section_item.updated", "menu.option_set_item.updated"
	off := own("Menus_ShowHideBulkItems", "", `[{"MenuElementId":{menuItemId},"MenuElementType":"Item"},{"MenuElementId":{optionSetItemId},"MenuElementType":"OptionSetItem"}]`, item, option)
	on := off
	off.query, on.query = "isAvailable=false", "isAvailable=true"
	copied := own("CreateDraftMenuFromExistingMenu", "newName=Evening", "", "menu.created")
	t.Vars["blank"] = " "
	copied.save = map[string]string{"copy": "Data.MenuId"}
	t.show(
		own("UpdateMenu", "", `{"DisplaySectionLinks":true}`, updated),
		own("SetMenuName", "", `"All day long"`, updated), own("SetMenuName", "", `"All day"`, updated),
		own("Menus_SetItemDisplayOrders", "", `{"DisplayOrders":[{"Id":{menuSectionId},"DisplayOrder":3}]}`, updated),
		own("Menus_UpdateTaxType", "type=ExcludedFromBasePrice", "", updated), own("Menus_UpdateTaxType", "type=IncludedInBasePrice", "", updated),
		own("Menus_SetDisplayOnMenuTax", "show=true", "", updated), own("Menus_SetDisplayOnMenuTax", "show=false", "", updated),
		off, on, copied,
		show{op: "CreateDraftMenuFromExistingMenu", as: apptest.Owner, vars: "newName={blank}", refused: 400},
		own("DeleteMenu", "menuId={copy}", "", updated),
		show{op: "CreateNewMenuAsync", as: apptest.Owner, body: `{"Name":"Brunch"}`, events: apptest.Events{"menu.created", "menu.async_creation.completed"}},
		show{op: "CreateNewMenuAsync", as: "manager", body: `{"Name":"Brunch"}`, refused: 403},
		show{op: "CreateDraftMenuFromExistingMenu", as: "manager", vars: "newName=Evening", refused: 403},
		own("SetMenuLock", "", `true`, updated),
	)
	kept := own("CreateMenuCheckpoint", "", `{"Name":"Before the summer menu"}`, "menu_checkpoint.created")
	kept.save = map[string]string{"checkpointId": "Data.MenuCheckpointId"}
	t.show(
		kept,
		show{op: "CreateMenuCheckpoint", as: apptest.Owner, body: `{"Name":"` + strings.Repeat("x", 256) + `"}`, refused: 400},
		show{op: "CreateMenuCheckpoint", as: "manager", body: `{}`, refused: 403},
		own("GetMenusCheckpoints", "", ""),
		own("GetMenuCheckpoint", "", ""),
		show{op: "Restore a Menu Checkpoint", as: apptest.Owner, refused: 409},
		show{op: "Restore a Menu Checkpoint", as: "manager", refused: 403},
		own("SetMenuLock", "", `false`, updated),
		own("Restore a Menu Checkpoint", "", "", "menu_checkpoint.created", updated),
		own("SetMenuLock", "", `true`, updated),
	)
	picture, header := imageForm(t.Kit, "Image", pixels(t.Kit))
	t.Vars["taxId"], t.Vars["taxRateId"], t.Vars["dayOfWeek"], t.Vars["destinationDisplayOrder"], t.Vars["show"], t.Vars["type"] = "1", "0", "Friday", "0", "true", "IncludedInBasePrice"
	for _, c := range []show{
		{op: "UpdateMenu", body: `{}`},
		{op: "SetMenuName", body: `"Menu"`},
		{op: "Menus_SetItemDisplayOrders", body: `{}`},
		{op: "Menus_ShowHideBulkItems", query: "isAvailable=true", body: `[]`},
		{op: "Menus_UpsertTaxRate", body: `{}`},
		{op: "Menus_DeleteTaxRate"},
		{op: "Menus_UpdateTaxType"},
		{op: "Menus_SetDisplayOnMenuTax"},
		{op: "DeleteMenu"},
		{op: "CreateMenuSection", body: `{}`},
		{op: "UpdateMenuSection", body: `{}`},
		{op: "DeleteMenuSection"},
		{op: "CloneMenuSection"},
		{op: "MenuSections_SetItemDisplayOrders", body: `{}`},
		{op: "CreateMenuSectionAvailability", body: `{}`},
		{op: "CreateMenuAvailabilityForDay", body: `{}`},
		{op: "CreateMenuSectionItem", body: `{}`},
		{op: "UpdateMenuSectionItem", body: `{}`},
		{op: "DeleteMenuSectionItem"},
		{op: "CloneMenuSectionItem"},
		{op: "MoveMenuItem"},
		{op: "SetSectionItemTax"},
		{op: "CreateMenuItemOptionSet", body: `{}`},
		{op: "UpdateMenuItemOptionSet", body: `{}`},
		{op: "DeleteMenuItemOptionSet"},
		{op: "AddMenuItemOptionSetItem", body: `{}`},
		{op: "UpdateMenuItemOptionSetItem", body: `{}`},
		{op: "RemoveMenuItemOptionSetItem"},
		{op: "SetOptionSetItemTax"},
		{op: "UploadMenuImage"},
		{op: "UploadMenuSectionImage"},
		{op: "UploadMenuSectionItemImage"},
		{op: "UploadOptionSetImage"},
		{op: "UploadOptionSetItemImage"},
		{op: "DeleteMenuImage"},
		{op: "DeleteMenuSectionImage"},
		{op: "DeleteMenuSectionItemImage"},
		{op: "DeleteOptionSetImage"},
		{op: "DeleteOptionSetItemImage"},
	} {
		if c.op[:6] == "Upload" {
			c.body, c.header = picture, header
		}
		c.as, c.refused = apptest.Owner, 409
		t.call(c)
		c.as, c.refused = "manager", 403
		t.call(c)
	}
	t.show(
		show{op: "SetMenuItemMetadata", as: apptest.Owner, body: `{"Key":"posId","Value":"1"}`, refused: 409},
		show{op: "SetMenuItemOptionSetItemMetadata", as: apptest.Owner, body: `{"Key":"posId","Value":"1"}`, refused: 409},
		show{op: "DeleteMenuItemMetadata", as: apptest.Owner, vars: "key=posId", refused: 409},
		show{op: "SetMenuLock", as: "manager", body: `false`, refused: 403},
		own("SetMenuLock", "", `false`, updated),
	)
}

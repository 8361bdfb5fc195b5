package api_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"comanda/api"
	"comanda/internal/apptest"
)

func atoi(k *apptest.Kit, name string) int {
	n, err := strconv.Atoi(k.Vars[name])
	k.Must(err)
	return n
}

// storeVar compares a number with a variable that is set by then.
func storeVar(k *apptest.Kit, name string) func(any) error {
	return func(v any) error {
		if fmt.Sprint(v) != k.Vars[name] {
			return fmt.Errorf("is %v, want %s", v, k.Vars[name])
		}
		return nil
	}
}

const pizzeria = `{"Name":"Carta","IsIntegrated":false,"TaxType":1,
	"TaxRates":[{"Name":"Food","Rate":13.5}],
	"MenuSections":[{"Name":"Pizza","MenuItems":[
		{"Name":"Margherita","Price":0,"TaxRateName":"Food","PublicId":"6f9619ff-8b86-d011-b42d-00c04fc964ff",
		 "Metadata":[{"Key":"allergens","Value":"gluten, milk"},{"StoreId":{storeId},"Key":"posId","Value":"P-1"}],
		 "MenuItemOptionSets":[{"Name":"Size","IsMasterOptionSet":true,"MinSelectCount":1,"MaxSelectCount":1,"MenuItemOptionSetItems":[
			{"Name":"9 inch","Price":8.5},{"Name":"12 inch","Price":11,"Metadata":[{"StoreId":{storeId},"Key":"posId","Value":"P-1-12"}]}]}]},
		{"Name":"Calzone","Price":12.95}]},
	 {"Name":"Staff","IsHiddenFromCustomers":true}]}`

// newMenu makes a store and a menu through the API and keeps the ids of the first section, item, option set and option.
func newMenu(k *apptest.Kit) {
	k.Helper()
	newStore(k)
	w := k.Call(call{Name: "menu", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/menus", Body: pizzeria, Status: 200, Events: events{"menu.created"}})
	k.Vars["menuId"] = w.Body.String()
	const item = "Data.MenuSections.0.MenuItems.0."
	k.Call(call{
		Name: "read", As: apptest.ReadOnly, Method: "GET", Path: "/api/v1.0/menus/{menuId}", Status: 200,
		Want: want{
			"Data.MenuId": storeVar(k, "menuId"), "Data.Name": "Carta", "Data.VersionNumber": 1, "Data.AppId": "{appId}", "Data.TaxType": "ExcludedFromBasePrice",
			"Data.IsIntegrated": true, "Data.MenuSections.#": 2, "Data.MenuSections.1.IsHiddenFromCustomers": true, item + "PublicId": "6f9619ff-8b86-d011-b42d-00c04fc964ff",
			item + "ActualPrice": 8.5, item + "TaxRateName": "Food", item + "TaxValue": 13.5, item + "Metadata.0.Value": "gluten, milk",
			item + "MenuItemOptionSets.0.MenuItemOptionSetItems.1.Name": "12 inch", item + "MenuItemOptionSets.0.MenuItemOptionSetItems.0.TaxRateId": nil,
			item + "DepositReturnFee": nil, "Data.MenuSections.0.MenuItems.1.ActualPrice": 12.95,
		},
		Save: map[string]string{
			"sectionId": "Data.MenuSections.0.MenuSectionId", "itemId": item + "MenuItemId", "setId": item + "MenuItemOptionSets.0.MenuItemOptionSetId",
			"optionId": item + "MenuItemOptionSets.0.MenuItemOptionSetItems.1.MenuItemOptionSetItemId",
		},
	})
}

func TestMenusThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		const item = "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitems/{itemId}"
		k.Run(
			call{Name: "sections", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/sections", Status: 200, Want: want{"Data.#": 2, "Data.0.Name": "Pizza"}},
			call{Name: "section", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}", Status: 200, Want: want{"Data.MenuItems.#": 2}},
			call{Name: "items", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitems", Status: 200, Want: want{"Data.#": 2, "Data.1.Name": "Calzone"}},
			call{Name: "item", As: apptest.Owner, Method: "GET", Path: item, Status: 200, Want: want{"Data.Name": "Margherita"}},
			call{Name: "option sets", As: apptest.Owner, Method: "GET", Path: item + "/optionsets", Status: 200, Want: want{"Data.#": 1, "Data.0.IsMasterOptionSet": true}},
			call{Name: "option set", As: apptest.Owner, Method: "GET", Path: item + "/optionsets/{setId}", Status: 200, Want: want{"Data.Name": "Size"}},
			call{Name: "options", As: apptest.Owner, Method: "GET", Path: item + "/optionsets/{setId}/optionsetitems", Status: 200, Want: want{"Data.#": 2}},
			call{Name: "option", As: apptest.Owner, Method: "GET", Path: item + "/optionsets/{setId}/optionsetitems/{optionId}", Status: 200, Want: want{"Data.Name": "12 inch", "Data.Price": 11}},
			call{Name: "name is bare", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/name", Status: 200, Text: `"Carta"`},
			call{Name: "tax", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/tax", Status: 200, Want: want{"Data.0.TaxRates.0.Rate": 13.5, "Data.0.DisplayTax": false, "Data.0.ItemTaxes." + k.Vars["itemId"]: apptest.Present}},
			call{Name: "assign", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/menu/{menuId}", Status: 200, Want: want{"Data.0.Data": apptest.Present}, Events: events{"store.menu.assigned"}},
			call{Name: "stores", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/stores", Status: 200, Want: want{"Data.0.StoreNames.0": "Temple Bar"}},
			call{
				Name: "menus of the brand", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/menus", Status: 200,
				Want: want{"Data.#": 1, "Data.0.Name": "Carta", "Data.0.StoreNames.0": "Temple Bar", "Data.0.MenuUrl": "https://comanda.test/api/v1.0/menus/{menuId}", "Data.0.VersionNumber": 1},
			},

			call{Name: "sold out, with what some clients call null", As: apptest.Integrator, Method: "POST", Path: item, Body: `{"IsAvailable":false,"Name":null}`, Status: 200, Events: events{"menu.section_item.updated"}},
			call{Name: "is sold out", As: apptest.Owner, Method: "GET", Path: item, Status: 200, Want: want{"Data.IsAvailable": false, "Data.Name": "Margherita"}},
			call{
				Name: "the list of what is sold out", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/bulkshowhide/list?isAvailable=false", Status: 200,
				Want: want{"Data.#": 1, "Data.0.MenuElementName": "Margherita", "Data.0.Items.0.MenuElementType": "Item", "Data.0.InstanceCount": 1},
			},
			call{Name: "dearer option", As: apptest.Owner, Method: "POST", Path: item + "/optionsets/{setId}/optionsetitems/{optionId}", Body: `{"Price":11.5}`, Status: 200, Events: events{"menu.option_set_item.updated"}},
			call{Name: "the version counts", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}", Status: 200, Want: want{"Data.VersionNumber": 3, "Data.MenuSections.0.MenuItems.0.MenuItemOptionSets.0.MenuItemOptionSetItems.1.Price": 11.5}},
		)
	})
}

// menuEdits are calls that change the parts of newMenu's menu and leave it with the parts that it had.
func menuEdits(k *apptest.Kit) []call {
	const (
		sections = "/api/v1.0/menus/{menuId}/sections"
		section  = sections + "/{newSection}"
		items    = section + "/sectionitems"
		item     = items + "/{newItem}"
		sets     = item + "/optionsets"
		set      = sets + "/{newSet}"
		options  = set + "/optionsetitems"
		option   = options + "/{newOption}"
	)
	post := func(path, body string, status int, name string, w want) call {
		c := call{Name: "POST " + path + " " + body, As: apptest.Owner, Method: "POST", Path: path, Body: body, Status: status, Want: w}
		if name != "" {
			c.Events = events{name}
		}
		return c
	}
	reads := func(path string, w want) call {
		return call{Name: "GET " + path, As: apptest.ReadOnly, Method: "GET", Path: path, Status: 200, Want: w}
	}
	remove := func(path, name string) call {
		return call{Name: "DELETE " + path, As: apptest.Owner, Method: "DELETE", Path: path, Status: 200, Events: events{name}}
	}
	keep := func(c call, name, member string) call {
		c.Save = map[string]string{name: member}
		return c
	}
	return []call{
		keep(post(sections, `{"Name":"Sweets","PublicId":"0B0FD0B6-9F0E-4B0C-8B0A-3A7B5B3C2D1E"}`, 201, "menu.section.created", want{
			"Data.Name": "Sweets", "Data.DisplayOrder": 2, "Data.IsAvailable": true, "Data.PublicId": "0b0fd0b6-9f0e-4b0c-8b0a-3a7b5b3c2d1e", "Data.MenuItems.#": 0,
		}), "newSection", "Data.MenuSectionId"),
		post(section, `{"Description":"From our oven","IsHiddenFromCustomers":true}`, 200, "menu.section.updated", nil),
		post(section, `{"Description":"From our oven"}`, 200, "", nil),
		reads(section, want{"Data.Name": "Sweets", "Data.Description": "From our oven", "Data.IsHiddenFromCustomers": true}),
		post(section+"/availability", `{"AvailabilityMode":"DisplayBasedOnTimes"}`, 201, "menu.section.updated", want{"Data.AvailabilityMode": "DisplayBasedOnTimes", "Data.AvailableTimes.#": 0}),
		post(section+"/availability/times/Friday", `{"StartTime":"18:00","Period":"04:00"}`, 201, "menu.section.updated", want{"Data.DayOfWeek": "Friday", "Data.StartTime": "18:00:00", "Data.Period": "04:00:00"}),
		reads(section, want{"Data.MenuSectionAvailability.AvailableTimes.5.StartTime": "18:00:00", "Data.MenuSectionAvailability.AvailabilityMode": "DisplayBasedOnTimes"}),

		keep(post(items, `{"Name":"Tiramisu","Price":6.5,"Alcohol":true}`, 201, "menu.section_item.created", want{
			"Data.Name": "Tiramisu", "Data.Price": 6.5, "Data.ActualPrice": 6.5, "Data.DisplayOrder": 0, "Data.IsAvailable": true, "Data.Alcohol": true, "Data.TaxRateId": nil,
		}), "newItem", "Data.MenuItemId"),
		keep(post(sets, `{"Name":"Size","IsMasterOptionSet":true}`, 201, "menu.option_set.created", want{"Data.MinSelectCount": 1, "Data.MaxSelectCount": 1, "Data.IsMasterOptionSet": true}), "newSet", "Data.MenuItemOptionSetId"),
		post(set, `{"Name":"Portion","MaxSelectCount":2}`, 200, "menu.option_set.updated", nil),
		reads(set, want{"Data.Name": "Portion", "Data.MaxSelectCount": 2}),
		keep(post(options, `{"Name":"Whole","Price":20}`, 201, "menu.option_set_item.created", want{"Data.Price": 20, "Data.DisplayOrder": 0}), "newOption", "Data.MenuItemOptionSetItemId"),
		post(options, `{"Name":"Half","Price":11.5}`, 201, "menu.option_set_item.created", want{"Data.DisplayOrder": 1}),
		reads(item, want{"Data.ActualPrice": 11.5, "Data.MenuItemOptionSets.0.MenuItemOptionSetItems.#": 2}),
		remove(option, "menu.option_set_item.deleted"),
		keep(post(item+"/clone", ``, 200, "menu.section_item.created", want{"Data.Name": "Tiramisu", "Data.DisplayOrder": 1, "Data.MenuItemOptionSets.0.MenuItemOptionSetItems.0.Name": "Half"}), "itemCopy", "Data.MenuItemId"),
		post(items+"/{itemCopy}/setorder/0", ``, 200, "menu.section.updated", nil),
		reads(items, want{"Data.0.MenuItemId": storeVar(k, "itemCopy"), "Data.0.DisplayOrder": 0, "Data.1.DisplayOrder": 1}),
		post(section+"/sectionitemdisplayorders", `{"DisplayOrders":[{"Id":{itemCopy},"DisplayOrder":7}]}`, 200, "menu.section.updated", nil),
		reads(items, want{"Data.0.MenuItemId": storeVar(k, "newItem"), "Data.1.DisplayOrder": 7}),
		keep(post(section+"/clone", ``, 200, "menu.section.created", want{"Data.Name": "Sweets", "Data.DisplayOrder": 3, "Data.MenuItems.#": 2}), "sectionCopy", "Data.MenuSectionId"),
		remove(set, "menu.option_set.deleted"),
		reads(item, want{"Data.ActualPrice": 6.5, "Data.MenuItemOptionSets.#": 0}),
		remove(item, "menu.section_item.deleted"),
		remove(section, "menu.section.deleted"),
		remove(sections+"/{sectionCopy}", "menu.section.deleted"),
		reads(sections, want{"Data.#": 2}),
	}
}

func TestPartsOfAMenuThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		k.Run(menuEdits(k)...)
	})
}

// wholeMenuEdits are calls that change newMenu's menu as a whole, its taxes and its pictures.
func wholeMenuEdits(k *apptest.Kit) []call {
	const (
		whole   = "/api/v1.0/menus/{menuId}"
		section = whole + "/sections/{sectionId}"
		item    = section + "/sectionitems/{itemId}"
		set     = item + "/optionsets/{setId}"
		option  = set + "/optionsetitems/{optionId}"
	)
	does := func(method, path, body string, status int, names ...string) call {
		return call{Name: method + " " + path + " " + body, As: apptest.Owner, Method: method, Path: path, Body: body, Status: status, Events: names}
	}
	reads := func(path string, w want) call {
		return call{Name: "GET " + path, As: apptest.ReadOnly, Method: "GET", Path: path, Status: 200, Want: w}
	}
	with := func(c call, w want) call { c.Want = w; return c }
	keep := func(c call, name, member string) call {
		c.Save = map[string]string{name: member}
		return c
	}
	const one = "Data.MenuSections.0.MenuItems.0."
	out := []call{
		does("POST", whole, `{"DisplaySectionLinks":true,"MenuSectionBehaviour":"ExpandSingle"}`, 200, "menu.updated"),
		does("POST", whole, `{"DisplaySectionLinks":true}`, 200),
		does("POST", whole+"/name", `"Carta nuova"`, 200, "menu.updated"),
		does("POST", whole+"/sectiondisplayorders", `{"DisplayOrders":[{"Id":{sectionId},"DisplayOrder":5}]}`, 200, "menu.updated"),
		reads(whole, want{"Data.Name": "Carta nuova", "Data.DisplaySectionLinks": true, "Data.MenuSectionBehaviour": "ExpandSingle"}),
		reads(whole+"/sections", want{"Data.0.Name": "Staff", "Data.1.Name": "Pizza", "Data.1.DisplayOrder": 5}),

		does("POST", whole+"/lock", `true`, 200, "menu.updated"),
		does("POST", item, `{"IsAvailable":false}`, 409),
		does("DELETE", whole, ``, 409),
		does("POST", whole+"/lock", `false`, 200, "menu.updated"),

		keep(with(does("POST", whole+"/taxrate", `{"Name":"Drink","Rate":23}`, 200, "menu.updated"), want{"Name": "Drink", "Rate": 23}), "drink", "TaxRateId"),
		does("POST", item+"/taxrate/{drink}", ``, 200, "menu.section_item.updated"),
		does("POST", option+"/taxrate/{drink}", ``, 200, "menu.option_set_item.updated"),
		with(does("POST", whole+"/taxrate", `{"TaxRateId":{drink},"Name":"Drinks","Rate":21.5}`, 200, "menu.updated"), want{"TaxRateId": storeVar(k, "drink"), "Rate": 21.5}),
		reads(whole, want{one + "TaxRateName": "Drinks", one + "TaxValue": 21.5, one + "MenuItemOptionSets.0.MenuItemOptionSetItems.1.TaxValue": 21.5}),
		does("DELETE", whole+"/tax/{drink}", ``, 409),
		does("POST", item+"/taxrate/0", ``, 200, "menu.section_item.updated"),
		does("POST", option+"/taxrate/0", ``, 200, "menu.option_set_item.updated"),
		does("POST", option+"/taxrate/99", ``, 404),
		does("DELETE", whole+"/tax/{drink}", ``, 200, "menu.updated"),
		does("POST", whole+"/taxrate", `{"Name":"Food","Rate":101}`, 400),
		does("POST", whole+"/tax/type/IncludedInBasePrice", ``, 200, "menu.updated"),
		does("POST", whole+"/tax/show/true", ``, 200, "menu.updated"),
		reads(whole+"/tax", want{"Data.0.DisplayTax": true, "Data.0.TaxType": "IncludedInBasePrice", "Data.0.TaxRates.#": 1}),

		with(does("POST", whole+"/bulkshowhide?isAvailable=false", `[{"MenuElementId":{itemId},"MenuElementType":"Item"},{"MenuElementId":{optionId},"MenuElementType":"OptionSetItem"},{"MenuElementId":{optionId},"MenuElementType":"Item"}]`, 200, "menu.section_item.updated", "menu.option_set_item.updated"), want{
			"Data.0.ItemName": "Margherita", "Data.0.ValidationCode": "Success", "Data.1.OptionSetItemName": "12 inch", "Data.1.OptionSetName": "Size", "Data.1.ValidationCode": "Success",
			"Data.2.ValidationCode": "IncorrectElementTypeInMenu",
		}),
		with(does("POST", whole+"/bulkshowhide?isAvailable=false", `[{"MenuElementId":{otherOption},"MenuElementType":"OptionSetItem"}]`, 200), want{"Data.0.ValidationCode": "MasterOptionSetViolation"}),
		does("POST", whole+"/bulkshowhide?isAvailable=true", `[{"MenuElementId":{itemId}}]`, 400),
		reads(whole+"/bulkshowhide/list?isAvailable=false", want{"Data.#": 2, "Data.0.MenuElementName": "Margherita", "Data.1.MenuElementName": "12 inch"}),
		does("POST", whole+"/bulkshowhide?isAvailable=true", `[{"MenuElementId":{itemId},"MenuElementType":"Item"},{"MenuElementId":{optionId},"MenuElementType":"OptionSetItem"}]`, 200, "menu.section_item.updated", "menu.option_set_item.updated"),

		keep(with(does("POST", whole+"/clone/Carta%20d'inverno", ``, 200, "menu.created"), want{
			"Data.Name": "Carta d'inverno", "Data.VersionNumber": 1, "Data.MenuSections.#": 2, one + "PublicId": "6f9619ff-8b86-d011-b42d-00c04fc964ff", "Data.TaxRates.0.Name": "Food",
		}), "copy", "Data.MenuId"),
		does("DELETE", "/api/v1.0/menus/{copy}", ``, 200, "menu.updated"),
		does("GET", "/api/v1.0/menus/{copy}", ``, 404),
		does("POST", "/api/v1.0/{appId}/menus/async", `{"Name":"Brunch"}`, 202, "menu.created", "menu.async_creation.completed"),
	}
	k.Vars["otherOption"] = fmt.Sprint(atoi(k, "optionId") - 1)
	body, header := imageForm(k, "Image", pixels(k))
	lie, _ := imageForm(k, "Image", []byte("<svg onload=alert(1)>"))
	for path, name := range map[string]string{whole: "menu", section: "menu.section", item: "menu.section_item", set: "menu.option_set", option: "menu.option_set_item"} {
		upload := with(does("POST", path+"/image", body, 200, name+".updated"), want{"Data": apptest.Present})
		upload.Header, upload.Name = header, "upload to "+path
		out = append(out, keep(upload, "picture", "Data"), reads(path, want{"Data.ImageUrl": func(v any) error {
			if v != k.Vars["picture"] {
				return fmt.Errorf("is %v, want %s", v, k.Vars["picture"])
			}
			return nil
		}}))
		out = append(out, does("DELETE", path+"/image", ``, 200, name+".updated"), does("DELETE", path+"/image", ``, 200), reads(path, want{"Data.ImageUrl": ""}))
		upload.Body, upload.Header, upload.Status, upload.Events, upload.Want, upload.Save, upload.Text = lie, headerOf(lie), 400, nil, nil, nil, `"FieldName":"Image"`
		out = append(out, upload)
	}
	return out
}

// headerOf names the boundary that a form begins with.
func headerOf(form string) http.Header {
	line, _, _ := strings.Cut(form, "\r\n")
	return http.Header{"Content-Type": {"multipart/form-data; boundary=" + strings.TrimPrefix(line, "--")}}
}

func TestAMenuAsAWholeThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		k.Run(wholeMenuEdits(k)...)
		w := httptest.NewRecorder()
		api.Assets(k.Accounts).ServeHTTP(w, httptest.NewRequest("GET", strings.TrimPrefix(k.Vars["picture"], "https://comanda.test"), nil))
		if w.Code != 200 || w.Header().Get("Content-Type") != "image/png" {
			t.Errorf("%d %s", w.Code, w.Header())
		}
		k.Run(
			call{Name: "sell", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/stores/{storeId}/menu/{menuId}", Status: 200, Events: events{"store.menu.assigned"}},
			call{Name: "delete what is sold", As: apptest.Owner, Method: "DELETE", Path: "/api/v1.0/menus/{menuId}", Status: 409, Text: "Temple Bar"},
		)
	})
}

// Sold out for an hour and a half: it is back by itself, on the clock of the brand.
func TestAChangeThatRevertsByItselfThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		const item = "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitems/{itemId}"
		k.Run(call{Name: "sold out", As: apptest.Integrator, Method: "POST", Path: item + "?undoAfter=0.000001", Body: `{"IsAvailable":false}`, Status: 200, Events: events{"menu.section_item.updated"}})
		time.Sleep(10 * time.Millisecond)
		n, err := k.Menus.TakeBack(k.Context())
		k.Must(err)
		if n != 1 {
			t.Errorf("%d members were taken back", n)
		}
		k.Run(call{Name: "is back", As: apptest.Owner, Method: "GET", Path: item, Status: 200, Want: want{"Data.IsAvailable": true}})
	})
}

func TestMetadataThroughTheAPI(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		const item, option = "/api/v1.0/menus/{menuId}/menuitem/{itemId}/metadata", "/api/v1.0/menus/{menuId}/optionsetitem/{optionId}/metadata"
		k.Run(
			call{Name: "item", As: apptest.ReadOnly, Method: "GET", Path: item + "/store/{storeId}", Status: 200, Want: want{"Data.#": 2, "Data.0.Key": "allergens", "Data.1.Value": "P-1", "Data.1.MenuEntityId": storeVar(k, "itemId")}},
			call{Name: "write", As: apptest.Integrator, Method: "PUT", Path: item + "/store/{storeId}", Body: `{"Key":"plu/1","Value":"7"}`, Status: 200, Events: events{"menu.section_item.updated"}},
			call{Name: "by a key with a slash in it", As: apptest.Owner, Method: "GET", Path: item + "/plu%2F1/store/{storeId}", Status: 200, Want: want{"Data.Value": "7"}},
			call{Name: "keys keep their case", As: apptest.Owner, Method: "GET", Path: item + "/posid/store/{storeId}", Status: 404},
			call{Name: "remove", As: apptest.Owner, Method: "DELETE", Path: item + "/plu%2F1/store/{storeId}", Status: 200, Events: events{"menu.section_item.updated"}},
			call{Name: "remove again", As: apptest.Owner, Method: "DELETE", Path: item + "/plu%2F1/store/{storeId}", Status: 404},
			call{Name: "option", As: apptest.Owner, Method: "GET", Path: option + "/store/{storeId}", Status: 200, Want: want{"Data.Key": "posId", "Data.Value": "P-1-12"}},
			call{Name: "write option", As: apptest.Owner, Method: "PUT", Path: option + "/store/{storeId}", Body: `{"Key":"posId","Value":"P-9"}`, Status: 200, Events: events{"menu.option_set_item.updated"}},
			call{
				Name: "everything", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/metadata/store/{storeId}", Status: 200,
				Want: want{"Data.0.MenuItemMetadata.#": 2, "Data.0.MenuItemOptionSetItemMetadata.0.Value": "P-9"},
			},
			call{Name: "no key", As: apptest.Owner, Method: "PUT", Path: item + "/store/{storeId}", Body: `{"Value":"7"}`, Status: 400, Text: "Key"},
			call{Name: "a store of nobody", As: apptest.Owner, Method: "PUT", Path: item + "/store/99", Body: `{"Key":"a","Value":"7"}`, Status: 404, Text: "store 99"},
			call{Name: "an item of nobody", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}/menuitem/99/metadata/store/{storeId}", Status: 404, Text: "item 99"},
			call{Name: "a stranger", As: apptest.Stranger, Method: "GET", Path: item + "/store/{storeId}", Status: 404},
			call{Name: "a reader", As: apptest.ReadOnly, Method: "PUT", Path: item + "/store/{storeId}", Body: `{"Key":"a","Value":"7"}`, Status: 403},
		)
	})
}

func TestBadMenuCallsStoreNothing(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		newMenu(k)
		const item = "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitems/{itemId}"
		for _, path := range []string{"/api/v1.0/menus/{menuId}", "/api/v1.0/menus/{menuId}/name", "/api/v1.0/menus/{menuId}/tax", "/api/v1.0/menus/{menuId}/stores", item, item + "/optionsets/{setId}"} {
			k.Run(
				call{Name: "nobody", As: apptest.Nobody, Method: "GET", Path: path, Status: 401},
				call{Name: "a stranger", As: apptest.Stranger, Method: "GET", Path: path, Status: 404, Lacks: "Carta"},
			)
		}
		k.Run(
			call{Name: "another brand's menus", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{appId}/menus", Status: 403},
			call{Name: "a menu for another brand", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/{appId}/menus", Body: `{"Name":"x"}`, Status: 403},
			call{Name: "a reader's menu", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/{appId}/menus", Body: `{"Name":"x"}`, Status: 403},
			call{
				Name: "every wrong field", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/menus", Status: 400, Text: "MenuSections[0].MenuItems[0].Price",
				Body: `{"MenuSections":[{"Name":"a","MenuItems":[{"Price":-1,"TaxRateName":"x"}]}]}`,
				Want: want{"Errors.0.FieldName": "Name", "Errors.1.FieldName": "MenuSections[0].MenuItems[0].Name", "Errors.2.FieldName": "MenuSections[0].MenuItems[0].Price", "Errors.3.FieldName": "MenuSections[0].MenuItems[0].TaxRateName"},
			},
			call{Name: "half a cent", As: apptest.Owner, Method: "POST", Path: item, Body: `{"Price":9.995}`, Status: 400, Text: "Price"},
			call{Name: "a price of letters", As: apptest.Owner, Method: "POST", Path: item, Body: `{"Price":"cheap"}`, Status: 400, Text: "Price"},
			call{Name: "very spicy", As: apptest.Owner, Method: "POST", Path: item, Body: `{"SpicinessRating":"Inferno"}`, Status: 400, Text: "SpicinessRating"},
			call{Name: "another PublicId", As: apptest.Owner, Method: "POST", Path: item, Body: `{"PublicId":"00000000-0000-4000-8000-000000000001"}`, Status: 400, Text: "PublicId"},
			call{Name: "a change that reverts before it was made", As: apptest.Owner, Method: "POST", Path: item + "?undoAfter=-1", Body: `{"IsAvailable":false}`, Status: 400, Text: "undoAfter"},
			call{Name: "a change that reverts in ten years", As: apptest.Owner, Method: "POST", Path: item + "?undoAfter=87600", Body: `{"IsAvailable":false}`, Status: 400, Text: "undoAfter"},
			call{Name: "a copy of no name", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/clone/%20", Status: 400, Text: "newName"},
			call{Name: "a reader's copy", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/menus/{menuId}/clone/x", Status: 403},
			call{Name: "a stranger's lock", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/menus/{menuId}/lock", Body: `true`, Status: 404},
			call{Name: "neither with nor without tax", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/tax/type/Sometimes", Status: 400, Text: "type"},
			call{Name: "a reader's change", As: apptest.ReadOnly, Method: "POST", Path: item, Body: `{"IsAvailable":false}`, Status: 403},
			call{Name: "a stranger's change", As: apptest.Stranger, Method: "POST", Path: item, Body: `{"IsAvailable":false}`, Status: 404},
			call{Name: "an older version", As: apptest.Owner, Method: "POST", Path: item + "?version=7", Body: `{"IsAvailable":false}`, Status: 400, Text: "version"},
			call{Name: "a section of no name", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections", Body: `{}`, Status: 400, Text: "Name"},
			call{Name: "a stranger's section", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections", Body: `{"Name":"x"}`, Status: 404},
			call{Name: "a reader's section", As: apptest.ReadOnly, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections", Body: `{"Name":"x"}`, Status: 403},
			call{Name: "no day", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}/availability/times/Someday", Body: `{}`, Status: 400, Text: "dayOfWeek"},
			call{Name: "no time", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}/availability/times/Monday", Body: `{"StartTime":"25:00","Period":"01:00"}`, Status: 400, Want: want{"Errors.0.FieldName": "StartTime"}},
			call{Name: "before the first", As: apptest.Owner, Method: "POST", Path: item + "/setorder/-1", Status: 400, Text: "destinationDisplayOrder"},
			call{Name: "no orders", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitemdisplayorders", Body: `{}`, Status: 400, Text: "DisplayOrders"},
			call{
				Name: "orders of others", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitemdisplayorders", Status: 400,
				Body: `{"DisplayOrders":[{"Id":99,"DisplayOrder":1},{"Id":{itemId}}]}`, Want: want{"Errors.0.FieldName": "DisplayOrders[0].Id", "Errors.1.FieldName": "DisplayOrders[1].DisplayOrder"},
			},
			call{Name: "a second master", As: apptest.Owner, Method: "POST", Path: item + "/optionsets", Body: `{"Name":"x","IsMasterOptionSet":true}`, Status: 400, Text: "IsMasterOptionSet"},
			call{Name: "more than there are", As: apptest.Owner, Method: "POST", Path: item + "/optionsets/{setId}", Body: `{"MinSelectCount":3,"MaxSelectCount":3}`, Status: 400, Text: "MinSelectCount"},
			call{Name: "a PublicId that is taken", As: apptest.Owner, Method: "POST", Path: item + "/optionsets/{setId}/optionsetitems", Body: `{"Name":"x","PublicId":"6f9619ff-8b86-d011-b42d-00c04fc964ff"}`, Status: 400, Text: "the item Margherita"},
			call{Name: "an item elsewhere", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/menus/{menuId}/sections/{itemId}/sectionitems/{itemId}", Body: `{"IsAvailable":false}`, Status: 404, Text: "section"},
			call{Name: "an option elsewhere", As: apptest.Owner, Method: "GET", Path: item + "/optionsets/{setId}/optionsetitems/{itemId}", Status: 404, Text: "option"},
			call{Name: "a menu of nobody", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/99", Status: 404, Text: "menu 99"},
			call{Name: "nothing was stored", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/menus/{menuId}", Status: 200, Want: want{"Data.VersionNumber": 1}},
			call{Name: "and no menu more", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/menus", Status: 200, Want: want{"Data.#": 1}},
		)
	})
}

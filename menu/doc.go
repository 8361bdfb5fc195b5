// Package menu is menus: what a brand sells, at which prices, when.
//
// It owns the tables menus, menu_undos and menu_checkpoints: one versioned JSON document a menu, kept exactly as GET answers it, and
// beside it the version at which each part last changed; changes that revert by themselves; and what menus were, to go back to. Every change appends its menu event in the same transaction.
//
// A menu has sections, a section has items, an item has option sets, an option set has options (option set items). Each
// has a numeric id, which is for addressing within this API, and a PublicId, which is what integrations keep. Menus
// belong to a brand; stores of any of the brand's currencies may use them, so a price is a decimal until an order in a
// store makes it an amount.
//
// Allergens. The contract gives items no member for them. They are metadata of an item or option under the key
// [AllergensKey], valid for every store: a comma-separated list of names, or "none". An item without that key makes no
// statement, which readers show as "ask the store", never as "none".
//
// The API's Menu… tags call the methods that take a caller; order calls [Menus.Load].
package menu

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/store"
)

// AllergensKey is the metadata key of an item's or option's allergen statement.
const AllergensKey = "allergens"

// Menus is the door to all menus. It is safe for parallel use.
type Menus struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	stores   *store.Stores
	parsed   *lru.Cache[int, *Menu]
	locks    [64]sync.Mutex // changes of one menu queue up in this process, by id
}

// parsedMenus is how many parsed menus a process keeps; one of 2,000 items takes some megabytes.
const parsedMenus = 256

// New makes the door.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, stores *store.Stores) *Menus {
	parsed, err := lru.New[int, *Menu](parsedMenus)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &Menus{db: d, log: log, accounts: accounts, stores: stores, parsed: parsed}
}

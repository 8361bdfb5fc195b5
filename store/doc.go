// Package store is store groups and stores: where food is sold, in which currency and time zone, and when it is open.
//
// It owns the tables store_groups, stores (one JSON document a row, with a version), fulfillment_configs and
// fulfillment_stores and appends the events
// store_group.created, .updated and .deleted, store.created, store.updated, store.address.updated,
// store.opening_hours.updated, store.business_hours_override.created and .deleted, store.preorder_config.updated,
// store.service_charge.updated, store.tip.updated, order.capacity.updated, store.delivery_zone.created, .updated and
// .deleted, store.published, store.unpublished, store.archived, store.unarchived and store.menu.assigned.
//
// A store group owns the currency; its stores inherit it. A store owns its hours (wall times per weekday and delivery
// type, see [Week]), its address, its delivery zones, its switches and its settings for pre-orders, tips and service
// charge. The API's tags Stores, StoreGroups and DeliveryZone call the methods that take a caller; order and menu call
// [Stores.Load].
//
// When an order can be wanted for is one pure function of all that and the time: [Store.Slots], [Store.SlotFor] and
// [Store.SlotNow] in slots.go.
package store

import (
	"sync"

	lru "github.com/hashicorp/golang-lru/v2"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
)

// Stores is the door to all store groups and stores. It is safe for parallel use.
type Stores struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	parsed   *lru.Cache[int, *Store]
	locks    [64]sync.Mutex // changes of one store queue up in this process, by id
}

// parsedStores is how many parsed stores a process keeps, at some ten kilobytes each.
const parsedStores = 4096

// New makes the door.
func New(d *db.DB, log *event.Log, accounts *account.Accounts) *Stores {
	parsed, err := lru.New[int, *Store](parsedStores)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	accounts.StoresFrom(storeIDs)
	return &Stores{db: d, log: log, accounts: accounts, parsed: parsed}
}

// Package voucher is what takes something off an order: codes, what they are worth, when and where they hold, and who has
// used them.
//
// It owns the tables vouchers and voucher_uses and appends voucher.created, voucher.updated and voucher.applied. The API's
// tag Vouchers calls the methods that take a caller; order finds the voucher of a basket ([Vouchers.ByCode],
// [Vouchers.Automatic]), asks whether it fits, and takes a use of it in the transaction that places the order.
//
// A voucher has one of the contract's five types:
//
//	PercentageDiscount  a percentage of what it applies to, up to a maximum
//	LumpDiscount        an amount
//	CreditNote          an amount that lasts until it is spent, over as many orders as that takes
//	AddItem             one unit of one of the dishes it names
//	FreeDelivery        the delivery fee
//
// The subtype only says where it came from. How it is spread over an order is order's business.
//
// Uses. A voucher counts the uses that are taken, and a credit note what is left of it; both move only by conditional
// updates of the voucher's row, so the last use and the last cent are given once, however many ask. An order that is turned
// down gives its use back. A change of the voucher never touches the counts.
package voucher

import (
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"comanda/account"
	"comanda/event"
	"comanda/internal/cache"
	"comanda/internal/db"
	"comanda/store"
)

// Vouchers is the door to all vouchers. It is safe for parallel use.
type Vouchers struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	stores   *store.Stores

	codes     *lru.Cache[codeKey, *Voucher] // no credit notes, whose worth changes with each use
	automatic *cache.Cache[automaticKey, []*Voucher]
}

type codeKey struct {
	brand int
	code  string // canonical
}

type automaticKey struct {
	brand int
	at    int64 // seconds of the brand's clock
}

// What a process remembers of vouchers for placing. The transaction checks the voucher that is used.
const (
	knownCodes    = 1000
	knownBrands   = 200
	automaticLife = time.Second
)

// New makes the door.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, stores *store.Stores) *Vouchers {
	codes, err := lru.New[codeKey, *Voucher](knownCodes)
	if err != nil {
		panic(err) // the size is a positive constant
	}
	return &Vouchers{
		db: d, log: log, accounts: accounts, stores: stores,
		codes: codes, automatic: cache.New[automaticKey, []*Voucher](automaticLife, knownBrands),
	}
}

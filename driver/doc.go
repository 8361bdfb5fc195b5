// Package driver is the people who carry orders: who they are, where they work, whether they are on duty, and how they sign
// in.
//
// It owns the tables drivers, driver_brands, driver_stores, driver_sessions and driver_devices. The API's tag Drivers is what
// a driver's app calls, the tag DriverTeam what staff call. The delivery itself is a matter of package order.
//
//	staff add a phone number and its stores ─→ driver ─(PIN by text message)→ session ─→ Caller of kind Driver
//
// A driver is one person in the whole installation, because they sign in without naming a brand; what a brand's staff see of
// them is the name that they gave, until the driver chooses one, and no picture before the driver has been on duty. A driver
// who works nowhere any more is deleted.
//
// A driver's Caller has the level [account.LevelDriver] on each brand, for the stores where they work, and no right but
// DeliverOrders. The contract names no event about drivers.
package driver

import (
	"time"

	"comanda/account"
	"comanda/internal/backoff"
	"comanda/internal/db"
	"comanda/internal/mail"
	"comanda/internal/phone"
	"comanda/order"
	"comanda/store"
)

// Drivers is the door to all drivers. It is safe for parallel use.
type Drivers struct {
	db       *db.DB
	accounts *account.Accounts
	stores   *store.Stores
	orders   *order.Orders
	outbox   *mail.Outbox
	phones   *phone.Reader

	// As account's patience: wrong PINs of one number from one address and everywhere; text messages that are asked for, by
	// who asks and by whose number it is. What is counted everywhere has no FreeAddress, which would be one count for all.
	tries, everywhere, messages, phone *backoff.Limiter
}

// New makes the door.
func New(d *db.DB, accounts *account.Accounts, stores *store.Stores, orders *order.Orders, outbox *mail.Outbox) *Drivers {
	out := &Drivers{
		db: d, accounts: accounts, stores: stores, orders: orders, outbox: outbox, phones: phone.NewReader(),
		tries: backoff.New(backoff.Rule{
			Free: 5, FreeAddress: 50, First: time.Second, Longest: 5 * time.Minute, Forget: 15 * time.Minute, Size: 20_000,
		}),
		everywhere: backoff.New(backoff.Rule{Free: 20, First: time.Second, Longest: 30 * time.Second, Forget: 15 * time.Minute, Size: 20_000}),
		messages: backoff.New(backoff.Rule{
			Free: 3, FreeAddress: 30, First: 30 * time.Second, Longest: 15 * time.Minute, Forget: time.Hour, Size: 20_000,
		}),
		phone: backoff.New(backoff.Rule{Free: 3, First: 30 * time.Second, Longest: 15 * time.Minute, Forget: time.Hour, Size: 20_000}),
	}
	orders.Consult(out)
	return out
}

// Package notice tells customers how their orders go: placed, accepted with the time, rejected or cancelled with the reason,
// refunded. It follows the log, and owns no table, only the follower named notices.
//
//	order.created, .accepted, .rejected, .refunded ─(event.Log.Follow)→ message → mail.Outbox, in the transaction of the cursor
//	customer.redacted ─→ what still waits for that customer is withdrawn
//
// Who gave an e-mail address is sent a mail, who gave only a phone number a text message. Nobody is told who is erased, of
// what is too old to matter, of what was overtaken, or where who answered the order did not want it. A message holds
// nothing that a customer has typed, and of names only letters, digits and plain signs: nobody can send others their words
// or links by ordering with somebody's address. What strangers can cause is limited, most of all text messages, which
// cost money. Customers of sandbox brands are told nothing: their messages go to a mailbox for developers.
package notice

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/mail"
	"comanda/store"
)

// Config says how much is sent, and where what is not.
type Config struct {
	Sandbox      mail.Sender // takes what customers of sandbox brands would be told
	TextsOfBrand int         // text messages a day; 0 = 500, negative = none
	TextsOfAll   int         // of all brands together; 0 = 5000, negative = none
}

// toOne is what one address or number is sent at most: three orders an hour, each with all that can happen to it.
var toOne = mail.Allowance{Most: 12, Per: time.Hour}

const day = 24 * time.Hour

// Notices tells the customers of all brands. It is safe for parallel use.
type Notices struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	stores   *store.Stores
	outbox   *mail.Outbox
	Config

	sent, withheld atomic.Int64
}

// New makes the notices of a node; nobody is told anything before Run.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, stores *store.Stores, outbox *mail.Outbox, c Config) *Notices {
	c.TextsOfBrand, c.TextsOfAll = cmp.Or(c.TextsOfBrand, 500), cmp.Or(c.TextsOfAll, 5000)
	return &Notices{db: d, log: log, accounts: accounts, stores: stores, outbox: outbox, Config: c}
}

// Run tells customers until ctx ends, on one node at a time.
func (n *Notices) Run(ctx context.Context) error { return n.log.Follow(ctx, "notices", n.handle) }

// Stats counts the notices of this node: put into the outbox, and withheld because an allowance was used up.
func (n *Notices) Stats() (put, withheld int64) { return n.sent.Load(), n.withheld.Load() }

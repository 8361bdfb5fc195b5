// Package payment takes money for orders by card: it keeps what is owed at a provider and sees to it that it is done, once.
//
// It owns the tables payments, payment_operations, payment_disputes and payment_accounts. Package order opens a payment in the
// transaction that reserves an order, and writes what each change of the order owes (a capture, a void, a refund) in the
// transaction of that change. No transaction and no lock is held while a provider is asked.
//
//	          authorize             capture
//	pending ───────────→ authorized ───────→ captured
//	   │ declined, expired    │ void            │ refund, in parts
//	   └────────→ voiding ←───┘                 ↓
//	                 │ void                  captured, with refunded > 0
//	                 ↓
//	              voided
//
// An operation is a row until the provider has settled it. Each call has the idempotency key payment:operation, and may be
// made again by any node after any crash. The answer to a call is one of [Outcome]; that a call timed out is an outcome too,
// and the next try asks the provider first what has become of it. Notices of a provider (webhooks) are hints: they make the
// payment's operation due now, and what happened is asked. So notices that come twice, late or never change nothing but time.
//
// A payment whose customer never comes back is settled by the same rows: authorized in time it becomes an order, else it is
// voided, and `voiding` is written before the provider is asked.
//
// Adapters: payment/stripe, and payment/simulator for sandbox brands. No card number ever gets here: a customer's means of
// payment is a token of the provider, made by its script in the customer's browser.
package payment

import (
	"cmp"
	"fmt"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/seal"
)

// Payments is the door to all payments. It is safe for parallel use.
type Payments struct {
	db        *db.DB
	accounts  *account.Accounts
	box       *seal.Box
	providers map[string]Provider
	public    string
	book      Book
	wake      chan struct{}
	parallel  int
}

// Config is what New needs beside the database.
type Config struct {
	MasterKey []byte
	PublicURL string // where providers reach this installation
	Providers []Provider
	Parallel  int // operations that are done side by side; 0 = 16
}

// New makes the door. It does nothing by itself before [Payments.Keep].
func New(d *db.DB, accounts *account.Accounts, c Config) (*Payments, error) {
	box, err := seal.New(c.MasterKey, "payment")
	if err != nil {
		return nil, fmt.Errorf("payment: %w", err)
	}
	p := &Payments{
		db: d, accounts: accounts, box: box, providers: map[string]Provider{}, public: c.PublicURL, wake: make(chan struct{}, 1),
		parallel: cmp.Or(c.Parallel, 16),
	}
	for _, of := range c.Providers {
		p.providers[of.Name()] = of
	}
	return p, nil
}

// Keep sets who keeps the books. It is called once, before payments are opened.
func (p *Payments) Keep(b Book) { p.book = b }

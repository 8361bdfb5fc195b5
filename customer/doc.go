// Package customer is who orders from a brand: how they can be reached, what they agreed to, how they may pay.
//
// It owns the tables customers, customer_contacts, customer_consents and customer_erasures, and appends customer.created,
// customer.updated, customer.consent.updated and customer.redacted. The API's tags Customers and CustomerPrivacy call the methods that take a
// caller; order finds the customer of a basket ([Customers.Resolve]), keeps them in the transaction that places the order
// ([Customers.Keep]), and erases them; voucher asks whether there is one ([Exists]).
//
// Who is the same. A customer is known by their contacts: phone numbers in E.164, and e-mail addresses without regard to
// case. A contact is one customer's. An order is that of the customer with its phone number; without one, or with one that
// nobody has, that of the customer with its e-mail address, unless they have another phone number: people share an address
// more often than a phone. Whoever is in none of them is a new customer. An order teaches what was not known yet, and
// changes nothing that was. Customers are never merged, because nobody proved that a contact is theirs.
//
// Locks. Placing takes the lock of the customer's row before it counts what the customer ordered and used, so that two
// orders of one customer follow each other, and none is placed for a customer who is being erased.
//
// Erasure. [Customers.Erase] begins it in one transaction: the customer is overwritten, their contacts are free again.
// Package order then redacts orders and events, one order a transaction, and [Customers.End] reports it.
package customer

import (
	lru "github.com/hashicorp/golang-lru/v2"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/phone"
)

// Customers is the door to all customers. It is safe for parallel use.
type Customers struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	phones   *phone.Reader
	known    *lru.Cache[key, known]
}

// knownContacts is how many contacts a process remembers the customers of, at some hundred bytes each.
const knownContacts = 20_000

// New makes the door.
func New(d *db.DB, log *event.Log, accounts *account.Accounts) *Customers {
	ids, err := lru.New[key, known](knownContacts)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &Customers{db: d, log: log, accounts: accounts, phones: phone.NewReader(), known: ids}
}

// Package customer is who orders from a brand. For now a customer is made by their first order and known by the contact
// they gave: the phone number, else the e-mail address. Consents, merging, search and the contract's tag Customers come
// later.
//
// It owns the table customers. order calls it while an order is placed.
package customer

import (
	"context"
	"errors"
	"strings"

	lru "github.com/hashicorp/golang-lru/v2"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Customers is the door to all customers. It is safe for parallel use.
type Customers struct {
	db  *db.DB
	ids *lru.Cache[key, int]
}

type key struct {
	brand   int
	contact string
}

// knownContacts is how many contacts a process remembers the ids of, at some hundred bytes each.
const knownContacts = 20_000

// New makes the door.
func New(d *db.DB) *Customers {
	ids, err := lru.New[key, int](knownContacts)
	if err != nil {
		panic(err) // only a size below one is an error
	}
	return &Customers{db: d, ids: ids}
}

// Contact is how a customer can be reached. At least one of Phone and Email is given.
type Contact struct {
	Name  string
	Phone string // E.164
	Email string
}

// Customer is a contact with its id within a brand.
type Customer struct {
	ID    int
	Brand int
	Contact
	fresh bool
}

// contact is what a customer is known by: two orders with the same one are the same customer's.
func (c Contact) contact() string {
	if c.Phone != "" {
		return "tel:" + c.Phone
	}
	return "mailto:" + strings.ToLower(c.Email)
}

// Resolve finds the customer of a contact, or takes an id for a new one, which [Customers.Keep] then stores.
func (cs *Customers) Resolve(ctx context.Context, brand int, contact Contact) (Customer, error) {
	c := Customer{Brand: brand, Contact: contact}
	k := key{brand, contact.contact()}
	if id, ok := cs.ids.Get(k); ok {
		c.ID = id
		return c, nil
	}
	err := cs.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlFind, k.brand, k.contact).Scan(&c.ID) })
	if err == nil {
		cs.ids.Add(k, c.ID)
		return c, nil
	}
	if !errors.Is(err, db.ErrNoRows) {
		return c, err
	}
	c.fresh = true
	c.ID, err = cs.db.NextID(ctx, "customers")
	return c, err
}

// Keep stores a customer that Resolve found to be new. It returns false when another transaction was first with the same
// contact: resolve it again.
func (cs *Customers) Keep(tx *db.Tx, c Customer) (bool, error) {
	if !c.fresh {
		return true, nil
	}
	n, err := tx.Exec(sqlInsert, c.ID, c.Brand, c.contact(), c.Name, c.Phone, c.Email, clock.Micros(clock.Now()))
	return n == 1, err
}

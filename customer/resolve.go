package customer

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Guest is the customer of an order that is being placed.
type Guest struct {
	ID int
	Contact
	claims  []string // contacts that become the customer's
	fresh   bool     // a new customer
	learned bool     // Contact has what was not known
	version int      // of the customer that Contact was completed from
}

type key struct {
	brand   int
	contact string
}

// known is what a process remembers of the customer of a contact.
type known struct {
	id                 int
	name, phone, email bool // is known
}

// teaches reports whether a contact tells what is not known.
func (k known) teaches(c Contact) bool {
	return c.Name != "" && !k.name || c.Phone != "" && !k.phone || c.Email != "" && !k.email
}

func knows(c *Customer) known { return known{c.ID, c.Name != "", c.Phone != "", c.Email != ""} }

// Resolve finds the customer of a contact, or takes an id for a new one; [Customers.Keep] then stores what is new.
func (cs *Customers) Resolve(ctx context.Context, brand int, contact Contact) (*Guest, error) {
	if k, ok := cs.known.Get(key{brand, contact.keys()[0]}); ok && !k.teaches(contact) {
		return &Guest{ID: k.id, Contact: contact}, nil
	}
	g, err := cs.guest(ctx, brand, contact)
	if err != nil {
		return nil, fmt.Errorf("customer: resolve: %w", err)
	}
	if g.fresh {
		g.ID, err = cs.db.NextID(ctx, "customers")
	}
	return g, err
}

// Known finds the customer of a contact; their id is 0 when they are new, or when the contact says nothing.
func (cs *Customers) Known(ctx context.Context, brand int, contact Contact) (*Guest, error) {
	if len(contact.keys()) == 0 {
		return &Guest{}, nil
	}
	return cs.guest(ctx, brand, contact)
}

// guest applies the rules of who is the same.
func (cs *Customers) guest(ctx context.Context, brand int, contact Contact) (g *Guest, err error) {
	err = cs.db.Read(ctx, func(tx *db.Tx) error {
		g = &Guest{Contact: contact}
		free := map[string]bool{}
		var found *Customer
		for _, k := range contact.keys() {
			c, err := byContact(tx, brand, k)
			switch {
			case err != nil:
				return err
			case c == nil:
				free[k] = true
			case found == nil && (k == "tel:"+contact.Phone || contact.Phone == "" || c.Phone == ""):
				found = c
			}
		}
		g.be(found, contact, free)
		if found != nil {
			cs.known.Add(key{brand, contact.keys()[0]}, knows(found))
		}
		return nil
	})
	return g, err
}

func byContact(tx *db.Tx, brand int, contact string) (*Customer, error) {
	c, err := scan(tx.QueryRow(sqlByContact, brand, contact))
	if errors.Is(err, db.ErrNoRows) {
		return nil, nil
	}
	return c, err
}

// be makes the guest the customer that was found, with what the contact teaches of them, or a new one when none was. Only
// contacts that nobody has become theirs.
func (g *Guest) be(c *Customer, contact Contact, free map[string]bool) {
	if g.fresh = c == nil; g.fresh {
		c = &Customer{}
	}
	g.ID, g.version, g.Contact = c.ID, c.version, c.Contact
	if g.Name == "" && contact.Name != "" {
		g.Name, g.learned = contact.Name, true
	}
	if tel := "tel:" + contact.Phone; g.Phone == "" && contact.Phone != "" && free[tel] {
		g.Phone, g.claims, g.learned = contact.Phone, append(g.claims, tel), true
	}
	if k := mailto(contact.Email); g.Email == "" && contact.Email != "" && free[k] {
		g.Email, g.claims, g.learned = contact.Email, append(g.claims, k), true
	}
}

// Order is what Keep needs to know of an order.
type Order struct {
	ID        int
	Brand     account.Brand
	Caller    *account.Caller // who places it
	Store     int
	StoreName string
	Contact   Contact // as the order gives it
	Cash      bool    // how it is paid; else by card
	Elsewhere bool    // it is paid already, to another channel
	Marketing *bool   // what the customer says of it; nil = nothing
}

// Keep takes the lock of the customer of an order and stores what the order says of them, in the transaction that places
// it. It returns false when the customer was made, taught or erased since [Customers.Resolve]: resolve them again.
func (cs *Customers) Keep(tx *db.Tx, g *Guest, o Order) (bool, error) {
	for _, contact := range g.claims {
		if n, err := tx.Exec(sqlClaim, o.Brand.ID, contact, g.ID); err != nil || n == 0 {
			cs.forget(o)
			return false, err
		}
	}
	if g.fresh {
		if ok, err := cs.insert(tx, g, o); err != nil || !ok {
			return false, err
		}
	}
	store := strconv.Itoa(o.Store)
	c, err := scan(tx.QueryRow(sqlOrders, g.ID, store, ","+store+","))
	if errors.Is(err, db.ErrNoRows) {
		cs.forget(o)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if err := c.mayPay(o); err != nil {
		return false, err
	}
	if g.learned && !g.fresh {
		if ok, err := cs.teach(tx, g, o); err != nil || !ok {
			return false, err
		}
		c.version++
		c.Contact = g.Contact
	}
	tx.AfterCommit(func() { cs.known.Add(key{o.Brand.ID, o.Contact.keys()[0]}, knows(c)) })
	if o.Marketing == nil || *o.Marketing == c.Marketing {
		return true, nil
	}
	return true, cs.consent(tx, o.Brand, o.Caller, c, *o.Marketing, fmt.Sprintf("order %d at %s", o.ID, o.StoreName))
}

// forget drops what this process remembers of an order's customer, because it is no longer so.
func (cs *Customers) forget(o Order) { cs.known.Remove(key{o.Brand.ID, o.Contact.keys()[0]}) }

func (cs *Customers) insert(tx *db.Tx, g *Guest, o Order) (bool, error) {
	c := Customer{ID: g.ID, Brand: o.Brand.ID, Contact: g.Contact}
	n, err := tx.Exec(sqlInsert, c.ID, c.Brand, g.claims[0], c.Name, c.Phone, c.Email, clock.Micros(o.Brand.Now()), ",", string(wire.AppTypeWeb))
	if err != nil || n == 0 {
		return false, err
	}
	return true, cs.tell(tx, o.Brand, o.Caller, c.ID, &wire.CustomerCreatedEvent{
		User: c.user(), Description: fmt.Sprintf("%s became customer %d with order %d at %s.", o.Caller.EventName(), c.ID, o.ID, o.StoreName),
	})
}

func (cs *Customers) teach(tx *db.Tx, g *Guest, o Order) (bool, error) {
	n, err := tx.Exec(sqlTeach, g.ID, g.version, g.Name, g.Phone, g.Email)
	if err != nil || n == 0 {
		cs.forget(o)
		return false, err
	}
	c := Customer{ID: g.ID, Contact: g.Contact}
	return true, cs.tell(tx, o.Brand, o.Caller, c.ID, &wire.CustomerUpdatedEvent{
		User: c.user(), Description: fmt.Sprintf("%s told more of customer %d with order %d at %s.", o.Caller.EventName(), c.ID, o.ID, o.StoreName),
	})
}

// mayPay refuses an order that is paid as the brand does not let its customer pay.
func (c *Customer) mayPay(o Order) error {
	switch {
	case o.Elsewhere:
	case o.Cash && !c.Cash:
		return fault.BadField("Payment.Method", "%s takes no cash from this customer; pay another way", o.Brand.Name)
	case !o.Cash && !c.Card:
		return fault.BadField("Payment.Method", "%s takes no cards from this customer; pay another way", o.Brand.Name)
	}
	return nil
}

package customer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Contact is how a customer can be reached. An order gives Phone or Email at least.
type Contact struct {
	Name  string
	Phone string // E.164
	Email string
}

// keys are what a customer is known by, the phone number first.
func (c Contact) keys() (out []string) {
	if c.Phone != "" {
		out = append(out, "tel:"+c.Phone)
	}
	if c.Email != "" {
		out = append(out, mailto(c.Email))
	}
	return out
}

func mailto(address string) string { return "mailto:" + strings.ToLower(address) }

// Customer is a customer as stored.
type Customer struct {
	ID    int
	Brand int
	Contact
	Registered time.Time
	Cash, Card bool // how they may pay
	Marketing  bool // they agreed to it
	Erased     bool

	appType wire.AppType
	stores  string // that they ordered from, as ",1,2,"
	version int
}

func scan(row interface{ Scan(dest ...any) error }) (*Customer, error) {
	c := &Customer{}
	var registered, erased int64
	err := row.Scan(&c.ID, &c.Brand, &c.Name, &c.Phone, &c.Email, &registered, &c.stores, &c.Cash, &c.Card, &c.Marketing,
		&c.appType, &c.version, &erased)
	c.Registered, c.Erased = clock.FromMicros(registered), erased != 0
	return c, err
}

// wire is the customer as the contract shows it.
func (c *Customer) wire() *wire.Customer {
	return &wire.Customer{
		CustomerId: c.ID, Name: c.Name, RegistrationDate: wire.At(c.Registered), PhoneNumber: c.Phone,
		CashOrdersEnabled: c.Cash, CardOrdersEnabled: c.Card, MarketingEnabled: c.Marketing,
	}
}

// user is the customer as the events about them name them.
func (c *Customer) user() *wire.UserEventInfo {
	return &wire.UserEventInfo{UserId: c.ID, UserName: c.Name, UserPhoneNumber: c.Phone, UserEmail: c.Email}
}

// within reports whether a caller with some stores only has one that the customer ordered from.
func (c *Customer) within(caller *account.Caller) bool {
	g, _ := caller.GrantOn(c.Brand) // none for System, which reaches all
	if g.Stores == nil {
		return true
	}
	for _, s := range g.Stores {
		if strings.Contains(c.stores, fmt.Sprintf(",%d,", s)) {
			return true
		}
	}
	return false
}

// Subject is what events about a customer are about.
func Subject(id int) string { return fmt.Sprintf("customer/%d", id) }

// tell appends an event about the customer. The customer is its User; who did it is found by it all the same.
func (cs *Customers) tell(tx *db.Tx, brand account.Brand, caller *account.Caller, id int, body wire.Event) error {
	body.Base().IpAddress = caller.EventIP()
	rec, err := event.Encode(event.New{
		Brand: brand.ID, AppID: brand.AppID, Subject: Subject(id), Time: brand.Now(), Body: body, Request: caller.Request,
		Actor: caller.EventUser(),
	})
	if err == nil {
		cs.log.Append(tx, rec)
	}
	return err
}

const maxInt = 1<<31 - 1

// load reads a customer of a brand; a missing one is a NotFound fault.
func load(tx *db.Tx, query string, brand, id int) (*Customer, error) {
	if id <= 0 || id > maxInt {
		return nil, missing(id)
	}
	c, err := scan(tx.QueryRow(query, brand, id))
	if errors.Is(err, db.ErrNoRows) {
		return nil, missing(id)
	}
	return c, err
}

func missing(id int) error {
	return fault.Newf(fault.NotFound, "There is no customer %d within your reach.", id)
}

// Exists reports whether a brand has a customer who is not erased, for other business code: no caller is asked for.
func Exists(tx *db.Tx, brand, id int) (bool, error) {
	c, err := load(tx, sqlCustomer, brand, id)
	if fault.KindOf(err) == fault.NotFound {
		return false, nil
	}
	return err == nil && !c.Erased, err
}

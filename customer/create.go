package customer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/wire"
)

const maxName = 100

// Create makes a customer who has not ordered yet. A phone number that another customer has is a Conflict. Right:
// EditCustomers, for the whole brand.
func (cs *Customers) Create(ctx context.Context, caller *account.Caller, appID string, in wire.CustomerCreateModel) (*wire.Customer, error) {
	brand, err := cs.openWhole(ctx, caller, appID)
	if err != nil {
		return nil, err
	}
	c, err := cs.asked(brand, in)
	if err != nil {
		return nil, err
	}
	claim, err := caller.Claim(brand.ID, "CreateCustomer", in)
	if err != nil {
		return nil, err
	}
	if c.ID, err = cs.db.NextID(ctx, "customers"); err != nil {
		return nil, err
	}
	// The answer that is kept for a repeat is the id alone, so that an erasure finds nothing in it.
	id, err := idempotency.Once(ctx, cs.db, claim, c.ID, func(tx *db.Tx) error { return cs.create(tx, brand, caller, c) })
	if err != nil {
		return nil, fmt.Errorf("customer: create: %w", err)
	}
	return cs.Get(ctx, caller, appID, id)
}

// asked is the customer that a request describes.
func (cs *Customers) asked(brand account.Brand, in wire.CustomerCreateModel) (*Customer, error) {
	var f fault.Collector
	c := &Customer{Brand: brand.ID, Registered: brand.Now(), appType: wire.AppTypeUnknown}
	c.Name = strings.Join(strings.Fields(wire.V(in.Name)), " ")
	if utf8.RuneCountInString(c.Name) > maxName {
		f.Add("Name", "at most %d characters are allowed", maxName)
	}
	if !utf8.ValidString(c.Name) || strings.ContainsFunc(c.Name, unicode.IsControl) {
		f.Add("Name", "control characters are not allowed")
	}
	n, err := cs.number("PhoneNumber", wire.V(in.PhoneNumber), brand)
	if bad := (*fault.Error)(nil); errors.As(err, &bad) {
		f.Add(bad.Fields[0].Name, "%s", bad.Fields[0].Message)
	}
	c.Phone = n.International
	if in.AppType != nil {
		c.appType = *in.AppType
	}
	if !slices.Contains(c.appType.Values(), string(c.appType)) {
		f.Add("AppType", "must be one of %s", strings.Join(c.appType.Values(), ", "))
	}
	return c, f.Err()
}

func (cs *Customers) create(tx *db.Tx, brand account.Brand, caller *account.Caller, c *Customer) error {
	contact := c.keys()[0]
	n, err := tx.Exec(sqlClaim, c.Brand, contact, c.ID)
	if err == nil && n == 1 {
		n, err = tx.Exec(sqlInsert, c.ID, c.Brand, contact, c.Name, c.Phone, c.Email, clock.Micros(c.Registered), ",", string(c.appType))
	}
	if err != nil {
		return err
	}
	if n == 0 {
		return &fault.Error{
			Kind: fault.Conflict, Message: "Another customer of the brand has this phone number.",
			Mend:   "GET …/customers?phoneNumber= finds them.",
			Fields: []fault.Field{{Name: "PhoneNumber", Message: "is another customer's"}},
		}
	}
	return cs.tell(tx, brand, caller, c.ID, &wire.CustomerCreatedEvent{
		User: c.user(), Description: fmt.Sprintf("%s made customer %d.", caller.EventName(), c.ID),
	})
}

// openWhole is the check of what concerns customers of all stores.
func (cs *Customers) openWhole(ctx context.Context, caller *account.Caller, appID string) (account.Brand, error) {
	brand, err := cs.accounts.Open(ctx, caller, appID, account.EditCustomers)
	if err != nil {
		return brand, err
	}
	if g, _ := caller.GrantOn(brand.ID); g.Stores != nil {
		return brand, fault.New(fault.Forbidden, "Your access is to some stores, and a customer is the whole brand's.").
			With("Ask an owner of the brand.")
	}
	return brand, nil
}

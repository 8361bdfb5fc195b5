package customer

import (
	"context"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/internal/phone"
	"comanda/wire"
)

// open loads a customer for a caller who needs a right on the brand. One who ordered from no store of a caller's is not
// there for them.
func (cs *Customers) open(ctx context.Context, caller *account.Caller, appID string, id int, r account.Right) (*Customer, account.Brand, error) {
	brand, err := cs.accounts.Open(ctx, caller, appID, r)
	if err != nil {
		return nil, brand, err
	}
	var c *Customer
	err = cs.db.Read(ctx, func(tx *db.Tx) (err error) {
		c, err = load(tx, sqlCustomer, brand.ID, id)
		return err
	})
	if err == nil && !c.within(caller) {
		err = missing(id)
	}
	return c, brand, err
}

// Get returns a customer. One who is erased is still there, without a name. Right: ReadCustomers; who has it for some stores
// sees those who ordered from one of them.
func (cs *Customers) Get(ctx context.Context, caller *account.Caller, appID string, id int) (*wire.Customer, error) {
	c, _, err := cs.open(ctx, caller, appID, id, account.ReadCustomers)
	if err != nil {
		return nil, err
	}
	return c.wire(), nil
}

// Find returns the customer with a phone number, or nobody: a number is one customer's. It may be written with its country
// code, or as dialled in the brand's country. Right: ReadCustomers, as for [Customers.Get].
func (cs *Customers) Find(ctx context.Context, caller *account.Caller, appID, number string) ([]wire.Customer, error) {
	brand, err := cs.accounts.Open(ctx, caller, appID, account.ReadCustomers)
	if err != nil {
		return nil, err
	}
	n, err := cs.number("phoneNumber", number, brand)
	if err != nil {
		return nil, err
	}
	out := []wire.Customer{}
	err = cs.db.Read(ctx, func(tx *db.Tx) error {
		c, err := byContact(tx, brand.ID, "tel:"+n.International)
		if c != nil && c.within(caller) {
			out = []wire.Customer{*c.wire()}
		}
		return err
	})
	return out, err
}

func (cs *Customers) number(field, text string, brand account.Brand) (phone.Number, error) {
	n, ok := cs.phones.Read(text, brand.CountryID)
	if !ok {
		return n, fault.BadField(field, "is not a phone number; write it with its country code, such as +353 1 234 5678")
	}
	return n, nil
}

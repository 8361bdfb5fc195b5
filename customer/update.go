package customer

import (
	"context"
	"fmt"
	"strings"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Update changes the given settings of a customer: how they may pay, and whether they agreed to marketing, which is
// recorded with its time and who recorded it. Right: EditCustomers; who has it for some stores changes those who ordered
// from one of them.
func (cs *Customers) Update(ctx context.Context, caller *account.Caller, appID string, id int, in wire.CustomerUpdateModel) (*wire.Customer, error) {
	c, brand, err := cs.open(ctx, caller, appID, id, account.EditCustomers)
	if err != nil {
		return nil, err
	}
	err = cs.db.Write(ctx, func(tx *db.Tx) (err error) {
		if c, err = load(tx, sqlLock, brand.ID, id); err != nil {
			return err
		}
		if c.Erased {
			return fault.Newf(fault.Conflict, "Customer %d is erased.", id).With("There is nothing left to change.")
		}
		if err := cs.settings(tx, brand, caller, c, in); err != nil {
			return err
		}
		if in.MarketingEnabled == nil || *in.MarketingEnabled == c.Marketing {
			return nil
		}
		return cs.consent(tx, brand, caller, c, *in.MarketingEnabled, "API")
	})
	if err != nil {
		return nil, err
	}
	return c.wire(), nil
}

// settings stores how a customer may pay, if it is another way than before.
func (cs *Customers) settings(tx *db.Tx, brand account.Brand, caller *account.Caller, c *Customer, in wire.CustomerUpdateModel) error {
	var changed []string
	for _, s := range []struct {
		name  string
		to    *bool
		given *bool
	}{{"CashOrdersEnabled", &c.Cash, in.CashOrdersEnabled}, {"CardOrdersEnabled", &c.Card, in.CardOrdersEnabled}} {
		if s.given != nil && *s.given != *s.to {
			*s.to = *s.given
			changed = append(changed, fmt.Sprintf("%s is %v", s.name, *s.to))
		}
	}
	if len(changed) == 0 {
		return nil
	}
	c.version++
	if _, err := tx.Exec(sqlSet, c.ID, c.Cash, c.Card, c.Marketing); err != nil {
		return err
	}
	return cs.tell(tx, brand, caller, c.ID, &wire.CustomerUpdatedEvent{
		User: c.user(), Description: fmt.Sprintf("%s changed customer %d: %s.", caller.EventName(), c.ID, strings.Join(changed, ", ")),
	})
}

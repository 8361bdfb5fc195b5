package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// PersonCaller is a person as a caller, with every brand that they may reach now. An unknown or disabled person is
// Unauthenticated.
func (a *Accounts) PersonCaller(ctx context.Context, accountID int) (*Caller, error) {
	c := &Caller{Kind: Person, Account: accountID}
	err := a.db.Read(ctx, func(tx *db.Tx) error {
		c.Grants = nil
		if err := tx.QueryRow(sqlAccountCaller, accountID).Scan(&c.Name, &c.Email); err != nil {
			return err
		}
		rows, err := tx.Query(sqlGrants, accountID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var g Grant
			var stores string
			if err := rows.Scan(&g.Brand, &g.AppID, &g.Level, &stores); err != nil {
				return err
			}
			if g.Stores, err = decodeStores(stores); err != nil {
				return err
			}
			c.Grants = append(c.Grants, g)
		}
		return rows.Err()
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, fault.New(fault.Unauthenticated, "This account cannot sign in.")
	}
	if err != nil {
		return nil, fmt.Errorf("account: caller: %w", err)
	}
	return c, nil
}

// Standing is what one person has on one brand now.
type Standing struct {
	Grant Grant
	Name  string
	Email string
}

// Standing reads inside a transaction what a person has on a brand; db.ErrNoRows when it is nothing, or when the person or
// the brand is disabled.
func (a *Accounts) Standing(tx *db.Tx, brand, account int) (Standing, error) {
	s := Standing{Grant: Grant{Brand: brand}}
	var stores string
	err := tx.QueryRow(sqlStanding, brand, account).Scan(&s.Grant.AppID, &s.Grant.Level, &stores, &s.Name, &s.Email)
	if err != nil {
		return s, err
	}
	s.Grant.Stores, err = decodeStores(stores)
	return s, err
}

// SetMember gives a person a level on a brand, or another one. Levels that are made for stores need the stores. The last
// Owner of a brand keeps that level.
func (a *Accounts) SetMember(ctx context.Context, c *Caller, brand, accountID int, level wire.AppAccessLevel, stores []int) error {
	if err := c.Require(EditTeammates, brand, 0); err != nil {
		return err
	}
	if _, known := levels[level]; !known {
		return fault.BadField("AppAccessLevel", "%q is not an access level of the contract", level)
	}
	if forStores[level] && len(stores) == 0 {
		return fault.BadField("StoreIds", "the access level %s needs the stores it is for", level)
	}
	if err := c.mayGive(brand, level); err != nil {
		return err
	}
	text, err := encodeStores(stores)
	if err != nil {
		return err
	}
	now := clock.Micros(clock.Now())
	err = a.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlSetMember, brand, accountID, string(level), text, now); err != nil {
			return err
		}
		if err := a.keepOwner(tx, brand); err != nil {
			return err
		}
		return a.Audit(tx, c, brand, "teammate.updated", "teammate/"+strconv.Itoa(accountID), string(level)+" "+text)
	})
	a.changed(brand)
	return wrap("set member", err)
}

// RemoveMember takes a person off a brand. The last Owner stays.
func (a *Accounts) RemoveMember(ctx context.Context, c *Caller, brand, accountID int) error {
	if err := c.Require(EditTeammates, brand, 0); err != nil {
		return err
	}
	err := a.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlRemoveMember, brand, accountID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "This account is no teammate of the brand.")
		}
		if err := a.keepOwner(tx, brand); err != nil {
			return err
		}
		return a.Audit(tx, c, brand, "teammate.deleted", "teammate/"+strconv.Itoa(accountID), "")
	})
	a.changed(brand)
	return wrap("remove member", err)
}

// keepOwner refuses to leave a brand without an Owner. It locks the brand's row first, so that two owners who remove each
// other at once wait for each other.
func (a *Accounts) keepOwner(tx *db.Tx, brand int) error {
	if _, err := tx.Exec(sqlLockBrand, brand); err != nil {
		return err
	}
	var owners int
	if err := tx.QueryRow(sqlCountOwners, brand).Scan(&owners); err != nil {
		return err
	}
	if owners == 0 {
		return fault.New(fault.Conflict, "A brand needs an Owner, and this would take away the last one.").
			With("Make somebody else an Owner first.")
	}
	return nil
}

func decodeStores(text string) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	stores := []int{}
	if err := json.Unmarshal([]byte(text), &stores); err != nil {
		return nil, fmt.Errorf("account: stores of a membership: %w", err)
	}
	return stores, nil
}

func encodeStores(stores []int) (string, error) {
	if stores == nil {
		return "", nil
	}
	b, err := json.Marshal(stores)
	return string(b), err
}

// wrap adds the package's name to an internal error and leaves a fault as it is.
func wrap(what string, err error) error {
	if err == nil || fault.KindOf(err) != fault.Internal {
		return err
	}
	return fmt.Errorf("account: %s: %w", what, err)
}

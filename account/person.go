package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"comanda/internal/db"
	"comanda/internal/fault"
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

// Known reads inside a transaction who an account is; db.ErrNoRows when it is gone or disabled.
func (a *Accounts) Known(tx *db.Tx, accountID int) (name, email string, err error) {
	err = tx.QueryRow(sqlAccountCaller, accountID).Scan(&name, &email)
	return name, email, err
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

package webhook

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// EventNames lists every event name that can be subscribed to: the contract's whole catalogue, in its groups, then our own.
// Names that Comanda does not emit yet are among them, so that a subscription made today hears of them tomorrow.
func (w *Webhooks) EventNames(ctx context.Context, c *account.Caller, appID string) ([]string, error) {
	if _, err := w.accounts.Open(ctx, c, appID, account.Develop); err != nil {
		return nil, err
	}
	out := make([]string, 0, len(wire.Catalogue)+len(wire.Own))
	for _, e := range wire.Catalogue {
		out = append(out, e.Name)
	}
	for _, e := range wire.Own {
		out = append(out, e.Name)
	}
	return out, nil
}

// List returns one page (from 1 on) of an OAuth app's subscriptions by id, and how many there are.
func (w *Webhooks) List(ctx context.Context, c *account.Caller, appID, oauthAppID string, page, limit int) ([]*Subscription, int, error) {
	b, err := w.openApp(ctx, c, appID, oauthAppID)
	if err != nil {
		return nil, 0, err
	}
	var out []*Subscription
	total := 0
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(sqlCountSubscriptions, b.ID, oauthAppID).Scan(&total); err != nil {
			return err
		}
		out, err = w.loadAll(tx, b.ID, oauthAppID, limit, (page-1)*limit)
		return err
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: list: %w", err)
	}
	return out, total, nil
}

// Overview is a subscription in a list, with what is known of its delivery without counting: the state and the last attempt.
type Overview struct {
	*Subscription
	Health Health
}

// Overviews returns one page (from 1 on) of the subscriptions of an OAuth app, or of all of the brand's ("") by id, and how
// many there are.
func (w *Webhooks) Overviews(ctx context.Context, c *account.Caller, appID, oauthAppID string, page, limit int) (out []Overview, total int, err error) {
	b, err := w.accounts.Open(ctx, c, appID, account.Develop)
	if err == nil && oauthAppID != "" {
		err = w.apps.CheckApp(ctx, b.ID, oauthAppID)
	}
	if err != nil {
		return nil, 0, err
	}
	count, list, of := sqlCountOfBrand, sqlSubscriptionsOfBrand, []any{b.ID}
	if oauthAppID != "" {
		count, list, of = sqlCountSubscriptions, sqlSubscriptionsOf, append(of, oauthAppID)
	}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		if err := tx.QueryRow(count, of...).Scan(&total); err != nil {
			return err
		}
		subs, err := w.loadMany(tx, list, append(of, limit, (page-1)*limit)...)
		if err != nil {
			return err
		}
		for _, s := range subs {
			o := Overview{Subscription: s}
			if err := o.Health.stored(tx, s); err != nil {
				return err
			}
			out = append(out, o)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: overviews: %w", err)
	}
	return out, total, nil
}

// CountByApp is how many webhook subscriptions each OAuth app of a brand has that has any. Right: Develop.
func (w *Webhooks) CountByApp(ctx context.Context, c *account.Caller, appID string) (map[string]int, error) {
	b, err := w.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(sqlCountByApp, b.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var app string
			var n int
			if err := rows.Scan(&app, &n); err != nil {
				return err
			}
			out[app] = n
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: count by app: %w", err)
	}
	return out, nil
}

// loadAll reads subscriptions of an OAuth app by id.
func (w *Webhooks) loadAll(tx *db.Tx, brand int, oauthAppID string, limit, offset int) ([]*Subscription, error) {
	return w.loadMany(tx, sqlSubscriptionsOf, brand, oauthAppID, limit, offset)
}

func (w *Webhooks) loadMany(tx *db.Tx, query string, args ...any) ([]*Subscription, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []*Subscription
	for rows.Next() {
		s, err := w.scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, s)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	_ = rows.Close()
	for _, s := range out {
		if err := loadNames(tx, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Get returns one subscription.
func (w *Webhooks) Get(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (*Subscription, error) {
	_, s, err := w.open(ctx, c, appID, oauthAppID, id)
	return s, err
}

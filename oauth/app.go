package oauth

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// app is an OAuth app as it is stored.
type app struct {
	id             string
	brand          int
	owner          int
	name           string
	logoURI        string
	flow           wire.Flow
	refreshUsage   wire.RefreshTokenUsage
	accessSeconds  int
	refreshSeconds int
	bounds         bounds
	settings       settings
	disabled       bool
	created        time.Time
	version        int64

	beside func(tx *db.Tx) error // written together with a change; nil = nothing
}

// bounds are levels and stores that nothing may go beyond.
type bounds struct {
	levels []wire.AppAccessLevel // each must include a right
	stores []int                 // nil = all
}

// boundsOf are the bounds of what a caller has on a brand.
func boundsOf(c *account.Caller, brand int) bounds {
	g, ok := c.GrantOn(brand)
	if !ok { // System
		return bounds{levels: []wire.AppAccessLevel{wire.AppAccessLevelOwner}}
	}
	return bounds{append([]wire.AppAccessLevel{g.Level}, g.Limits...), g.Stores}
}

func (b bounds) limit(g account.Grant) account.Grant {
	g = g.Limited(g.Level, b.stores)
	for _, l := range b.levels {
		g = g.Limited(l, nil)
	}
	return g
}

// texts are the columns levels and stores.
func (b bounds) texts() (levels, stores string) {
	names := make([]string, len(b.levels))
	for i, l := range b.levels {
		names[i] = string(l)
	}
	if b.stores != nil {
		raw, _ := json.Marshal(b.stores)
		stores = string(raw)
	}
	return strings.Join(names, ","), stores
}

func parseBounds(levels, stores string) (b bounds, err error) {
	if levels != "" {
		for l := range strings.SplitSeq(levels, ",") {
			b.levels = append(b.levels, wire.AppAccessLevel(l))
		}
	}
	if stores != "" {
		b.stores = []int{}
		err = json.Unmarshal([]byte(stores), &b.stores)
	}
	return b, err
}

func (a app) wire() wire.OAuthApp {
	return wire.OAuthApp{
		OauthAppId: &a.id, OauthAppName: &a.name, OwnerUserId: &a.owner, LogoUri: &a.logoURI, Flow: &a.flow,
		RefreshTokenUsage: &a.refreshUsage, AccessTokenLifetime: &a.accessSeconds, AbsoluteRefreshTokenLifetime: &a.refreshSeconds,
	}
}

type scanner interface{ Scan(dest ...any) error }

func scanApp(row scanner) (a app, err error) {
	var levels, stores, stored string
	var created int64
	err = row.Scan(&a.id, &a.brand, &a.owner, &a.name, &a.logoURI, &a.flow, &a.refreshUsage, &a.accessSeconds, &a.refreshSeconds,
		&levels, &stores, &a.disabled, &created, &a.version, &stored)
	if err != nil {
		return a, err
	}
	a.created = clock.FromMicros(created)
	if a.bounds, err = parseBounds(levels, stores); err != nil {
		return a, fmt.Errorf("oauth: bounds of app %s: %w", a.id, err)
	}
	if err = json.Unmarshal([]byte(stored), &a.settings); err != nil {
		err = fmt.Errorf("oauth: settings of app %s: %w", a.id, err)
	}
	return a, err
}

// load reads an OAuth app of a brand; one of another brand is not there.
func (s *Server) load(ctx context.Context, brand int, id string) (a app, err error) {
	if !isAppID(id) {
		return a, noApp()
	}
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		a, err = scanApp(tx.QueryRow(sqlApp, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) || err == nil && a.brand != brand {
		return a, noApp()
	}
	return a, wrap("load app", err)
}

// open checks that the caller has a right on the brand of the path and loads one of its OAuth apps.
func (s *Server) open(ctx context.Context, c *account.Caller, appID, id string, r account.Right) (account.Brand, app, error) {
	b, err := s.accounts.Open(ctx, c, appID, r)
	if err != nil {
		return b, app{}, err
	}
	a, err := s.load(ctx, b.ID, id)
	return b, a, err
}

func noApp() error {
	return fault.New(fault.NotFound, "The brand has no such OAuth app.").
		With("GET /api/v1.0/{appId}/oauthclients lists its OAuth apps with their ids.")
}

// Apps lists the OAuth apps of a brand whose name contains a text, in any case, oldest first. Right: Develop.
func (s *Server) Apps(ctx context.Context, c *account.Caller, appID, nameFilter string) ([]wire.OAuthApp, error) {
	b, err := s.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return nil, err
	}
	filter := strings.ToLower(strings.TrimSpace(nameFilter))
	var out []wire.OAuthApp
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		out = []wire.OAuthApp{}
		rows, err := tx.Query(sqlAppsOfBrand, b.ID)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			a, err := scanApp(rows)
			if err != nil {
				return err
			}
			if strings.Contains(strings.ToLower(a.name), filter) {
				out = append(out, a.wire())
			}
		}
		return rows.Err()
	})
	return out, wrap("list apps", err)
}

// App is one OAuth app. Right: Develop.
func (s *Server) App(ctx context.Context, c *account.Caller, appID, id string) (wire.OAuthApp, error) {
	a, _, err := s.AppRevision(ctx, c, appID, id)
	return a, err
}

// AppRevision is App with its revision, which a change of its settings may name as seen. Right: Develop.
func (s *Server) AppRevision(ctx context.Context, c *account.Caller, appID, id string) (wire.OAuthApp, int64, error) {
	_, a, err := s.open(ctx, c, appID, id, account.Develop)
	return a.wire(), a.version, err
}

// lockApp puts changes of what belongs to an OAuth app in line.
func lockApp(tx *db.Tx, id string) error {
	n, err := tx.Exec(sqlLockApp, id)
	if err == nil && n == 0 {
		return noApp()
	}
	return err
}

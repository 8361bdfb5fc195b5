package oauth

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// grant is what a person allowed an OAuth app, for one brand (0 = only to know who they are).
type grant struct {
	id      int
	app     string
	account int
	brand   int
	scopes  scopeSet
	stores  []int // nil = all
	created time.Time
	granted time.Time // when it was agreed to last
}

func scanGrant(row scanner) (g grant, err error) {
	var scopes, stores string
	var created, granted int64
	if err = row.Scan(&g.id, &g.app, &g.account, &g.brand, &scopes, &stores, &created, &granted); err != nil {
		return g, err
	}
	g.scopes, _ = parseScope(scopes)
	g.created, g.granted = clock.FromMicros(created), clock.FromMicros(granted)
	b, err := parseBounds("", stores)
	g.stores = b.stores
	return g, err
}

// beyond reports whether another grant in the place of this one would give scopes of this one, which the other does not
// have, more stores than they were given for.
func (g grant) beyond(other grant) bool {
	more := g.stores != nil && (other.stores == nil || slices.ContainsFunc(other.stores, func(id int) bool { return !slices.Contains(g.stores, id) }))
	return more && !other.scopes.has(scopeAPI) && slices.ContainsFunc(g.scopes, func(name string) bool {
		return scopeSet{name}.api() && !other.scopes.has(name)
	})
}

// grantFor finds what the person agreed to for the app that covers a request: the newest one, on a brand where they still
// have access if the API is asked for.
func (s *Server) grantFor(ctx context.Context, q authRequest, accountID int) (found grant, ok bool, err error) {
	needed := q.scopes.and(q.claims.scopes())
	err = s.db.Read(ctx, func(tx *db.Tx) error {
		found, ok = grant{}, false
		all, err := readGrants(tx, sqlGrantsOfPerson, q.app.id, accountID)
		if err != nil {
			return err
		}
		for _, g := range all {
			if !needed.within(g.scopes) || needed.api() && g.brand == 0 {
				continue
			}
			if needed.api() {
				if _, err := s.accounts.Standing(tx, g.brand, accountID); errors.Is(err, sql.ErrNoRows) {
					continue
				} else if err != nil {
					return err
				}
			}
			found, ok = g, true
			return nil
		}
		return nil
	})
	return found, ok, wrap("find grant", err)
}

func readGrants(tx *db.Tx, query string, args ...any) ([]grant, error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var out []grant
	for rows.Next() {
		g, err := scanGrant(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, g)
	}
	return out, rows.Err()
}

// ConnectedApp is a grant as people see it.
type ConnectedApp struct {
	GrantId      int       `json:"GrantId"`
	AppId        string    `json:"AppId" doc:"The brand on which the app may act; empty when it may only know who the person is."`
	AppName      string    `json:"AppName" doc:"That brand's name."`
	OauthAppId   string    `json:"OauthAppId"`
	OauthAppName string    `json:"OauthAppName"`
	OwnerAppId   string    `json:"OwnerAppId" doc:"The brand whose app it is; empty for Comanda's own command line."`
	OwnerName    string    `json:"OwnerName" doc:"That brand's name."`
	AccountId    int       `json:"AccountId" doc:"The person who agreed."`
	Name         string    `json:"Name"`
	Scopes       []string  `json:"Scopes"`
	StoreIds     []int     `json:"StoreIds" doc:"Empty: all stores that the person has."`
	CreatedAt    wire.Time `json:"CreatedAt"`
	GrantedAt    wire.Time `json:"GrantedAt" doc:"When the person agreed last."`
}

// ConnectedApps lists what people allowed OAuth apps on a brand, newest first. Right: EditTeammates.
func (s *Server) ConnectedApps(ctx context.Context, c *account.Caller, appID string) ([]ConnectedApp, error) {
	b, err := s.accounts.Open(ctx, c, appID, account.EditTeammates)
	if err != nil {
		return nil, err
	}
	return s.connected(ctx, sqlGrantsOfBrand, b.ID)
}

// MyConnectedApps lists what the caller allowed OAuth apps, newest first. The caller is a person.
func (s *Server) MyConnectedApps(ctx context.Context, c *account.Caller) ([]ConnectedApp, error) {
	if c.Kind != account.Person || c.OAuthApp != "" {
		return nil, fault.New(fault.Forbidden, "Only a person sees their connected apps, not an app that acts for them.").With("Sign in.")
	}
	return s.connected(ctx, sqlGrantsOfAccount, c.Account)
}

func (s *Server) connected(ctx context.Context, query string, owner int) ([]ConnectedApp, error) {
	var out []ConnectedApp
	err := s.db.Read(ctx, func(tx *db.Tx) error {
		out = []ConnectedApp{}
		all, err := readGrants(tx, query, owner)
		if err != nil {
			return err
		}
		for _, g := range all {
			a, err := findApp(tx, g.app)
			if errors.Is(err, sql.ErrNoRows) {
				continue
			}
			if err != nil {
				return err
			}
			line := ConnectedApp{
				GrantId: g.id, OauthAppId: g.app, OauthAppName: a.name, AccountId: g.account, Scopes: g.scopes,
				StoreIds: append([]int{}, g.stores...), CreatedAt: wire.At(g.created), GrantedAt: wire.At(g.granted),
			}
			if line.OwnerAppId, line.OwnerName, err = s.brandNames(tx, a.brand); err != nil {
				return err
			}
			if line.AppId, line.AppName, err = s.brandNames(tx, g.brand); err != nil {
				return err
			}
			if line.Name, _, err = s.accounts.Known(tx, g.account); err != nil && !errors.Is(err, sql.ErrNoRows) {
				return err
			}
			out = append(out, line)
		}
		return nil
	})
	slices.SortStableFunc(out, func(a, b ConnectedApp) int { return b.GrantedAt.Compare(a.GrantedAt.Time) })
	return out, wrap("list grants", err)
}

func (s *Server) brandNames(tx *db.Tx, brand int) (appID, name string, err error) {
	if brand == 0 {
		return "", "", nil
	}
	b, err := s.accounts.LoadBrand(tx, brand)
	return b.AppID, b.Name, err
}

// RevokeGrant takes back what a person allowed an OAuth app: its tokens stop working at once on this node, within two
// seconds on others. The person may, and who may manage teammates on the brand. Event: appstore.configuration.deleted.
func (s *Server) RevokeGrant(ctx context.Context, c *account.Caller, id int) error {
	if err := c.RequireRecent(); err != nil {
		return err
	}
	var g grant
	err := s.db.Read(ctx, func(tx *db.Tx) (err error) {
		g, err = scanGrant(tx.QueryRow(sqlGrant, id))
		return err
	})
	if errors.Is(err, sql.ErrNoRows) {
		return noGrant()
	}
	if err != nil {
		return wrap("revoke grant", err)
	}
	own := c.Kind == account.Person && c.OAuthApp == "" && c.Account == g.account
	if !own && (g.brand == 0 || c.Require(account.EditTeammates, g.brand, 0) != nil) {
		return noGrant()
	}
	var gone event.Record
	if g.brand != 0 {
		b, err := s.accounts.Brand(ctx, g.brand)
		if err != nil {
			return err
		}
		gone, err = event.Encode(event.New{
			Brand: b.ID, AppID: b.AppID, Subject: "app/" + b.AppID, Time: b.Now(), Request: c.Request,
			Body: &wire.AppStoreConfigDeletedEvent{
				EventBase: wire.EventBase{IpAddress: c.EventIP()}, AppStoreAppId: g.app, AppStoreAppConfigurationId: fmt.Sprint(g.id), User: c.EventUser(),
			},
		})
		if err != nil {
			return err
		}
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlDeleteGrant, g.id)
		if err != nil {
			return err
		}
		if n == 0 {
			return noGrant()
		}
		if _, err := tx.Exec(sqlDeleteTokensOfGrant, g.id); err != nil {
			return err
		}
		if g.brand != 0 {
			s.log.Append(tx, gone)
		}
		return s.accounts.Audit(tx, c, g.brand, "grant.revoked", target(g.app), strings.Join(g.scopes, " "))
	})
	s.forget(g.app)
	return wrap("revoke grant", err)
}

func noGrant() error {
	return fault.New(fault.NotFound, "There is no such connected app.").With("GET …/connectedapps lists them with their ids.")
}

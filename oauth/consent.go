package oauth

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

// ConsentPrompt is what a person is asked before an app may act for them.
type ConsentPrompt struct {
	Request       string // opaque: goes back with the Decision
	Continue      string // local path at which the request goes on when somebody else signs in; empty for a device
	RedirectURI   string // where the answer goes; empty for a device
	AppName, Logo string
	OwnerBrand    string // name of the brand whose app it is; empty for Comanda's own command line
	RedirectHost  string // where they will land; empty for a device
	UserCode      string // of a device, to be compared with what it shows
	Scopes        []Scope
	Brands        []BrandChoice // where they can let the app in; none when no scope of the API is asked for
	Person        string        // e-mail address of who is signed in
	NoBrand       bool          // the API is asked for, and this person has no brand
}

// BrandChoice is a brand on which a person can let an app in.
type BrandChoice struct {
	ID       int
	AppID    string
	Name     string
	Stores   []StoreChoice
	Selected bool
}

// StoreChoice is a store to which a grant can be limited.
type StoreChoice struct {
	ID   int
	Name string
}

// Decision is a person's answer to a ConsentPrompt.
type Decision struct {
	Request string
	Approve bool
	Brand   int   // of the choices; 0 where there were none
	Stores  []int // nil = all that the person has
}

// askConsent draws up the question.
func (s *Server) askConsent(ctx context.Context, q authRequest, session *account.Session) (Outcome, error) {
	p, err := s.consentPrompt(ctx, q.app, q.scopes.and(q.claims.scopes()), session.Account)
	if err != nil {
		return Outcome{}, err
	}
	if u, err := url.Parse(q.redirectURI); err == nil {
		p.RedirectHost = u.Host
		if u.Scheme != "https" && u.Scheme != "http" {
			p.RedirectHost = u.Scheme + "://" + u.Host
		}
	}
	p.Request = s.sealRequest(q, session.Account)
	p.Continue, p.RedirectURI = continuePath(p.Request), q.redirectURI
	return Outcome{Consent: &p}, nil
}

func (s *Server) consentPrompt(ctx context.Context, c client, asked scopeSet, accountID int) (ConsentPrompt, error) {
	p := ConsentPrompt{AppName: c.name, Logo: s.accounts.AssetPath(c.logoURI)}
	if c.id != CommandLine {
		owner, err := s.accounts.Brand(ctx, c.brand)
		if err != nil {
			return p, err
		}
		p.OwnerBrand = owner.Name
	}
	for _, name := range asked {
		sc, _ := scopeNamed(name)
		p.Scopes = append(p.Scopes, sc)
	}
	person, err := s.accounts.PersonCaller(ctx, accountID)
	if err != nil {
		return p, err
	}
	p.Person = person.Email
	if !asked.api() {
		return p, nil
	}
	for _, g := range person.Grants {
		b, err := s.accounts.Brand(ctx, g.Brand)
		if err != nil {
			return p, err
		}
		choice := BrandChoice{ID: b.ID, AppID: b.AppID, Name: b.Name, Selected: b.ID == c.brand}
		stores, err := s.cfg.Stores.OfBrand(ctx, b.ID)
		if err != nil {
			return p, err
		}
		for _, st := range stores {
			if g.Stores == nil || slices.Contains(g.Stores, st.ID) {
				choice.Stores = append(choice.Stores, StoreChoice{st.ID, st.Name})
			}
		}
		p.Brands = append(p.Brands, choice)
	}
	slices.SortStableFunc(p.Brands, func(a, b BrandChoice) int {
		switch {
		case a.Selected == b.Selected:
			return 0
		case a.Selected:
			return -1
		}
		return 1
	})
	p.NoBrand = len(p.Brands) == 0
	if !p.NoBrand {
		p.Brands[0].Selected = true
	}
	return p, nil
}

// Decide carries out what a person answered and goes on with the request. session is that of the browser.
func (s *Server) Decide(r *http.Request, session *account.Session, d Decision) (Outcome, error) {
	ctx := r.Context()
	sealed, err := s.openRequest(d.Request)
	if err != nil {
		return s.tell(r, authRequest{}, err)
	}
	q, err := s.read(ctx, sealed.Params, clock.FromMicros(sealed.At), true)
	if err != nil {
		return s.tell(r, q, err)
	}
	if session == nil || session.Account != sealed.Account {
		return s.askSignIn(q, session != nil), nil // signed out meanwhile, or somebody else is there
	}
	if !d.Approve {
		return s.tell(r, q, refusal("access_denied", "The person did not agree."))
	}
	if fresh, needed := q.needsSignIn(session); needed || q.needsProof(session) {
		return s.askSignIn(q, fresh || !needed), nil
	}
	g, err := s.allow(r, q.app, q.scopes.and(q.claims.scopes()), session, d)
	if err == nil {
		var out Outcome
		if out, err = s.answer(ctx, q, session, g); err == nil {
			return out, nil
		}
	}
	return s.tell(r, q, err)
}

// allow stores what a person allowed an app, with the event, the mail to the brand's owners and the audit entry. Scopes
// that were agreed to before stay agreed to, unless there are now stores that nobody chose for them: then what came of
// the earlier consent is ended.
func (s *Server) allow(r *http.Request, c client, scopes scopeSet, session *account.Session, d Decision) (grant, error) {
	ctx := r.Context()
	g := grant{app: c.id, account: session.Account, scopes: scopes, granted: clock.Now()}
	caller, err := s.accounts.SessionCaller(ctx, *session)
	if err != nil {
		return g, err
	}
	caller.IP = s.cfg.Origin.ClientIP(r).String()
	if scopes.api() {
		have, ok := caller.GrantOn(d.Brand)
		if !ok {
			return g, refusal("access_denied", "The person has no access to the brand that was chosen.")
		}
		for _, id := range d.Stores {
			if have.Stores != nil && !slices.Contains(have.Stores, id) {
				return g, refusal("access_denied", "The person has no access to a store that was chosen.")
			}
		}
		g.brand, g.stores = d.Brand, d.Stores
		if len(d.Stores) == 0 && d.Stores != nil {
			return g, refusal("access_denied", "No store was chosen.")
		}
	}
	id, err := s.db.NextID(ctx, "oauth_grants")
	if err != nil {
		return g, wrap("grant", err)
	}
	created, told, err := s.announceGrant(ctx, caller, c, g, id)
	if err != nil {
		return g, err
	}
	now := clock.Micros(g.granted)
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		before, err := scanGrant(tx.QueryRow(sqlGrantOf, c.id, session.Account, g.brand))
		if err != nil && !errors.Is(err, db.ErrNoRows) {
			return err
		}
		beyond := before.beyond(g)
		g.scopes = scopes
		if !beyond {
			g.scopes = scopes.and(before.scopes)
		}
		_, stores := bounds{stores: g.stores}.texts()
		if err := tx.QueryRow(sqlPutGrant, id, c.id, session.Account, g.brand, g.scopes.String(), stores, now).Scan(&g.id); err != nil {
			return err
		}
		if beyond {
			for _, stmt := range []string{sqlRevokeAuthorizationsOfGrant, sqlDeleteTokensOfGrant} {
				if _, err := tx.Exec(stmt, g.id); err != nil {
					return err
				}
			}
		}
		if err := s.accounts.Audit(tx, caller, g.brand, "grant.given", target(c.id), g.scopes.String()); err != nil {
			return err
		}
		if g.id != id || g.brand == 0 {
			return nil
		}
		s.log.Append(tx, created)
		return s.accounts.MailOwners(tx, g.brand, told.subject, told.text)
	})
	s.forget(c.id)
	return g, wrap("grant", err)
}

type letter struct{ subject, text string }

// announceGrant draws up the event and the mail that tell of a new grant.
func (s *Server) announceGrant(ctx context.Context, caller *account.Caller, c client, g grant, id int) (event.Record, letter, error) {
	if g.brand == 0 {
		return event.Record{}, letter{}, nil
	}
	b, err := s.accounts.Brand(ctx, g.brand)
	if err != nil {
		return event.Record{}, letter{}, err
	}
	rec, err := event.Encode(event.New{
		Brand: b.ID, AppID: b.AppID, Subject: "app/" + b.AppID, Time: b.Now(), Request: caller.Request,
		Body: &wire.AppStoreConfigCreatedEvent{
			EventBase: wire.EventBase{IpAddress: caller.EventIP()}, AppStoreAppId: c.id, AppStoreAppConfigurationId: fmt.Sprint(id), User: caller.EventUser(),
		},
	})
	text := fmt.Sprintf("%s let the app %q act on %s.\n\nIt may:\n", caller.EventName(), c.name, b.Name)
	for _, name := range g.scopes {
		text += "  - " + About(name) + "\n"
	}
	text += fmt.Sprintf("\nTo take this back, open Connected apps: %s/account\n", s.cfg.Issuer)
	return rec, letter{fmt.Sprintf("%s: the app %q was connected", b.Name, c.name), text}, err
}

package webhook

import (
	"context"
	"crypto/ed25519"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// The body versions of a subscription.
const (
	Flat     = "1" // the event as the public guide prints it
	Envelope = "2" // {Type, CreateTime, Body: the event}, what live receivers get
)

// Subscription says which events of a brand go where. A loaded one is not changed any more.
type Subscription struct {
	ID          int
	Brand       int
	OAuthApp    string
	Owner       int // the account that made it
	Version     string
	CallbackURL string // byte for byte as it was given
	Enabled     bool
	VerifyToken string // sent verbatim as X-Verify-Token; empty = not sent
	Revision    int64

	settings settings
	pausedAt time.Time        // zero = not paused
	names    map[string]int64 // event name, or heading of the catalogue → wanted after this position

	secret    []byte    // signing key
	oldSecret []byte    // the one before it, which signs too until oldUntil; nil = none
	oldUntil  time.Time // of oldSecret and oldKey

	key    ed25519.PrivateKey // signs when the settings choose v1a; nil = none was made yet
	oldKey ed25519.PrivateKey // the one before it
}

// wants reports whether an event of a store (0 = of none) at a position goes to the subscription: its name, or the heading
// that it stands under, was chosen before it happened.
func (s *Subscription) wants(name string, store int, position int64) bool {
	if !s.Enabled || !s.settings.takes(store) {
		return false
	}
	if from, ok := s.names[name]; ok && position > from {
		return true
	}
	from, ok := s.names[catalogue[name].Group]
	return ok && position > from
}

// EventNames lists the event names that were chosen one by one, in alphabetical order.
func (s *Subscription) EventNames() []string {
	out := make([]string, 0, len(s.names))
	for n := range s.names {
		if !headings[n] {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}

// Wire is the subscription as the contract shows it.
func (s *Subscription) Wire() wire.WebhookSubscription {
	return wire.WebhookSubscription{
		Id: &s.ID, OwnerUserId: &s.Owner, Version: &s.Version, EventNames: s.EventNames(), CallbackUrl: &s.CallbackURL,
		Enabled: &s.Enabled, VerifyToken: &s.VerifyToken,
	}
}

func (s *Subscription) subject() string { return "webhook_subscription/" + strconv.Itoa(s.ID) }

// followerPrefix begins the name of every subscription's cursor.
const followerPrefix = "webhook/"

func followerName(id int) string { return followerPrefix + strconv.Itoa(id) }

// open loads a subscription for a caller who may use the brand's developer tools.
func (w *Webhooks) open(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int) (account.Brand, *Subscription, error) {
	b, err := w.openApp(ctx, c, appID, oauthAppID)
	if err != nil {
		return b, nil, err
	}
	s, err := w.load(ctx, id)
	if err == nil && (s.Brand != b.ID || s.OAuthApp != oauthAppID) {
		err = errNoSubscription()
	}
	return b, s, err
}

func (w *Webhooks) openApp(ctx context.Context, c *account.Caller, appID, oauthAppID string) (account.Brand, error) {
	b, err := w.accounts.Open(ctx, c, appID, account.Develop)
	if err != nil {
		return b, err
	}
	return b, w.apps.CheckApp(ctx, b.ID, oauthAppID)
}

func errNoSubscription() error {
	return fault.New(fault.NotFound, "This OAuth app has no such webhook subscription.").
		With("GET /api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions lists the ids.")
}

// load reads a subscription with its names and secrets.
func (w *Webhooks) load(ctx context.Context, id int) (s *Subscription, err error) {
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		s, err = w.loadTx(tx, id)
		return err
	})
	return s, err
}

func (w *Webhooks) loadTx(tx *db.Tx, id int) (*Subscription, error) {
	s, err := w.scan(tx.QueryRow(sqlSubscription, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoSubscription()
	}
	if err != nil {
		return nil, fmt.Errorf("webhook: load %d: %w", id, err)
	}
	return s, loadNames(tx, s)
}

func (w *Webhooks) scan(row interface{ Scan(...any) error }) (*Subscription, error) {
	s := &Subscription{}
	var secret, old, seed, oldSeed []byte
	var oldUntil, pausedAt int64
	var more string
	err := row.Scan(&s.ID, &s.Brand, &s.OAuthApp, &s.Owner, &s.Version, &s.CallbackURL, &s.Enabled, &s.VerifyToken,
		&secret, &old, &oldUntil, &s.Revision, &more, &pausedAt, &seed, &oldSeed)
	if err != nil {
		return nil, err
	}
	if s.settings, err = parseSettings(more); err != nil {
		return nil, err
	}
	s.pausedAt = clock.FromMicros(pausedAt)
	s.oldUntil = clock.FromMicros(oldUntil)
	if s.secret, err = w.openSecret(s.ID, secret); err != nil {
		return nil, err
	}
	if len(old) > 0 {
		if s.oldSecret, err = w.openSecret(s.ID, old); err != nil {
			return nil, err
		}
	}
	if s.key, err = w.openSeed(s.ID, seed); err != nil {
		return nil, err
	}
	s.oldKey, err = w.openSeed(s.ID, oldSeed)
	return s, err
}

func loadNames(tx *db.Tx, s *Subscription) error {
	rows, err := tx.Query(sqlNames, s.ID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	s.names = map[string]int64{}
	for rows.Next() {
		var name string
		var from int64
		if err := rows.Scan(&name, &from); err != nil {
			return err
		}
		s.names[name] = from
	}
	return rows.Err()
}

// record encodes the event that reports a change of a subscription.
func record(b account.Brand, c *account.Caller, s *Subscription, body wire.Event) (event.Record, error) {
	info := &wire.WebhookSubscriptionEventInfo{
		OwnerUserId: s.Owner, WebhookSubscriptionId: s.ID, ClientId: s.OAuthApp, CallbackUrl: s.CallbackURL,
	}
	switch e := body.(type) {
	case *wire.WebhookSubscriptionCreatedEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionUpdatedEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionDeletedEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionFailingEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionRecoveredEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionExpiredEvent:
		e.WebhookSubscriptionEventInfo = info
	case *wire.WebhookSubscriptionDisabledEvent:
		e.WebhookSubscriptionEventInfo = info
	}
	if c.IP != "" {
		body.Base().IpAddress = &c.IP
	}
	return event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Subject: s.subject(), Time: b.Now(), Request: c.Request, Body: body})
}

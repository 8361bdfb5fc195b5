package payment

import (
	"context"
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

// The providers that a brand can choose.
const (
	Simulator = "Simulator"
	Stripe    = "Stripe"
	None      = "None"
)

// CardSettings are how a brand takes cards. Secrets are never shown again.
type CardSettings struct {
	Provider         string `json:"Provider" enum:"None,Simulator,Stripe" doc:"Who takes new payments; None where the brand takes no cards. A sandbox brand has the Simulator until it chooses."`
	PublishableKey   string `json:"PublishableKey" doc:"For the provider's script in a diner's page; empty for the Simulator."`
	HasSecretKey     bool   `json:"HasSecretKey" doc:"Whether a secret key of Stripe is stored."`
	HasWebhookSecret bool   `json:"HasWebhookSecret" doc:"Whether the signing secret of Stripe's webhook endpoint is stored."`
	WebhookUrl       string `json:"WebhookUrl" doc:"Where Stripe is to send its events: payment_intent.*, refund.* and charge.dispute.*; the guide Take card payments lists them."`
}

// CardSettingsChange sets how a brand takes cards. Members that are left out stay as they are.
type CardSettingsChange struct {
	Provider       string  `json:"Provider" enum:"None,Simulator,Stripe" doc:"Simulator is for sandbox brands only."`
	PublishableKey *string `json:"PublishableKey,omitempty" nullable:"true" required:"false" doc:"Of Stripe: pk_…"`
	SecretKey      *string `json:"SecretKey,omitempty" nullable:"true" required:"false" doc:"Of Stripe: sk_… or, better, a restricted rk_… that may write PaymentIntents, Charges and Refunds, and read PaymentMethods. It is stored sealed and never shown."`
	WebhookSecret  *string `json:"WebhookSecret,omitempty" nullable:"true" required:"false" doc:"Of the webhook endpoint at Stripe: whsec_… It is stored sealed and never shown."`
}

// secrets are what is sealed of an account.
type secrets struct{ SecretKey, WebhookSecret string }

func owner(brand int, provider string) string {
	return fmt.Sprintf("payment account/%d/%s", brand, provider)
}

// stored is a row of payment_accounts.
type stored struct {
	publishable string
	secrets     secrets
}

func (p *Payments) load(tx *db.Tx, brand int, provider string) (s stored, err error) {
	var sealed []byte
	err = tx.QueryRow(sqlAccount, brand, provider).Scan(&s.publishable, &sealed)
	if errors.Is(err, db.ErrNoRows) {
		return s, nil
	}
	if err != nil || sealed == nil {
		return s, err
	}
	raw, err := p.box.Open(sealed, owner(brand, provider))
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(raw, &s.secrets)
}

// account is a brand's account with a provider, opened.
func (p *Payments) account(ctx context.Context, brand int, provider string) (Account, error) {
	var s stored
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		s, err = p.load(tx, brand, provider)
		return err
	})
	return Account{Brand: brand, SecretKey: s.secrets.SecretKey, WebhookSecret: s.secrets.WebhookSecret}, err
}

// Enabled tells who takes a brand's new payments, [None] when nobody does, and the key for the diner's page.
func (p *Payments) Enabled(ctx context.Context, brand account.Brand) (provider, publishable string, err error) {
	err = p.db.Read(ctx, func(tx *db.Tx) error {
		provider, publishable, err = enabled(tx, brand)
		return err
	})
	return provider, publishable, err
}

func enabled(tx *db.Tx, brand account.Brand) (provider, publishable string, err error) {
	rows, err := tx.Query(sqlAccounts, brand.ID)
	if err != nil {
		return None, "", err
	}
	defer func() { _ = rows.Close() }()
	if provider = None; brand.Sandbox { // until it chooses
		provider = Simulator
	}
	for first := true; rows.Next(); first = false {
		var name, key string
		var is bool
		if err := rows.Scan(&name, &is, &key); err != nil {
			return None, "", err
		}
		switch {
		case is:
			provider, publishable = name, key
		case first:
			provider = None
		}
	}
	return provider, publishable, rows.Err()
}

func (p *Payments) settings(ctx context.Context, brand account.Brand) (CardSettings, error) {
	s := CardSettings{WebhookUrl: p.public + "/payments/stripe/" + brand.AppID}
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		if s.Provider, s.PublishableKey, err = enabled(tx, brand); err != nil {
			return err
		}
		of, err := p.load(tx, brand.ID, Stripe)
		s.HasSecretKey, s.HasWebhookSecret = of.secrets.SecretKey != "", of.secrets.WebhookSecret != ""
		return err
	})
	return s, err
}

// Settings reads how a brand takes cards. Right: EditApp.
func (p *Payments) Settings(ctx context.Context, c *account.Caller, appID string) (CardSettings, error) {
	brand, err := p.accounts.Open(ctx, c, appID, account.EditApp)
	if err != nil {
		return CardSettings{}, err
	}
	return p.settings(ctx, brand)
}

// SetSettings sets how a brand takes cards from now on. Payments that are open go on with the provider that they were made
// with, by its newest key: a key of another account is refused while one of them is not settled. What is owed is tried at
// once. Right: EditApp.
func (p *Payments) SetSettings(ctx context.Context, c *account.Caller, appID string, in CardSettingsChange) (CardSettings, error) {
	brand, err := p.accounts.Open(ctx, c, appID, account.EditApp)
	if err != nil {
		return CardSettings{}, err
	}
	if in.Provider == Stripe {
		if err := p.sameAccount(ctx, brand, in); err != nil {
			return CardSettings{}, err
		}
	}
	err = p.db.Write(ctx, func(tx *db.Tx) error {
		now := clock.Micros(clock.Now())
		if in.Provider == Stripe {
			s, err := p.load(tx, brand.ID, Stripe)
			if err != nil {
				return err
			}
			if err := s.change(in, brand); err != nil {
				return err
			}
			raw, err := json.Marshal(s.secrets)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(sqlSaveAccount, brand.ID, Stripe, true, s.publishable, p.box.Seal(raw, owner(brand.ID, Stripe)), now); err != nil {
				return err
			}
		} else {
			if err := in.check(brand); err != nil {
				return err
			}
			if _, err := tx.Exec(sqlSaveAccount, brand.ID, Simulator, in.Provider == Simulator, "", nil, now); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(sqlEnableOnly, brand.ID, in.Provider, now); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlHurryBrand, brand.ID, now); err != nil {
			return err
		}
		p.wakeAfter(tx)
		return p.accounts.Audit(tx, c, brand.ID, "payment.settings.changed", "app/"+brand.AppID, in.Provider)
	})
	if err != nil {
		return CardSettings{}, err
	}
	return p.settings(ctx, brand)
}

// holdTime is longer than providers hold an amount.
const holdTime = 31 * 24 * time.Hour

// sameAccount refuses a key of another account of Stripe while a payment with the account before is not settled. Where that one
// does not answer any more, nothing of it can be lost by a new key.
func (p *Payments) sameAccount(ctx context.Context, brand account.Brand, in CardSettingsChange) error {
	var was, is stored
	var of *Payment
	err := p.db.Read(ctx, func(tx *db.Tx) (err error) {
		if was, err = p.load(tx, brand.ID, Stripe); err != nil {
			return err
		}
		is = was
		if err := is.change(in, brand); err != nil || was.secrets.SecretKey == "" || is.secrets.SecretKey == was.secrets.SecretKey {
			return err
		}
		of, err = scan(tx, sqlUnsettled, brand.ID, Stripe, clock.Micros(clock.Now().Add(-holdTime)))
		return err
	})
	provider := p.providers[Stripe]
	if errors.Is(err, ErrNone) || err == nil && (of == nil || provider == nil) {
		return nil
	}
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	find := func(s stored) Outcome {
		return provider.Find(ctx, Call{Account: Account{Brand: brand.ID, SecretKey: s.secrets.SecretKey}, Payment: of.ID, Reference: of.Reference})
	}
	if find(is) != Absent || find(was) != Done {
		return nil
	}
	return fault.Newf(fault.Conflict, "The key is of another account at Stripe, which does not have the payment of order %d; that is not settled yet.", of.Order).
		With("Choose None until all card orders are accepted or rejected, then set the keys of the other account.")
}

// check refuses what cannot be set without Stripe.
func (in CardSettingsChange) check(brand account.Brand) error {
	var c fault.Collector
	switch in.Provider {
	case None:
	case Simulator:
		if !brand.Sandbox {
			c.Add("Provider", "the Simulator moves no money and is for sandbox brands only; choose Stripe or None")
		}
	default:
		c.Add("Provider", "must be None, Simulator or Stripe")
	}
	for _, key := range []struct {
		name  string
		value *string
	}{{"PublishableKey", in.PublishableKey}, {"SecretKey", in.SecretKey}, {"WebhookSecret", in.WebhookSecret}} {
		if wire.V(key.value) != "" {
			c.Add(key.name, "is for Stripe only; leave it out")
		}
	}
	return c.Err()
}

// maxKey bounds a key of a provider, in bytes.
const maxKey = 255

// change puts a change onto an account with Stripe. Sandbox brands have keys of Stripe's test mode, live brands those of its
// live mode, so that neither sells food for play money nor takes money for play.
func (s *stored) change(in CardSettingsChange, brand account.Brand) error {
	var c fault.Collector
	mode := "live"
	if brand.Sandbox {
		mode = "test"
	}
	set := func(name string, to *string, v *string, prefixes ...string) {
		if v != nil {
			*to = strings.TrimSpace(*v)
		}
		for _, prefix := range prefixes {
			if strings.HasPrefix(*to, prefix) && len(*to) > len(prefix) && len(*to) <= maxKey && plain(*to) {
				return
			}
		}
		c.Add(name, "give the brand's key of Stripe that begins with %s", strings.Join(prefixes, " or "))
	}
	set("PublishableKey", &s.publishable, in.PublishableKey, "pk_"+mode+"_")
	set("SecretKey", &s.secrets.SecretKey, in.SecretKey, "sk_"+mode+"_", "rk_"+mode+"_")
	set("WebhookSecret", &s.secrets.WebhookSecret, in.WebhookSecret, "whsec_")
	return c.Err()
}

// plain reports whether a key has only the characters that keys have, so that it can stand in a header.
func plain(key string) bool {
	return !strings.ContainsFunc(key, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("+/=-", r)
	})
}

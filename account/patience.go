package account

import (
	"context"
	"net/netip"
	"time"

	"comanda/internal/backoff"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// patience is how sign-in slows down guessing without locking anybody out:
//
//   - tries: wrong passwords, PINs and codes of one person from one network address, and of one address as a whole, wait
//     longer and longer. It is nobody's business elsewhere.
//   - everywhere: a guesser with many addresses makes a person wait up to half a minute everywhere, but not at a site from
//     which they signed in within the last 90 days. Passkeys never wait.
//   - mails, mailbox: PINs and links that are asked for again and again are sent ever more slowly, by who asks and by whose
//     mailbox it is.
//
// What has to wait costs no password hash. Unknown addresses wait exactly as known ones do.
type patience struct {
	tries      *backoff.Limiter
	everywhere *backoff.Limiter
	mails      *backoff.Limiter
	mailbox    *backoff.Limiter
}

const siteLife = 90 * 24 * time.Hour

func newPatience() patience {
	return patience{
		tries: backoff.New(backoff.Rule{
			Free: 5, FreeAddress: 50, First: time.Second, Longest: 5 * time.Minute, Forget: 15 * time.Minute, Size: 20_000,
		}),
		everywhere: backoff.New(backoff.Rule{Free: 20, First: time.Second, Longest: 30 * time.Second, Forget: 15 * time.Minute, Size: 20_000}),
		mails: backoff.New(backoff.Rule{
			Free: 3, FreeAddress: 30, First: 15 * time.Second, Longest: 5 * time.Minute, Forget: time.Hour, Size: 20_000,
		}),
		mailbox: backoff.New(backoff.Rule{Free: 10, First: 15 * time.Second, Longest: 2 * time.Minute, Forget: time.Hour, Size: 20_000}),
	}
}

// mayTry refuses who has to wait.
func (a *Accounts) mayTry(ctx context.Context, v Visitor, address string) error {
	wait := a.patience.tries.Wait(v.Address, address)
	if address != "" {
		if all := a.patience.everywhere.Wait(netip.Addr{}, address); all > wait {
			known, err := a.knowsSite(ctx, v, address)
			if err != nil {
				return err
			}
			if !known {
				wait = all
			}
		}
	}
	if wait > 0 {
		return waitFor(wait, "Too many failed sign-ins.")
	}
	return nil
}

func waitFor(wait time.Duration, message string) error {
	f := fault.New(fault.TooMany, message).With("Wait, then try again; a passkey works at once.")
	f.RetryAfter = wait
	return f
}

// tried notes how a try ended. Only a wrong proof counts, not a database that was away.
func (a *Accounts) tried(v Visitor, address string, err error) {
	switch {
	case err == nil:
		a.patience.tries.Succeeded(v.Address, address)
	case fault.KindOf(err) == fault.Unauthenticated:
		a.patience.tries.Failed(v.Address, address)
		a.patience.everywhere.Failed(netip.Addr{}, address)
	}
}

// mayMail refuses who asked for too much mail, and counts this one.
func (a *Accounts) mayMail(v Visitor, address string) error {
	if wait := max(a.patience.mails.Wait(v.Address, address), a.patience.mailbox.Wait(netip.Addr{}, address)); wait > 0 {
		return waitFor(wait, "Too many messages were asked for.")
	}
	a.patience.mails.Failed(v.Address, address)
	a.patience.mailbox.Failed(netip.Addr{}, address)
	return nil
}

// site is the network that a visitor comes from, as it is kept.
func site(v Visitor) string { return backoff.Site(v.Address).String() }

// knowsSite reports whether the person signed in from the visitor's network before.
func (a *Accounts) knowsSite(ctx context.Context, v Visitor, address string) (known bool, err error) {
	if !v.Address.IsValid() {
		return false, nil
	}
	err = a.db.Read(ctx, func(tx *db.Tx) error {
		var n int
		err := tx.QueryRow(sqlKnowsSite, address, site(v), clock.Micros(clock.Now().Add(-siteLife))).Scan(&n)
		known = n > 0
		return err
	})
	return known, wrap("known site", err)
}

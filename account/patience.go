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
//     longer and longer. It is nobody's business elsewhere, nor in a browser where that person is signed in, which counts
//     its own failures: behind one address there may be many people.
//   - everywhere: a guesser with many addresses makes a person wait up to half a minute everywhere, but not at a site from
//     which they signed in within the last 90 days. Passkeys never wait.
//   - codes: wrong codes of an authenticator app make a person wait in the same way, up to five minutes, counted by
//     themselves: they come from somebody who knows the password.
//   - mails, mailbox: PINs and links that are asked for again and again are sent ever more slowly, by who asks and by whose
//     mailbox it is.
//
// What has to wait costs no password hash. Unknown addresses wait exactly as known ones do.
type patience struct {
	tries      *backoff.Limiter
	everywhere *backoff.Limiter
	codes      *backoff.Limiter
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
		codes:      backoff.New(backoff.Rule{Free: 10, First: time.Second, Longest: 5 * time.Minute, Forget: time.Hour, Size: 20_000}),
		mails: backoff.New(backoff.Rule{
			Free: 5, FreeAddress: 30, First: 15 * time.Second, Longest: 5 * time.Minute, Forget: time.Hour, Size: 20_000,
		}),
		mailbox: backoff.New(backoff.Rule{Free: 10, First: 15 * time.Second, Longest: 15 * time.Minute, Forget: time.Hour, Size: 20_000}),
	}
}

// mayTry refuses who has to wait.
func (a *Accounts) mayTry(ctx context.Context, v Visitor, address string) error {
	own := a.patience.tries.Wait(v.Address, address)
	if own > 0 && v.Session != "" {
		signedIn, err := a.isSignedIn(ctx, v, address)
		if err != nil {
			return err
		}
		if signedIn {
			return a.tooMany(a.patience.codes.Wait(netip.Addr{}, browser(v)), "Too many failed sign-ins.")
		}
	}
	return a.mayGoOn(ctx, v, address, "Too many failed sign-ins.", own, a.patience.everywhere.Wait(netip.Addr{}, address))
}

// browser names the visitor's browser by the session that it holds.
func browser(v Visitor) string {
	digest := digestOf(v.Session)
	return "session/" + string(digest[:16])
}

// isSignedIn reports whether the visitor's session is one of the person whose address this is.
func (a *Accounts) isSignedIn(ctx context.Context, v Visitor, address string) (bool, error) {
	s, err := a.Session(ctx, v.Session)
	if err != nil {
		if fault.KindOf(err) == fault.Unauthenticated {
			err = nil
		}
		return false, err
	}
	var p person
	err = a.db.Read(ctx, func(tx *db.Tx) (err error) {
		p, err = personOf(tx, address)
		return err
	})
	return p.id == s.Account, wrap("signed in", err)
}

// mayGoOn refuses who has to wait: for a delay of their own, or one that counts everywhere but at the person's known sites.
func (a *Accounts) mayGoOn(ctx context.Context, v Visitor, address, message string, own, everywhere time.Duration) error {
	wait := own
	if everywhere > own {
		known, err := a.knowsSite(ctx, v, address)
		if err != nil {
			return err
		}
		if !known {
			wait = everywhere
		}
	}
	return a.tooMany(wait, message)
}

func (a *Accounts) tooMany(wait time.Duration, message string) error {
	if wait <= 0 {
		return nil
	}
	a.deferred.Add(1)
	f := fault.New(fault.TooMany, message).With("Wait, then try again; a passkey works at once.")
	f.RetryAfter = wait
	return f
}

// tried notes how a try ended.
func (a *Accounts) tried(v Visitor, address string, right bool) {
	if right {
		a.patience.tries.Succeeded(v.Address, address)
		return
	}
	a.refused.Add(1)
	if v.Session != "" {
		a.patience.codes.Failed(netip.Addr{}, browser(v))
	}
	a.patience.tries.Failed(v.Address, address)
	a.patience.everywhere.Failed(netip.Addr{}, address)
}

// mayMail refuses who asked for too much mail, and counts this one.
func (a *Accounts) mayMail(ctx context.Context, v Visitor, address string) error {
	err := a.mayGoOn(ctx, v, address, "Too many messages were asked for.",
		a.patience.mails.Wait(v.Address, address), a.patience.mailbox.Wait(netip.Addr{}, address))
	if err != nil {
		return err
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

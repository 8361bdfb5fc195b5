package webhook

import (
	"fmt"
	"net/http"
	"net/netip"

	"golang.org/x/time/rate"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/outbound"
	"comanda/internal/seal"
	"comanda/oauth"
)

// Config is what an installation decides about webhooks.
type Config struct {
	// MasterKey seals the signing secrets at rest: seal.KeySize bytes.
	MasterKey []byte
	// Allow are address ranges open to callbacks although they are not public. A development machine has
	// outbound.Loopback.
	Allow []netip.Prefix
	// Release is Comanda's version, for the User-Agent of deliveries.
	Release string
	// LogBytes bounds what the attempt log takes on disk, its oldest attempts go first; 0 = DefaultLogBytes.
	LogBytes int64
	// Transport makes the requests; nil = a guarded one of our own. Only tests set it.
	Transport http.RoundTripper
}

// keptConns are the idle connections kept to one host, which several subscriptions may share.
const keptConns = 4 * maxFlights

// Webhooks is the door to subscriptions and the worker that delivers to them. It is safe for parallel use.
type Webhooks struct {
	db       *db.DB
	log      *event.Log
	accounts *account.Accounts
	apps     *oauth.Server
	guard    outbound.Guard
	box      *seal.Box
	client   http.RoundTripper
	agent    string
	attempts *attemptLog
	changed  changes
	tally    tally
	asks     asks
	replays  chan struct{} // a replay was made or cancelled
}

// New makes the door; nothing is delivered until Run. An OAuth app takes its subscriptions with it when it is deleted.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, apps *oauth.Server, c Config) (*Webhooks, error) {
	box, err := seal.New(c.MasterKey, "webhook secret")
	if err != nil {
		return nil, fmt.Errorf("webhook: %w", err)
	}
	if c.LogBytes <= 0 {
		c.LogBytes = DefaultLogBytes
	}
	if c.Release == "" {
		c.Release = "dev"
	}
	guard := outbound.Guard{Allow: c.Allow}
	if c.Transport == nil {
		c.Transport = guard.Transport(keptConns)
	}
	w := &Webhooks{
		db: d, log: log, accounts: accounts, apps: apps, guard: guard, box: box, client: c.Transport,
		agent: "Comanda-Webhooks/" + c.Release, attempts: newAttemptLog(d, c.LogBytes),
		asks: asks{by: map[int]*rate.Limiter{}}, replays: make(chan struct{}, 1),
	}
	apps.OnDelete(w.dropApp)
	accounts.OnChange(w.rightsChanged)
	return w, nil
}

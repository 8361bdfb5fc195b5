package apptest

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/api"
	"comanda/customer"
	"comanda/driver"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/mail"
	"comanda/internal/seal"
	"comanda/menu"
	"comanda/notice"
	"comanda/oauth"
	"comanda/order"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/requestlog"
	"comanda/store"
	"comanda/voucher"
	"comanda/webhook"
	"comanda/wire"
)

// The callers of every kit. Each is the bearer token of a real account.
const (
	Nobody     = ""           // no token
	Owner      = "owner"      // Owner of the brand "Bella Napoli"
	Integrator = "integrator" // Integrator of it: no refunds, no customers, no people
	ReadOnly   = "read-only"  // Support of it: reads, changes nothing
	Finance    = "finance"    // FinanceManger of it: reads orders and refunds them
	Stranger   = "stranger"   // Owner of another brand, "Casa Roma"
)

// Kit is one installation.
type Kit struct {
	testing.TB
	DB        *db.DB
	Log       *event.Log
	Accounts  *account.Accounts
	Stores    *store.Stores
	Menus     *menu.Menus
	OAuth     *oauth.Server
	Webhooks  *webhook.Webhooks
	Vouchers  *voucher.Vouchers
	Customers *customer.Customers
	Payments  *payment.Payments
	Sim       *simulator.Simulator
	Orders    *order.Orders
	Drivers   *driver.Drivers
	Requests  *requestlog.Log
	Mail      *mail.Outbox
	Mailbox   *mail.Mailbox // what MustMail has sent
	Notices   *notice.Notices
	API       http.Handler
	Callback  http.HandlerFunc // answers what is sent to callback URLs; nil = they refuse the connection

	Brand account.Brand     // "Bella Napoli"
	Other account.Brand     // "Casa Roma", the stranger's
	Vars  map[string]string // {name} in paths and bodies; appId and otherAppId are set

	accounts map[string]int // caller → account id
	calls    *callLog
}

// Each runs fn on a fresh installation of each engine.
func Each(t *testing.T, fn func(k *Kit)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(New(t, d)) })
}

// New makes an installation on a database.
func New(t testing.TB, d *db.DB) *Kit {
	t.Helper()
	k := &Kit{TB: t, DB: d, Log: event.NewLog(d), Vars: map[string]string{}, accounts: map[string]int{}, calls: &callLog{}}
	key := seal.NewKey()
	k.Mailbox = &mail.Mailbox{}
	var err error
	k.Mail, err = mail.NewOutbox(d, key, k.Mailbox)
	k.Must(err)
	k.Accounts = account.New(d, k.Log, account.Config{
		Mail: k.Mail, MasterKey: key, SignUp: account.SignUpOpen, PublicURL: "https://comanda.test", Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1},
	})
	k.Stores = store.New(d, k.Log, k.Accounts)
	k.Menus = menu.New(d, k.Log, k.Accounts, k.Stores)
	k.OAuth, err = oauth.New(d, k.Log, k.Accounts, oauth.Config{Issuer: "https://comanda.test/identity", MasterKey: key, Stores: k.Stores})
	k.Must(err)
	k.Webhooks, err = webhook.New(d, k.Log, k.Accounts, k.OAuth, webhook.Config{MasterKey: key, Transport: callbacks{k}})
	k.Must(err)
	k.Customers = customer.New(d, k.Log, k.Accounts)
	k.Vouchers = voucher.New(d, k.Log, k.Accounts, k.Stores)
	k.Sim = simulator.New(d)
	k.Payments = payments(d, k.Accounts, key, k.Sim)
	k.Orders = order.New(d, k.Log, k.Accounts, k.Stores, k.Menus, k.Vouchers, k.Customers, k.Payments)
	k.Drivers = driver.New(d, k.Accounts, k.Stores, k.Orders, k.Mail)
	k.Notices = notice.New(d, k.Log, k.Accounts, k.Stores, k.Mail, notice.Config{Sandbox: k.Mailbox})
	k.Requests = requestlog.New(d, k.Accounts, 0)
	k.API = api.New(api.Config{
		Auth: authenticator{k}, PublicURL: "https://comanda.test", Host: "node-1", Log: slog.New(k.calls), DinerRate: -1,
		Accounts: k.Accounts, Stores: k.Stores, Menus: k.Menus, Vouchers: k.Vouchers, Customers: k.Customers, Payments: k.Payments, Orders: k.Orders, Drivers: k.Drivers, OAuth: k.OAuth, Webhooks: k.Webhooks, Events: k.Log, Requests: k.Requests,
	})
	k.people()
	return k
}

func (k *Kit) people() {
	k.Helper()
	k.MustSignUp(Owner)
	k.MustSignUp(Stranger)
	k.Brand = k.MustBrand(Owner, "Bella Napoli")
	k.Other = k.MustBrand(Stranger, "Casa Roma")
	k.Vars["appId"], k.Vars["otherAppId"] = k.Brand.AppID, k.Other.AppID
	for _, m := range []struct {
		name  string
		level wire.AppAccessLevel
	}{
		{Integrator, wire.AppAccessLevelIntegrator},
		{ReadOnly, wire.AppAccessLevelSupport},
		{Finance, wire.AppAccessLevelFinanceManger},
	} {
		k.MustSignUp(m.name)
		k.MustMember(m.name, m.level)
	}
}

// MustSignUp makes an account and the caller of that name.
func (k *Kit) MustSignUp(name string) *account.Caller {
	k.Helper()
	id, err := k.Accounts.SignUp(k.Context(), System, account.NewAccount{Email: name + "@comanda.test", Password: "correct horse"})
	k.Must(err)
	k.accounts[name] = id
	return k.Caller(name)
}

// MustBrand makes a brand that the caller owns.
func (k *Kit) MustBrand(owner, name string) account.Brand {
	k.Helper()
	b, err := k.Accounts.CreateBrand(k.Context(), k.Caller(owner), account.NewBrand{Name: name})
	k.Must(err)
	return b
}

// MustMember gives a caller a level on the kit's brand, for the stores named or for all.
func (k *Kit) MustMember(name string, level wire.AppAccessLevel, stores ...int) {
	k.Helper()
	k.Must(k.Accounts.SetMember(k.Context(), k.Caller(Owner), k.Brand.ID, k.accounts[name], level, stores))
}

// MustSession signs a caller in and returns the value of the session cookie.
func (k *Kit) MustSession(name string) string {
	k.Helper()
	in, err := k.Accounts.SignInPassword(k.Context(), account.Visitor{}, name+"@comanda.test", "correct horse")
	k.Must(err)
	return in.Token
}

// MustMail sends what is in the outbox and returns the newest message to an address.
func (k *Kit) MustMail(to string) mail.Message {
	k.Helper()
	for {
		n, err := k.Mail.RunOnce(k.Context())
		k.Must(err)
		if n == 0 {
			break
		}
	}
	for _, m := range k.Mailbox.Messages() {
		if m.To == to || m.Phone == to {
			return m.Message
		}
	}
	k.Fatalf("there is no mail to %s", to)
	return mail.Message{}
}

// MustNotify tells customers what the logs have for them.
func (k *Kit) MustNotify() {
	k.Helper()
	k.MustNotifyBy(k.Notices)
}

// MustNotifyBy is MustNotify with notices of the test's own.
func (k *Kit) MustNotifyBy(n *notice.Notices) {
	k.Helper()
	ctx, cancel := context.WithCancel(k.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	all.Go(func() { _ = k.Log.Run(ctx) })
	all.Go(func() { _ = n.Run(ctx) })
	for settled := false; !settled; time.Sleep(time.Millisecond) {
		k.Must(k.DB.Read(ctx, func(tx *db.Tx) error {
			heads, err := event.Heads(tx)
			if err != nil {
				return err
			}
			all, err := event.Followers(tx, "notices", 0)
			for _, f := range all {
				if heads[f.Brand] == f.Cursor {
					delete(heads, f.Brand)
				}
			}
			settled = len(heads) == 0
			return err
		}))
	}
}

// System is Comanda itself.
var System = &account.Caller{Kind: account.System}

// Caller is a caller as the domain knows it now.
func (k *Kit) Caller(name string) *account.Caller {
	k.Helper()
	c, err := k.Accounts.PersonCaller(k.Context(), k.accounts[name])
	k.Must(err)
	return c
}

// Must ends the test on an error.
func (k *Kit) Must(err error) {
	k.Helper()
	if err != nil {
		k.Fatal(err)
	}
}

// Expand puts the kit's variables into a text.
func (k *Kit) Expand(text string) string {
	for name, v := range k.Vars {
		text = strings.ReplaceAll(text, "{"+name+"}", v)
	}
	return text
}

// SetVar keeps an id for later paths.
func (k *Kit) SetVar(name string, id int) { k.Vars[name] = strconv.Itoa(id) }

// authenticator knows the kit's callers by their names, and real tokens besides.
type authenticator struct{ k *Kit }

// Authenticate implements api.Authenticator.
func (a authenticator) Authenticate(ctx context.Context, cred oauth.Credential) (*account.Caller, error) {
	id, ok := a.k.accounts[cred.Token]
	if !ok {
		return a.k.OAuth.Authenticate(ctx, cred)
	}
	return a.k.Accounts.PersonCaller(ctx, id)
}

// callLog is the request log; it remembers which operation a call reached, and what went wrong inside.
type callLog struct {
	operation string
	failures  []string
}

func (l *callLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *callLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *callLog) WithGroup(string) slog.Handler            { return l }

// Handle implements slog.Handler.
func (l *callLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "operation":
			l.operation = a.Value.String()
		case "error":
			l.failures = append(l.failures, r.Message+": "+a.Value.String())
		}
		return true
	})
	return nil
}

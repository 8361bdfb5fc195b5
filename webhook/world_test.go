package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/outbound"
	"comanda/internal/seal"
	"comanda/oauth"
	"comanda/webhook"
	"comanda/wire"
)

func TestMain(m *testing.M) {
	if receiverMain() || nodeMain() {
		return
	}
	dbtest.Main(m)
}

var (
	system    = &account.Caller{Kind: account.System}
	masterKey = seal.NewKey()
)

// world is an installation with one sandbox brand and its owner.
type world struct {
	t     testing.TB
	d     *db.DB
	log   *event.Log
	acc   *account.Accounts
	apps  *oauth.Server
	app   string // oauthAppId
	hooks *webhook.Webhooks
	brand account.Brand
	owner *account.Caller
	stops []func()

	transport http.RoundTripper // nil = the hooks' own
}

func newWorld(t testing.TB, d *db.DB, tune ...func(*webhook.Config)) *world {
	t.Helper()
	w := &world{t: t, d: d, log: event.NewLog(d, event.LeaseTime(time.Second))}
	w.acc = account.New(d, w.log, account.Config{
		SignUp: account.SignUpOpen, Hashing: account.Hashing{Memory: 8, Passes: 1, Lanes: 1},
	})
	var err error
	w.apps, err = oauth.New(d, w.log, w.acc, oauth.Config{Issuer: "https://comanda.example/identity", MasterKey: masterKey})
	w.must(err)
	w.hooks = w.newHooks(w.log, tune...)
	id, err := w.acc.SignUp(ctx, system, account.NewAccount{Email: "ada@example.com", Password: "correct horse"})
	w.must(err)
	w.brand, err = w.acc.CreateBrand(ctx, system, account.NewBrand{Name: "Bella Napoli", Sandbox: true, Owner: id})
	w.must(err)
	w.owner, err = w.acc.PersonCaller(ctx, id)
	w.must(err)
	w.owner.IP = "192.0.2.1"
	w.app, _, err = w.apps.CreateApp(ctx, w.owner, w.brand.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
	w.must(err)
	return w
}

func (w *world) newHooks(log *event.Log, tune ...func(*webhook.Config)) *webhook.Webhooks {
	w.t.Helper()
	c := webhook.Config{MasterKey: masterKey, Allow: outbound.Loopback, Release: "1.2.3"}
	for _, f := range tune {
		f(&c)
	}
	w.transport = c.Transport
	hooks, err := webhook.New(w.d, log, w.acc, w.apps, c)
	w.must(err)
	return hooks
}

var ctx = context.Background()

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// run delivers until the returned function is called, or the test ends.
func (w *world) run() (stop func()) { return w.runNode(w.log, w.hooks) }

func (w *world) runNode(log *event.Log, hooks *webhook.Webhooks) (stop func()) {
	logCtx, stopLog := context.WithCancel(ctx)
	runCtx, stopRun := context.WithCancel(ctx)
	var logs, runs sync.WaitGroup
	logs.Go(func() { _ = log.Run(logCtx) })
	runs.Go(func() { _ = hooks.Run(runCtx) })
	var once sync.Once
	stop = func() {
		once.Do(func() {
			stopRun()
			runs.Wait()
			stopLog()
			logs.Wait()
		})
	}
	w.t.Cleanup(stop)
	w.stops = append(w.stops, stop)
	return stop
}

func (w *world) stopAll() {
	for _, stop := range w.stops {
		stop()
	}
}

// subscribe makes a subscription for the order events and returns its id.
func (w *world) subscribe(url string, change ...func(*wire.WebhookSubscription)) int {
	w.t.Helper()
	in := wire.WebhookSubscription{CallbackUrl: &url, EventNames: []string{"order.created", "order.accepted"}}
	for _, f := range change {
		f(&in)
	}
	id, err := w.hooks.Create(ctx, w.owner, w.brand.AppID, w.app, in)
	w.must(err)
	return id
}

// orders appends one order.created for each number, in transactions of their own.
func (w *world) orders(from, to int) {
	w.t.Helper()
	for n := from; n <= to; n++ {
		w.happen(n, &wire.OrderCreatedEvent{Description: fmt.Sprint("Order ", n)})
	}
}

func (w *world) happen(order int, bodies ...wire.Event) {
	w.t.Helper()
	w.must(w.d.Write(ctx, func(tx *db.Tx) error {
		w.log.Append(tx, w.records(order, bodies...)...)
		return nil
	}))
}

func (w *world) records(order int, bodies ...wire.Event) []event.Record {
	out := make([]event.Record, len(bodies))
	for i, b := range bodies {
		rec, err := event.Encode(event.New{Brand: w.brand.ID, AppID: w.brand.AppID, Subject: "order/" + strconv.Itoa(order), Body: b})
		if err != nil {
			panic(err)
		}
		out[i] = rec
	}
	return out
}

// burst appends many order.created of as many orders in few transactions.
func (w *world) burst(from, to int) {
	w.t.Helper()
	for from <= to {
		n := min(to-from+1, 500)
		w.must(w.d.Write(ctx, func(tx *db.Tx) error {
			for i := range n {
				w.log.Append(tx, w.records(from+i, &wire.OrderCreatedEvent{Description: "burst"})...)
			}
			return nil
		}))
		from += n
	}
}

// delivery is what an endpoint got.
type delivery struct {
	header   http.Header
	body     []byte
	position int64
	attempt  int
	name     string
	order    string // Description, which the tests use to name the order
	uri      string
}

// endpoint is an HTTP receiver that remembers what it got.
type endpoint struct {
	*httptest.Server
	mu     sync.Mutex
	got    []delivery
	answer func(d delivery, rw http.ResponseWriter) // nil = 200
	more   chan struct{}
}

func newEndpoint(t testing.TB, answer func(delivery, http.ResponseWriter)) *endpoint {
	e := &endpoint{answer: answer, more: make(chan struct{}, 1)}
	e.Server = httptest.NewServer(http.HandlerFunc(e.serve))
	t.Cleanup(func() {
		e.CloseClientConnections()
		e.Close()
	})
	return e
}

func (e *endpoint) serve(rw http.ResponseWriter, r *http.Request) {
	d := delivery{header: r.Header.Clone(), uri: r.RequestURI}
	d.body, _ = io.ReadAll(r.Body)
	d.position, _ = strconv.ParseInt(r.Header.Get("X-Comanda-Position"), 10, 64)
	d.attempt, _ = strconv.Atoi(r.Header.Get("X-Comanda-Attempt"))
	var env struct {
		Type string
		Body struct{ Description string }
	}
	_ = json.Unmarshal(d.body, &env)
	d.name, d.order = env.Type, env.Body.Description
	e.mu.Lock()
	e.got = append(e.got, d)
	answer := e.answer
	e.mu.Unlock()
	select {
	case e.more <- struct{}{}:
	default:
	}
	if answer != nil {
		answer(d, rw)
	}
}

func (e *endpoint) set(answer func(delivery, http.ResponseWriter)) {
	e.mu.Lock()
	e.answer = answer
	e.mu.Unlock()
}

func (e *endpoint) deliveries() []delivery {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]delivery(nil), e.got...)
}

// wait returns once the endpoint got n deliveries.
func (e *endpoint) wait(t testing.TB, n int) []delivery {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		if got := e.deliveries(); len(got) >= n {
			return got
		}
		select {
		case <-e.more:
		case <-deadline:
			t.Fatalf("%d deliveries of %d came", len(e.deliveries()), n)
		}
	}
}

// eventually asks until it is true; for what only the database can tell.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.After(15 * time.Second)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within 15 s: %s", what)
		}
	}
}

// cursor is the stored position of a subscription, -1 when it has none.
func (w *world) cursor(id int) int64 {
	at := int64(-1)
	w.must(w.d.Read(ctx, func(tx *db.Tx) error {
		all, err := event.Followers(tx, fmt.Sprint("webhook/", id), w.brand.ID)
		for _, f := range all {
			if f.Name == fmt.Sprint("webhook/", id) {
				at = f.Cursor
			}
		}
		return err
	}))
	return at
}

func (w *world) head() int64 {
	head := int64(0)
	w.must(w.d.Read(ctx, func(tx *db.Tx) (err error) {
		head, err = event.Head(tx, w.brand.ID)
		return err
	}))
	return head
}

func (w *world) count(query string, args ...any) int {
	n := 0
	w.must(w.d.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(query, args...).Scan(&n) }))
	return n
}

func (w *world) pending(id int) int {
	return w.count(`select count(*) from webhook_pending where subscription_id = $1`, id)
}

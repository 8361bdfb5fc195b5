package webhook_test

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/oauth"
	"comanda/wire"
)

// The simulation: a whole installation on SQLite in virtual time, in which everything goes wrong that a seed's plan has,
// and which must keep its promises all the same. In it are the real database, log and webhooks; the endpoints, the crashes
// and the clock are the simulation's.
//
//	go test ./webhook -run TestSimulation -seed 17        repeats one plan
//	COMANDA_SIM_SEEDS=10000 go test ./webhook -run TestSimulation -timeout 0
//	COMANDA_SIM_FIRST=500   begins with this seed; COMANDA_SIM_BRIEF=1 makes no failure smaller
//	COMANDA_SIM_TIME=90s    go test ./webhook -run TestSimulation
//
// A seed stands for a plan. What goroutines do at one and the same instant is not in it: a rare failure may need its seed a
// few times (-count 20).

var simSeed = flag.Int64("seed", -1, "simulate this seed only")

const (
	simTime     = 10 * time.Second // of a plain test run
	simStuck    = 2 * time.Minute  // real; a seed takes well under a second on an idle machine
	poisonText  = "poison"
	simPatience = 7 * time.Hour // virtual, until everything has come after the last fault
)

func TestSimulation(t *testing.T) {
	template := simTemplate(t)
	silence(t)
	if seed, ok := chosenSeed(t); ok {
		simulateSeed(t, template, seed)
		return
	}
	first := uint64(time.Now().UnixMilli()%1e6) * 1000
	count, end := uint64(1e9), time.Now().Add(simBudget(t))
	if v := os.Getenv("COMANDA_SIM_SEEDS"); v != "" {
		n, err := strconv.ParseUint(v, 10, 32)
		if err != nil {
			t.Fatal("COMANDA_SIM_SEEDS:", err)
		}
		count, end, first = n, time.Now().Add(1000*time.Hour), 0
	}
	if v := os.Getenv("COMANDA_SIM_FIRST"); v != "" {
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil {
			t.Fatal("COMANDA_SIM_FIRST:", err)
		}
		first = n
	}
	began, total := time.Now(), simFigures{}
	seeds := uint64(0)
	for ; seeds < count && time.Now().Before(end) && !t.Failed(); seeds++ {
		total.add(simulateSeed(t, template, first+seeds))
	}
	t.Logf("%d seeds from %d in %v, %.1f/s: %d crashes, %d deliveries, %v of virtual time", seeds, first,
		time.Since(began).Round(time.Millisecond), float64(seeds)/time.Since(began).Seconds(), total.crashes, total.delivered, total.passed)
}

func chosenSeed(t *testing.T) (uint64, bool) {
	t.Helper()
	if *simSeed >= 0 {
		return uint64(*simSeed), true
	}
	v := os.Getenv("COMANDA_SIM_SEED")
	if v == "" {
		return 0, false
	}
	n, err := strconv.ParseUint(v, 10, 63)
	if err != nil {
		t.Fatal("COMANDA_SIM_SEED:", err)
	}
	return n, true
}

func simBudget(t *testing.T) time.Duration {
	t.Helper()
	v := os.Getenv("COMANDA_SIM_TIME")
	if v == "" {
		return simTime
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		t.Fatal("COMANDA_SIM_TIME:", err)
	}
	return d
}

type simFigures struct {
	crashes, delivered int
	passed             time.Duration
}

func (f *simFigures) add(o simFigures) {
	f.crashes += o.crashes
	f.delivered += o.delivered
	f.passed += o.passed
}

// simulateSeed runs a seed. When it fails, it looks for a smaller plan that still does and tells that one's story.
func simulateSeed(t *testing.T, template []byte, seed uint64) simFigures {
	t.Helper()
	p := newPlan(seed)
	s := simulate(t, template, p)
	if s.broken == nil {
		return s.figures()
	}
	small, last := p, s
	if os.Getenv("COMANDA_SIM_BRIEF") == "" {
		small, last = shrink(t, template, p, s)
	}
	t.Errorf("seed %d: %s\nThis is what happened (plan of %d steps, made smaller from %d):\n%s\n%s\nRepeat it: go test ./webhook -run TestSimulation -seed %d",
		seed, last.broken.what, len(small.steps), len(p.steps), small, last.story(), seed)
	return s.figures()
}

func (p *plan) String() string {
	var b strings.Builder
	for i, sub := range p.subs {
		fmt.Fprintf(&b, "  subscription %d: brand %d, %v, stores %v, hold %d s, endpoint %s, poison %v\n", i+1, sub.brand, sub.names, sub.stores, sub.hold, sub.how, sub.poison)
	}
	for i, st := range p.steps {
		fmt.Fprintf(&b, "  step %2d: %s\n", i+1, st)
	}
	return b.String()
}

// shrink leaves steps out as long as the plan still fails, for a bounded time.
func shrink(t *testing.T, template []byte, p *plan, s *sim) (*plan, *sim) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for size := len(p.steps) / 2; size >= 1; size /= 2 {
		for at := 0; at < len(p.steps) && time.Now().Before(end); {
			less := *p
			less.steps = slices.Delete(slices.Clone(p.steps), at, min(at+size, len(p.steps)))
			if again := simulate(t, template, &less); again.broken != nil {
				p, s = &less, again
			} else {
				at += size
			}
		}
	}
	return p, s
}

// sim is one run of a plan.
type sim struct {
	t      *testing.T
	plan   *plan
	path   string
	d      *db.DB // the simulation's own handle, without faults
	brands []account.Brand
	apps   []string
	owner  *account.Caller
	began  time.Time

	node       *simNode
	generation int
	crashes    int

	mu        sync.Mutex
	rng       *rand.Rand
	subs      []*state
	byKey     map[int]*state // by number from 1 on
	byID      map[int]*state
	early     map[int][]era
	logs      [][]event.Event
	lastEra   int64
	flying    map[inFlight]int64
	latest    time.Time // latest that the wall clock has shown
	shifted   time.Duration
	leapt     time.Duration // by which the clock was set ahead in all
	calmSince time.Time     // no faults from here on
	delivered int
	passed    time.Duration
	trace     []told
	broken    *broken
}

type told struct {
	at, wall time.Time
	sub      int
	subject  string
	text     string
}

type broken struct {
	what    string
	sub     int
	subject string
}

func (s *sim) figures() simFigures { return simFigures{s.crashes, s.delivered, s.passed} }

func (s *sim) chance() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(100)
}

func (s *sim) breaks(sub int, subject, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.breakLocked(sub, subject, format, args...)
}

func (s *sim) breakLocked(sub int, subject, format string, args ...any) {
	if s.broken == nil {
		s.broken = &broken{fmt.Sprintf(format, args...), sub, subject}
		s.traceLocked(sub, subject, "WRONG: %s", s.broken.what)
		if os.Getenv("COMANDA_SIM_BRIEF") != "" { // a broken build may not live long enough to tell its story
			fmt.Fprintf(os.Stderr, "seed %d: %s\n", s.plan.seed, s.broken.what)
		}
	}
}

func (s *sim) tracef(sub int, subject, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.traceLocked(sub, subject, format, args...)
}

func (s *sim) traceLocked(sub int, subject, format string, args ...any) {
	s.trace = append(s.trace, told{time.Now(), wall(), sub, subject, fmt.Sprintf(format, args...)})
}

// seen remembers how late the wall clock has been; s.mu is held.
func (s *sim) seen() {
	if now := wall(); now.After(s.latest) {
		s.latest = now
	}
}

// story is what happened around the subject that went wrong.
func (s *sim) story() string {
	var lines []string
	for _, x := range s.trace {
		about := x.sub == 0 || x.sub == s.broken.sub && (x.subject == "" || x.subject == s.broken.subject)
		if !about {
			continue
		}
		shift := ""
		if d := x.wall.Sub(x.at).Round(time.Second); d != 0 {
			shift = fmt.Sprintf(" (clock %+v)", d)
		}
		lines = append(lines, fmt.Sprintf("  %12v%s  %s", x.at.Sub(s.began).Round(time.Millisecond), shift, x.text))
	}
	if n := len(lines) - 200; n > 0 {
		lines = append([]string{fmt.Sprintf("  … %d lines before", n)}, lines[n:]...)
	}
	return strings.Join(lines, "\n")
}

// simTemplate makes the installation that every simulation begins with: brands with an OAuth app each, no subscription.
func simTemplate(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(simDir(t), "template.db")
	synctest.Test(t, func(t *testing.T) {
		d, err := db.Open(ctx, db.Config{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		w := newWorld(t, d)
		for i := 1; i < simBrands; i++ {
			b, err := w.acc.CreateBrand(ctx, system, account.NewBrand{Name: fmt.Sprint("Brand ", i), Sandbox: true, Owner: w.owner.Account})
			w.must(err)
			owner, err := w.acc.PersonCaller(ctx, w.owner.Account)
			w.must(err)
			_, _, err = w.apps.CreateApp(ctx, owner, b.AppID, wire.OAuthApp{OauthAppName: wire.P("POS")})
			w.must(err)
		}
		w.must(d.Write(ctx, func(tx *db.Tx) error {
			for _, stmt := range simTables {
				if _, err := tx.Exec(stmt); err != nil {
					return err
				}
			}
			return nil
		}))
		w.must(d.Close())
	})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// simDir is where the databases of simulations are: in memory where the system has such a place, because a simulated crash
// leaves the machine running, and a real one is not simulated.
func simDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "comanda-sim")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// silence keeps what the nodes log for the story of a failure.
func silence(t *testing.T) {
	t.Helper()
	was := slog.Default()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	t.Cleanup(func() { slog.SetDefault(was) })
}

// simulate runs a plan.
func simulate(t *testing.T, template []byte, p *plan) *sim {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "comanda-sim")
	if err != nil {
		dir = t.TempDir()
	}
	defer func() { _ = os.RemoveAll(dir) }()
	s := &sim{
		t: t, plan: p, path: filepath.Join(dir, "comanda.db"), rng: rand.New(rand.NewPCG(p.seed, 2)),
		byKey: map[int]*state{}, byID: map[int]*state{}, early: map[int][]era{}, flying: map[inFlight]int64{},
		logs: make([][]event.Event, simBrands),
	}
	if err := os.WriteFile(s.path, template, 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		clock.Shift(-s.shifted)
		if bad := recover(); bad != nil { // goroutines that are left, or wait for each other
			fmt.Fprintf(os.Stderr, "simulation: seed %d panics\n%s\n", p.seed, p)
			panic(bad)
		}
	}()
	watchdog := time.AfterFunc(simStuck, func() { // outside of the bubble: in it, time stands still then
		stacks := make([]byte, 1<<20)
		fmt.Fprintf(os.Stderr, "simulation: seed %d is stuck\n%s\n%s\n", p.seed, p, stacks[:runtime.Stack(stacks, true)])
		os.Exit(2)
	})
	defer watchdog.Stop()
	synctest.Test(t, func(*testing.T) { s.run() })
	return s
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func (s *sim) run() {
	s.began = time.Now()
	defer func() { s.passed = time.Since(s.began) }()
	var err error
	s.d, err = db.Open(ctx, db.Config{Path: s.path, Conns: 4})
	must(err)
	s.settle()
	s.node = s.start()
	for i, st := range s.plan.steps {
		s.tracef(0, "", "step %d: %s", i+1, st)
		s.do(st, rand.New(rand.NewPCG(s.plan.seed, uint64(st.n*1000+st.m))))
		s.sleep(st.wait)
		s.recover()
		s.look()
		if s.broken != nil {
			break
		}
	}
	s.finale()
	must(s.d.Close())
}

// settle makes the subscriptions of the plan.
func (s *sim) settle() {
	w := &world{t: s.t, d: s.d, log: event.NewLog(s.d)}
	w.acc = account.New(s.d, w.log, account.Config{})
	var err error
	owner := 0
	w.apps, err = oauth.New(s.d, w.log, w.acc, oauth.Config{Issuer: "https://comanda.example/identity", MasterKey: masterKey})
	must(err)
	w.hooks = w.newHooks(w.log)
	must(s.d.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`select id, owner_id, brand_id from oauth_apps order by brand_id`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id string
			var brand int
			if err := rows.Scan(&id, &owner, &brand); err != nil {
				return err
			}
			s.apps = append(s.apps, id)
			s.brands = append(s.brands, account.Brand{ID: brand})
		}
		return rows.Err()
	}))
	for i := range s.brands {
		must(s.d.Read(ctx, func(tx *db.Tx) (err error) {
			s.brands[i], err = w.acc.LoadBrand(tx, s.brands[i].ID)
			return err
		}))
	}
	s.owner, err = w.acc.PersonCaller(ctx, owner)
	must(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, sub := range s.plan.subs {
		x := &state{
			simSub: sub, got: map[int64]*receipt{}, settled: map[int]mark{}, twice: map[int]map[int64]bool{},
			manner: sub.how, deadOnly: sub.how == mannerDead, hold: defaultHold, url: fmt.Sprintf("/%d/0", i+1),
		}
		in := wire.WebhookSubscription{CallbackUrl: wire.P("http://pos.test" + x.url), EventNames: sub.names}
		if sub.flat {
			in.Version = wire.P("1")
		}
		x.id, err = w.hooks.Create(ctx, s.owner, s.brands[sub.brand].AppID, s.apps[sub.brand], in)
		must(err)
		if sub.hold >= 0 {
			x.hold = time.Duration(sub.hold) * time.Second
		}
		must(s.d.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update webhook_subscriptions set settings = $2 where id = $1`, x.id, sub.settings())
			return err
		}))
		s.subs = append(s.subs, x)
		s.byKey[i+1], s.byID[x.id] = x, x
	}
	s.refresh()
}

func (sub simSub) settings() string {
	var parts []string
	if sub.hold >= 0 {
		parts = append(parts, fmt.Sprintf(`"HoldSeconds":%d`, sub.hold))
	}
	if len(sub.stores) > 0 {
		parts = append(parts, `"Stores":[1,2]`)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// recover starts a new node when the old one has died.
func (s *sim) recover() {
	if !s.node.isDead() {
		return
	}
	s.crashes++
	s.node.bury()
	time.Sleep(time.Duration(s.chance()) * 20 * time.Millisecond)
	s.node = s.start()
}

// do is one step of the plan.
func (s *sim) do(st step, r *rand.Rand) {
	n := s.node
	sub := s.subs[st.sub%len(s.subs)]
	switch st.do {
	case "events":
		s.events(st, r)
	case "manner":
		s.mu.Lock()
		sub.manner, sub.deadOnly = manners[st.n%len(manners)], false
		s.mu.Unlock()
	case "crash":
		n.mu.Lock()
		n.crashAt, n.after = n.calls+st.n, st.m%2 == 1
		n.mu.Unlock()
	case "pause":
		n.pause()
		s.sleep(time.Duration(st.n) * time.Millisecond)
		n.unpause()
	case "jump":
		s.jump(time.Duration(st.n) * time.Second)
	case "trouble":
		n.mu.Lock()
		n.trouble, n.until = dbTrouble{st.m}, time.Now().Add(time.Duration(st.n)*time.Second)
		n.mu.Unlock()
	case "restart":
		n.bury()
		if !n.isDead() {
			s.node = s.start()
		}
	case "usurp":
		s.usurp(st)
	default:
		s.change(st, sub)
		s.mu.Lock()
		s.refresh()
		s.mu.Unlock()
	}
}

func (s *sim) jump(d time.Duration) {
	synctest.Wait()
	s.mu.Lock()
	s.shifted += d
	s.leapt += max(d, 0)
	s.mu.Unlock()
	clock.Shift(d)
	s.mu.Lock()
	s.seen()
	s.mu.Unlock()
}

// usurp starts a second node while the first goes on, as when it stood still for too long. It takes the work over.
func (s *sim) usurp(st step) {
	if s.node.isDead() {
		return
	}
	id := s.registered()
	if id == s.node.before { // it has just begun, and would register after the second one
		return
	}
	old := s.node
	old.mu.Lock()
	old.shut = true
	old.mu.Unlock()
	s.node = s.start()
	for range 500 {
		if s.node.isDead() || s.taken(id) {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	time.Sleep(100 * time.Millisecond)
	old.mu.Lock()
	old.replaced = s.taken(id)
	old.mu.Unlock()
	s.sleep(time.Duration(st.n) * 100 * time.Millisecond)
	old.kill("after it was replaced")
	old.bury()
}

// registered is the incarnation of the node that registered last, "" when none did.
func (s *sim) registered() (id string) {
	must(s.d.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select coalesce(max(node_id), '') from log_nodes`).Scan(&id)
	}))
	return id
}

// taken reports whether the work is in other hands than those of an incarnation, and none of it in these.
func (s *sim) taken(id string) bool {
	mine, others := 0, 0
	must(s.d.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select coalesce(sum(case when owner = $1 then 1 else 0 end), 0),
				coalesce(sum(case when owner <> $1 then 1 else 0 end), 0)
			from log_leases where name like 'webhook%' and owner <> ''`, id).Scan(&mine, &others)
	}))
	return others > 0 && mine == 0
}

// events appends some, in a few transactions.
func (s *sim) events(st step, r *rand.Rand) {
	b := s.brands[st.sub%len(s.brands)]
	each := 1 + r.IntN(5)
	if st.n > 50 {
		each = 50
	}
	for left := st.n; left > 0; left -= each {
		var recs []event.Record
		for range min(each, left) {
			order := "order/" + strconv.Itoa(r.IntN(st.m))
			text := order
			if r.IntN(25) == 0 {
				text = poisonText
			}
			body := []wire.Event{
				&wire.OrderCreatedEvent{Description: text}, &wire.OrderAcceptedEvent{Description: text}, &wire.OrderDispatchedEvent{Description: text},
			}[r.IntN(3)]
			rec, err := event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Subject: order, Store: r.IntN(4), Body: body})
			must(err)
			recs = append(recs, rec)
		}
		err := s.node.d.Write(ctx, func(tx *db.Tx) error { s.node.log.Append(tx, recs...); return nil })
		if err != nil {
			s.tracef(0, "", "%d events are not acknowledged: %v", len(recs), err)
		}
	}
}

// others lets other orders of a brand happen, of every kind and store: business goes on, and shows an endpoint that was
// taken for down that it is up.
func (s *sim) others(brand int) {
	b := s.brands[brand]
	var recs []event.Record
	for store := range 4 {
		for i, body := range []wire.Event{&wire.OrderCreatedEvent{}, &wire.OrderAcceptedEvent{}, &wire.OrderDispatchedEvent{}} {
			rec, err := event.Encode(event.New{Brand: b.ID, AppID: b.AppID, Subject: fmt.Sprintf("order/other-%d-%d", store, i), Store: store, Body: body})
			must(err)
			recs = append(recs, rec)
		}
	}
	if err := s.node.d.Write(ctx, func(tx *db.Tx) error { s.node.log.Append(tx, recs...); return nil }); err != nil {
		s.tracef(0, "", "the other orders are not acknowledged: %v", err)
	}
}

// change changes a subscription through the node.
func (s *sim) change(st step, sub *state) {
	app, oauthApp, hooks := s.brands[sub.brand].AppID, s.apps[sub.brand], s.node.hooks
	var err error
	key := sub.key(s)
	switch st.do {
	case "delete":
		err = hooks.Delete(ctx, s.owner, app, oauthApp, sub.id)
	case "rotate":
		_, err = hooks.RotateSecret(ctx, s.owner, app, oauthApp, sub.id)
	default:
		in := wire.WebhookSubscription{}
		switch st.do {
		case "names":
			in.EventNames = []string{}
			for i, name := range simNames {
				if st.n>>i&1 == 1 {
					in.EventNames = append(in.EventNames, name)
				}
			}
		case "url":
			in.CallbackUrl = wire.P(fmt.Sprintf("http://pos.test/%d/%d", key, st.n))
		case "version":
			in.Version = wire.P(strconv.Itoa(1 + st.n%2))
		case "disable":
			in.Enabled = wire.P(false)
		case "enable":
			in.Enabled = wire.P(true)
		}
		err = hooks.Update(ctx, s.owner, app, oauthApp, sub.id, in)
	}
	if err != nil && fault.KindOf(err) != fault.NotFound {
		s.tracef(key, "", "the change of subscription %d is not acknowledged: %v", key, err)
	}
	must(s.d.Read(context.Background(), func(tx *db.Tx) error {
		var url string
		if err := tx.QueryRow(`select coalesce(min(callback_url), '') from webhook_subscriptions where id = $1`, sub.id).Scan(&url); err != nil {
			return err
		}
		s.mu.Lock()
		sub.url = strings.TrimPrefix(url, "http://pos.test")
		s.mu.Unlock()
		return nil
	}))
}

// manner is how the endpoint takes a flight, and a number that varies it.
func (s *sim) manner(f *flight) (manner, int) {
	h := fnv.New32a()
	_, _ = fmt.Fprint(h, s.plan.seed, f.sub, f.position, f.number)
	luck := int(h.Sum32() >> 4)
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.byKey[f.sub]
	if sub == nil {
		return mannerError, luck
	}
	if sub.poison && strings.Contains(f.body, poisonText) {
		return mannerError, luck
	}
	return sub.manner, luck
}

// finale ends all trouble, waits until everything has come, and looks whether that is so.
func (s *sim) finale() {
	n := s.node
	n.mu.Lock()
	n.trouble, n.crashAt = dbTrouble{}, 0
	n.mu.Unlock()
	s.recover()
	s.mu.Lock()
	for _, sub := range s.subs {
		sub.manner, sub.deadOnly = mannerOK, false
	}
	s.calmSince = time.Now()
	s.traceLocked(0, "", "all trouble ends")
	ended := s.broken != nil
	s.mu.Unlock()
	for b := range s.brands {
		s.others(b)
	}
	for wait := time.Second; !ended && !s.quiet(); wait = min(2*wait, 5*time.Minute) {
		s.sleep(wait)
		s.recover() // a crash after a call that took long
		if s.broken != nil {
			break
		}
		if time.Since(s.calmSince) > simPatience {
			s.complete()
			s.breaks(0, "", "after %v not everything is settled", simPatience)
			break
		}
	}
	s.node.bury()
	if s.broken == nil {
		s.look()
		s.complete()
	}
}

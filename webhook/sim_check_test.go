package webhook_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"comanda/event"
	"comanda/internal/db"
)

// What must hold, and what the simulation remembers to know whether it does. Everything is checked from outside: from what
// the endpoints got, and from what the database holds, which triggers of the simulation watch.

const (
	promisedWindow = 512            // positions that may come twice after a crash, and
	promisedFlight = 16             // attempts in flight
	retryFor       = 24 * time.Hour // from the creation of an event
	defaultHold    = 10 * time.Minute
	offAfter       = 3 * time.Minute // until the last node has heard of a change, whatever happens
	maxRowsEver    = 256 + 16
	promisedTries  = 3  // before an event is given up for want of room
	promisedFresh  = 16 // new events that a node tries an endpoint with that is down, before it tries one with every fourth probe
)

// simTables lets the database note what nobody can see from outside: each settlement, each cursor that went back, and the
// state of a subscription as of each event about it, in the transaction that appends the event.
var simTables = []string{
	`create table sim_wrong (what text)`,
	`create table sim_settled (name text, cursor_position bigint)`,
	`create table sim_eras (subscription integer, position bigint, enabled boolean, names text)`,
	`create trigger sim_back after update on log_followers
		when new.cursor_position < old.cursor_position and new.epoch = old.epoch begin
		insert into sim_wrong values (new.name || ' went back from ' || old.cursor_position || ' to ' || new.cursor_position); end`,
	`create trigger sim_settle after update on log_followers when new.epoch = old.epoch and new.name like 'webhook/%' begin
		insert into sim_settled values (new.name, new.cursor_position); end`,
	`create trigger sim_era after insert on log_events when new.subject like 'webhook_subscription/%' begin
		insert into sim_eras values (cast(substr(new.subject, 22) as integer), new.position,
			coalesce((select enabled from webhook_subscriptions where id = cast(substr(new.subject, 22) as integer)), false),
			coalesce((select group_concat(name) from webhook_event_names
				where subscription_id = cast(substr(new.subject, 22) as integer)), '')); end`,
	`create table sim_full (subscription integer, from_position bigint, waiting integer)`,
	`create trigger sim_give after insert on webhook_expired begin
		insert into sim_full values (new.subscription_id, new.from_position,
			(select count(*) from webhook_pending where subscription_id = new.subscription_id)); end`,
}

// era is a subscription's state from a position on.
type era struct {
	position int64
	enabled  bool
	names    []string
	heard    time.Time // on the bubble's clock
}

// receipt is all that is known about one event at one subscription.
type receipt struct {
	ok     map[int]bool // generations of nodes that saw it received
	tries  int
	failed time.Time     // first failure, on the bubble's clock
	leapt  time.Duration // sim.leapt then
	over   bool          // the hold for it was over once
}

// state is what the checks know of one subscription.
type state struct {
	simSub
	id       int
	url      string
	eras     []era
	got      map[int64]*receipt
	tries    int
	settled  map[int]mark // by generation
	twice    map[int]map[int64]bool
	manner   manner
	deadOnly bool
	hold     time.Duration
}

// mark is what the database held of a subscription when a node started.
type mark struct {
	cursor int64
	rows   map[int64]bool
}

type inFlight struct {
	n       *simNode
	sub     int
	subject string
}

// refresh takes in what was appended to the logs; s.mu is held.
func (s *sim) refresh() {
	err := s.d.Read(ctx, func(tx *db.Tx) error {
		for b := range s.logs {
			for {
				events, err := event.Read(tx, s.brands[b].ID, int64(len(s.logs[b])), 500)
				if err != nil {
					return err
				}
				s.logs[b] = append(s.logs[b], events...)
				if len(events) < 500 {
					break
				}
			}
		}
		rows, err := tx.Query(`select rowid, subscription, position, enabled, names from sim_eras where rowid > $1`, s.lastEra)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var id int
			var e era
			var names string
			if err := rows.Scan(&s.lastEra, &id, &e.position, &e.enabled, &names); err != nil {
				return err
			}
			e.names, e.heard = strings.Split(names, ","), time.Now()
			if sub := s.byID[id]; sub != nil {
				sub.eras = append(sub.eras, e)
			} else {
				s.early[id] = append(s.early[id], e)
			}
		}
		return rows.Err()
	})
	if err != nil {
		panic(err)
	}
}

// wanted reports whether an event was wanted when it happened, and whether it still is.
func (sub *state) wanted(e *event.Event) (then, still bool) {
	still = true
	for _, x := range sub.eras {
		yes := x.enabled && slices.Contains(x.names, e.Name) && (len(sub.stores) == 0 || slices.Contains(sub.stores, e.Store))
		if x.position < e.Position {
			then = yes
		} else if !yes {
			still = false
		}
	}
	return then, then && still
}

func (sub *state) receipt(position int64) *receipt {
	r := sub.got[position]
	if r == nil {
		r = &receipt{ok: map[int]bool{}}
		sub.got[position] = r
	}
	return r
}

// depart checks a request at the moment when it is sent.
func (s *sim) depart(n *simNode, r *http.Request) (*flight, error) {
	f, err := parseFlight(r)
	if err != nil {
		return nil, err
	}
	replaced := n.isReplaced()
	s.mu.Lock()
	defer s.mu.Unlock()
	sub := s.byKey[f.sub]
	if sub == nil {
		s.breakLocked(f.sub, "", "a request went to %q", f.url)
		return f, nil
	}
	if int(f.position) > len(s.logs[sub.brand]) {
		s.refresh()
	}
	if f.position < 1 || int(f.position) > len(s.logs[sub.brand]) {
		s.breakLocked(f.sub, "", "position %d was sent, the log ends at %d", f.position, len(s.logs[sub.brand]))
		return f, nil
	}
	e := &s.logs[sub.brand][f.position-1]
	f.subject = e.Subject
	s.seen()
	s.traceLocked(f.sub, f.subject, "node %d sends position %d (%s, %s), attempt %d", n.generation, f.position, f.subject, e.Name, f.number)
	bad := func(format string, args ...any) { s.breakLocked(f.sub, f.subject, format, args...) }
	if then, _ := sub.wanted(e); !then {
		bad("position %d (%s) was sent, but it was not wanted when it happened", f.position, e.Name)
	}
	if last := sub.eras[len(sub.eras)-1]; !last.enabled && time.Since(last.heard) > offAfter {
		bad("position %d was sent %v after the subscription had ended", f.position, time.Since(last.heard))
	}
	if s.calmSince != (time.Time{}) && time.Since(s.calmSince) > offAfter && f.url != sub.url {
		bad("position %d went to %s, the URL is %s", f.position, f.url, sub.url)
	}
	key := inFlight{n, f.sub, f.subject}
	if other := s.flying[key]; other != 0 {
		bad("positions %d and %d of %s are in flight at once", other, f.position, f.subject)
	}
	s.flying[key] = f.position
	rec := sub.receipt(f.position)
	rec.tries++
	sub.tries++
	if rec.ok[n.generation] {
		bad("position %d was sent again by the node that saw it received", f.position)
	}
	m := sub.settled[n.generation]
	if f.position <= m.cursor && !m.rows[f.position] {
		bad("position %d was sent, though it was settled when node %d started: cursor %d, no row", f.position, n.generation, m.cursor)
	}
	if len(rec.ok) > 0 {
		if sub.twice[n.generation] == nil {
			sub.twice[n.generation] = map[int64]bool{}
		}
		sub.twice[n.generation][f.position] = true
		if limit := promisedWindow + len(m.rows) + promisedFlight; len(sub.twice[n.generation]) > limit {
			bad("more than %d events came twice after node %d started", limit, n.generation)
		}
	} else if !replaced {
		s.sequence(sub, f, e)
	}
	s.sameBytes(sub, rec, f, e)
	return f, nil
}

// sequence checks that every earlier event of the subject has come, is not wanted any more, has expired, or failed so long
// ago that its hold is over. Setting the clock ahead is time passing, setting it back is not; a hold that is over stays over.
func (s *sim) sequence(sub *state, f *flight, e *event.Event) {
	for q := f.position - 1; q > 0; q-- {
		before := &s.logs[sub.brand][q-1]
		if before.Subject != e.Subject || !s.due(sub, before) {
			continue
		}
		r := sub.receipt(q)
		if len(r.ok) > 0 || r.over {
			continue
		}
		passed := time.Since(r.failed) + s.leapt - r.leapt
		if !r.failed.IsZero() && passed >= sub.hold-time.Microsecond { // which is what stored times are rounded to
			r.over = true
			continue
		}
		if s.refresh(); !s.due(sub, before) { // the node heard of a change before the simulation did
			continue
		}
		if r.failed.IsZero() {
			s.breakLocked(f.sub, f.subject, "position %d of %s was sent before %d was tried to its end", f.position, e.Subject, q)
		} else {
			s.breakLocked(f.sub, f.subject, "position %d of %s was sent %v after %d had failed first, the hold is %v", f.position, e.Subject, passed, q, sub.hold)
		}
	}
}

// due reports whether a subscription is still to get an event, as far as the simulation has heard.
func (s *sim) due(sub *state, e *event.Event) bool {
	_, still := sub.wanted(e)
	return still && s.latest.Sub(e.Created) < retryFor
}

// sameBytes checks that an event is sent as the log has it, each time.
func (s *sim) sameBytes(sub *state, rec *receipt, f *flight, e *event.Event) {
	want := e.Flat()
	if strings.HasPrefix(f.body, `{"Type":`) {
		want = e.Envelope()
	}
	if !bytes.Equal(want, []byte(f.body)) || f.id != e.ID {
		s.breakLocked(f.sub, f.subject, "position %d was sent as %s, id %s", f.position, f.body, f.id)
	}
}

// arrive notes what a node learns about its request; an error means that it learns nothing because it is dead.
func (s *sim) arrive(n *simNode, f *flight, res *http.Response, err error, done func() error) error {
	s.mu.Lock()
	key := inFlight{n, f.sub, f.subject}
	if s.flying[key] == f.position {
		delete(s.flying, key)
	}
	sub := s.byKey[f.sub]
	if n.isDead() || sub == nil {
		s.mu.Unlock()
		return errDead
	}
	rec := sub.receipt(f.position)
	if err == nil && res.StatusCode < 300 {
		rec.ok[n.generation] = true
		s.delivered++
		s.traceLocked(f.sub, f.subject, "position %d is received by subscription %d", f.position, f.sub)
	} else {
		if rec.failed.IsZero() {
			rec.failed, rec.leapt = time.Now(), s.leapt
		}
		text := fmt.Sprint(err)
		if err == nil {
			text = res.Status
		}
		s.traceLocked(f.sub, f.subject, "position %d fails at subscription %d: %s", f.position, f.sub, text)
	}
	s.mu.Unlock()
	return done()
}

// dropFlights forgets what a dead node had in flight.
func (s *sim) dropFlights(n *simNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.flying {
		if key.n == n {
			delete(s.flying, key)
		}
	}
}

// mark reads what is settled when a node starts.
func (s *sim) mark(n *simNode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		sub.settled[n.generation] = s.stored(sub)
	}
}

// stored is a subscription's cursor (-1 = it has none) and rows.
func (s *sim) stored(sub *state) mark {
	m := mark{cursor: -1}
	err := s.d.Read(ctx, func(tx *db.Tx) error {
		m = mark{-1, map[int64]bool{}}
		all, err := event.Followers(tx, fmt.Sprint("webhook/", sub.id), s.brands[sub.brand].ID)
		for _, f := range all {
			if f.Name == fmt.Sprint("webhook/", sub.id) {
				m.cursor = f.Cursor
			}
		}
		if err != nil {
			return err
		}
		rows, err := tx.Query(`select position from webhook_pending where subscription_id = $1`, sub.id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var p int64
			if err := rows.Scan(&p); err != nil {
				return err
			}
			m.rows[p] = true
		}
		return rows.Err()
	})
	if err != nil {
		panic(err)
	}
	return m
}

// look checks what can be seen in the database at any time.
func (s *sim) look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen()
	s.refresh()
	err := s.d.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`select what from sim_wrong`)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var what string
			if err := rows.Scan(&what); err != nil {
				return err
			}
			s.breakLocked(0, "", "the cursor %s", what)
		}
		return rows.Err()
	})
	if err != nil {
		panic(err)
	}
	for _, sub := range s.subs {
		m := s.stored(sub)
		if len(m.rows) > maxRowsEver {
			s.breakLocked(sub.key(s), "", "subscription %d has %d rows", sub.key(s), len(m.rows))
		}
		if sub.deadOnly {
			s.fewFail(sub, m)
		}
	}
}

// fewFail checks what is stored for an endpoint that never answered: events that failed before that was known or as
// probes, of which each node tries some new ones, and what waits behind one of these.
func (s *sim) fewFail(sub *state, m mark) {
	first := map[string]int64{} // failed, by subject
	failed := 0
	for p, r := range sub.got {
		if r.failed.IsZero() {
			continue
		}
		failed++
		subject := s.logs[sub.brand][p-1].Subject
		if q, more := first[subject]; !more || p < q {
			first[subject] = p
		}
	}
	if failed > promisedFresh*s.generation+promisedFlight+sub.tries/4 {
		s.breakLocked(sub.key(s), "", "%d events failed at subscription %d in %d attempts", failed, sub.key(s), sub.tries)
	}
	for p := range m.rows {
		subject := s.logs[sub.brand][p-1].Subject
		if q, some := first[subject]; !some || q > p {
			s.breakLocked(sub.key(s), subject, "subscription %d has a row for position %d, and nothing of %s failed before", sub.key(s), p, subject)
		}
	}
}

func (sub *state) key(s *sim) int { return slices.Index(s.subs, sub) + 1 }

// quiet reports whether everything has come that can come.
func (s *sim) quiet() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refresh()
	for _, sub := range s.subs {
		if !sub.eras[len(sub.eras)-1].enabled {
			continue
		}
		m := s.stored(sub)
		if m.cursor != int64(len(s.logs[sub.brand])) {
			return false
		}
		for p := range m.rows {
			if !s.poisons(sub, p) {
				return false
			}
		}
	}
	return true
}

func (s *sim) poisons(sub *state, position int64) bool {
	return sub.poison && bytes.Contains(s.logs[sub.brand][position-1].Body, []byte(poisonText))
}

// complete checks that everything came or is recorded as expired, once the installation is quiet.
func (s *sim) complete() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen()
	s.refresh()
	for k, sub := range s.subs {
		lost := s.expired(sub)
		m := s.stored(sub)
		for i := range s.logs[sub.brand] {
			e := &s.logs[sub.brand][i]
			_, still := sub.wanted(e)
			if !still || s.poisons(sub, e.Position) {
				continue
			}
			r := sub.receipt(e.Position)
			old := s.latest.Sub(e.Created) >= retryFor
			waited, given := lost[e.Position]
			switch {
			case given && len(r.ok) == 0 && !old && (r.tries < promisedTries || waited < maxRowsEver/2):
				s.breakLocked(k+1, e.Subject, "position %d was given up after %d attempts, %v after it happened, while %d waited",
					e.Position, r.tries, s.latest.Sub(e.Created), waited)
			case !given && len(r.ok) == 0:
				s.breakLocked(k+1, e.Subject, "position %d (%s, %s) never came: %d attempts, cursor %d, row %v",
					e.Position, e.Subject, e.Name, r.tries, m.cursor, m.rows[e.Position])
			}
		}
	}
}

// expired are the positions that were given up, each with how many waited at that moment: one that failed often makes
// room when as many wait as may.
func (s *sim) expired(sub *state) map[int64]int {
	lost := map[int64]int{}
	err := s.d.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(`select from_position, to_position, coalesce((select max(waiting) from sim_full f
			where f.subscription = x.subscription_id and f.from_position = x.from_position), 0) from webhook_expired x where subscription_id = $1`, sub.id)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var from, to int64
			var waiting int
			if err := rows.Scan(&from, &to, &waiting); err != nil {
				return err
			}
			for p := from; p <= to; p++ {
				lost[p] = waiting
			}
		}
		return rows.Err()
	})
	if err != nil {
		panic(err)
	}
	return lost
}

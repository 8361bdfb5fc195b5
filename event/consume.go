package event

import (
	"context"
	"slices"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Bounds of one consumer and of one pull.
const (
	consumerWindow = 512 // messages that have a row: out, or waiting
	pullScan       = 500 // events looked at in one transaction
	pullBatch      = 128
)

// Pull asks for messages. Names, Stores and From count when the pull makes the consumer; later ones may leave them out.
type Pull struct {
	ConsumerKey
	Sight      Sight // of the caller now: what is out of it is settled unseen
	Limit      int
	Visibility time.Duration // how long the messages are out
	Names      []string      // of PickNames
	Stores     []int
	From       string // FromLatest (also ""), FromOldest, or a cursor
}

func (r Pull) filter() filter {
	stores := slices.Clone(r.Stores)
	slices.Sort(stores)
	return filter{r.Names, slices.Compact(stores)}
}

// Message is an event that is out.
type Message struct {
	AckID   string // names this lease of it
	Attempt int    // 1 = the first time
	Event   Event
}

// Pulled is what a pull got.
type Pulled struct {
	Messages []Message
	Lost     int64     // see Consumer
	Again    bool      // nothing yet, but the log was not looked at to its end
	Due      time.Time // when a message that is out comes again at the earliest; zero when none is
}

// message is a row of event_consumer_messages.
type message struct {
	position int64
	subject  string
	attempt  int
	due      time.Time
}

// Pull leases messages of a consumer, which the first pull makes. An event that is not acknowledged in the time comes again
// with a higher Attempt, so every event comes at least once. Of one subject one event is out at a time, in the order of
// the log. It does not wait: see [Log.Wake], and [Pulled].
func (l *Log) Pull(ctx context.Context, r Pull) (Pulled, error) {
	for {
		out, err := l.pull(ctx, r)
		if fault.KindOf(err) != fault.NotFound {
			return out, err
		}
		if err := l.makeConsumer(ctx, r); err != nil {
			return out, err
		}
	}
}

func (l *Log) pull(ctx context.Context, r Pull) (out Pulled, err error) {
	// First without a lock: who waits for events asks often.
	work := false
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		c, err := findConsumer(tx, r.ConsumerKey)
		if err != nil {
			return err
		}
		if f := r.filter(); (len(f.Names) > 0 || len(f.Stores) > 0) && f.text() != c.filter.text() {
			return fault.Newf(fault.Conflict, "The consumer %q takes other events than this pull asks for.", r.Name).
				With("Leave EventNames, Groups and StoreIds out, or delete the consumer to begin with others.")
		}
		rows, err := messages(tx, c.id)
		if err != nil {
			return err
		}
		head, err := Head(tx, r.Brand)
		if err != nil {
			return err
		}
		now := clock.Now()
		out = Pulled{Lost: c.lost, Due: nextDue(rows, now)}
		work = len(ready(rows, now)) > 0 || head > c.cursor && len(rows) < consumerWindow || now.Sub(c.used) > noteUse
		return nil
	})
	if err != nil || !work {
		return out, err
	}
	err = l.db.Write(ctx, func(tx *db.Tx) (err error) { out, err = l.leaseMessages(tx, r); return err })
	return out, err
}

// messages are a consumer's rows in the order of the log.
func messages(tx *db.Tx, consumer int) (out []message, err error) {
	rows, err := tx.Query(sqlMessages, consumer)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var m message
		var due int64
		if err := rows.Scan(&m.position, &m.subject, &m.attempt, &due); err != nil {
			return nil, err
		}
		m.due = clock.FromMicros(due)
		out = append(out, m)
	}
	return out, rows.Err()
}

// ready are the rows that may go out: the first of each subject, if it is not out.
func ready(rows []message, now time.Time) (out []message) {
	seen := map[string]bool{}
	for _, m := range rows {
		if m.subject != "" && seen[m.subject] {
			continue
		}
		seen[m.subject] = true
		if !m.due.After(now) {
			out = append(out, m)
		}
	}
	return out
}

func nextDue(rows []message, now time.Time) (due time.Time) {
	for _, m := range rows {
		if m.due.After(now) && (due.IsZero() || m.due.Before(due)) {
			due = m.due
		}
	}
	return due
}

// leasing is one pull within its transaction.
type leasing struct {
	l       *Log
	tx      *db.Tx
	r       Pull
	c       consumer
	now     time.Time
	rows    []message // as they will be
	taken   map[string]bool
	changes []db.Stmt
	out     Pulled
}

func (l *Log) leaseMessages(tx *db.Tx, r Pull) (Pulled, error) {
	c, err := lockConsumer(tx, r.ConsumerKey)
	if err != nil {
		return Pulled{}, err
	}
	p := &leasing{l: l, tx: tx, r: r, c: c, now: clock.Now(), taken: map[string]bool{}}
	if p.rows, err = messages(tx, c.id); err != nil {
		return Pulled{}, err
	}
	if err := p.again(); err != nil {
		return Pulled{}, err
	}
	if err := p.forward(); err != nil {
		return Pulled{}, err
	}
	p.changes = append(p.changes, db.Stmt{SQL: sqlMoveConsumer, Args: []any{c.id, p.c.cursor, p.c.lost}})
	l.Then(tx, p.changes...)
	p.out.Lost = p.c.lost
	p.out.Due = nextDue(p.rows, p.now)
	return p.out, nil
}

// again leases what has a row. What the caller must not see any more, or retention has deleted, gives way to the next of
// its subject.
func (p *leasing) again() error {
	var kept []message
	for _, m := range p.rows {
		if m.subject != "" && p.taken[m.subject] || m.due.After(p.now) || len(p.out.Messages) == p.r.Limit {
			p.taken[m.subject] = true
			kept = append(kept, m)
			continue
		}
		found, err := Read(p.tx, p.r.Brand, m.position-1, 1)
		if err != nil {
			return err
		}
		switch {
		case len(found) == 0 || found[0].Position != m.position:
			p.c.lost++
			p.drop(m)
		case !p.r.Sight.Sees(found[0].Store):
			p.drop(m)
		default:
			m.attempt++
			m.due = p.now.Add(p.r.Visibility)
			p.changes = append(p.changes, db.Stmt{SQL: sqlLeaseMessage, Args: []any{p.c.id, m.position, m.attempt, clock.Micros(m.due)}})
			p.give(m, found[0])
			kept = append(kept, m)
		}
	}
	p.rows = kept
	return nil
}

func (p *leasing) drop(m message) {
	p.changes = append(p.changes, db.Stmt{SQL: sqlDeleteMessage, Args: []any{p.c.id, m.position, m.attempt}})
}

func (p *leasing) give(m message, e Event) {
	p.taken[m.subject] = true
	p.out.Messages = append(p.out.Messages, Message{ackID(p.c.secret, m.position, m.attempt), m.attempt, e})
}

// forward leases what comes after the cursor.
func (p *leasing) forward() error {
	pick := p.c.filter.pick(p.r.Sight)
	for looked := 0; looked < pullScan; {
		if len(p.out.Messages) == p.r.Limit || len(p.rows) >= consumerWindow {
			return nil
		}
		events, err := Read(p.tx, p.r.Brand, p.c.cursor, min(max(p.r.Limit, 16), pullBatch))
		if err != nil || len(events) == 0 {
			return err
		}
		if gap := events[0].Position - p.c.cursor - 1; gap > 0 {
			p.c.lost += gap
		}
		looked += len(events)
		for _, e := range events {
			if len(p.out.Messages) == p.r.Limit || len(p.rows) >= consumerWindow {
				return nil
			}
			p.c.cursor = e.Position
			if !pick.Takes(e) {
				continue
			}
			m := message{position: e.Position, subject: e.Subject}
			if e.Subject == "" || !p.taken[e.Subject] {
				m.attempt, m.due = 1, p.now.Add(p.r.Visibility)
				p.give(m, e)
			}
			p.rows = append(p.rows, m)
			p.changes = append(p.changes, db.Stmt{SQL: sqlInsertMessage, Args: []any{p.c.id, m.position, m.subject, m.attempt, clock.Micros(m.due)}})
		}
	}
	p.out.Again = len(p.out.Messages) == 0
	return nil
}

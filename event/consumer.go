package event

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Bounds of consumers.
const (
	maxConsumers = 50                  // of a brand
	consumerIdle = 90 * 24 * time.Hour // without a pull, after which a consumer is dropped
	noteUse      = time.Hour           // how exactly used_at is kept
	dropBatch    = 20                  // idle consumers dropped in one transaction
)

// ConsumerKey names a consumer. Owner is whoever pulls, see the API: the same name is another consumer for another owner.
type ConsumerKey struct {
	Brand int
	Owner string
	Name  string
}

// Consumer is how a named consumer stands.
type Consumer struct {
	ConsumerKey
	Names    []string  // of its filter: event names and headings; empty = all
	Stores   []int     // of its filter; empty = all
	Behind   int64     // events after its cursor, those that it does not take included
	Out      int       // messages that are leased
	Waiting  int       // messages that come next: again, or after an earlier one of their subject
	Lost     int64     // events that retention deleted before the consumer took them, since it was made
	Created  time.Time // real time
	LastUsed time.Time // last pull or acknowledgement, to the hour
}

// consumer is a row of event_consumers.
type consumer struct {
	id      int
	filter  filter
	secret  string
	cursor  int64
	lost    int64
	created time.Time
	used    time.Time
}

// filter is what a consumer was made to take, as stored.
type filter struct {
	Names  []string `json:",omitempty"` // sorted
	Stores []int    `json:",omitempty"` // sorted
}

func (f filter) pick(s Sight) Pick { return Pick{s, f.Names, f.Stores} }

func (f filter) text() string {
	b, _ := json.Marshal(f) // strings and numbers always can be
	return string(b)
}

var consumerName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)

// CheckConsumerName refuses what cannot name a consumer; field is the wire name to blame.
func CheckConsumerName(field, name string) error {
	if consumerName.MatchString(name) {
		return nil
	}
	return fault.BadField(field, "%.80q does not name a consumer: use 1 to 64 letters, digits, dots, dashes and underscores", name)
}

func noConsumer(k ConsumerKey) error {
	return fault.Newf(fault.NotFound, "There is no consumer %q.", k.Name).With("The first pull makes it; one that is idle for 90 days is dropped.")
}

// findConsumer returns a consumer, or a NotFound fault.
func findConsumer(tx *db.Tx, k ConsumerKey) (consumer, error) {
	return scanConsumer(k, tx.QueryRow(sqlConsumer, k.Brand, k.Owner, k.Name))
}

// lockConsumer is findConsumer that keeps all other transactions away from the consumer until this one ends. On
// PostgreSQL they wait for its row; statements after this one see what those before it committed.
func lockConsumer(tx *db.Tx, k ConsumerKey) (consumer, error) {
	return scanConsumer(k, tx.QueryRow(sqlLockConsumer, k.Brand, k.Owner, k.Name, clock.Micros(clock.Now())))
}

func scanConsumer(k ConsumerKey, row interface{ Scan(...any) error }) (c consumer, err error) {
	var text string
	var created, used int64
	err = row.Scan(&c.id, &text, &c.secret, &c.cursor, &c.lost, &created, &used)
	if errors.Is(err, db.ErrNoRows) {
		return c, noConsumer(k)
	}
	if err != nil {
		return c, err
	}
	c.created, c.used = clock.FromMicros(created), clock.FromMicros(used)
	return c, json.Unmarshal([]byte(text), &c.filter)
}

// makeConsumer makes a consumer that is not there yet.
func (l *Log) makeConsumer(ctx context.Context, r Pull) error {
	var at Cursor
	from := r.From
	if from == "" {
		from = FromLatest
	}
	if from != FromOldest && from != FromLatest {
		var err error
		if at, err = ParseCursor("From", from); err != nil {
			return err
		}
	}
	id, err := l.db.NextID(ctx, "event_consumers")
	if err != nil {
		return err
	}
	secret, now := rand.Text(), clock.Micros(clock.Now())
	return l.db.Write(ctx, func(tx *db.Tx) error {
		// Two who make the last one that is allowed count one after the other.
		if _, err := tx.Exec(sqlHoldHead, r.Brand); err != nil {
			return err
		}
		at, err := begin(tx, r.Brand, from, at, time.Time{})
		if err != nil {
			return err
		}
		if _, err := findConsumer(tx, r.ConsumerKey); fault.KindOf(err) != fault.NotFound {
			return err // somebody was faster
		}
		var count int
		if err := tx.QueryRow(sqlCountConsumers, r.Brand).Scan(&count); err != nil {
			return err
		}
		if count >= maxConsumers {
			return fault.Newf(fault.Conflict, "This brand has %d consumers, and no more are allowed.", maxConsumers).
				With("Delete one that is not needed: GET /api/v1.0/{appId}/events/consumers lists them.")
		}
		_, err = tx.Exec(sqlInsertConsumer, id, r.Brand, r.Owner, r.Name, r.filter().text(), secret, at.Position, now)
		return err
	})
}

// Consumers lists the consumers of a brand, those of one owner or, with owner "", of all, by owner and name.
func (l *Log) Consumers(ctx context.Context, brand int, owner string) (out []Consumer, err error) {
	err = l.db.Read(ctx, func(tx *db.Tx) error {
		out = []Consumer{}
		head, err := Head(tx, brand)
		if err != nil {
			return err
		}
		rows, err := tx.Query(sqlConsumers, brand, owner, clock.Micros(clock.Now()))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			c := Consumer{ConsumerKey: ConsumerKey{Brand: brand}}
			var text string
			var cursor, created, used int64
			var f filter
			if err := rows.Scan(&c.Owner, &c.Name, &text, &cursor, &c.Lost, &created, &used, &c.Out, &c.Waiting); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &f); err != nil {
				return err
			}
			c.Names, c.Stores = f.Names, f.Stores
			c.Behind, c.Created, c.LastUsed = max(head-cursor, 0), clock.FromMicros(created), clock.FromMicros(used)
			out = append(out, c)
		}
		return rows.Err()
	})
	return out, err
}

// DeleteConsumer drops a consumer with all it has not acknowledged; an unknown one is a NotFound fault.
func (l *Log) DeleteConsumer(ctx context.Context, k ConsumerKey) error {
	return l.db.Write(ctx, func(tx *db.Tx) error {
		c, err := lockConsumer(tx, k)
		if err != nil {
			return err
		}
		return dropConsumer(tx, c.id)
	})
}

func dropConsumer(tx *db.Tx, id int) error {
	if _, err := tx.Exec(sqlDeleteMessages, id); err != nil {
		return err
	}
	_, err := tx.Exec(sqlDeleteConsumer, id)
	return err
}

// DropIdleConsumers drops some of the consumers that were not used for 90 days and returns how many. Any node may.
func (l *Log) DropIdleConsumers(ctx context.Context) (n int, err error) {
	before := clock.Micros(clock.Now().Add(-consumerIdle))
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		n = 0
		rows, err := tx.Query(sqlIdleConsumers, before, dropBatch)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		var ids []int
		for rows.Next() {
			var id int
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		_ = rows.Close()
		slices.Sort(ids)
		for _, id := range ids {
			still, err := tx.Exec(sqlHoldIdle, id, before) // a pull in the meantime wins
			if err != nil {
				return err
			}
			if still == 0 {
				continue
			}
			if err := dropConsumer(tx, id); err != nil {
				return err
			}
			n++
		}
		return nil
	})
	return n, err
}

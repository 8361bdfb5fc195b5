// Package event is the log: per brand, an append-only sequence of events with a gap-free Position in commit order.
// Commands change aggregates and append events in one transaction; everything else follows the log. It knows names and
// bytes, not orders.
//
// It owns the tables log_heads, log_events, log_nodes and log_followers. Business packages call [Log.Append]; webhook
// delivery, the API's readers and streams call [Read] and [Log.Follow].
package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

// New is a fact about to enter a brand's log.
type New struct {
	Brand   int        // brand id: whose log
	AppID   string     // the brand's slug, written into the body
	Subject string     // what it is about, such as "order/1001": events of one subject are delivered in sequence
	Store   int        // store id, 0 when it concerns no single store
	Time    time.Time  // the CreateTime that the body shows (the brand's clock); zero = now
	Body    wire.Event // Encode fills its base members
}

// Record is an encoded event, ready to append. Encoding is done outside the transaction where the body allows it.
type Record struct {
	Brand   int
	ID      string // FlipdishEventId, a UUIDv7
	Name    string
	Subject string
	Store   int
	Created time.Time // real creation time: retries and retention count from it
	Body    []byte    // the JSON object without its Position
}

// Encode fills the base members of the body and freezes its bytes.
func Encode(n New) (Record, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return Record{}, err
	}
	created := clock.Now()
	if n.Time.IsZero() {
		n.Time = created
	}
	base := n.Body.Base()
	base.EventName = n.Body.Name()
	base.FlipdishEventId = wire.UUID(id.String())
	base.CreateTime = wire.At(n.Time)
	base.AppId = n.AppID
	body, err := json.Marshal(n.Body)
	if err != nil {
		return Record{}, fmt.Errorf("event: encode %s: %w", base.EventName, err)
	}
	return Record{n.Brand, id.String(), base.EventName, n.Subject, n.Store, created, body}, nil
}

// Event is a fact in a brand's log.
type Event struct {
	Record
	Position int64
	Redacted bool // a person was erased from the body
}

// Log is the door to all brands' logs on one node.
type Log struct {
	db *db.DB
}

// NewLog makes the log of a database.
func NewLog(d *db.DB) *Log { return &Log{db: d} }

// Append adds records to their brands' logs when tx commits. Their positions are taken last, right before the commit,
// in the order of the calls; a rolled-back transaction takes none.
func (l *Log) Append(tx *db.Tx, records ...Record) {
	b := tx.Attach(bufferKey{}, func() db.Flusher { return &buffer{} }).(*buffer)
	b.records = append(b.records, records...)
}

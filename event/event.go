package event

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"comanda/internal/clock"
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
	Request string     // the API request that causes it, by its X-Request-Id; not part of the body

	// Actor is who did it, where the body's User is somebody else: whom it is about.
	Actor *wire.UserEventInfo

	// Order is the order of a body that leaves it null because its bytes are put in afterwards: the search of events has
	// to know it all the same.
	Order *wire.Order
}

// Record is an encoded event, ready to append. Encoding is done outside the transaction where the body allows it.
type Record struct {
	Brand   int
	ID      string // FlipdishEventId, a UUIDv7
	Name    string
	Subject string
	Store   int
	Shown   time.Time // CreateTime as the body shows it
	Created time.Time // real creation time: retries and retention count from it
	Body    []byte    // the JSON object without its Position; not to be changed
	Request string    // the API request that caused it; empty = none did
	refs    string    // what it concerns, see refs; empty in what was read
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
	return Record{
		Brand: n.Brand, ID: id.String(), Name: base.EventName, Subject: n.Subject, Store: n.Store,
		Shown: base.CreateTime.Time, Created: created, Body: body, Request: n.Request,
		refs: refsOf(n.Body, n.Order, n.Actor),
	}, nil
}

// Event is a fact in a brand's log.
type Event struct {
	Record
	Position int64
	Redacted bool // a person was erased from the body
}

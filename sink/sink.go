package sink

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Message is an event on its way to a destination.
type Message struct {
	ID       string // the event's id: two messages with the same id are the same
	Name     string // such as order.accepted
	Brand    string // the brand's slug
	Subject  string // what it is about, such as order/1001
	Position int64  // in the brand's log
	Body     []byte // the flat event in JSON, as webhooks of version 1 get it; not to be changed
}

// Headers are what both kinds of destinations tell beside the body.
func (m Message) Headers() [][2]string {
	return [][2]string{
		{"Comanda-Id", m.ID},
		{"Comanda-Name", m.Name},
		{"Comanda-Brand", m.Brand},
		{"Comanda-Subject", m.Subject},
		{"Comanda-Position", fmt.Sprint(m.Position)},
	}
}

// Destination stores messages outside. It connects when it is first used and again when it has to; nobody calls it from
// two goroutines at once.
type Destination interface {
	// Send stores messages of one brand in their sequence and returns nil only when the other side has acknowledged all
	// of them as durable. A Refused error says that it stored all but some, which it will never take. After any other
	// error some or none are stored, no message without those before it, and the caller sends the same ones again.
	Send(ctx context.Context, messages []Message) error
	Close()
}

// Refused are the messages of one Send that the destination will never take, by rising index.
type Refused []Refusal

// Refusal is a message that will never be taken, and why.
type Refusal struct {
	Index  int
	Reason string
}

func (r Refused) Error() string {
	reasons := make([]string, len(r))
	for i, x := range r {
		reasons[i] = fmt.Sprintf("message %d: %s", x.Index, x.Reason)
	}
	return "refused for good: " + strings.Join(reasons, "; ")
}

// Start says where a sink begins when it is started for the first time.
type Start string

// Latest begins with what happens from then on, Oldest with the oldest event that is kept. A brand that comes later is
// sent from its first event in either case.
const (
	Latest Start = "latest"
	Oldest Start = "oldest"
)

// Config describes one sink.
type Config struct {
	Name string // of its lease and cursors; what another address has stored under the same name goes on from there
	From Start
	Open func() Destination // called once for each lane
}

// Bounds of the work.
const (
	lanes       = 4   // brands sent at the same time
	batchEvents = 256 // of one brand at once
	batchBytes  = 4 << 20
	roundBrands = 64 // settled together

	sendTimeout = 30 * time.Second
	stopGrace   = 5 * time.Second // what is being sent may still be acknowledged
	firstPause  = time.Second
	maxPause    = 30 * time.Second
	ownPause    = time.Second
	headsEvery  = 10 * time.Second // between looks at all heads: the lag, and the net below lost hints
	trimEvery   = time.Hour
	lostKept    = 90 * 24 * time.Hour
)

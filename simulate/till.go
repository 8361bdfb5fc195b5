package simulate

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/clock"
)

// till is the endpoint of the restaurant's point of sale, at the far end of a bad line: some deliveries never arrive, some
// arrive and their answer does not, some are answered late, or by an error. It is the transport of the server's webhooks.
type till struct {
	seed   uint64
	verify *standardwebhooks.Webhook
	heard  func(heard) // called once for each event

	mu      sync.Mutex
	outages []span
	calm    bool                // nothing fails any more
	got     map[int64]*receipts // by position
	figures Deliveries
	broken  error // a delivery that no receiver would take
}

// heard is an event as the till reads it.
type heard struct {
	Type string
	Body struct {
		FlipdishEventId string
		Description     string
		StatusName      string
		OrderId         int
		Order           struct {
			OrderId          int
			DeliveryType     string
			RequestedForTime time.Time
			Store            struct{ Id int }
		}
	}
}

type span struct{ from, to time.Time }

// receipts are the deliveries of one event that arrived.
type receipts struct {
	body  string
	times int
}

// Deliveries is what the till saw of the webhook.
type Deliveries struct {
	Tried    int `json:"tried"`
	Failed   int `json:"failed"`   // as the server sees it: turned away, lost, too late
	Received int `json:"received"` // different events
	Again    int `json:"again"`    // that were received before: their answer had been lost
}

// manner is how a delivery goes.
type manner int

const (
	fine manner = iota
	slow
	turnedAway
	lost        // it never arrives
	answerLost  // it arrives, its answer does not
	hangs       // until the line gives up
	unreachable // in an outage
)

var manners = []weighted[manner]{{fine, 860}, {slow, 50}, {turnedAway, 40}, {lost, 15}, {answerLost, 25}, {hangs, 10}}

// RoundTrip implements http.RoundTripper.
func (t *till) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	position, _ := strconv.ParseInt(r.Header.Get("X-Comanda-Position"), 10, 64)
	attempt, _ := strconv.Atoi(r.Header.Get("X-Comanda-Attempt"))
	how, latency := t.fate(position, attempt)
	if err := clock.Sleep(r.Context(), latency); err != nil {
		return nil, err
	}
	switch how {
	case unreachable:
		return nil, errors.New("connection refused")
	case lost:
		return nil, errors.New("connection reset by peer")
	case hangs: // not until the server's own time is up: two deliveries that began at one instant would end at one
		if err := clock.Sleep(r.Context(), 9*time.Second); err != nil {
			return nil, err
		}
		return nil, os.ErrDeadlineExceeded
	case turnedAway:
		return reply(r, http.StatusInternalServerError), nil
	case fine, slow, answerLost:
	}
	t.take(r.Header, position, body)
	if how == answerLost {
		return nil, io.ErrUnexpectedEOF
	}
	return reply(r, http.StatusOK), nil
}

func reply(r *http.Request, status int) *http.Response {
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{}, Body: http.NoBody, Request: r,
	}
}

// fate decides how a delivery goes and how long the line takes for it, by what is delivered and not by when.
func (t *till) fate(position int64, attempt int) (manner, time.Duration) {
	h := fnv.New64a()
	_, _ = h.Write(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, t.seed), uint64(position)), uint64(attempt)))
	luck := h.Sum64()
	latency := 15*time.Millisecond + time.Duration(luck%200_000_000) // to the nanosecond, so that no two end at the same instant
	now := clock.Now()
	t.mu.Lock()
	defer t.mu.Unlock()
	how := fine
	switch {
	case t.calm:
	case within(t.outages, now):
		how = unreachable
	default:
		at := int(luck >> 32 % 1000)
		for _, m := range manners {
			if at -= m.weight; at < 0 {
				how = m.what
				break
			}
		}
	}
	if how == slow {
		latency += time.Duration(luck % 8_000_000_000)
	}
	t.figures.Tried++
	if how != fine && how != slow {
		t.figures.Failed++
	}
	return how, latency
}

func within(all []span, at time.Time) bool {
	for _, s := range all {
		if !at.Before(s.from) && at.Before(s.to) {
			return true
		}
	}
	return false
}

// take is what a careful receiver does: it checks the signature, and forgets what it has had before.
func (t *till) take(header http.Header, position int64, body []byte) {
	var e heard
	err := t.verify.Verify(body, header)
	if err == nil {
		err = json.Unmarshal(body, &e)
	}
	t.mu.Lock()
	r := t.got[position]
	switch {
	case err != nil:
	case r == nil:
		t.figures.Received++
		t.got[position] = &receipts{string(body), 1}
	case r.body != string(body):
		err = errors.New("it reads otherwise than the first time")
	default:
		t.figures.Again++
		r.times++
	}
	if err != nil && t.broken == nil {
		t.broken = fmt.Errorf("the webhook of position %d: %w", position, err)
	}
	t.mu.Unlock()
	if err == nil && r == nil {
		t.heard(e)
	}
}

// settle ends all that fails.
func (t *till) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.calm = true
}

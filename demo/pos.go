package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/client"
	"comanda/internal/clock"
)

// acceptMinutes is the promise that the sample POS makes.
const acceptMinutes = 25

// heard is one webhook that the sample POS received and verified.
type heard struct {
	Event   string
	OrderID int
	At      time.Time
}

// pos is a point-of-sale integration in miniature: it receives webhooks, verifies their signature, forgets what it has
// seen before, and accepts orders with a token of its own OAuth app. It knows Comanda only over HTTP.
type pos struct {
	api    *client.Client
	verify *standardwebhooks.Webhook
	all    bool // answer every order; otherwise the first only

	heard    chan heard
	accepted chan heard // the POS's own acceptances
	failed   chan error

	mu       sync.Mutex
	seen     map[string]bool
	awake    bool // before, it only takes note
	answered bool
}

func newPOS(c Credentials, signingSecret string, all bool) (*pos, error) {
	verify, err := standardwebhooks.NewWebhook(signingSecret)
	if err != nil {
		return nil, fmt.Errorf("sample POS: signing secret: %w", err)
	}
	api, err := c.client()
	if err != nil {
		return nil, err
	}
	return &pos{
		api: api, verify: verify, all: all,
		heard: make(chan heard, 64), accepted: make(chan heard, 64), failed: make(chan error, 64), seen: map[string]bool{},
	}, nil
}

// ServeHTTP receives a webhook. It answers at once and works afterwards, as the guide advises.
func (p *pos) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || r.Method != http.MethodPost {
		http.Error(w, "send a webhook by POST", http.StatusBadRequest)
		return
	}
	if err := p.verify.Verify(body, r.Header); err != nil {
		http.Error(w, "the signature does not match", http.StatusUnauthorized)
		send(p.failed, fmt.Errorf("sample POS: a webhook whose signature does not match: %w", err))
		return
	}
	var envelope struct {
		Type string
		Body struct {
			FlipdishEventId string
			Order           struct{ OrderId int }
		}
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		http.Error(w, "not a webhook", http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusOK)
	if !p.first(envelope.Body.FlipdishEventId) || !p.isAwake() {
		return
	}
	send(p.heard, heard{envelope.Type, envelope.Body.Order.OrderId, clock.Mono()})
	if envelope.Type == "order.created" && p.answers() {
		go p.accept(context.WithoutCancel(r.Context()), envelope.Body.Order.OrderId)
	}
}

// first reports whether an event was not seen before: deliveries may repeat.
func (p *pos) first(eventID string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.seen[eventID] {
		return false
	}
	p.seen[eventID] = true
	return true
}

// wake has the POS answer orders from now on.
func (p *pos) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awake = true
}

func (p *pos) isAwake() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.awake
}

func (p *pos) answers() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answered && !p.all {
		return false
	}
	p.answered = true
	return true
}

func (p *pos) accept(ctx context.Context, orderID int) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := p.api.Call(ctx, http.MethodPost, fmt.Sprintf("/api/v1.0/orders/%d/accept", orderID),
		map[string]int{"EstimatedMinutesForDelivery": acceptMinutes}, nil)
	if err != nil {
		send(p.failed, fmt.Errorf("sample POS: accept order %d: %w", orderID, err))
		return
	}
	send(p.accepted, heard{"accepted", orderID, clock.Mono()})
}

// send drops what nobody reads: the demo listens to its first order only.
func send[T any](to chan T, v T) {
	select {
	case to <- v:
	default:
	}
}

package webhook

import (
	"context"
	"time"

	"comanda/account"
)

// Trial is what came of a test.
type Trial struct {
	ID           string // the webhook-id
	EventName    string
	At           time.Time
	Received     bool   // answered with 2xx
	Status       int    // 0 = no answer
	Reason       string // why there was none
	Duration     time.Duration
	Request      string // the header, a line each
	RequestBody  string
	Response     string
	ResponseBody string // what is kept of it, as text
}

// SendTest sends a sample of an event to a subscription's endpoint now, marked with X-Comanda-Test, and tells what came of
// it. It is sent once, outside the log and the sequence, also while the subscription is disabled, and whatever names it has.
func (w *Webhooks) SendTest(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, eventName string) (*Trial, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, err
	}
	ev, err := sampleEvent(b, c, eventName)
	if err != nil {
		return nil, err
	}
	if err := w.asks.take(c); err != nil {
		return nil, err
	}
	ev.Position = 0 // it is not in the log
	e := newEndpoint(s, w.agent)
	e.mark, e.marked = headerTest, "true"
	r := e.send(ctx, w.client, ev, 1)
	if err := ctx.Err(); err != nil { // the caller is gone
		return nil, err
	}
	w.attempts.add(logged{sub: s, kind: kindTest, number: 1, eventID: ev.ID, name: ev.Name, created: ev.Created, result: r})
	t := &Trial{
		ID: ev.ID, EventName: ev.Name, At: r.at, Received: r.received, Status: r.status, Duration: r.duration,
		Request: requestText(r.request), RequestBody: string(bodyOf(ev, s.Version)),
		Response: headerText(r.header), ResponseBody: clean(string(r.body)),
	}
	if r.err != nil && r.status == 0 {
		t.Reason = reason(r.err)
	}
	return t, nil
}

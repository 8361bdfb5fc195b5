package api

import (
	"context"
	"time"

	"comanda/account"
	"comanda/webhook"
	"comanda/wire"
)

// WebhookAttempt is a delivery attempt of a webhook. Its log is ours, so its shape is. Times are milliseconds.
type WebhookAttempt struct {
	AttemptId        string    `doc:"Names the attempt."`
	Kind             string    `enum:"live,replay,test" doc:"What it was made for."`
	Time             wire.Time `doc:"When it began."`
	Position         int64     `doc:"The event's position in the brand's log; 0 = a test."`
	Attempt          int       `doc:"1 = the first of this event."`
	EventId          string    `doc:"The event's FlipdishEventId, which is the webhook-id that was sent."`
	EventName        string
	EventTime        wire.Time `doc:"When the event was made, in real time."`
	Version          string    `doc:"1 = the flat event was sent, 2 = the envelope."`
	CallbackUrl      string
	StatusCode       *int    `nullable:"true" doc:"Of the answer; null when there was none."`
	Error            *string `nullable:"true" doc:"Why there was no answer; null when there was one."`
	Received         bool    `doc:"Whether the answer was a 2xx."`
	Duration         float64 `doc:"Of the whole attempt, with the answer's body."`
	DnsDuration      float64 `doc:"Of looking up the host; 0 when the connection was there already."`
	ConnectDuration  float64 `doc:"Of connecting; 0 when the connection was there already."`
	TlsDuration      float64 `doc:"Of the TLS handshake; 0 when the connection was there already."`
	TimeToFirstByte  float64 `doc:"From the beginning to the first byte of the answer; 0 when none came."`
	ConnectionReused bool
}

// WebhookHeader is one line of a header.
type WebhookHeader struct {
	Name  string
	Value string
}

// WebhookAttemptDetail is an attempt with what was sent and what came back.
type WebhookAttemptDetail struct {
	WebhookAttempt
	RequestHeaders  []WebhookHeader `doc:"As they were sent. The verify token is hidden."`
	RequestBody     string          `doc:"As it was sent; empty when the brand's log no longer has the event."`
	ResponseHeaders []WebhookHeader `doc:"At most 16 KiB."`
	ResponseBody    string          `doc:"The first 16 KiB; what is no text in it is replaced."`
	Curl            string          `doc:"A command for a POSIX shell that repeats the request; it takes the verify token from the variable VERIFY_TOKEN. Empty when the body is."`
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

func attemptOf(a *webhook.Attempt) WebhookAttempt {
	out := WebhookAttempt{
		AttemptId: a.ID, Kind: a.Kind, Time: wire.At(a.At), Position: a.Position, Attempt: a.Number, EventId: a.EventID,
		EventName: a.EventName, EventTime: wire.At(a.EventAt), Version: a.Version, CallbackUrl: a.CallbackURL, Received: a.Received,
		Duration: milliseconds(a.Duration), DnsDuration: milliseconds(a.DNS), ConnectDuration: milliseconds(a.Connect),
		TlsDuration: milliseconds(a.TLS), TimeToFirstByte: milliseconds(a.FirstByte), ConnectionReused: a.Reused,
		Error: textOrNull(a.Reason),
	}
	if a.Status != 0 {
		out.StatusCode = &a.Status
	}
	return out
}

func headersOf(in []webhook.Header) []WebhookHeader {
	out := make([]WebhookHeader, len(in))
	for i, h := range in {
		out[i] = WebhookHeader(h)
	}
	return out
}

type attemptsIn struct {
	HookPath
	Before   string `query:"before" maxLength:"200" doc:"The AttemptId of the last attempt that was read: goes on behind it."`
	Limit    int    `query:"limit" default:"20" minimum:"1" doc:"Attempts a page; more than 100 is taken as 100."`
	Failed   bool   `query:"failed" doc:"Only those that were not answered with 2xx."`
	Position int64  `query:"position" minimum:"0" doc:"Only those of the event at this position."`
	EventID  string `query:"eventId" maxLength:"36" doc:"Only those of the event with this FlipdishEventId."`
	Kind     string `query:"kind" enum:"live,replay,test"`
}

type attemptsOut struct {
	Body wire.Result[[]WebhookAttempt]
}

func (s *server) getWebhookAttempts(ctx context.Context, c *account.Caller, in *attemptsIn) (*attemptsOut, error) {
	attempts, err := s.Webhooks.Attempts(ctx, c, in.AppID, in.OAuthApp, in.ID, webhook.AttemptFilter{
		Before: in.Before, Limit: min(in.Limit, 100), Failed: in.Failed, Position: in.Position, EventID: in.EventID, Kind: in.Kind,
	})
	out := &attemptsOut{wire.Result[[]WebhookAttempt]{Data: make([]WebhookAttempt, len(attempts))}}
	for i := range attempts {
		out.Body.Data[i] = attemptOf(&attempts[i])
	}
	return out, err
}

type attemptIn struct {
	HookPath
	AttemptID string `path:"attemptId" maxLength:"200"`
}

type attemptOut struct {
	Body wire.Result[WebhookAttemptDetail]
}

func (s *server) getWebhookAttempt(ctx context.Context, c *account.Caller, in *attemptIn) (*attemptOut, error) {
	a, err := s.Webhooks.Attempt(ctx, c, in.AppID, in.OAuthApp, in.ID, in.AttemptID)
	if err != nil {
		return nil, err
	}
	return &attemptOut{wire.Result[WebhookAttemptDetail]{Data: WebhookAttemptDetail{
		WebhookAttempt: attemptOf(&a.Attempt), RequestHeaders: headersOf(a.Request), RequestBody: a.RequestBody,
		ResponseHeaders: headersOf(a.Response), ResponseBody: a.ResponseBody, Curl: a.Curl,
	}}}, nil
}

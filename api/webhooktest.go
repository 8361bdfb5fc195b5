package api

import (
	"context"
	"time"

	"comanda/account"
	"comanda/wire"
)

// WebhookTest is what came of a test that was sent to a subscription's endpoint.
type WebhookTest struct {
	WebhookId       string `doc:"The webhook-id that was sent; the attempt log has it as EventId."`
	EventName       string
	Time            wire.Time `doc:"When the attempt began."`
	Received        bool      `doc:"Whether the answer was a 2xx."`
	StatusCode      *int      `nullable:"true" doc:"Of the answer; null when there was none."`
	Error           *string   `nullable:"true" doc:"Why there was no answer; null when there was one."`
	Duration        float64   `doc:"Milliseconds of the whole attempt."`
	RequestHeaders  string    `doc:"As they were sent, a line each."`
	RequestBody     string    `doc:"As it was sent."`
	ResponseHeaders string    `doc:"A line each, at most 16 KiB."`
	ResponseBody    string    `doc:"The first 16 KiB; what is no text in it is replaced."`
}

type hookTestOut struct{ Body wire.Result[WebhookTest] }

func (s *server) testWebhook(ctx context.Context, c *account.Caller, in *NamePath) (*hookTestOut, error) {
	t, err := s.Webhooks.SendTest(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Name)
	if err != nil {
		return nil, err
	}
	out := WebhookTest{
		WebhookId: t.ID, EventName: t.EventName, Time: wire.At(t.At), Received: t.Received,
		Duration:       float64(t.Duration) / float64(time.Millisecond),
		RequestHeaders: t.Request, RequestBody: t.RequestBody, ResponseHeaders: t.Response, ResponseBody: t.ResponseBody,
	}
	if t.Status != 0 {
		out.StatusCode = &t.Status
	}
	if t.Reason != "" {
		out.Error = &t.Reason
	}
	return &hookTestOut{wire.Result[WebhookTest]{Data: out}}, nil
}

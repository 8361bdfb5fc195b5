package api

import (
	"context"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/webhook"
	"comanda/wire"
)

// WebhookHealth is how the delivery to a subscription goes. It is ours, so its shape is.
type WebhookHealth struct {
	State          string     `enum:"streaming,probing,paused,disabled" doc:"probing: the endpoint is down, and is tried now and then."`
	Since          wire.Time  `doc:"Since when it is in that state."`
	Cursor         int64      `doc:"Every event up to this position is delivered, given up, or among the pending ones; 0 while it is disabled."`
	Head           int64      `doc:"Position of the brand's newest event; 0 while it is disabled."`
	LagEvents      int        `doc:"Events that are not delivered yet. When it is more than 2,000 positions behind, the rest of the log counts as if all of it were wanted."`
	LagSeconds     int        `doc:"Age of the oldest of them."`
	Pending        int        `doc:"Of them, those that failed, or wait behind one of their order that did; they are tried again."`
	Held           int        `doc:"Of those, the ones that wait."`
	ExpiredEvents  int64      `doc:"Events that were given up in the last 30 days; GetWebhookExpired lists them."`
	LastAttemptAt  *wire.Time `nullable:"true" doc:"Null before the first attempt. This and the last answer may be five seconds old."`
	LastStatus     int        `doc:"Status of the last answer; 0 = there was none."`
	LastError      *string    `nullable:"true" doc:"Why there was no whole answer."`
	LastSuccessAt  *wire.Time `nullable:"true"`
	FailingSince   *wire.Time `nullable:"true" doc:"The first failure since the last 2xx."`
	DisabledReason *string    `nullable:"true" doc:"Why Comanda disabled it; null when a person did, and when it is enabled."`
	ReplayFrom     *int64     `nullable:"true" doc:"First position that was not delivered when it was disabled last: replay from here."`
	ReplayTo       *int64     `nullable:"true" doc:"Last one; null while it is disabled."`
}

type webhookHealthOut struct {
	Body wire.Result[WebhookHealth]
}

func (s *server) getWebhookHealth(ctx context.Context, c *account.Caller, in *HookPath) (*webhookHealthOut, error) {
	h, err := s.Webhooks.Health(ctx, c, in.AppID, in.OAuthApp, in.ID)
	if err != nil {
		return nil, err
	}
	return &webhookHealthOut{wire.Result[WebhookHealth]{Data: wireHealth(h)}}, nil
}

func wireHealth(h *webhook.Health) WebhookHealth {
	out := WebhookHealth{
		State: h.State, Since: wire.At(h.Since), Cursor: h.Cursor, Head: h.Head, LagEvents: h.Lag, Pending: h.Pending, Held: h.Held, ExpiredEvents: h.Expired,
		LastAttemptAt: timeOrNull(h.LastAttempt), LastStatus: h.LastStatus, LastError: orNull(h.LastError),
		LastSuccessAt: timeOrNull(h.LastSuccess), FailingSince: timeOrNull(h.FailingSince),
		DisabledReason: orNull(h.DisabledReason), ReplayFrom: orNull(h.ReplayFrom), ReplayTo: orNull(h.ReplayTo),
	}
	if !h.LagSince.IsZero() {
		out.LagSeconds = int(clock.Now().Sub(h.LagSince) / time.Second)
	}
	return out
}

func timeOrNull(t time.Time) *wire.Time {
	if t.IsZero() {
		return nil
	}
	at := wire.At(t)
	return &at
}

// orNull is nil for a zero value.
func orNull[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func (s *server) pauseWebhook(ctx context.Context, c *account.Caller, in *HookPath) (*none, error) {
	return &none{}, s.Webhooks.Pause(ctx, c, in.AppID, in.OAuthApp, in.ID)
}

func (s *server) resumeWebhook(ctx context.Context, c *account.Caller, in *HookPath) (*none, error) {
	return &none{}, s.Webhooks.Resume(ctx, c, in.AppID, in.OAuthApp, in.ID)
}

// WebhookPending is an event that failed, or waits behind one of its order that did.
type WebhookPending struct {
	Position      int64
	EventId       string `doc:"The event's FlipdishEventId."`
	EventName     string
	Subject       string     `doc:"What the event is about, such as order/1001."`
	EventTime     wire.Time  `doc:"When the event was made, in real time."`
	Held          bool       `doc:"It waits for an earlier event with the same Subject."`
	Attempts      int        `doc:"Attempts that failed."`
	FirstFailedAt *wire.Time `nullable:"true" doc:"Null before its first attempt."`
	NextAttemptAt *wire.Time `nullable:"true" doc:"When it may be tried; null while it is held behind one that has not failed. An endpoint that is down is probed by one event at a time."`
}

type pendingOut struct {
	Body wire.Page[WebhookPending]
}

func (s *server) getWebhookPending(ctx context.Context, c *account.Caller, in *pagedHookIn) (*pendingOut, error) {
	limit := min(in.Limit, 100)
	all, total, err := s.Webhooks.Waiting(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Page, limit)
	out := wire.Page[WebhookPending]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: []WebhookPending{}}
	for _, x := range all {
		out.Data = append(out.Data, WebhookPending{
			Position: x.Position, EventId: x.EventID, EventName: x.EventName, Subject: x.Subject, EventTime: wire.At(x.EventAt), Held: x.Held,
			Attempts: x.Attempts, FirstFailedAt: timeOrNull(x.FirstFailed), NextAttemptAt: timeOrNull(x.Next),
		})
	}
	return &pendingOut{out}, err
}

// ExpiredRange is a range of positions that were given up.
type ExpiredRange struct {
	From int64     `doc:"The first position."`
	To   int64     `doc:"The last one. Positions between them that the subscription does not want are no loss."`
	At   wire.Time `doc:"When they were given up."`
}

type pagedHookIn struct {
	HookPath
	Paging
}

type expiredOut struct {
	Body wire.Page[ExpiredRange]
}

func (s *server) getWebhookExpired(ctx context.Context, c *account.Caller, in *pagedHookIn) (*expiredOut, error) {
	limit := min(in.Limit, 100)
	ranges, total, err := s.Webhooks.Expired(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Page, limit)
	out := wire.Page[ExpiredRange]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: []ExpiredRange{}}
	for _, r := range ranges {
		out.Data = append(out.Data, ExpiredRange{r.From, r.To, wire.At(r.At)})
	}
	return &expiredOut{out}, err
}

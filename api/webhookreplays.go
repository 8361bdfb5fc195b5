package api

import (
	"context"
	"time"

	"comanda/account"
	"comanda/webhook"
	"comanda/wire"
)

// WebhookReplayRequest says which events are sent again: EventIds, Expired, or a range by positions or times.
type WebhookReplayRequest struct {
	EventIds         []string   `json:"EventIds,omitempty" required:"false" doc:"FlipdishEventId of events, 1,000 at most."`
	Expired          bool       `json:"Expired,omitempty" required:"false" doc:"All that GetWebhookExpired lists."`
	FromPosition     int64      `json:"FromPosition,omitempty" required:"false" minimum:"0" doc:"First position of a range; absent = the oldest event that is kept."`
	ToPosition       int64      `json:"ToPosition,omitempty" required:"false" minimum:"0" doc:"Last position of it; absent = the newest event now."`
	Start            *wire.Time `json:"Start,omitempty" required:"false" nullable:"true" doc:"Only events made at this time or later."`
	End              *wire.Time `json:"End,omitempty" required:"false" nullable:"true" doc:"Only events made before this time."`
	EventNames       []string   `json:"EventNames,omitempty" required:"false" doc:"Only these names; absent = what the subscription chose. Not looked at with EventIds, and neither is StoreIds."`
	StoreIds         []int      `json:"StoreIds,omitempty" required:"false" doc:"Only events of these stores; absent = what the subscription chose."`
	ToSubscriptionId int        `json:"ToSubscriptionId,omitempty" required:"false" doc:"Another subscription of the brand that gets them instead."`
}

// WebhookReplay is an order to send events again, and how far it is. Replays are ours, so their shape is.
type WebhookReplay struct {
	ReplayId         int
	State            string  `enum:"running,done,failed,cancelled"`
	Reason           *string `nullable:"true" doc:"Why it failed."`
	SubscriptionId   int     `doc:"Whose events."`
	ToSubscriptionId int     `doc:"Who gets them."`
	Position         int64   `doc:"Every event up to here is done with."`
	LastPosition     int64   `doc:"The last one that is wanted."`
	Delivered        int64   `doc:"Events that were answered with 2xx."`
	Failed           int64   `doc:"Events that were not, after six tries each."`
	Missing          int64   `doc:"Positions that the log no longer has."`
	CreateTime       wire.Time
	EndTime          *wire.Time `nullable:"true"`
}

func replayOf(r *webhook.Replay) WebhookReplay {
	return WebhookReplay{
		ReplayId: r.ID, State: r.State, Reason: orNull(r.Reason), SubscriptionId: r.Subscription, ToSubscriptionId: r.Target,
		Position: r.Settled, LastPosition: r.Last, Delivered: r.Delivered, Failed: r.Failed, Missing: r.Missing,
		CreateTime: wire.At(r.Created), EndTime: timeOrNull(r.Ended),
	}
}

type createReplayIn struct {
	HookPath
	Body WebhookReplayRequest
}

type replayOut struct{ Body wire.Result[WebhookReplay] }

func (s *server) createWebhookReplay(ctx context.Context, c *account.Caller, in *createReplayIn) (*replayOut, error) {
	b := in.Body
	var start, end time.Time
	if b.Start != nil {
		start = b.Start.Time
	}
	if b.End != nil {
		end = b.End.Time
	}
	r, err := s.Webhooks.Replay(ctx, c, in.AppID, in.OAuthApp, in.ID, webhook.Wanted{
		EventIDs: b.EventIds, Expired: b.Expired, From: b.FromPosition, To: b.ToPosition, Start: start, End: end,
		EventNames: b.EventNames, Stores: b.StoreIds, Target: b.ToSubscriptionId,
	})
	if err != nil {
		return nil, err
	}
	return &replayOut{wire.Result[WebhookReplay]{Data: replayOf(r)}}, nil
}

type replaysIn struct {
	HookPath
	Paging
}

type replaysOut struct{ Body wire.Page[WebhookReplay] }

func (s *server) getWebhookReplays(ctx context.Context, c *account.Caller, in *replaysIn) (*replaysOut, error) {
	limit := min(in.Limit, 100)
	replays, total, err := s.Webhooks.Replays(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Page, limit)
	out := wire.Page[WebhookReplay]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: []WebhookReplay{}}
	for _, r := range replays {
		out.Data = append(out.Data, replayOf(r))
	}
	return &replaysOut{out}, err
}

// ReplayPath is the path of one replay.
type ReplayPath struct {
	HookPath
	ReplayID int `path:"replayId"`
}

func (s *server) getWebhookReplay(ctx context.Context, c *account.Caller, in *ReplayPath) (*replayOut, error) {
	r, err := s.Webhooks.GetReplay(ctx, c, in.AppID, in.OAuthApp, in.ID, in.ReplayID)
	if err != nil {
		return nil, err
	}
	return &replayOut{wire.Result[WebhookReplay]{Data: replayOf(r)}}, nil
}

func (s *server) cancelWebhookReplay(ctx context.Context, c *account.Caller, in *ReplayPath) (*none, error) {
	return &none{}, s.Webhooks.CancelReplay(ctx, c, in.AppID, in.OAuthApp, in.ID, in.ReplayID)
}

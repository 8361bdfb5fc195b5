package api

import (
	"context"
	"encoding/json"
	"strconv"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/webhook"
	"comanda/wire"
)

// HookApp is the path of an OAuth app's webhooks. (huma reads embedded structs only when they are exported.)
type HookApp struct {
	AppID    string `path:"appId"`
	OAuthApp string `path:"oauthAppId"`
}

// HookPath is the path of one subscription.
type HookPath struct {
	HookApp
	ID int `path:"webhookSubscriptionId"`
}

// NamePath is the path of one event name of a subscription.
type NamePath struct {
	HookPath
	Name string `path:"eventName"`
}

type namesOut struct{ Body wire.Result[[]string] }

func (s *server) getWebhookEventNames(ctx context.Context, c *account.Caller, in *struct {
	AppID string `path:"appId"`
},
) (*namesOut, error) {
	names, err := s.Webhooks.EventNames(ctx, c, in.AppID)
	return &namesOut{wire.Result[[]string]{Data: names}}, err
}

type hooksIn struct {
	HookApp
	Paging
}

type hooksOut struct {
	Body wire.Page[wire.WebhookSubscription]
}

func (s *server) getWebhookSubscriptions(ctx context.Context, c *account.Caller, in *hooksIn) (*hooksOut, error) {
	limit := min(in.Limit, 100)
	subs, total, err := s.Webhooks.List(ctx, c, in.AppID, in.OAuthApp, in.Page, limit)
	if err != nil {
		return nil, err
	}
	out := wire.Page[wire.WebhookSubscription]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: []wire.WebhookSubscription{}}
	for _, sub := range subs {
		out.Data = append(out.Data, sub.Wire())
	}
	return &hooksOut{out}, nil
}

type createHookIn struct {
	HookApp
	Verify bool `query:"verify" doc:"Ask the URL first: it must answer a challenge."`
	Body   wire.WebhookSubscription
}

type idOut struct{ Body wire.Result[int] }

func (s *server) createWebhookSubscription(ctx context.Context, c *account.Caller, in *createHookIn) (*idOut, error) {
	create := s.Webhooks.Create
	if in.Verify {
		create = s.Webhooks.CreateVerified
	}
	id, err := create(ctx, c, in.AppID, in.OAuthApp, in.Body)
	return &idOut{wire.Result[int]{Data: id}}, err
}

type updateHookIn struct {
	HookPath
	Verify bool `query:"verify" doc:"Ask a new URL first: it must answer a challenge."`
	Body   wire.WebhookSubscription
}

func (s *server) updateWebhookSubscription(ctx context.Context, c *account.Caller, in *updateHookIn) (*none, error) {
	update := s.Webhooks.Update
	if in.Verify {
		update = s.Webhooks.UpdateVerified
	}
	return &none{}, update(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Body)
}

func (s *server) deleteWebhookSubscription(ctx context.Context, c *account.Caller, in *HookPath) (*none, error) {
	return &none{}, s.Webhooks.Delete(ctx, c, in.AppID, in.OAuthApp, in.ID)
}

func (s *server) getWebhookEventNamesBySubscriptionID(ctx context.Context, c *account.Caller, in *HookPath) (*namesOut, error) {
	sub, err := s.Webhooks.Get(ctx, c, in.AppID, in.OAuthApp, in.ID)
	if err != nil {
		return nil, err
	}
	return &namesOut{wire.Result[[]string]{Data: sub.EventNames()}}, nil
}

func (s *server) createWebhookSubscriptionEventNames(ctx context.Context, c *account.Caller, in *NamePath) (*none, error) {
	return &none{}, s.Webhooks.AddEventName(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Name)
}

func (s *server) deleteWebhookSubscriptionEventName(ctx context.Context, c *account.Caller, in *NamePath) (*none, error) {
	return &none{}, s.Webhooks.RemoveEventName(ctx, c, in.AppID, in.OAuthApp, in.ID, in.Name)
}

// sampleIn has the id as a string, because the contract does so here alone.
type sampleIn struct {
	HookApp
	ID      string `path:"webhookSubscriptionId"`
	Name    string `path:"eventName"`
	Version string `query:"version" doc:"\"1\" or \"2\": both are answered as {Type, CreateTime, Body}; a delivery of version 1 sends the Body alone."`
}

type sampleOut struct {
	Body Stored[wire.WebhookEventSample]
}

func (s *server) getWebhookEventSample(ctx context.Context, c *account.Caller, in *sampleIn) (*sampleOut, error) {
	id, err := strconv.Atoi(in.ID)
	if err != nil {
		return nil, fault.BadField("webhookSubscriptionId", "%.20q is no number. Give the id of a subscription.", in.ID)
	}
	sample, err := s.Webhooks.Sample(ctx, c, in.AppID, in.OAuthApp, id, in.Name, in.Version)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(sample)
	return &sampleOut{StoredBody[wire.WebhookEventSample](b)}, err
}

type logsIn struct {
	HookPath
	Paging
	Start wire.Time `query:"start" required:"true" doc:"The first instant of the range in which the attempts began."`
	End   wire.Time `query:"end" required:"true" doc:"The last one."`
}

type logsOut struct {
	Body wire.Page[wire.WebhookLog]
}

func (s *server) getWebhookLogs(ctx context.Context, c *account.Caller, in *logsIn) (*logsOut, error) {
	limit := min(in.Limit, 100)
	logs, total, err := s.Webhooks.Logs(ctx, c, in.AppID, in.OAuthApp, in.ID, webhook.Range{
		Start: in.Start.Time, End: in.End.Time, Page: in.Page, Limit: limit,
	})
	return &logsOut{wire.Page[wire.WebhookLog]{Page: in.Page, Limit: limit, TotalRecordCount: total, Data: logs}}, err
}

func (s *server) getWebhookSecret(ctx context.Context, c *account.Caller, in *HookPath) (*textOut, error) {
	secret, err := s.Webhooks.Secret(ctx, c, in.AppID, in.OAuthApp, in.ID)
	return &textOut{wire.Result[string]{Data: secret}}, err
}

func (s *server) rotateWebhookSecret(ctx context.Context, c *account.Caller, in *HookPath) (*textOut, error) {
	secret, err := s.Webhooks.RotateSecret(ctx, c, in.AppID, in.OAuthApp, in.ID)
	return &textOut{wire.Result[string]{Data: secret}}, err
}

func (s *server) getWebhookPublicKey(ctx context.Context, c *account.Caller, in *HookPath) (*textOut, error) {
	key, err := s.Webhooks.PublicKey(ctx, c, in.AppID, in.OAuthApp, in.ID)
	return &textOut{wire.Result[string]{Data: key}}, err
}

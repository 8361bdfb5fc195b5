package demo

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"comanda/internal/client"
	"comanda/wire"
)

const (
	posName       = "Sample POS"
	driversName   = "Driver dispatch"
	analyticsName = "Analytics"
)

// integrations are the sample OAuth apps, each with the path of its callback and the events that it wants. The POS is the
// one of demo.json; the others come with a day of orders.
var integrations = []struct {
	name, agent, path string
	events            []string
}{
	{posName, "Sample-POS/1.0", "/webhooks", []string{
		"order.created", "order.accepted", "order.rejected", "order.dispatched", "order.refunded", "order.tip.updated", "order.rating.updated",
	}},
	{driversName, "Driver-Dispatch/3.2", "/drivers", []string{"order.accepted", "order.dispatched"}},
	{analyticsName, "Analytics/0.9", "/analytics", []string{"order.rejected", "order.refunded", "order.rating.updated"}},
}

// seedApps registers the OAuth apps beside the POS, as a developer's tool would.
func (d *demo) seedApps(ctx context.Context) error {
	for _, one := range integrations[1:] {
		if _, err := d.api.Create(ctx, d.brand()+"/oauthclients", map[string]string{"OauthAppName": one.name}); err != nil {
			return err
		}
	}
	return nil
}

// startApps starts what receives the webhooks of the sample apps on a port of its own, and subscribes it. Of the apps that
// somebody has deleted since an earlier run only the POS is missed.
func (d *demo) startApps(ctx context.Context) (stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if err := d.connect(ctx, "http://"+l.Addr().String()); err != nil {
		_ = l.Close()
		return nil, err
	}
	receivers := http.NewServeMux()
	receivers.Handle("/webhooks", d.pos)
	receivers.HandleFunc("/drivers", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	receivers.HandleFunc("/analytics", func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, `{"error":"disk full"}`, http.StatusInternalServerError) // so that there is a webhook that fails
	})
	s := &http.Server{Handler: receivers, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = s.Serve(l) }()
	return func() { _ = s.Close() }, nil
}

// connect subscribes a base URL to the events of each app.
func (d *demo) connect(ctx context.Context, base string) error {
	registered, err := client.Data[[]struct {
		ID   string `json:"OauthAppId"`
		Name string `json:"OauthAppName"`
	}](ctx, d.api, http.MethodGet, d.brand()+"/oauthclients", nil)
	if err != nil {
		return err
	}
	d.ids = map[string]string{}
	for _, a := range registered {
		d.ids[a.Name] = a.ID
	}
	d.ids[posName] = d.creds.OAuthAppID
	for _, one := range integrations {
		id := d.ids[one.name]
		if id == "" {
			continue
		}
		hook, err := d.subscribe(ctx, id, base+one.path, one.events)
		if err != nil {
			return fmt.Errorf("subscribe %s: %w", one.name, err)
		}
		if one.name == posName {
			d.hook = hook
		}
	}
	secret, err := client.Data[string](ctx, d.api, http.MethodGet, d.hook+"/secret", nil)
	if err != nil {
		return err
	}
	d.pos, err = newPOS(d.creds, secret, d.POS == "auto")
	return err
}

// clients are those of the sample apps, by name; that of the POS stands in for one that is gone.
func (d *demo) clients(ctx context.Context) (map[string]*client.Client, error) {
	out := map[string]*client.Client{}
	for _, one := range integrations {
		out[one.name] = d.api
		id := d.ids[one.name]
		if one.name == posName || id == "" {
			continue
		}
		token, err := client.Data[string](ctx, d.api, http.MethodGet, d.brand()+"/oauthclients/"+url.PathEscape(id)+"/accesstoken", nil)
		if err != nil {
			return nil, err
		}
		if out[one.name], err = client.New(client.Config{Server: d.creds.BaseURL, CAFile: d.creds.CAFile, Token: token, Agent: one.agent}); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// subscribe registers a callback for events, moving the subscription of an earlier run there, and returns the path of the
// subscription.
func (d *demo) subscribe(ctx context.Context, oauthApp, callback string, events []string) (string, error) {
	path := d.brand() + "/webhooks/" + url.PathEscape(oauthApp) + "/subscriptions"
	body := map[string]any{"CallbackUrl": callback, "Enabled": true, "Version": "2", "VerifyToken": rand.Text(), "EventNames": events}
	var have wire.Page[wire.WebhookSubscription]
	if err := d.api.Call(ctx, http.MethodGet, path, nil, &have); err != nil {
		return "", err
	}
	if len(have.Data) > 0 {
		at := fmt.Sprintf("%s/%d", path, wire.V(have.Data[0].Id))
		return at, d.api.Call(ctx, http.MethodPut, at, body, nil)
	}
	id, err := client.Data[int](ctx, d.api, http.MethodPost, path, body)
	return fmt.Sprintf("%s/%d", path, id), err
}

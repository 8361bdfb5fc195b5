package api_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"comanda/internal/apptest"
)

// delivering runs the kit's webhooks until the returned function is called; the kit's callbacks are refused as not public.
func delivering(k *apptest.Kit) (stop func()) {
	ctx, cancel := context.WithCancel(k.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = k.Log.Run(ctx) })
	running.Go(func() { _ = k.Webhooks.Run(ctx) })
	return func() { cancel(); running.Wait() }
}

func TestWebhookAttempts(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.Run(
			apptest.Call{Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com/hook","EventNames":["webhook_subscription.created"],"VerifyToken":"tok"}`, Status: 200, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"}},
			apptest.Call{Name: "none yet", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/attempts", Status: 200, Want: apptest.Want{"Data.#": 0}},
			apptest.Call{Name: "another one", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com/other"}`, Status: 200, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"other": "Data"}},
		)
		stop := delivering(k)
		deadline := time.After(20 * time.Second)
		for k.Call(apptest.Call{Name: "poll", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/attempts", Status: 200}).Body.Len() < 50 {
			select {
			case <-time.After(20 * time.Millisecond):
			case <-deadline:
				t.Fatal("no attempt was logged")
			}
		}
		stop()
		path := hooks + "/{id}/attempts"
		none := apptest.Want{"Data.#": 0}
		k.Run(
			apptest.Call{
				Name: "failed", As: apptest.Integrator, Method: "GET", Path: path + "?failed=true&kind=live&limit=1000", Status: 200, Lacks: "tok",
				Want: apptest.Want{
					"Data.0.StatusCode": nil, "Data.0.Error": apptest.Present, "Data.0.Received": false,
					"Data.0.Kind": "live", "Data.0.EventName": "webhook_subscription.created", "Data.0.CallbackUrl": "https://pos.example.com/hook",
					"Data.0.Time": apptest.Present, "Data.0.Duration": apptest.Present, "Data.0.Version": "2",
				},
				Save: map[string]string{"attempt": "Data.0.AttemptId", "event": "Data.0.EventId", "position": "Data.0.Position"},
			},
			apptest.Call{Name: "of the event", As: apptest.Owner, Method: "GET", Path: path + "?eventId={event}&position={position}", Status: 200, Want: apptest.Want{"Data.0.EventId": "{event}"}},
			apptest.Call{Name: "of another", As: apptest.Owner, Method: "GET", Path: path + "?position=99", Status: 200, Want: none},
			apptest.Call{Name: "of another kind", As: apptest.Owner, Method: "GET", Path: path + "?kind=replay", Status: 200, Want: none},
			apptest.Call{Name: "of the other subscription", As: apptest.Owner, Method: "GET", Path: hooks + "/{other}/attempts", Status: 200, Want: none},
			apptest.Call{
				Name: "whole", As: apptest.Owner, Method: "GET", Path: path + "/{attempt}", Status: 200, Lacks: `tok"`,
				Want: apptest.Want{"Data.AttemptId": "{attempt}", "Data.RequestHeaders.0.Name": "Host", "Data.RequestBody": apptest.Present, "Data.ResponseHeaders.#": 0, "Data.ResponseBody": "", "Data.Curl": apptest.Present},
			},
			apptest.Call{Name: "by the other subscription", As: apptest.Owner, Method: "GET", Path: hooks + "/{other}/attempts/{attempt}", Status: 404, Text: "28 days"},
			apptest.Call{Name: "no id", As: apptest.Owner, Method: "GET", Path: path + "/x", Status: 400, Text: "attemptId"},
			apptest.Call{Name: "no cursor", As: apptest.Owner, Method: "GET", Path: path + "?before=x", Status: 400, Text: "before"},
			apptest.Call{Name: "no kind", As: apptest.Owner, Method: "GET", Path: path + "?kind=dead", Status: 400, Text: "kind"},
			apptest.Call{Name: "no limit", As: apptest.Owner, Method: "GET", Path: path + "?limit=0", Status: 400, Text: "limit"},
		)
		for _, path := range []string{path, path + "/{attempt}"} {
			k.Run(
				apptest.Call{Name: "nobody", Method: "GET", Path: path, Status: 401},
				apptest.Call{Name: "without the right", As: apptest.Finance, Method: "GET", Path: path, Status: 403},
				apptest.Call{Name: "another brand's owner", As: apptest.Stranger, Method: "GET", Path: path, Status: 403},
			)
		}
	})
}

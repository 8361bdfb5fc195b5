package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"testing"

	"comanda/internal/apptest"
)

// agree answers a verification as a receiver should, and everything else with 200.
func agree(w http.ResponseWriter, r *http.Request) {
	var in struct{ Body struct{ Challenge string } }
	_ = json.NewDecoder(r.Body).Decode(&in)
	_, _ = io.WriteString(w, in.Body.Challenge)
}

func TestWebhookURLIsVerifiedWhereAskedFor(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		body := func(path string) string { return `{"CallbackUrl":"https://pos.example.com/` + path + `"}` }
		none := apptest.Want{"TotalRecordCount": 0}
		k.Run(
			apptest.Call{Name: "nobody answers", As: apptest.Owner, Method: "POST", Path: hooks + "?verify=true", Body: body("a"), Status: 400, Text: "refused the connection"},
			apptest.Call{Name: "nothing is stored", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: none},
		)
		k.Callback = func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "who are you", http.StatusTeapot) }
		k.Run(
			apptest.Call{Name: "it refuses", As: apptest.Owner, Method: "POST", Path: hooks + "?verify=true", Body: body("a"), Status: 400, Text: "it answered 418"},
			apptest.Call{Name: "nothing is stored", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: none},
			apptest.Call{Name: "not asked", As: apptest.Owner, Method: "POST", Path: hooks, Body: body("a"), Status: 200, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"}},
			apptest.Call{Name: "a new URL refuses", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}?verify=true", Body: body("b"), Status: 400, Text: "it answered 418"},
			apptest.Call{Name: "the same URL is not asked", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}?verify=true", Body: body("a"), Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
		)
		k.Callback = agree
		k.Run(
			apptest.Call{Name: "it agrees", As: apptest.Owner, Method: "POST", Path: hooks + "?verify=true", Body: body("c"), Status: 200, Events: apptest.Events{"webhook_subscription.created"}},
			apptest.Call{Name: "a new URL agrees", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}?verify=true", Body: body("b"), Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
		)
	})
}

func TestWebhookTestTellsWhatHappened(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		path := hooks + "/{id}/events/order.created/test"
		k.Run(
			apptest.Call{
				As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{
				Name: "no answer", As: apptest.Integrator, Method: "POST", Path: path, Status: 200, Unknown: true,
				Want: apptest.Want{"Data.Received": false, "Data.StatusCode": nil, "Data.Error": "the endpoint refused the connection", "Data.EventName": "order.created", "Data.WebhookId": apptest.Present},
			},
		)
		k.Callback = agree
		call := apptest.Call{
			Name: "received", As: apptest.Owner, Method: "POST", Path: path, Status: 200, Text: "X-Comanda-Test: true", Unknown: true,
			Want: apptest.Want{"Data.Received": true, "Data.StatusCode": 200, "Data.Error": nil, "Data.RequestBody": apptest.Present, "Data.Duration": apptest.Present},
		}
		k.Run(call)
		w := k.Send(call)
		for n := 0; n < 1000 && w.Code == http.StatusOK; n++ { // ten at once, and as many as the test is slow
			w = k.Send(call)
		}
		if w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
			t.Errorf("many in a row: %d %s", w.Code, w.Body)
		}
	})
}

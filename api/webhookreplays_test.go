package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestWebhookReplaysAreMadeListedAndCancelled(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		replays := hooks + "/{id}/replays"
		create := func(name, body string, status int, more func(*apptest.Call)) apptest.Call {
			c := apptest.Call{Name: name, As: apptest.Integrator, Method: "POST", Path: replays, Body: body, Status: status}
			if more != nil {
				more(&c)
			}
			return c
		}
		k.Run(
			apptest.Call{
				Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Status: 200,
				Body:   `{"EventNames":["webhook_subscription.created"],"CallbackUrl":"https://pos.example.com/"}`,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			create("everything", `{"FromPosition":1}`, 200, func(c *apptest.Call) {
				c.Save = map[string]string{"replay": "Data.ReplayId"}
				c.Want = apptest.Want{
					"Data.State": "running", "Data.Reason": nil, "Data.Position": 0, "Data.LastPosition": apptest.Present, "Data.Delivered": 0,
					"Data.Failed": 0, "Data.Missing": 0, "Data.CreateTime": apptest.Present, "Data.EndTime": nil,
				}
			}),
			create("a time", `{"Start":"2026-01-01T00:00:00Z","End":null}`, 200, nil),
			create("nothing", `{}`, 400, func(c *apptest.Call) { c.Text = "Give EventIds, Expired, or a range" }),
			create("two ways", `{"Expired":true,"FromPosition":1}`, 400, func(c *apptest.Call) { c.Text = "Give one of the three" }),
			create("a range backwards", `{"FromPosition":3,"ToPosition":2}`, 400, func(c *apptest.Call) { c.Text = "before FromPosition" }),
			create("no position", `{"FromPosition":"first"}`, 400, nil),
			create("nothing expired", `{"Expired":true}`, 404, nil),
			create("no such event", `{"EventIds":["0198a3f0-5b1c-7cc2-9f4e-2a6d1c0b7e55"]}`, 404, nil),
			create("no such target", `{"FromPosition":1,"ToSubscriptionId":999999}`, 404, nil),
			create("no such name", `{"FromPosition":1,"EventNames":["order.eaten"]}`, 400, nil),
			apptest.Call{Name: "list", As: apptest.Integrator, Method: "GET", Path: replays, Status: 200, Want: apptest.Want{"TotalRecordCount": 2, "Data.1.ReplayId": apptest.Present}},
			apptest.Call{Name: "cancel", As: apptest.Integrator, Method: "DELETE", Path: replays + "/{replay}", Status: 200},
			apptest.Call{Name: "cancel again", As: apptest.Integrator, Method: "DELETE", Path: replays + "/{replay}", Status: 200},
			apptest.Call{Name: "show", As: apptest.Integrator, Method: "GET", Path: replays + "/{replay}", Status: 200, Want: apptest.Want{"Data.State": "cancelled", "Data.EndTime": apptest.Present}},
			apptest.Call{Name: "show none", As: apptest.Owner, Method: "GET", Path: replays + "/999999", Status: 404},
			apptest.Call{Name: "cancel none", As: apptest.Owner, Method: "DELETE", Path: replays + "/999999", Status: 404},
		)
		for _, c := range []struct{ method, path, body string }{
			{"POST", replays, `{"FromPosition":1}`}, {"GET", replays, ""}, {"GET", replays + "/{replay}", ""}, {"DELETE", replays + "/{replay}", ""},
		} {
			refusedToOthers(k, c.method, c.path, c.body)
		}
	})
}

// A replay never reaches another brand's subscription.
func TestWebhookReplayStaysInTheBrand(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.Run(
			apptest.Call{
				Name: "the other brand's", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/{otherAppId}/webhooks/{otherOauthAppId}/subscriptions", Status: 200,
				Body: `{"CallbackUrl":"https://evil.example.com/"}`, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"evil": "Data"},
			},
			apptest.Call{
				Name: "ours", As: apptest.Owner, Method: "POST", Path: hooks, Status: 200, Body: `{"CallbackUrl":"https://pos.example.com/"}`,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{Name: "ours to theirs", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/replays", Body: `{"FromPosition":1,"ToSubscriptionId":{evil}}`, Status: 404},
			apptest.Call{Name: "ours by them", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/{otherAppId}/webhooks/{otherOauthAppId}/subscriptions/{evil}/replays", Body: `{"FromPosition":1,"ToSubscriptionId":{id}}`, Status: 404},
		)
	})
}

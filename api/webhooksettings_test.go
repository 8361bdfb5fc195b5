package api_test

import (
	"strings"
	"testing"

	"comanda/internal/apptest"
)

const hookSettings = hooks + "/{id}/settings"

func TestWebhookSettingsLive(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.MustShop()
		updated := apptest.Events{"webhook_subscription.updated"}
		put := func(name, body string, want apptest.Want, events apptest.Events) apptest.Call {
			return apptest.Call{Name: name, As: apptest.Owner, Method: "PUT", Path: hookSettings, Body: body, Status: 200, Want: want, Events: events, Unknown: true}
		}
		k.Run(
			apptest.Call{
				Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com","EventNames":["order.created"]}`, Status: 200,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{
				Name: "as made", As: apptest.Integrator, Method: "GET", Path: hookSettings, Status: 200, Unknown: true,
				Want: apptest.Want{
					"Data.Groups.0": nil, "Data.StoreIds.0": nil, "Data.RatePerSecond": 0, "Data.OrderHoldSeconds": 600,
					"Data.Signatures.0": "v1", "Data.Signatures.1": nil, "Data.LegacySignature": nil,
				},
			},
			apptest.Call{Name: "no public key yet", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/publickey", Status: 404, Text: "does not sign with v1a", Unknown: true},
			put("all", `{"Groups":["order","Webhook Delivery"],"StoreIds":[{storeId}],"RatePerSecond":1000,"OrderHoldSeconds":0,"Signatures":["v1a","v1"],
				"LegacySignature":{"Header":"X-Hub-Signature-256","Prefix":"sha256="}}`, apptest.Want{
				"Data.Groups.0": "Order", "Data.Groups.1": "Webhook delivery", "Data.StoreIds.0": "{storeId}", "Data.RatePerSecond": 1000, "Data.OrderHoldSeconds": 0,
				"Data.Signatures.0": "v1", "Data.Signatures.1": "v1a", "Data.LegacySignature.Header": "X-Hub-Signature-256",
				"Data.LegacySignature.Algorithm": "sha256", "Data.LegacySignature.Encoding": "hex", "Data.LegacySignature.Prefix": "sha256=",
			}, updated),
			put("the same again", `{"RatePerSecond":1000,"Groups":["Webhook delivery","Order"]}`, apptest.Want{"Data.OrderHoldSeconds": 0}, nil),
			put("absent members stay", `{"RatePerSecond":5}`, apptest.Want{
				"Data.Groups.1": "Webhook delivery", "Data.StoreIds.0": "{storeId}", "Data.RatePerSecond": 5, "Data.OrderHoldSeconds": 0,
				"Data.Signatures.1": "v1a", "Data.LegacySignature.Header": "X-Hub-Signature-256",
			}, updated),
			apptest.Call{Name: "names are not groups", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/events", Status: 200, Want: apptest.Want{"Data.0": "order.created", "Data.1": nil}},
			apptest.Call{Name: "names change", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Body: `{"EventNames":["menu.updated"]}`, Status: 200, Events: updated},
			apptest.Call{Name: "groups stayed", As: apptest.Owner, Method: "GET", Path: hookSettings, Status: 200, Want: apptest.Want{"Data.Groups.0": "Order"}, Unknown: true},
			apptest.Call{Name: "a public key", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/publickey", Status: 200, Text: "whpk_", Unknown: true},
			put("nothing", `{}`, apptest.Want{"Data.RatePerSecond": 5}, nil),
			put("off again", `{"Groups":[],"StoreIds":[],"RatePerSecond":0,"Signatures":["v1"],"LegacySignature":null}`, apptest.Want{
				"Data.Groups.0": nil, "Data.StoreIds.0": nil, "Data.RatePerSecond": 0, "Data.Signatures.1": nil, "Data.LegacySignature": nil,
			}, updated),
		)
	})
}

func TestWebhookSettingsRefusals(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.Run(apptest.Call{
			Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
			Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
		})
		legacy := func(members string) string { return `{"LegacySignature":{` + members + `}}` }
		for _, c := range []struct{ body, text string }{
			{`{"Groups":["order."]}`, "is no heading of the catalogue"},
			{`{"Groups":["order.created"]}`, "The headings are: "},
			{`{"Groups":["Order","ORDER"]}`, "there twice"},
			{`{"Groups":[""]}`, "Groups"},
			{`{"StoreIds":[999999]}`, "is no store of the brand"},
			{`{"StoreIds":["a"]}`, "StoreIds"},
			{`{"StoreIds":[-1]}`, "StoreIds"},
			{`{"RatePerSecond":-1}`, "from 0 to 1000"},
			{`{"RatePerSecond":1001}`, "from 0 to 1000"},
			{`{"RatePerSecond":"fast"}`, "RatePerSecond"},
			{`{"OrderHoldSeconds":3601}`, "from 0 to 3600"},
			{`{"OrderHoldSeconds":-5}`, "from 0 to 3600"},
			{`{"Signatures":[]}`, "lacks"},
			{`{"Signatures":["v1a"]}`, "lacks"},
			{`{"Signatures":["v1","v2"]}`, "is no signature scheme"},
			{`{"Signatures":["v1","v1"]}`, "there twice"},
			{legacy(``), "LegacySignature.Header"},
			{legacy(`"Header":"X-A\r\nX-Evil: 1"`), "is no header name"},
			{legacy(`"Header":"X A"`), "is no header name"},
			{legacy(`"Header":"Schlüssel"`), "is no header name"},
			{legacy(`"Header":"X:"`), "is no header name"},
			{legacy(`"Header":"Content-Length"`), "a meaning of its own"},
			{legacy(`"Header":"host"`), "a meaning of its own"},
			{legacy(`"Header":"Transfer-Encoding"`), "a meaning of its own"},
			{legacy(`"Header":"WEBHOOK-SIGNATURE"`), "a meaning of its own"},
			{legacy(`"Header":"x-comanda-test"`), "a meaning of its own"},
			{legacy(`"Header":"X-Verify-Token"`), "a meaning of its own"},
			{legacy(`"Header":"X-Idempotency-Key"`), "a meaning of its own"},
			{legacy(`"Header":"X-Forwarded-For"`), "a meaning of its own"},
			{legacy(`"Header":"` + strings.Repeat("x", 65) + `"`), "at most 64"},
			{legacy(`"Header":"X-Sig","Algorithm":"md5"`), "Use sha256, sha1 or sha512"},
			{legacy(`"Header":"X-Sig","Encoding":"octal"`), "Use hex or base64"},
			{legacy(`"Header":"X-Sig","Prefix":"a\r\nX-Evil: 1"`), "not printable ASCII"},
			{legacy(`"Header":"X-Sig","Prefix":" a"`), "begins with a space"},
			{legacy(`"Header":"X-Sig","Prefix":"` + strings.Repeat("x", 33) + `"`), "At most 32"},
			{`{"LegacySignature":"X-Sig"}`, "LegacySignature"},
			{`{"LegacySignature":[]}`, "LegacySignature"},
		} {
			k.Run(apptest.Call{Name: c.body, As: apptest.Owner, Method: "PUT", Path: hookSettings, Body: c.body, Status: 400, Text: c.text})
		}
		for _, c := range []struct{ method, path, body string }{
			{"GET", hookSettings, ""},
			{"PUT", hookSettings, `{"RatePerSecond":1}`},
			{"GET", hooks + "/{id}/publickey", ""},
		} {
			call := func(name, as, path string, status int) apptest.Call {
				return apptest.Call{Name: name, As: as, Method: c.method, Path: path, Body: c.body, Status: status, Unknown: true}
			}
			k.Run(
				call("no token", apptest.Nobody, c.path, 401),
				call("a level without the right", apptest.Finance, c.path, 403),
				call("another brand's owner", apptest.Stranger, c.path, 403),
				call("another brand's app", apptest.Owner, strings.Replace(c.path, "{oauthAppId}", "{otherOauthAppId}", 1), 404),
				call("an unknown subscription", apptest.Owner, strings.Replace(c.path, "{id}", "999", 1), 404),
			)
		}
		k.Run(apptest.Call{Name: "unharmed", As: apptest.Owner, Method: "GET", Path: hookSettings, Status: 200, Want: apptest.Want{"Data.RatePerSecond": 0, "Data.LegacySignature": nil, "Data.Groups.0": nil}, Unknown: true})
	})
}

package api_test

import (
	"fmt"
	"strings"
	"testing"

	"comanda/internal/apptest"
	"comanda/wire"
)

const hooks = "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions"

// withApp gives the kit's brand an OAuth app, {oauthAppId}, and the stranger's one, {otherOauthAppId}.
func withApp(k *apptest.Kit) {
	for caller, at := range map[string]string{apptest.Owner: "o", apptest.Stranger: "otherO"} {
		brand := k.Brand.AppID
		if caller == apptest.Stranger {
			brand = k.Other.AppID
		}
		id, _, err := k.OAuth.CreateApp(k.Context(), k.Caller(caller), brand, wire.OAuthApp{OauthAppName: wire.P("POS")})
		k.Must(err)
		k.Vars[at+"authAppId"] = id
	}
}

func TestWebhookSubscriptionLives(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		callback := "https://pos.example.com/hook?storeId=1&storeId=2&q=%2F"
		k.Run(
			apptest.Call{
				Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Status: 200,
				Body:   `{"EventNames":["order.created","Order.Accepted"],"CallbackUrl":"` + callback + `","VerifyToken":"tok"}`,
				Want:   apptest.Want{"Data": apptest.Present},
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{
				Name: "list", As: apptest.Integrator, Method: "GET", Path: hooks, Status: 200,
				Want: apptest.Want{
					"Page": 1, "Limit": 20, "TotalRecordCount": 1, "Data.0.CallbackUrl": callback, "Data.0.Version": "2",
					"Data.0.Enabled": true, "Data.0.VerifyToken": "tok", "Data.0.EventNames.0": "order.accepted",
					"Data.0.EventNames.1": "order.created", "Data.0.OwnerUserId": k.Caller(apptest.Owner).Account,
				},
			},
			apptest.Call{Name: "page 2", As: apptest.Owner, Method: "GET", Path: hooks + "?page=2&limit=1000", Status: 200, Want: apptest.Want{"Limit": 100, "TotalRecordCount": 1, "Data.0": nil}},
			apptest.Call{Name: "add a name", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/events/order.rejected", Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
			apptest.Call{Name: "add it twice", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/events/ORDER.rejected", Status: 409, Text: "order.rejected already"},
			apptest.Call{Name: "add an unknown one", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/events/order.eaten", Status: 400, Text: "/webhooks/events lists them all"},
			apptest.Call{Name: "names", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/events", Status: 200, Want: apptest.Want{"Data.2": "order.rejected", "Data.3": nil}},
			apptest.Call{Name: "remove a name", As: apptest.Owner, Method: "DELETE", Path: hooks + "/{id}/events/order.accepted", Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
			apptest.Call{Name: "remove it twice", As: apptest.Owner, Method: "DELETE", Path: hooks + "/{id}/events/order.accepted", Status: 404},
			apptest.Call{
				Name: "update", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Status: 200,
				Body:   `{"Id":77,"OwnerUserId":78,"Version":"1","EventNames":["menu.updated"],"CallbackUrl":"https://pos.example.com/b","Enabled":false,"VerifyToken":""}`,
				Events: apptest.Events{"webhook_subscription.updated"},
			},
			apptest.Call{
				Name: "as updated", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200,
				Want: apptest.Want{
					"Data.0.Version": "1", "Data.0.CallbackUrl": "https://pos.example.com/b", "Data.0.Enabled": false, "Data.0.VerifyToken": "",
					"Data.0.EventNames.0": "menu.updated", "Data.0.EventNames.1": nil, "Data.0.OwnerUserId": k.Caller(apptest.Owner).Account,
				},
			},
			apptest.Call{Name: "absent members stay", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Body: `{"Enabled":true}`, Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
			apptest.Call{Name: "they stayed", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: apptest.Want{"Data.0.Version": "1", "Data.0.Enabled": true, "Data.0.EventNames.0": "menu.updated"}},
			apptest.Call{Name: "no attempts", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/logs?start=2026-01-01&end=2027-01-01T00:00:00Z", Status: 200, Want: apptest.Want{"TotalRecordCount": 0, "Data.0": nil}},
			apptest.Call{Name: "delete", As: apptest.Owner, Method: "DELETE", Path: hooks + "/{id}", Status: 200, Events: apptest.Events{"webhook_subscription.deleted"}},
			apptest.Call{Name: "delete again", As: apptest.Owner, Method: "DELETE", Path: hooks + "/{id}", Status: 404, Text: "lists the ids"},
			apptest.Call{Name: "none left", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: apptest.Want{"TotalRecordCount": 0}},
		)
	})
}

func TestWebhookSubscriptionRefusals(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		good := `"CallbackUrl":"https://pos.example.com/a"`
		var refused []string
		for _, c := range []struct{ body, field string }{
			{`{}`, "CallbackUrl"},
			{`{"CallbackUrl":""}`, "CallbackUrl"},
			{`{"CallbackUrl":"/hook"}`, "not an absolute URL"},
			{`{"CallbackUrl":"pos.example.com/hook"}`, "not an absolute URL"},
			{`{"CallbackUrl":"https:///hook"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://:443/hook"}`, "no valid host"},
			{`{"CallbackUrl":"https:pos.example.com"}`, "not an absolute URL"},
			{`{"CallbackUrl":"http://pos.example.com/hook"}`, "not https"},
			{`{"CallbackUrl":"ftp://pos.example.com/hook"}`, "scheme"},
			{`{"CallbackUrl":"file:///etc/passwd"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://user:pw@pos.example.com/"}`, "user name"},
			{`{"CallbackUrl":"https://user@pos.example.com/"}`, "user name"},
			{`{"CallbackUrl":"https://pos.example.com/#part"}`, "fragment"},
			{`{"CallbackUrl":"https://pos.example.com/a b"}`, "Percent-encode"},
			{`{"CallbackUrl":"https://pos.example.com/\r\nX-Evil: 1"}`, "control"},
			{`{"CallbackUrl":"https://pösitiv.example.com/"}`, "xn--"},
			{`{"CallbackUrl":"https://pos.example.com:0/"}`, "port"},
			{`{"CallbackUrl":"https://pos.example.com:99999/"}`, "port"},
			{`{"CallbackUrl":"https://pos.example.com:/"}`, "port"},
			{`{"CallbackUrl":"https://127.0.0.1/"}`, "not public"},
			{`{"CallbackUrl":"https://10.0.0.8:8443/"}`, "not public"},
			{`{"CallbackUrl":"https://169.254.169.254/latest/meta-data"}`, "not public"},
			{`{"CallbackUrl":"https://[::1]/"}`, "not public"},
			{`{"CallbackUrl":"https://[::ffff:192.168.1.1]/"}`, "not public"},
			{`{"CallbackUrl":"https://[fe80::1%25eth0]/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://0x7f.1/"}`, "not public"},
			{`{"CallbackUrl":"https://017700000001/"}`, "not public"},
			{`{"CallbackUrl":"https://2130706433/"}`, "not public"},
			{`{"CallbackUrl":"https://127.1/"}`, "not public"},
			{`{"CallbackUrl":"https://127.0.0.1./"}`, "not public"},
			{`{"CallbackUrl":"https://0X7F000001/"}`, "not public"},
			{`{"CallbackUrl":"https://[::127.0.0.1]/"}`, "not public"},
			{`{"CallbackUrl":"https://[64:ff9b::7f00:1]/"}`, "not public"},
			{`{"CallbackUrl":"https://[2002:7f00:1::]/"}`, "not public"},
			{`{"CallbackUrl":"https://localhost/"}`, "not public"},
			{`{"CallbackUrl":"https://LocalHost./"}`, "not public"},
			{`{"CallbackUrl":"https://a.localhost/"}`, "not public"},
			{`{"CallbackUrl":"https://till.local/"}`, "not public"},
			{`{"CallbackUrl":"https://metadata.google.internal/"}`, "not public"},
			{`{"CallbackUrl":"https://instance-data/latest"}`, "not public"},
			{`{"CallbackUrl":"https://%31%32%37.0.0.1/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://127.0.0.1%2f.example.com/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com\\@127.0.0.1/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com:443:80/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com:-1/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com:４４３/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://[::1/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com/%zz"}`, "CallbackUrl"},
			{`{"CallbackUrl":"HTTP://pos.example.com/"}`, "not https"},
			{`{"CallbackUrl":"//pos.example.com/"}`, "CallbackUrl"},
			{`{"CallbackUrl":"javascript:alert(1)"}`, "CallbackUrl"},
			{`{"CallbackUrl":"unix:///var/run/docker.sock"}`, "CallbackUrl"},
			{`{"CallbackUrl":"gopher://pos.example.com/"}`, "scheme"},
			{`{"CallbackUrl":" https://pos.example.com/"}`, "Percent-encode"},
			{`{"CallbackUrl":"https://pos.example.com/\u0000"}`, "CallbackUrl"},
			{`{"CallbackUrl":"https://pos.example.com/` + strings.Repeat("a", 2048) + `"}`, "At most 2048"},
			{`{` + good + `,"Version":"3"}`, `Use \"1\" for the flat event`},
			{`{` + good + `,"Version":"v2"}`, "envelope {Type, CreateTime, Body}"},
			{`{` + good + `,"EventNames":["order.eaten"]}`, "EventNames"},
			{`{` + good + `,"EventNames":["order.created","order.created"]}`, "there twice"},
			{`{` + good + `,"EventNames":[""]}`, "EventNames"},
			{`{` + good + `,"VerifyToken":"a\r\nX-Evil: 1"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":"ä"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":" a"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":"` + strings.Repeat("a", 256) + `"}`, "At most 255"},
			{`{` + good + `,"Enabled":"maybe"}`, "Enabled"},
			{`{` + good + `,"VerifyToken":"a\u0000b"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":"a\u000bb"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":"a\u2028b"}`, "VerifyToken"},
			{`{` + good + `,"VerifyToken":"a\u007f"}`, "VerifyToken"},
			{"{" + good + ",\"VerifyToken\":\"\xff\xfe\"}", "VerifyToken"},
			{"{\"CallbackUrl\":\"https://pos.example.com/\xff\"}", "CallbackUrl"},
			{"{" + good + ",\"EventNames\":[\"order.created\xc3\x28\"]}", "EventNames"},
			{`{` + good + `,"EventNames":["Order"]}`, "EventNames"},
			{`{` + good + `,"EventNames":["*"]}`, "EventNames"},
			{`{` + good + `,"EventNames":["order.created\r\nX-Evil: 1"]}`, "EventNames"},
			{`{"CallbackUrl":7}`, "CallbackUrl"},
			{`{"CallbackUrl":`, ""},
		} {
			k.Run(apptest.Call{Name: c.body, As: apptest.Owner, Method: "POST", Path: hooks, Body: c.body, Status: 400, Text: c.field})
			refused = append(refused, c.body)
		}
		k.Run(
			apptest.Call{Name: "nothing was stored", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: apptest.Want{"TotalRecordCount": 0}},
			apptest.Call{Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{` + good + `}`, Status: 200, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"}},
		)
		for _, body := range append(refused[1:], `{"Version":"9"}`, `{"EventNames":["x"]}`, `{"VerifyToken":"\n"}`) { // an update may leave everything away
			k.Run(apptest.Call{Name: body, As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Body: body, Status: 400})
		}
		for _, c := range []struct{ method, path, body string }{
			{"GET", hooks, ""},
			{"POST", hooks, `{` + good + `}`},
			{"PUT", hooks + "/{id}", `{"Enabled":false}`},
			{"DELETE", hooks + "/{id}", ""},
			{"GET", hooks + "/{id}/events", ""},
			{"POST", hooks + "/{id}/events/order.created", ""},
			{"DELETE", hooks + "/{id}/events/order.created", ""},
			{"GET", hooks + "/{id}/events/order.created/test", ""},
			{"POST", hooks + "/{id}/events/order.created/test", ""},
			{"GET", hooks + "/{id}/logs?start=2026-01-01&end=2027-01-01", ""},
			{"GET", hooks + "/{id}/secret", ""},
			{"POST", hooks + "/{id}/secret", ""},
			{"GET", "/api/v1.0/{appId}/webhooks/events", ""},
		} {
			refusedToOthers(k, c.method, c.path, c.body)
		}
		k.Run(
			apptest.Call{Name: "end before start", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/logs?start=2027-01-01&end=2026-01-01", Status: 400, Text: "before start"},
			apptest.Call{Name: "no range", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/logs", Status: 400, Text: "start"},
			apptest.Call{Name: "sample version", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/events/order.created/test?version=3", Status: 400, Text: "Version"},
			apptest.Call{Name: "test of what", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/events/order.eaten/test", Status: 400, Text: "eventName", Unknown: true},
			apptest.Call{Name: "verify how", As: apptest.Owner, Method: "POST", Path: hooks + "?verify=perhaps", Body: `{` + good + `}`, Status: 400, Text: "verify"},
			apptest.Call{Name: "sample of what", As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/events/order.eaten/test", Status: 400, Text: "eventName"},
			apptest.Call{Name: "unharmed", As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Want: apptest.Want{"TotalRecordCount": 1, "Data.0.Enabled": true, "Data.0.EventNames.0": nil}},
		)
	})
}

// refusedToOthers tries an operation on a subscription, {id}, as all those who may not use it.
func refusedToOthers(k *apptest.Kit, method, path, body string) {
	call := func(name, as, where string, status int) apptest.Call {
		return apptest.Call{Name: name + " " + method + " " + where, As: as, Method: method, Path: where, Body: body, Status: status, Unknown: strings.HasSuffix(where, "/secret")}
	}
	k.Run(
		call("no token", apptest.Nobody, path, 401),
		call("a wrong one", "wrong", path, 401),
		call("a level without the right", apptest.Finance, path, 403),
		call("another brand's owner", apptest.Stranger, path, 403),
		call("an unknown brand", apptest.Owner, strings.Replace(path, "{appId}", "no-such-brand", 1), 403),
	)
	if strings.Contains(path, "{oauthAppId}") {
		k.Run(
			call("another brand's app", apptest.Owner, strings.Replace(path, "{oauthAppId}", "{otherOauthAppId}", 1), 404),
			call("an unknown app", apptest.Owner, strings.Replace(path, "{oauthAppId}", "123", 1), 404),
		)
	}
	if strings.Contains(path, "{id}") {
		k.Run(call("an unknown subscription", apptest.Owner, strings.Replace(path, "{id}", "999", 1), 404))
	}
}

func TestWebhookEventNamesAreTheCatalogue(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.Run(apptest.Call{
			As: apptest.Owner, Method: "GET", Path: "/api/v1.0/{appId}/webhooks/events", Status: 200,
			Want: apptest.Want{"Data": func(v any) error {
				got := fmt.Sprint(v)
				for _, name := range []string{"order.created", "order.tip.updated", "menu.updated", "webhook_subscription.deleted", "hydra.conection_status_changed"} {
					if !strings.Contains(got, name) {
						return fmt.Errorf("lacks %s", name)
					}
				}
				if last := v.([]any)[len(wire.Catalogue)]; last != wire.Own[0].Name {
					return fmt.Errorf("%v comes after the contract's", last)
				}
				if n := len(v.([]any)); n != len(wire.Catalogue)+len(wire.Own) {
					return fmt.Errorf("%d names", n)
				}
				return nil
			}},
		})
	})
}

func TestEverySampleFitsItsSchema(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.Run(apptest.Call{
			As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
			Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
		})
		for _, e := range wire.Catalogue {
			for _, version := range []string{"1", "2"} {
				k.Run(apptest.Call{
					Name: e.Name, As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/events/" + e.Name + "/test?version=" + version, Status: 200,
					Want: apptest.Want{
						"Type": e.Name, "CreateTime": apptest.Present, "Body.EventName": e.Name, "Body.AppId": k.Brand.AppID,
						"Body.Position": 1, "Body.FlipdishEventId": apptest.Present,
					},
				})
			}
		}
	})
}

func TestWebhookSecretIsRevealedAndRotated(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		k.Run(
			apptest.Call{
				As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			apptest.Call{As: apptest.Owner, Method: "GET", Path: hooks + "/{id}/secret", Status: 200, Text: "whsec_", Unknown: true, Save: map[string]string{"first": "Data"}},
			apptest.Call{As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/secret", Status: 200, Text: "whsec_", Lacks: k.Expand("{first}"), Unknown: true, Events: apptest.Events{"webhook_subscription.updated"}},
			apptest.Call{As: apptest.Owner, Method: "GET", Path: hooks, Status: 200, Lacks: "whsec_"},
		)
	})
}

func TestOneAppHasABoundOfSubscriptions(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		for range 100 {
			k.Run(apptest.Call{
				As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 200,
				Events: apptest.Events{"webhook_subscription.created"},
			})
		}
		k.Run(apptest.Call{
			As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://pos.example.com"}`, Status: 409,
			Text: "100 webhook subscriptions",
		})
	})
}

package api_test

import (
	"fmt"
	"strings"
	"testing"

	"comanda/internal/apptest"
)

const auditLog = "/api/v1.0/{appId}/auditlog"

func TestAuditLogTellsOfCredentialsAndSettings(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		w := k.Call(apptest.Call{Name: "create", As: apptest.Integrator, Method: "POST", Path: clients, Body: `{"OauthAppName":"POS"}`, Status: 200})
		location := w.Header().Get("Location")
		k.Vars["id"] = location[strings.LastIndexByte(location, '/')+1:]
		hooks := "/api/v1.0/{appId}/webhooks/{id}/subscriptions"
		n := 1
		shows := func(who, action string, more apptest.Want) apptest.Call {
			want := apptest.Want{"Data.0.Action": action, "Data.0.Target": "oauthapp/{id}", "Data.0.Name": who, "Data.#": 1, "Data.0.OauthAppId": nil, "Data.0.Time": apptest.Present, "Data.0.UserId": apptest.Present}
			for name, v := range more {
				want[name] = v
			}
			n++
			return apptest.Call{Name: fmt.Sprint("entry ", n), As: apptest.Owner, Method: "GET", Path: auditLog + "?limit=1", Status: 200, Want: want, Lacks: "cmd_"}
		}
		k.Run(
			shows("integrator", "oauthapp.created", apptest.Want{"Data.0.Detail": "POS"}),
			apptest.Call{Name: "update", As: apptest.Owner, Method: "POST", Path: client, Body: `{"OauthAppName":"Till"}`, Status: 200},
			shows("owner", "oauthapp.updated", apptest.Want{"Data.0.Detail": "Till"}),
			apptest.Call{Name: "reveal", As: apptest.Owner, Method: "GET", Path: client + "/secret", Status: 200},
			shows("owner", "oauthapp.secret.revealed", nil),
			apptest.Call{Name: "refused", As: apptest.Integrator, Method: "GET", Path: client + "/secret", Status: 403},
			shows("owner", "oauthapp.secret.revealed", nil),
			apptest.Call{Name: "token", As: apptest.Owner, Method: "GET", Path: client + "/accesstoken", Status: 200},
			shows("owner", "oauthapp.token.created", nil),
			apptest.Call{Name: "tokens", As: apptest.Owner, Method: "GET", Path: tokens + "/{id}", Status: 200, Save: map[string]string{"key": "Data.0.Key"}},
			apptest.Call{Name: "revoke", As: apptest.Owner, Method: "DELETE", Path: tokens + "/{key}", Status: 200},
			shows("owner", "oauthapp.token.revoked", apptest.Want{"Data.0.Detail": "token {key}"}),
			apptest.Call{Name: "revoke again", As: apptest.Owner, Method: "DELETE", Path: tokens + "/{key}", Status: 404},
			apptest.Call{Name: "add", As: apptest.Owner, Method: "POST", Path: client + "/redirecturis", Body: `"https://example.com/cb"`, Status: 200, Save: map[string]string{"uri": "Data.Id"}},
			shows("owner", "oauthapp.redirecturi.added", apptest.Want{"Data.0.Detail": "https://example.com/cb"}),
			apptest.Call{Name: "remove", As: apptest.Owner, Method: "DELETE", Path: client + "/redirecturis/{uri}", Status: 200},
			shows("owner", "oauthapp.redirecturi.removed", apptest.Want{"Data.0.Detail": "https://example.com/cb"}),
			apptest.Call{Name: "subscribe", As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"CallbackUrl":"https://example.com/h","EventNames":["order.created"]}`, Status: 200, Save: map[string]string{"hook": "Data"}, Events: apptest.Events{"webhook_subscription.created"}},
			apptest.Call{Name: "reveal", As: apptest.Owner, Method: "GET", Path: hooks + "/{hook}/secret", Status: 200},
			shows("owner", "webhook.secret.revealed", apptest.Want{"Data.0.Target": "webhook/{hook}"}),
			apptest.Call{Name: "rotate", As: apptest.Owner, Method: "POST", Path: hooks + "/{hook}/secret", Status: 200, Events: apptest.Events{"webhook_subscription.updated"}},
			shows("owner", "webhook.secret.rotated", apptest.Want{"Data.0.Target": "webhook/{hook}"}),
			apptest.Call{Name: "settings", As: apptest.Owner, Method: "POST", Path: app + "/config", Body: `{"MainColor":"#fff"}`, Status: 200, Events: apptest.Events{"app.updated"}},
			shows("owner", "app.updated", apptest.Want{"Data.0.Target": "app/{appId}"}),
			apptest.Call{Name: "delete", As: apptest.Owner, Method: "DELETE", Path: client, Status: 200, Events: apptest.Events{"webhook_subscription.deleted"}},
			shows("owner", "oauthapp.deleted", apptest.Want{"Data.0.Detail": "Till"}),

			apptest.Call{Name: "prefix", As: apptest.Owner, Method: "GET", Path: auditLog + "?action=oauthapp.secret", Status: 200, Want: apptest.Want{"Data.#": 1}, Save: map[string]string{"entry": "Data.0.Key"}},
			apptest.Call{Name: "older", As: apptest.Owner, Method: "GET", Path: auditLog + "?action=oauthapp&before={entry}", Status: 200, Want: apptest.Want{"Data.#": 2, "Data.1.Action": "oauthapp.created"}},
			apptest.Call{Name: "another time", As: apptest.Owner, Method: "GET", Path: auditLog + "?to=2020-01-01", Status: 200, Want: apptest.Want{"Data.#": 0}},
			apptest.Call{Name: "no key", As: apptest.Owner, Method: "GET", Path: auditLog + "?before=x", Status: 400, Text: `"FieldName":"before"`},
			apptest.Call{Name: "without the right", As: apptest.Integrator, Method: "GET", Path: auditLog, Status: 403, Lacks: "Till"},
			apptest.Call{Name: "stranger", As: apptest.Stranger, Method: "GET", Path: auditLog, Status: 403, Lacks: "Till"},
			apptest.Call{Name: "nobody", Method: "GET", Path: auditLog, Status: 401},
			apptest.Call{Name: "own", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/accounts/auditlog", Status: 200, Want: apptest.Want{"Data.#": 0}},
		)
		for _, method := range []string{"POST", "PUT", "DELETE"} {
			k.Call(apptest.Call{Name: "change by " + method, As: apptest.Owner, Method: method, Path: auditLog, Status: 405})
		}
	})
}

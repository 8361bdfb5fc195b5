package api_test

import (
	"context"
	"net/http"
	"testing"

	"comanda/internal/apptest"
)

// written writes the request log.
func written(k *apptest.Kit) {
	k.Helper()
	ended, cancel := context.WithCancel(k.Context())
	cancel()
	k.Must(k.Requests.Run(ended))
}

func TestRequestsAreLogged(t *testing.T) {
	const path = "/api/v1.0/{appId}/requests"
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Vars["placed"] = k.Call(placed("order")).Header().Get("X-Request-Id")
		k.Run(apptest.Call{Name: "track", Method: "GET", Path: "/api/v1.0/{appId}/storefront/orders/{orderToken}", Status: 200})
		refused := k.Call(apptest.Call{Name: "refused", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/webhooks/nothing/subscriptions?verify=x", Body: `{}`, Status: 400, Header: http.Header{"User-Agent": {"TillSoft/4.2"}}})
		k.Vars["refused"] = refused.Header().Get("X-Request-Id")
		k.Run(apptest.Call{Name: "of a stranger", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/apps/{appId}", Status: 403})
		written(k)
		k.Run(
			apptest.Call{Name: "newest", As: apptest.Owner, Method: "GET", Path: path + "?limit=2", Status: 200, Want: apptest.Want{
				"Data.#": 2, "Data.0.Operation": "GetApp", "Data.0.StatusCode": 403, "Data.0.UserId": 0, "Data.0.IpAddress": "", "Data.0.UserAgent": "",
				"Data.1.RequestId": "{refused}", "Data.1.Method": "POST", "Data.1.Path": "/api/v1.0/{appId}/webhooks/nothing/subscriptions", "Data.1.UserAgent": "TillSoft/4.2", "Data.1.WrongFields.0": "verify",
			}, Save: map[string]string{"next": "Next"}},
			apptest.Call{Name: "older", As: apptest.Integrator, Method: "GET", Path: path + "?limit=1&before={next}", Status: 200, Want: apptest.Want{
				"Data.0.Path": "/api/v1.0/{appId}/storefront/orders/{trackingToken}",
			}, Lacks: "{orderToken}"},
			apptest.Call{Name: "by class", As: apptest.Owner, Method: "GET", Path: path + "?statusClass=4&path=WEBHOOKS", Status: 200, Want: apptest.Want{"Data.#": 1, "Next": ""}},
			apptest.Call{Name: "with its event", As: apptest.Owner, Method: "GET", Path: path + "/{placed}", Status: 200, Want: apptest.Want{
				"Data.StatusCode": 201, "Data.IpAddress": "", "Data.Events.#": 1, "Data.Events.0.EventName": "order.created",
			}},
			apptest.Call{Name: "without events", As: apptest.Owner, Method: "GET", Path: path + "/{refused}", Status: 200, Want: apptest.Want{"Data.Events.#": 0}},
			apptest.Call{Name: "of another brand", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/requests/{refused}", Status: 404},
			apptest.Call{Name: "none", As: apptest.Owner, Method: "GET", Path: path + "/x", Status: 404},
			apptest.Call{Name: "no cursor", As: apptest.Owner, Method: "GET", Path: path + "?before=x", Status: 400, Text: "before"},
		)
		for _, path := range []string{path, path + "/{refused}"} {
			k.Run(
				apptest.Call{Name: "nobody", Method: "GET", Path: path, Status: 401},
				apptest.Call{Name: "without the right", As: apptest.Finance, Method: "GET", Path: path, Status: 403},
				apptest.Call{Name: "another brand's owner", As: apptest.Stranger, Method: "GET", Path: path, Status: 403},
			)
		}
	})
}

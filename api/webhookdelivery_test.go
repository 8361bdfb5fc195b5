package api_test

import (
	"testing"

	"comanda/internal/apptest"
)

func TestWebhookDeliveryIsPausedAndToldOf(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		withApp(k)
		updated := apptest.Events{"webhook_subscription.updated"}
		health := func(name string, want apptest.Want) apptest.Call {
			return apptest.Call{Name: name, As: apptest.Integrator, Method: "GET", Path: hooks + "/{id}/health", Status: 200, Want: want}
		}
		k.Run(
			apptest.Call{
				Name: "create", As: apptest.Owner, Method: "POST", Path: hooks, Status: 200,
				Body:   `{"EventNames":["webhook_subscription.updated"],"CallbackUrl":"https://pos.example.com/"}`,
				Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"id": "Data"},
			},
			health("new", apptest.Want{
				"Data.State": "streaming", "Data.Since": apptest.Present, "Data.Cursor": apptest.Present, "Data.Head": apptest.Present, "Data.LagEvents": 0, "Data.LagSeconds": 0, "Data.Pending": 0, "Data.Held": 0,
				"Data.ExpiredEvents": 0, "Data.LastAttemptAt": nil, "Data.LastStatus": 0, "Data.LastError": nil, "Data.LastSuccessAt": nil,
				"Data.FailingSince": nil, "Data.DisabledReason": nil, "Data.ReplayFrom": nil, "Data.ReplayTo": nil,
			}),
			apptest.Call{Name: "resume what is not paused", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/resume", Status: 200},
			apptest.Call{Name: "pause", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/pause", Status: 200, Events: updated},
			apptest.Call{Name: "pause again", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/pause", Status: 200},
			health("paused", apptest.Want{"Data.State": "paused", "Data.Since": apptest.Present, "Data.LagEvents": 1}),
			apptest.Call{Name: "resume", As: apptest.Integrator, Method: "POST", Path: hooks + "/{id}/resume", Status: 200, Events: updated},
			apptest.Call{Name: "pause once more", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/pause", Status: 200, Events: updated},
			apptest.Call{Name: "disable", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Body: `{"Enabled":false}`, Status: 200, Events: updated},
			health("disabled by a person", apptest.Want{"Data.State": "disabled", "Data.LagEvents": 0, "Data.DisabledReason": nil, "Data.ReplayFrom": apptest.Present, "Data.ReplayTo": nil}),
			apptest.Call{Name: "pause a disabled one", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/pause", Status: 409, Text: "Enable it"},
			apptest.Call{Name: "resume a disabled one", As: apptest.Owner, Method: "POST", Path: hooks + "/{id}/resume", Status: 409, Text: "Enable it"},
			apptest.Call{Name: "enable", As: apptest.Owner, Method: "PUT", Path: hooks + "/{id}", Body: `{"Enabled":true}`, Status: 200, Events: updated},
			health("it is not paused any more", apptest.Want{"Data.State": "streaming", "Data.ReplayFrom": apptest.Present, "Data.ReplayTo": apptest.Present}),
			apptest.Call{Name: "nothing waits", As: apptest.Integrator, Method: "GET", Path: hooks + "/{id}/pending", Status: 200, Want: apptest.Want{"TotalRecordCount": 0, "Data.0": nil}},
			apptest.Call{Name: "nothing expired", As: apptest.Integrator, Method: "GET", Path: hooks + "/{id}/expired", Status: 200, Want: apptest.Want{"TotalRecordCount": 0, "Data.0": nil}},
		)
		for _, c := range []struct{ method, path string }{
			{"GET", hooks + "/{id}/health"}, {"POST", hooks + "/{id}/pause"}, {"POST", hooks + "/{id}/resume"}, {"GET", hooks + "/{id}/expired"}, {"GET", hooks + "/{id}/pending"},
		} {
			refusedToOthers(k, c.method, c.path, "")
		}
	})
}

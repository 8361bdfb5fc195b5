package api_test

import (
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
)

// Orders and what they tell follow the clock of a sandbox.
func TestTheClockOfASandbox(t *testing.T) {
	const path = "/api/v1.0/{appId}/sandbox/clock"
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.Must(k.DB.Write(t.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`update brands set sandbox = $1 where app_id = $2`, true, k.Vars["appId"])
			return err
		}))
		set := func(name, as, body string, status int, text string) apptest.Call {
			return apptest.Call{Name: name, As: as, Method: "POST", Path: path, Body: body, Status: status, Text: text, Unknown: true}
		}
		k.Run(
			apptest.Call{ // which also makes the server read the brand anew
				Name: "a change", As: apptest.Owner, Method: "POST", Path: "/api/v1.0/apps/{appId}/config", Body: `{"MainColor":"#112233"}`, Status: 200,
				Events: apptest.Events{"app.updated"},
			},
			apptest.Call{Name: "not moved", As: apptest.ReadOnly, Method: "GET", Path: path, Status: 200, Want: apptest.Want{"Data.OffsetSeconds": 0}, Unknown: true},
			set("by who only reads", apptest.ReadOnly, `{"AdvanceSeconds":60}`, 403, ""),
			set("by nobody", apptest.Nobody, `{"AdvanceSeconds":60}`, 401, ""),
			set("by a stranger", apptest.Stranger, `{"AdvanceSeconds":60}`, 403, ""),
			set("nothing", apptest.Owner, `{}`, 400, "give either Time or AdvanceSeconds"),
			set("no number", apptest.Owner, `{"AdvanceSeconds":"soon"}`, 400, "AdvanceSeconds"),
			set("a week", apptest.Integrator, `{"AdvanceSeconds":604800}`, 200, `"OffsetSeconds":604800`),
			set("back", apptest.Owner, `{"Time":"2020-01-01T00:00:00Z"}`, 409, "goes ahead only"),
			placed("order"),
			apptest.Call{
				Name: "read", As: apptest.Owner, Method: "GET", Path: "/api/v1.0/orders/{order}", Status: 200, Save: map[string]string{"at": "Data.PlacedTime"},
			},
		)
		at, err := time.Parse(time.RFC3339, k.Vars["at"])
		k.Must(err)
		if ahead := at.Sub(clock.Now()); ahead < 7*24*time.Hour-time.Minute || ahead > 7*24*time.Hour+time.Minute {
			t.Errorf("the order was placed %v from now, want a week", ahead)
		}
	})
}

package api_test

import (
	"testing"

	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/db"
)

// An event names the request that caused it by the X-Request-Id of its answer.
func TestAnEventNamesItsRequest(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		id := k.Call(placed("order")).Header().Get("X-Request-Id")
		var last []event.Event
		k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) (err error) {
			last, err = event.Read(tx, k.Brand.ID, 0, 1000)
			return err
		}))
		if e := last[len(last)-1]; id == "" || e.Name != "order.created" || e.Request != id {
			t.Errorf("%s names the request %q, want order.created of %q", e.Name, e.Request, id)
		}
	})
}

package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/wire"
)

const (
	theLog    = "/api/v1.0/{appId}/events/log"
	eventSSE  = "/api/v1.0/{appId}/events/stream"
	pull      = "/api/v1.0/{appId}/events/pull"
	ack       = "/api/v1.0/{appId}/events/ack"
	extend    = "/api/v1.0/{appId}/events/extend"
	consumers = "/api/v1.0/{appId}/events/consumers"
)

// mustAppend puts events into the log of the kit's brand: order.created of a store each, menu.updated for store 0.
func mustAppend(k *apptest.Kit, stores ...int) {
	k.Helper()
	var records []event.Record
	for i, s := range stores {
		body := wire.Event(&wire.OrderCreatedEvent{})
		if s == 0 {
			body = &wire.MenuUpdatedEvent{}
		}
		rec, err := event.Encode(event.New{Brand: k.Brand.ID, AppID: k.Brand.AppID, Subject: fmt.Sprintf("order/%d", i), Store: s, Body: body})
		k.Must(err)
		records = append(records, rec)
	}
	k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error { k.Log.Append(tx, records...); return nil }))
}

func head(k *apptest.Kit) (n int64) {
	k.Helper()
	k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) (err error) { n, err = event.Head(tx, k.Brand.ID); return err }))
	return n
}

func TestTheLogIsReadByACursor(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustSignUp("manager")
		k.MustMember("manager", wire.AppAccessLevelStoreManager, 2)
		get := func(c apptest.Call) apptest.Call {
			c.Method = "GET"
			if c.Path = theLog + c.Path; c.Status == 0 {
				c.Status = http.StatusOK
			}
			return c
		}
		k.Run(get(apptest.Call{Name: "latest", As: apptest.Owner, Path: "?after=latest", Want: apptest.Want{"Data.#": 0, "HasMore": false}, Save: map[string]string{"from": "Next"}}))
		mustAppend(k, 1, 2, 0, 2)
		k.Vars["head"] = fmt.Sprint(head(k))
		k.Run(
			get(apptest.Call{Name: "from there", As: apptest.Owner, Path: "?after={from}", Want: apptest.Want{"Data.#": 4, "HasMore": false, "Data.0.Event.EventName": "order.created", "Data.3.Event.Position": "{head}"}, Save: map[string]string{"first": "Data.0.Cursor", "next": "Next"}}),
			get(apptest.Call{Name: "on from the first", As: apptest.Integrator, Path: "?after={first}&limit=1", Want: apptest.Want{"Data.#": 1, "HasMore": true}}),
			get(apptest.Call{Name: "nothing new", As: apptest.Owner, Path: "?after={next}", Want: apptest.Want{"Data.#": 0, "Next": "{next}", "HasMore": false}}),
			get(apptest.Call{Name: "by name", As: apptest.Owner, Path: "?after={from}&name=Menu.Updated", Want: apptest.Want{"Data.#": 1, "Next": "{next}"}}),
			get(apptest.Call{Name: "by heading", As: apptest.Owner, Path: "?after={from}&group=order", Want: apptest.Want{"Data.#": 3, "Next": "{next}"}}),
			get(apptest.Call{Name: "by name or heading", As: apptest.Owner, Path: "?after={from}&group=order&name=menu.updated", Want: apptest.Want{"Data.#": 4}}),
			get(apptest.Call{Name: "by store", As: apptest.Owner, Path: "?after={from}&storeId=2&storeId=7", Want: apptest.Want{"Data.#": 2, "Next": "{next}"}}),
			get(apptest.Call{Name: "a store's manager", As: "manager", Path: "?after={from}", Want: apptest.Want{"Data.#": 2, "Next": "{next}"}}),
			get(apptest.Call{Name: "who sees no menus", As: apptest.ReadOnly, Path: "?after={from}", Want: apptest.Want{"Data.#": 3, "Next": "{next}"}}),
			get(apptest.Call{Name: "without after, from the oldest", As: apptest.Owner, Path: "?limit=1", Want: apptest.Want{"Data.0.Event.Position": 1}, Save: map[string]string{"one": "Next"}}),
			get(apptest.Call{Name: "oldest", As: apptest.Owner, Path: "?after=oldest&limit=1", Want: apptest.Want{"Data.0.Event.Position": 1}}),
			get(apptest.Call{Name: "since a time", As: apptest.Owner, Path: "?start=2020-01-01T00:00:00Z&limit=1", Want: apptest.Want{"Data.0.Event.Position": 1}}),
			get(apptest.Call{Name: "since the future", As: apptest.Owner, Path: "?start=2090-01-01T00:00:00Z", Want: apptest.Want{"Data.#": 0, "Next": "{next}"}}),

			get(apptest.Call{Name: "nobody", Path: "", Status: 401}),
			get(apptest.Call{Name: "without the right", As: apptest.Finance, Path: "?after={from}", Status: 403, Lacks: "order.created"}),
			get(apptest.Call{Name: "a stranger", As: apptest.Stranger, Path: "?after={from}", Status: 403, Lacks: "order.created"}),
			get(apptest.Call{Name: "no cursor", As: apptest.Owner, Path: "?after=yesterday", Status: 400, Text: `"FieldName":"after"`}),
			get(apptest.Call{Name: "a long cursor", As: apptest.Owner, Path: "?after=" + strings.Repeat("A", 65), Status: 400, Text: `"FieldName":"after"`}),
			get(apptest.Call{Name: "beyond the head", As: apptest.Owner, Path: "?after=" + event.Cursor{Position: 1 << 40}.String(), Status: 410, Want: apptest.Want{"Data.OldestPosition": 1, "Data.OldestCursor": "{one}"}, Text: "Read on with oldest"}),
			get(apptest.Call{Name: "not the stored event", As: apptest.Owner, Path: "?after=" + event.Cursor{Position: 1}.String(), Status: 410}),
			get(apptest.Call{Name: "two beginnings", As: apptest.Owner, Path: "?after=latest&start=2020-01-01", Status: 400, Text: `"FieldName":"start"`}),
			get(apptest.Call{Name: "unknown name", As: apptest.Owner, Path: "?name=order.eaten", Status: 400, Text: `"FieldName":"name"`}),
			get(apptest.Call{Name: "unknown heading", As: apptest.Owner, Path: "?group=Weather", Status: 400, Text: `"FieldName":"group"`}),
			get(apptest.Call{Name: "limit 0", As: apptest.Owner, Path: "?limit=0", Status: 400, Text: `"FieldName":"limit"`}),
			get(apptest.Call{Name: "limit 501", As: apptest.Owner, Path: "?limit=501", Status: 400, Text: `"FieldName":"limit"`}),
		)
		// The bytes are the stored ones.
		w := k.Call(get(apptest.Call{Name: "all", As: apptest.Owner, Path: "?limit=500"}))
		var page struct {
			Data []struct{ Event json.RawMessage }
		}
		k.Must(json.Unmarshal(w.Body.Bytes(), &page))
		k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) error {
			events, err := event.Read(tx, k.Brand.ID, 0, 500)
			for i, e := range events {
				if string(page.Data[i].Event) != string(e.Flat()) {
					t.Errorf("position %d: %s", e.Position, page.Data[i].Event)
				}
			}
			return err
		}))
		// Deleted by age.
		k.Must(k.DB.Write(k.Context(), func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from log_events where brand_id = $1 and position <= 2`, k.Brand.ID)
			return err
		}))
		k.Run(
			get(apptest.Call{Name: "a cursor that is too old", As: apptest.Owner, Path: "?after={one}", Status: 410, Want: apptest.Want{"Data.OldestPosition": 3}}),
			get(apptest.Call{Name: "the oldest that is kept", As: apptest.Owner, Path: "?limit=1", Want: apptest.Want{"Data.0.Event.Position": 3}}),
		)
	})
}

func TestAStreamRefusesWhatTheLogRefuses(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		last := func(id string) http.Header { return http.Header{"Last-Event-Id": {id}} }
		get := func(c apptest.Call) apptest.Call {
			c.Method, c.Path = "GET", eventSSE+c.Path
			return c
		}
		k.Run(
			get(apptest.Call{Name: "nobody", Status: 401}),
			get(apptest.Call{Name: "without the right", As: apptest.Finance, Status: 403}),
			get(apptest.Call{Name: "a stranger", As: apptest.Stranger, Status: 403}),
			get(apptest.Call{Name: "broken Last-Event-ID", As: apptest.Owner, Header: last("x y"), Status: 400, Text: `"FieldName":"Last-Event-ID"`}),
			get(apptest.Call{Name: "it goes before after", As: apptest.Owner, Path: "?after=latest", Header: last("nonsense"), Status: 400, Text: `"FieldName":"Last-Event-ID"`}),
			get(apptest.Call{Name: "gone", As: apptest.Owner, Header: last(event.Cursor{Position: 1 << 40}.String()), Status: 410, Want: apptest.Want{"Data.OldestPosition": 1}}),
			get(apptest.Call{Name: "a long one", As: apptest.Owner, Header: last(strings.Repeat("A", 5000)), Status: 400, Text: `"FieldName":"Last-Event-ID"`}),
			get(apptest.Call{Name: "broken after", As: apptest.Owner, Path: "?after=%00", Status: 400}),
			get(apptest.Call{Name: "unknown name", As: apptest.Owner, Path: "?name=order.eaten", Status: 400, Text: `"FieldName":"name"`}),
		)
		one := event.Cursor{Position: 1}.String()
		for _, hostile := range []string{
			" ", ",", "0", "-1", "null", "latest\x00", "\x00", "\xff\xfe", "١", one + "=", one + "\n", "\r\nX-Evil: 1", one + one, one[:len(one)-1],
			"../../etc/passwd", "%0d%0a", "' or 1=1 --", "_____________________w",
			base64.RawURLEncoding.EncodeToString(append(bytes.Repeat([]byte{0xff}, 10), 1, 0, 0, 0, 0, 0, 0)),     // a number of more than 64 bits
			base64.RawURLEncoding.EncodeToString(append(binary.AppendUvarint(nil, 1<<63), 0, 0, 0, 0, 0, 0)),      // a negative position
			base64.RawURLEncoding.EncodeToString([]byte{0x81, 0, 0, 0, 0, 0, 0, 0}),                               // a longer spelling of 1
			base64.StdEncoding.EncodeToString(append(binary.AppendUvarint(nil, 1), 0xff, 0xff, 0xff, 0xfb, 0, 0)), // another alphabet
		} {
			k.Call(get(apptest.Call{Name: fmt.Sprintf("%q", hostile), As: apptest.Owner, Header: last(hostile), Status: 400, Text: `"FieldName":"Last-Event-ID"`}))
		}
	})
}

func TestEventsArePulledAndAcknowledged(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustSignUp("manager")
		k.MustMember("manager", wire.AppAccessLevelStoreManager, 2)
		post := func(c apptest.Call) apptest.Call {
			c.Method = "POST"
			if c.Status == 0 {
				c.Status = http.StatusOK
			}
			return c
		}
		many := make([]string, 501)
		for i := range many {
			many[i] = fmt.Sprintf(`"%d"`, i)
		}
		k.Run(
			post(apptest.Call{Name: "made from now on", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos"}`, Want: apptest.Want{"Events.#": 0, "Lost": 0}}),
			post(apptest.Call{Name: "the manager's of the same name", As: "manager", Path: pull, Body: `{"Consumer":"pos","EventNames":["order.created"]}`, Want: apptest.Want{"Events.#": 0}}),
			post(apptest.Call{Name: "from the oldest", As: apptest.Owner, Path: pull, Body: `{"Consumer":"old","From":"oldest","Limit":1,"Groups":["Order"],"StoreIds":[1]}`, Want: apptest.Want{"Events.#": 0}}),
		)
		mustAppend(k, 1, 2, 0)
		k.Run(
			post(apptest.Call{Name: "pull", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos","Limit":2,"VisibilitySeconds":600,"WaitSeconds":20}`, Want: apptest.Want{"Events.#": 2, "Events.0.Attempt": 1, "Events.0.Event.EventName": "order.created"}, Save: map[string]string{"a": "Events.0.AckId", "b": "Events.1.AckId"}}),
			post(apptest.Call{Name: "the manager's", As: "manager", Path: pull, Body: `{"Consumer":"pos"}`, Want: apptest.Want{"Events.#": 1}, Save: map[string]string{"m": "Events.0.AckId"}}),
			post(apptest.Call{Name: "by heading and store", As: apptest.Owner, Path: pull, Body: `{"Consumer":"old"}`, Want: apptest.Want{"Events.#": 1}}),
			post(apptest.Call{Name: "another filter", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos","StoreIds":[1]}`, Status: 409}),

			post(apptest.Call{Name: "acknowledge, twice in one call, another's, made up", As: apptest.Owner, Path: ack, Body: `{"Consumer":"pos","AckIds":["{a}","{a}","{m}","x"]}`, Want: apptest.Want{"Acknowledged.#": 1, "Acknowledged.0": "{a}", "Unknown.#": 2}}),
			post(apptest.Call{Name: "again", As: apptest.Owner, Path: ack, Body: `{"Consumer":"pos","AckIds":["{a}"]}`, Want: apptest.Want{"Acknowledged.0": "{a}", "Unknown.#": 0}}),
			post(apptest.Call{Name: "another's consumer", As: apptest.Integrator, Path: ack, Body: `{"Consumer":"pos","AckIds":["{b}"]}`, Status: 404}),
			post(apptest.Call{Name: "extend", As: apptest.Owner, Path: extend, Body: `{"Consumer":"pos","AckIds":["{b}","{a}"],"Extend":3600}`, Want: apptest.Want{"Extended.#": 1, "Unknown.0": "{a}"}}),
			post(apptest.Call{Name: "release", As: apptest.Owner, Path: extend, Body: `{"Consumer":"pos","AckIds":["{b}"],"Release":true}`, Want: apptest.Want{"Extended.0": "{b}"}}),
			apptest.Call{Name: "how they stand", As: apptest.Owner, Method: "GET", Path: consumers, Status: 200, Want: apptest.Want{"Data.#": 3, "Data.0.Consumer": "old", "Data.0.EventNames.0": "Order", "Data.1.Consumer": "pos", "Data.1.Out": 0, "Data.1.Waiting": 1, "Data.1.Behind": 1, "Data.1.Lost": 0}},
			apptest.Call{Name: "one's own", As: "manager", Method: "GET", Path: consumers, Status: 200, Want: apptest.Want{"Data.#": 1, "Data.0.Out": 1, "Data.0.EventNames.0": "order.created"}, Save: map[string]string{"owner": "Data.0.Owner"}},
			post(apptest.Call{Name: "pull again", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos"}`, Want: apptest.Want{"Events.#": 2, "Events.0.Attempt": 2, "Events.1.Attempt": 1}}),
			post(apptest.Call{Name: "the old lease", As: apptest.Owner, Path: ack, Body: `{"Consumer":"pos","AckIds":["{b}"]}`, Want: apptest.Want{"Unknown.0": "{b}", "Acknowledged.#": 0}}),

			post(apptest.Call{Name: "too many ids", As: apptest.Owner, Path: ack, Body: `{"Consumer":"pos","AckIds":[` + strings.Join(many, ",") + `]}`, Status: 400, Text: `"FieldName":"AckIds"`}),
			post(apptest.Call{Name: "no ids", As: apptest.Owner, Path: ack, Body: `{"Consumer":"pos","AckIds":[]}`, Status: 400, Text: `"FieldName":"AckIds"`}),
			post(apptest.Call{Name: "extend by nothing", As: apptest.Owner, Path: extend, Body: `{"Consumer":"pos","AckIds":["x"]}`, Status: 400, Text: `"FieldName":"Extend"`}),
			post(apptest.Call{Name: "extend and release", As: apptest.Owner, Path: extend, Body: `{"Consumer":"pos","AckIds":["x"],"Extend":10,"Release":true}`, Status: 400, Text: `"FieldName":"Extend"`}),
			post(apptest.Call{Name: "no such consumer", As: apptest.Owner, Path: ack, Body: `{"Consumer":"till","AckIds":["x"]}`, Status: 404}),
			post(apptest.Call{Name: "no name", As: apptest.Owner, Path: pull, Body: `{"Consumer":""}`, Status: 400, Text: `"FieldName":"Consumer"`}),
			post(apptest.Call{Name: "a bad name", As: apptest.Owner, Path: pull, Body: `{"Consumer":"a/b"}`, Status: 400, Text: `"FieldName":"Consumer"`}),
			post(apptest.Call{Name: "limit 101", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos","Limit":101}`, Status: 400, Text: `"FieldName":"Limit"`}),
			post(apptest.Call{Name: "visible for 9 s", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos","VisibilitySeconds":9}`, Status: 400, Text: `"FieldName":"VisibilitySeconds"`}),
			post(apptest.Call{Name: "wait for 21 s", As: apptest.Owner, Path: pull, Body: `{"Consumer":"pos","WaitSeconds":21}`, Status: 400, Text: `"FieldName":"WaitSeconds"`}),
			post(apptest.Call{Name: "unknown name", As: apptest.Owner, Path: pull, Body: `{"Consumer":"new","EventNames":["order.eaten"]}`, Status: 400, Text: `"FieldName":"EventNames"`}),
			post(apptest.Call{Name: "unknown beginning", As: apptest.Owner, Path: pull, Body: `{"Consumer":"new","From":"yesterday"}`, Status: 400, Text: `"FieldName":"From"`}),
			post(apptest.Call{Name: "gone beginning", As: apptest.Owner, Path: pull, Body: `{"Consumer":"new","From":"` + event.Cursor{Position: 1 << 40}.String() + `"}`, Status: 410, Want: apptest.Want{"Data.OldestPosition": 1}}),
			post(apptest.Call{Name: "nobody", Path: pull, Body: `{"Consumer":"pos"}`, Status: 401}),
			post(apptest.Call{Name: "without the right", As: apptest.Finance, Path: pull, Body: `{"Consumer":"pos"}`, Status: 403}),
			post(apptest.Call{Name: "a stranger", As: apptest.Stranger, Path: pull, Body: `{"Consumer":"pos"}`, Status: 403}),
			post(apptest.Call{Name: "a stranger acknowledges", As: apptest.Stranger, Path: ack, Body: `{"Consumer":"pos","AckIds":["{a}"]}`, Status: 403}),

			apptest.Call{Name: "delete another's", As: "manager", Method: "DELETE", Path: consumers + "/pos?owner=account/1", Status: 403},
			apptest.Call{Name: "delete what is not there", As: apptest.Integrator, Method: "DELETE", Path: consumers + "/pos", Status: 404},
			apptest.Call{Name: "delete", As: apptest.Owner, Method: "DELETE", Path: consumers + "/pos", Status: 200},
			apptest.Call{Name: "the brand's owner deletes the manager's", As: apptest.Owner, Method: "DELETE", Path: consumers + "/pos?owner={owner}", Status: 200},
			apptest.Call{Name: "left", As: apptest.Owner, Method: "GET", Path: consumers, Status: 200, Want: apptest.Want{"Data.#": 1}},
		)
		if names := slices.Sorted(slices.Values([]string{k.Vars["a"], k.Vars["b"]})); names[0] == names[1] {
			t.Error("two leases of one id")
		}
	})
}

// A pull that waits has what happens meanwhile.
func TestAPullWaitsForTheNextEvent(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.Call(apptest.Call{As: apptest.Owner, Method: "POST", Path: pull, Body: `{"Consumer":"pos"}`, Status: 200})
		got := make(chan string)
		go func() {
			got <- k.Send(apptest.Call{As: apptest.Owner, Method: "POST", Path: pull, Body: `{"Consumer":"pos","WaitSeconds":20}`}).Body.String()
		}()
		mustAppend(k, 1)
		if body := <-got; !strings.Contains(body, `"order.created"`) {
			t.Error(body)
		}
	})
}

// A pull that waits looks once more at its end than one that does not wait, as long as no event is out.
func TestAWaitingPullAsksForNothing(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	reads := func(seconds int) int64 {
		before := k.DB.Stats().Reads
		k.Call(apptest.Call{As: apptest.Owner, Method: "POST", Path: pull, Body: fmt.Sprintf(`{"Consumer":"pos","WaitSeconds":%d}`, seconds), Status: 200})
		return k.DB.Stats().Reads - before
	}
	reads(0) // makes it
	if at, while := reads(0), reads(2); while > at+1 {
		t.Errorf("%d reads at once, %d while waiting", at, while)
	}
}

package api_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"comanda/account"
	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/oauth"
	"comanda/wire"
)

var literal = regexp.MustCompile(`wire\.(\w+Event)\{`)

// emitted are the classes of events that the program makes, read from its source.
func emitted(t *testing.T) map[string]bool {
	t.Helper()
	out := map[string]bool{}
	for _, folder := range []string{"account", "customer", "store", "menu", "voucher", "order", "oauth", "webhook"} {
		files, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, f := range files {
			if name := filepath.Base(f); strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "sample") {
				continue // a sample is not sent as an event
			}
			source, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range literal.FindAllSubmatch(source, -1) {
				out[string(m[1])] = true
			}
		}
	}
	for _, e := range wire.Own { // the delivery of webhooks reports these; package webhook drives them
		delete(out, e.Class)
	}
	return out
}

// everything does what causes each event, through the API.
func everything(k *apptest.Kit) {
	k.Helper()
	k.MustShop() // store groups, stores, their hours, menus
	withApp(k)
	k.MustSignUp("ann")
	const orders, front = "/api/v1.0/orders", "/api/v1.0/{appId}/storefront/orders"
	as := func(who, method, path, body string, names ...string) apptest.Call {
		return apptest.Call{Name: method + " " + path, As: who, Method: method, Path: path, Body: body, Status: 200, Events: names}
	}
	k.Run(
		as(apptest.Owner, "POST", app+"/config", `{"MainColor":"#fff"}`, "app.updated"),
		placed("one"), placed("two"),
		as("", "POST", front+"/{oneToken}/tip", `{"TipAmount":2}`, "order.tip.updated"),
		as(apptest.Integrator, "POST", orders+"/{one}/accept", `{}`, "order.accepted"),
		as(apptest.Owner, "POST", orders+"/{one}/dispatch", ``, "order.dispatched"),
		as(apptest.Owner, "POST", orders+"/{one}/deliveryinfo", `{"Status":"OnTheWay","IntegrationName":"Courier"}`, "order.deliverytracking.status.updated"),
		as(apptest.Owner, "POST", orders+"/{one}/fulfillment/state", `{"StatusId":"Preparing"}`, "order.fulfillment.status.updated"),
		as("", "POST", front+"/{oneToken}/rating", `{"Rating":4}`, "order.rating.updated"),
		as(apptest.Finance, "POST", orders+"/{one}/refund", `{"RefundAmount":1.25,"NotifyCustomer":true,"RefundReason":"cold"}`, "order.refunded"),
		as(apptest.Owner, "POST", orders+"/{two}/reject", `{"RejectReason":"TooBusy"}`, "order.rejected"),
		apptest.Call{As: apptest.Owner, Method: "POST", Path: hooks, Body: `{"EventNames":["order.created"],"CallbackUrl":"https://pos.example.com/"}`, Status: 200, Events: apptest.Events{"webhook_subscription.created"}, Save: map[string]string{"hook": "Data"}},
		as(apptest.Owner, "POST", hooks+"/{hook}/events/order.rejected", ``, "webhook_subscription.updated"),
		as(apptest.Owner, "DELETE", hooks+"/{hook}", ``, "webhook_subscription.deleted"),
		apptest.Call{As: apptest.Owner, Method: "POST", Path: teammates, Body: `{"Email":"ann@comanda.test","AppAccessLevel":"Support"}`, Status: 200, Events: apptest.Events{"teammate.invite.sent"}, Save: map[string]string{"mate": "Data.TeammateId"}},
		as("ann", "POST", acceptAll, ``, "teammate.invite.accepted"),
		as(apptest.Owner, "POST", mate, `{"AppAccessLevel":"Onboarding"}`, "teammate.updated"),
		as(apptest.Owner, "DELETE", mate, ``, "teammate.deleted"),
	)
	consent(k)
	k.Run(
		apptest.Call{As: apptest.Owner, Method: "POST", Path: "/api/v1.0/vouchers/{appId}", Body: `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1},"IsAutomaticallyApplied":true,"Code":"ONE-OFF"}`, Status: 200, Events: apptest.Events{"voucher.created"}, Save: map[string]string{"voucherId": "Data.VoucherId"}},
		as(apptest.Owner, "POST", "/api/v1.0/vouchers/{voucherId}", `{"Description":"On us"}`, "voucher.updated"),
		apptest.Call{Method: "POST", Path: front, Body: strings.NewReplacer(`"VoucherCode":null`, `"VoucherCode":"one-off"`, "10.5", "9.5").Replace(basket), Header: key(), Status: 201, Events: apptest.Events{"order.created", "voucher.applied"}},
	)
	k.Run(
		apptest.Call{As: apptest.Owner, Method: "POST", Path: "/api/v1.0/{appId}/customers", Body: `{"PhoneNumber":"087 765 4321","Name":"Aoife"}`, Status: 200, Events: apptest.Events{"customer.created"}, Save: map[string]string{"customerId": "Data.CustomerId"}},
		as(apptest.Owner, "POST", "/api/v1.0/{appId}/customers/{customerId}", `{"CashOrdersEnabled":false,"MarketingEnabled":true}`, "customer.updated", "customer.consent.updated"),
	)
	newMenu(k) // and a store group and a store
	k.Run(menuEdits(k)...)
	k.Run(wholeMenuEdits(k)...)
	const store, item = "/api/v1.0/stores/{storeId}", "/api/v1.0/menus/{menuId}/sections/{sectionId}/sectionitems/{itemId}"
	k.Run(
		as(apptest.Owner, "POST", item, `{"IsAvailable":false}`, "menu.section_item.updated"),
		as(apptest.Owner, "POST", item+"/optionsets/{setId}/optionsetitems/{optionId}", `{"Price":11.5}`, "menu.option_set_item.updated"),
		as(apptest.Owner, "POST", store+"/address", `{"Line1":"12 Main Street","City":"Dublin","Postcode":"D02","AddressFields":{"flat":"2"}}`, "store.address.updated"),
		as(apptest.Owner, "POST", store+"/address/coordinates", `{"Latitude":53.3454,"Longitude":-6.2641}`, "store.address.updated"),
		as(apptest.Owner, "POST", store+"/availability/Pickup", `{"DayOfWeek":1,"StartTime":"17:00:00","Period":"06:00:00"}`, "store.opening_hours.updated"),
		as(apptest.Owner, "POST", "/api/v1.0/menus/{menuId}/checkpoints", `{}`, "menu_checkpoint.created"),
		as(apptest.Owner, "POST", store+"/menu/{menuId}", ``, "store.menu.assigned"),
		as(apptest.Owner, "POST", store+"/publish", ``, "store.published"),
		as(apptest.Owner, "POST", store, `{"Name":"Temple Bar South"}`, "store.updated"),
		as(apptest.Owner, "POST", store+"/unpublish", ``, "store.unpublished"),
		as(apptest.Owner, "POST", store, `{"IsArchived":true}`, "store.updated", "store.archived"),
		as(apptest.Owner, "POST", store, `{"IsArchived":false}`, "store.updated", "store.unarchived"),
	)
	storeSettings(k, as)
}

// storeSettings causes the events of a store's settings.
func storeSettings(k *apptest.Kit, as func(who, method, path, body string, names ...string) apptest.Call) {
	k.Helper()
	const store, group = "/api/v1.0/stores/{storeId}", "/api/v1.0/storegroups/{cork}"
	save := func(c apptest.Call, name, member string) apptest.Call {
		c.Save = map[string]string{name: member}
		return c
	}
	k.Run(
		save(as(apptest.Owner, "POST", store+"/businesshoursoverrides", `{"DeliveryType":"Pickup","StartTime":"2030-12-25T00:00:00Z","EndTime":"2030-12-26T00:00:00Z","Type":"Closed"}`, "store.business_hours_override.created"), "override", "Data.BusinessHoursOverrideId"),
		as(apptest.Owner, "DELETE", store+"/businesshoursoverrides/{override}", ``, "store.business_hours_override.deleted"),
		as(apptest.Owner, "POST", store+"/preorderconfig/Pickup", `{"IntervalMinutes":30}`, "store.preorder_config.updated"),
		as(apptest.Owner, "POST", store+"/servicecharge", `{"PercentageValue":10,"Enabled":true}`, "store.service_charge.updated"),
		as(apptest.Owner, "POST", store+"/tipconfig", `{"Percentages":[5],"DefaultPercentage":5}`, "store.tip.updated"),
		save(as(apptest.Owner, "POST", store+"/deliveryzones", `{"DeliveryFee":2.5,"MinimumDeliveryOrderAmount":15,"WellKnownText":"CIRCLE (-6.26 53.34 2500)"}`, "store.delivery_zone.created"), "zone", "Data.Id"),
		as(apptest.Owner, "POST", store+"/deliveryzones/{zone}", `{"IsEnabled":false}`, "store.delivery_zone.updated"),
		as(apptest.Owner, "DELETE", store+"/deliveryzones/{zone}", ``, "store.delivery_zone.deleted"),
		as(apptest.Owner, "POST", "/api/v1.0/{appId}/storeordercapacity/{storeId}?deliveryType=Pickup", `{"OrderCapacityPeriods":[{"DayOfTheWeek":"Friday","PeriodStartHour":18,"PeriodStartMinutes":0,"PeriodEndHour":21,"PeriodEndMinutes":30,"MaxOrderNumberPerStoreInterval":12}]}`, "order.capacity.updated"),
		save(as(apptest.Owner, "POST", "/api/v1.0/{appId}/storegroups", `{"Name":"Cork"}`, "store_group.created"), "cork", "Data.StoreGroupId"),
		as(apptest.Owner, "POST", group, `{"Name":"Cork and Kerry"}`, "store_group.updated"),
		as(apptest.Owner, "DELETE", group, ``, "store_group.deleted"),
	)
}

const callback = "https://client.example/back"

// allow lets the owner allow the OAuth app {oauthAppId} to act on the brand; it returns the code that the app gets.
func allow(k *apptest.Kit) string {
	k.Helper()
	owner := k.Caller(apptest.Owner)
	_, err := k.OAuth.AddRedirectURI(k.Context(), owner, k.Brand.AppID, k.Vars["oauthAppId"], callback)
	k.Must(err)
	session := &account.Session{Key: "session-1", Account: owner.Account, Authenticated: clock.Now(), Methods: []string{"pwd"}}
	q := url.Values{"client_id": {k.Vars["oauthAppId"]}, "redirect_uri": {callback}, "response_type": {"code"}, "scope": {"openid api"}, "state": {"st"}}
	out, err := k.OAuth.Authorize(httptest.NewRequest("GET", "/identity/connect/authorize?"+q.Encode(), nil), session)
	k.Must(err)
	if out.Consent == nil {
		k.Fatalf("%+v", out)
	}
	out, err = k.OAuth.Decide(httptest.NewRequest("POST", "/identity/consent", nil), session, oauth.Decision{Request: out.Consent.Request, Approve: true, Brand: k.Brand.ID})
	k.Must(err)
	to, err := url.Parse(out.Redirect)
	k.Must(err)
	return to.Query().Get("code")
}

// consent lets the owner allow an app to act on the brand, and take that back.
func consent(k *apptest.Kit) {
	k.Helper()
	allow(k)
	owner := k.Caller(apptest.Owner)
	mine, err := k.OAuth.MyConnectedApps(k.Context(), owner)
	k.Must(err)
	for _, a := range mine {
		k.Must(k.OAuth.RevokeGrant(k.Context(), owner, a.GrantId))
	}
}

// history is the brand's whole log.
func history(k *apptest.Kit) (all []event.Event) {
	k.Helper()
	k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) (err error) {
		all, err = event.Read(tx, k.Brand.ID, 0, 10_000)
		return err
	}))
	return all
}

// Every event that the program makes is caused by a call above, has every member that the contract's class has and none
// that it has not, says honestly what happened, and is what its published schema says.
func TestEveryEventIsAsTheContractHasIt(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	everything(k)
	classes := map[string]string{}
	for _, e := range wire.Catalogue {
		classes[e.Name] = e.Class
	}
	missing := emitted(t)
	schemas := map[string]*jsonschema.Schema{}
	for _, e := range history(k) {
		delete(missing, classes[e.Name])
		for _, v := range apptest.CheckEvent(e.Name, e.Flat()) {
			t.Errorf("%s: %s", e.Name, v)
		}
		var body map[string]any
		k.Must(json.Unmarshal(e.Flat(), &body))
		checkBase(t, k, e, body)
		checkDescription(t, e.Name, body)
		if schemas[e.Name] == nil {
			schemas[e.Name] = eventSchema(k, e.Name)
		}
		validate(t, schemas[e.Name], e.Name, e.Flat())
	}
	for class := range missing {
		t.Errorf("no call of this test causes a %s", class)
	}
	if len(schemas) < 30 {
		t.Errorf("%d kinds of events", len(schemas))
	}
}

func checkBase(t *testing.T, k *apptest.Kit, e event.Event, body map[string]any) {
	t.Helper()
	if body["EventName"] != e.Name || body["FlipdishEventId"] != e.ID || body["AppId"] != k.Brand.AppID || body["Position"] != float64(e.Position) ||
		body["CreateTime"] != wire.At(e.Shown).Format() {
		t.Errorf("%s: base members %.300s", e.Name, e.Flat())
	}
}

// checkDescription wants a sentence that begins with who did it and names what it was done to.
func checkDescription(t *testing.T, name string, body map[string]any) {
	t.Helper()
	said, there := body["Description"]
	if !there {
		return // the class has none
	}
	text, _ := said.(string)
	actors := []string{"A customer", "owner"}                                                   // where the class has no User
	if user, ok := body["User"].(map[string]any); ok && !strings.HasPrefix(name, "customer.") { // there it is the customer
		actors = []string{user["UserName"].(string)}
	}
	rest, ok := "", false
	for _, actor := range actors {
		if !ok {
			rest, ok = strings.CutPrefix(text, actor+" ")
		}
	}
	if !ok || !strings.HasSuffix(rest, ".") {
		t.Errorf("%s: %q is no sentence about what %v did", name, text, actors)
	}
	objects := names(body)
	if strings.HasPrefix(name, "customer.") {
		objects = []string{fmt.Sprintf("customer %.0f", body["User"].(map[string]any)["UserId"])}
	}
	if !slices.ContainsFunc(objects, func(n string) bool { return strings.Contains(rest, n) }) {
		t.Errorf("%s: %q does not name what it was done to", name, text)
	}
}

// names are what an event's object may be called: order numbers, names of stores, menus, dishes and brands, codes.
func names(v any) (out []string) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil
	}
	for key, v := range m {
		if text, ok := v.(string); ok && (key == "Name" || key == "AppName" || key == "Code") && text != "" {
			out = append(out, text)
		}
		if n, ok := v.(float64); ok && (key == "OrderId" || key == "StoreId") {
			out = append(out, fmt.Sprintf("order %.0f", n), "Temple Bar", "Dame Street")
		}
		if key != "User" {
			out = append(out, names(v)...)
		}
	}
	return out
}

func compiler(tb testing.TB) *jsonschema.Compiler {
	tb.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	return c
}

func decoded(tb testing.TB, raw []byte) any {
	tb.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func eventSchema(k *apptest.Kit, name string) *jsonschema.Schema {
	k.Helper()
	w := k.Call(apptest.Call{Name: "schema of " + name, Method: "GET", Path: "/api/v1.0/events/schemas/" + name, Status: 200, Unknown: true, Want: apptest.Want{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://comanda.test/api/v1.0/events/schemas/" + name, "title": name,
	}})
	c := compiler(k.TB)
	k.Must(c.AddResource("mem:schema", decoded(k.TB, w.Body.Bytes())))
	s, err := c.Compile("mem:schema")
	k.Must(err)
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, name string, raw []byte) {
	t.Helper()
	if err := s.Validate(decoded(t, raw)); err != nil {
		t.Errorf("%s is not what its schema says: %v\n%.600s", name, err, raw)
	}
}

// All events have a schema, found by name and by class, that takes the sample of the event and refuses what lacks a member.
func TestEventSchemas(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	for _, e := range slices.Concat(wire.Catalogue, wire.Own) {
		s := eventSchema(k, e.Name)
		rec, err := event.Encode(event.New{Brand: 1, AppID: "x", Body: e.New()})
		k.Must(err)
		whole := event.Event{Record: rec, Position: 1}.Flat()
		if err := s.Validate(decoded(k.TB, bytes.Replace(whole, []byte(`"Position"`), []byte(`"Place"`), 1))); err == nil {
			t.Errorf("%s: an event without Position is valid", e.Name)
		}
		if err := s.Validate(decoded(k.TB, bytes.Replace(whole, []byte(e.Name), []byte(`order.vanished`), 1))); err == nil {
			t.Errorf("%s: another event is valid", e.Name)
		}
	}
	k.Run(
		apptest.Call{Name: "by class", Method: "GET", Path: "/api/v1.0/events/schemas/OrderCreatedEvent", Status: 200, Unknown: true, Want: apptest.Want{"title": "order.created"}},
		apptest.Call{Name: "in any case", Method: "GET", Path: "/api/v1.0/Events/Schemas/Order.Created", Status: 200, Unknown: true, Want: apptest.Want{"title": "order.created"}},
		apptest.Call{Name: "unknown", Method: "GET", Path: "/api/v1.0/events/schemas/order.vanished", Status: 404, Text: "/asyncapi.json"},
		apptest.Call{Name: "a class that is never sent", Method: "GET", Path: "/api/v1.0/events/schemas/MenuBulkEditEvent", Status: 404},
	)
	if got := k.Send(apptest.Call{Method: "GET", Path: "/api/v1.0/events/schemas/order.created"}).Header().Get("Cache-Control"); got != "public, max-age=300" {
		t.Error(got)
	}
}

// The AsyncAPI document is one by AsyncAPI's own schema, and its payloads take what webhooks send, flat and in the envelope.
func TestAsyncAPI(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	w := k.Send(apptest.Call{Method: "GET", Path: "/asyncapi.json"})
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/asyncapi+json" {
		t.Fatal(w.Code, w.Header())
	}
	doc := w.Body.Bytes()
	f, err := os.Open("testdata/asyncapi/3.0.0.json.gz")
	k.Must(err)
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	k.Must(err)
	theirs, err := jsonschema.UnmarshalJSON(z)
	k.Must(err)
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft7)
	k.Must(c.AddResource("http://asyncapi.com/definitions/3.0.0/asyncapi.json", theirs))
	s, err := c.Compile("http://asyncapi.com/definitions/3.0.0/asyncapi.json")
	k.Must(err)
	if err := s.Validate(decoded(t, doc)); err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(decoded(t, bytes.Replace(doc, []byte(`"asyncapi":"3.0.0"`), []byte(`"asyncapi":3`), 1))); err == nil {
		t.Error("their schema takes anything")
	}

	var read struct {
		Components struct{ Messages map[string]any }
		Channels   struct {
			Callback struct{ Messages map[string]any }
		}
	}
	k.Must(json.Unmarshal(doc, &read))
	if n := len(wire.Catalogue) + len(wire.Own); len(read.Components.Messages) != n || len(read.Channels.Callback.Messages) != n {
		t.Errorf("%d messages, %d in the channel, want %d", len(read.Components.Messages), len(read.Channels.Callback.Messages), n)
	}
	k.MustShop()
	k.Run(placed("one"))
	for _, e := range history(k) {
		c := compiler(t)
		k.Must(c.AddResource("mem:asyncapi", decoded(t, doc)))
		s, err := c.Compile("mem:asyncapi#/components/messages/" + e.Name + "/payload")
		k.Must(err)
		validate(t, s, e.Name, e.Flat())
		validate(t, s, e.Name+" in its envelope", e.Envelope())
	}
}

// The reference describes each event as a webhook that the client receives.
func TestTheReferenceHasWebhooks(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	var doc struct {
		Webhooks map[string]struct {
			Post struct {
				Parameters  []struct{ Name, In string }
				RequestBody struct {
					Content map[string]struct {
						Schema struct {
							AnyOf []map[string]any
						}
					}
				}
			}
		}
	}
	k.Must(json.Unmarshal(k.Send(apptest.Call{Method: "GET", Path: "/openapi.json"}).Body.Bytes(), &doc))
	for _, e := range slices.Concat(wire.Catalogue, wire.Own) {
		post := doc.Webhooks[e.Name].Post
		forms := post.RequestBody.Content["application/json"].Schema.AnyOf
		if len(forms) != 2 || forms[0]["$ref"] != "#/components/schemas/"+e.Class || len(post.Parameters) == 0 || post.Parameters[0].In != "header" {
			t.Errorf("%s: %+v", e.Name, post)
		}
	}
	if len(doc.Webhooks) != len(wire.Catalogue)+len(wire.Own) {
		t.Errorf("%d webhooks", len(doc.Webhooks))
	}
}

// What the guides say is not sent is what no code makes, and the other way round.
func TestGuidesTellWhichEventsAreSent(t *testing.T) {
	sent, told := emitted(t), 0
	for _, group := range []string{"order", "customer", "menu", "store"} {
		guide, err := os.ReadFile(filepath.Join("..", "developers", "guides", group+"-events.md"))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range wire.Catalogue {
			row := regexp.MustCompile("(?m)^\\| `" + regexp.QuoteMeta(e.Name) + "` \\| (.*) \\|$").FindSubmatch(guide)
			if row == nil {
				continue
			}
			told++
			if says := !bytes.Contains(row[1], []byte("Not sent by this version.")); says != sent[e.Class] {
				t.Errorf("%s-events.md says of %s: %s", group, e.Name, row[1])
			}
		}
	}
	if told < 40 {
		t.Errorf("only %d events are told of", told)
	}
}

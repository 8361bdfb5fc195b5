package driver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comanda/account"
	"comanda/driver"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var (
	ctx    = context.Background()
	nobody = &account.Caller{Kind: account.Anonymous, IP: "198.51.100.9"}
)

// brand is a kit with a shop.
type brand struct {
	*apptest.Kit
	shop *apptest.Shop
}

func each(t *testing.T, fn func(t *testing.T, b brand)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := apptest.New(t, d)
		fn(t, brand{k, k.MustShop()})
	})
}

func (b brand) add(t *testing.T, number string, stores ...int) driver.Member {
	t.Helper()
	return apptest.Must(b.Drivers.Add(ctx, b.shop.Owner, b.Brand.AppID, driver.Added{Name: "Dan Driver", PhoneNumber: number, StoreIDs: stores}))(t)
}

var digits = regexp.MustCompile(`\d{6}`)

func (b brand) pin(t *testing.T, number string) string {
	t.Helper()
	b.Must(b.Drivers.RequestPIN(ctx, nobody, number))
	return digits.FindString(b.MustMail(strings.ReplaceAll(number, " ", "")).Text)
}

// signedIn adds a driver and signs them in.
func (b brand) signedIn(t *testing.T, number string, stores ...int) (*account.Caller, string) {
	t.Helper()
	b.add(t, number, stores...)
	s := apptest.Must(b.Drivers.SignIn(ctx, nobody, number, b.pin(t, number)))(t)
	return apptest.Must(b.Drivers.Authenticate(ctx, s.AccessToken))(t), s.AccessToken
}

func is(t *testing.T, err error, kind fault.Kind, words ...string) {
	t.Helper()
	if fault.KindOf(err) != kind || err == nil {
		t.Errorf("got %v, want a fault of kind %d", err, kind)
		return
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

const dan = "+353 87 123 4567"

func TestADriverSignsInByPhone(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		m := b.add(t, "087 123 4567", b.shop.Store) // as dialled in the brand's country
		if m.PhoneNumber != "+353871234567" || len(m.Stores) != 1 || m.Stores[0] != (driver.Place{StoreID: b.shop.Store, Presence: driver.Offline}) {
			t.Fatalf("%+v", m)
		}
		first := b.pin(t, dan)
		second := b.pin(t, dan)
		wrong := "100000"
		if wrong == second {
			wrong = "100001"
		}
		signIn := func(pin string) (*driver.SignedIn, error) { return b.Drivers.SignIn(ctx, nobody, dan, pin) }
		if first != second {
			_, err := signIn(first)
			is(t, err, fault.Unauthenticated, "PIN")
		}
		_, err := signIn(wrong)
		is(t, err, fault.Unauthenticated, "PIN")
		s := apptest.Must(signIn(second))(t)
		_, err = signIn(second)
		is(t, err, fault.Unauthenticated)
		if !driver.IsToken(s.AccessToken) || s.Driver.Name != "Dan Driver" || s.Driver.DriverID != m.DriverID || s.ExpiresIn != 30*24*60*60 {
			t.Errorf("%+v", s)
		}
		c := apptest.Must(b.Drivers.Authenticate(ctx, s.AccessToken))(t)
		if c.Require(account.DeliverOrders, b.Brand.ID, b.shop.Store) != nil || c.Principal() != fmt.Sprintf("driver/%d", m.DriverID) {
			t.Errorf("%+v", c)
		}
		for _, r := range account.AllRights() {
			if r != account.DeliverOrders && c.Require(r, b.Brand.ID, b.shop.Store) == nil {
				t.Errorf("a driver has the right of %s", r)
			}
		}
		is(t, c.Require(account.DeliverOrders, b.Brand.ID, b.shop.Store+1), fault.NotFound)
		_, err = b.Drivers.Authenticate(ctx, s.AccessToken+"x")
		is(t, err, fault.Unauthenticated)
		b.Must(b.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update driver_sessions set expires_at = $1`, clock.Micros(clock.Now()))
			return err
		}))
		_, err = b.Drivers.Authenticate(ctx, s.AccessToken)
		is(t, err, fault.Unauthenticated)
		if n := apptest.Must(b.Drivers.Sweep(ctx))(t); n != 1 {
			t.Errorf("%d sessions swept", n)
		}
	})
}

// Somebody who drives for nobody is answered like a driver, and hears nothing.
func TestNobodyFindsOutWhoIsADriver(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		b.Must(b.Drivers.RequestPIN(ctx, nobody, "+353 87 765 4321"))
		for apptest.Must(b.Mail.RunOnce(ctx))(t) > 0 {
		}
		if all := b.Mailbox.Messages(); len(all) != 0 {
			t.Errorf("%+v", all)
		}
		_, err := b.Drivers.SignIn(ctx, nobody, "+353 87 765 4321", "123456")
		is(t, err, fault.Unauthenticated, "The PIN is wrong")
		for _, number := range []string{"", "087 123 4567", "twelve", "+353"} {
			is(t, b.Drivers.RequestPIN(ctx, nobody, number), fault.Invalid, "PhoneNumber")
		}
		asked := 0
		for fault.KindOf(b.Drivers.RequestPIN(ctx, nobody, dan)) != fault.TooMany {
			if asked++; asked > 10 {
				t.Fatal("PINs are sent without end")
			}
		}
		tried := 0
		for {
			_, err := b.Drivers.SignIn(ctx, nobody, dan, "123456")
			if fault.KindOf(err) == fault.TooMany {
				break
			}
			if tried++; tried > 10 {
				t.Fatal("PINs are tried without end")
			}
		}
	})
}

// However many ask for PINs, of whomever, a driver gets theirs.
func TestPINsOfOthersDoNotKeepADriverOut(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		b.add(t, dan, b.shop.Store)
		for i := range 60 {
			from := &account.Caller{Kind: account.Anonymous, IP: fmt.Sprintf("203.0.113.%d", i+1)}
			b.Must(b.Drivers.RequestPIN(ctx, from, fmt.Sprintf("+35387%07d", 4_000_000+i)))
		}
		if b.pin(t, dan) == "" {
			t.Error("no PIN")
		}
	})
}

// Who works for a brand no more is signed out, also when another brand has them still.
func TestARemovedDriverIsSignedOut(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		_, token := b.signedIn(t, dan, b.shop.Store)
		other := b.shop.Another(t)
		m := apptest.Must(b.Drivers.Add(ctx, other.Owner, other.Brand.AppID, driver.Added{Name: "Daniel", PhoneNumber: dan, StoreIDs: []int{other.Store}}))(t)
		b.Must(b.Drivers.Remove(ctx, b.shop.Owner, b.Brand.AppID, m.DriverID))
		_, err := b.Drivers.Authenticate(ctx, token)
		is(t, err, fault.Unauthenticated)
	})
}

func TestADriverHasAProfileAndDuty(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		second := b.shop.AddStore(t, "Phibsborough")
		c, token := b.signedIn(t, dan, b.shop.Store, second)
		p := apptest.Must(b.Drivers.SetName(ctx, c, "  Dan   the Man "))(t)
		if p.Name != "Dan the Man" || p.PhoneNumber != "+353871234567" {
			t.Errorf("%+v", p)
		}
		for _, bad := range []string{"", " ", strings.Repeat("x", 101), "a\x00b"} {
			_, err := b.Drivers.SetName(ctx, c, bad)
			is(t, err, fault.Invalid, "Name")
		}
		_, err := b.Drivers.SetPicture(ctx, c, []byte("no picture"))
		is(t, err, fault.Invalid, "Image")
		for i := range 25 {
			apptest.Must(b.Drivers.AddDevice(ctx, c, fmt.Sprintf("device-%d", i)))(t)
		}
		apptest.Must(b.Drivers.AddDevice(ctx, c, "device-24"))(t)
		apptest.Must(b.Drivers.RemoveDevice(ctx, c, "device-24"))(t)
		apptest.Must(b.Drivers.RemoveDevice(ctx, c, "device-24"))(t)
		var devices int
		b.Must(b.DB.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(`select count(*) from driver_devices`).Scan(&devices) }))
		if devices != 19 {
			t.Errorf("%d devices, want 20 less the removed one", devices)
		}
		for _, bad := range []string{"", "a b", strings.Repeat("x", 4097), "é"} {
			_, err := b.Drivers.AddDevice(ctx, c, bad)
			is(t, err, fault.Invalid, "PushNotificationsToken")
		}
		w := apptest.Must(b.Drivers.SetPresence(ctx, c, second, driver.Online))(t)
		if w.Presence != driver.Online || w.Name != "Phibsborough" || w.AppID != b.Brand.AppID {
			t.Errorf("%+v", w)
		}
		_, err = b.Drivers.SetPresence(ctx, c, second, "Asleep")
		is(t, err, fault.Invalid, "presence")
		_, err = b.Drivers.SetPresence(ctx, c, second+100, driver.Online)
		is(t, err, fault.NotFound)
		if all := apptest.Must(b.Drivers.Stores(ctx, c))(t); len(all) != 2 || all[0].Presence != driver.Offline || all[1].Presence != driver.Online {
			t.Errorf("%+v", all)
		}
		manager := b.shop.Member(t, wire.AppAccessLevelStoreManager, second)
		if team := apptest.Must(b.Drivers.Team(ctx, manager, b.Brand.AppID))(t); len(team) != 1 || team[0].Name != "Dan the Man" || len(team[0].Stores) != 1 || team[0].Stores[0].Presence != driver.Online {
			t.Errorf("%+v", team)
		}
		for _, what := range []func(*account.Caller) error{
			func(c *account.Caller) error { _, err := b.Drivers.Profile(ctx, c); return err },
			func(c *account.Caller) error { _, err := b.Drivers.Stores(ctx, c); return err },
			func(c *account.Caller) error { _, err := b.Drivers.SetName(ctx, c, "x"); return err },
			func(c *account.Caller) error {
				_, err := b.Drivers.SetPresence(ctx, c, second, driver.Online)
				return err
			},
			func(c *account.Caller) error { _, err := b.Orders.OfDriver(ctx, c); return err },
		} {
			is(t, what(b.shop.Owner), fault.Forbidden)
		}
		// The manager of one store takes the driver from it, the owner from the rest.
		b.Must(b.Drivers.Remove(ctx, manager, b.Brand.AppID, c.Driver))
		is(t, b.Drivers.Remove(ctx, manager, b.Brand.AppID, c.Driver), fault.NotFound)
		if c := apptest.Must(b.Drivers.Authenticate(ctx, token))(t); len(c.Grants) != 1 || len(c.Grants[0].Stores) != 1 {
			t.Errorf("%+v", c.Grants)
		}
		b.Must(b.Drivers.Remove(ctx, b.shop.Owner, b.Brand.AppID, c.Driver))
		_, err = b.Drivers.Authenticate(ctx, token)
		is(t, err, fault.Unauthenticated)
		_, err = b.Drivers.Profile(ctx, c)
		is(t, err, fault.Unauthenticated)
	})
}

func TestStaffMakeDriversWithinTheirReach(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		second := b.shop.AddStore(t, "Phibsborough")
		manager := b.shop.Member(t, wire.AppAccessLevelStoreManager, second)
		add := func(c *account.Caller, app string, name, number string, stores ...int) (driver.Member, error) {
			return b.Drivers.Add(ctx, c, app, driver.Added{Name: name, PhoneNumber: number, StoreIDs: stores})
		}
		_, err := add(manager, b.Brand.AppID, "Dan", dan, b.shop.Store)
		is(t, err, fault.Invalid, "StoreIds", "within your reach")
		m := b.add(t, dan, b.shop.Store)
		apptest.Must(add(manager, b.Brand.AppID, "Dan", dan, second))(t)
		if c := apptest.Must(b.Drivers.Team(ctx, b.shop.Owner, b.Brand.AppID))(t); len(c) != 1 || c[0].DriverID != m.DriverID || len(c[0].Stores) != 2 {
			t.Errorf("a manager took a driver from a store out of their reach: %+v", c)
		}
		staff := b.shop.Member(t, wire.AppAccessLevelStoreStaff, second)
		_, err = add(staff, b.Brand.AppID, "Eve", "+353 87 765 4321", second)
		is(t, err, fault.Forbidden)
		stranger := b.Caller(apptest.Stranger)
		_, err = add(stranger, b.Brand.AppID, "Dan", dan, second)
		is(t, err, fault.Forbidden)
		_, err = add(stranger, b.Other.AppID, "Dan", dan, b.shop.Store)
		is(t, err, fault.Invalid, "StoreIds")
		_, err = b.Drivers.Team(ctx, stranger, b.Brand.AppID)
		is(t, err, fault.Forbidden)
		is(t, b.Drivers.Remove(ctx, stranger, b.Other.AppID, m.DriverID), fault.NotFound)
		for _, bad := range []struct{ name, number, field string }{{"", dan, "Name"}, {"Dan", "12", "PhoneNumber"}, {"Dan", strings.Repeat("1", 41), "PhoneNumber"}} {
			_, err := add(b.shop.Owner, b.Brand.AppID, bad.name, bad.number, second)
			is(t, err, fault.Invalid, bad.field)
		}
		_, err = add(b.shop.Owner, b.Brand.AppID, "Dan", dan)
		is(t, err, fault.Invalid, "StoreIds")
	})
}

func (b brand) deliver(t *testing.T) int {
	t.Helper()
	basket := b.shop.Basket()
	basket.DeliveryType = wire.DeliveryTypeDelivery
	basket.DeliveryLocation = &wire.DeliveryLocation{Building: "1", Street: "Dame Street", Town: "Dublin", Coordinates: &wire.Coordinates{Latitude: 53.34, Longitude: -6.26}}
	p := b.shop.Place(t, basket)
	b.Must(b.Orders.Accept(ctx, b.shop.Owner, p.OrderId, wire.Accept{}))
	return p.OrderId
}

func TestADriverDeliversAnOrder(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		c, _ := b.signedIn(t, dan, b.shop.Store)
		other, _ := b.signedIn(t, "+353 87 765 4321", b.shop.Store)
		id := b.deliver(t)
		set := func(c *account.Caller, s wire.DeliveryTrackingStatus) error {
			_, err := b.Orders.SetTracking(ctx, c, id, s)
			return err
		}
		mine := func(c *account.Caller) int { return len(apptest.Must(b.Orders.OfDriver(ctx, c))(t)) }
		is(t, set(c, wire.DeliveryTrackingStatusCarrying), fault.Conflict, "accept it first")
		head := b.shop.Head(t)
		tr := apptest.Must(b.Orders.Offer(ctx, b.shop.Owner, id, c.Driver))(t)
		if tr.Status != wire.DeliveryTrackingStatusUnaccepted || wire.V(tr.DriverID) != c.Driver || mine(c) != 1 || mine(other) != 0 {
			t.Errorf("%+v", tr)
		}
		b.Must(b.shop.DB.Write(ctx, func(tx *db.Tx) error { // as a channel may attach it to an item
			_, err := tx.Exec(`update orders set doc = replace(doc, '"OrderItems":[{', '"OrderItems":[{"Metadata":{"DeliveryTrackingStatus":"Delivered","DriverId":"'
				|| cast(driver_id as text) || '","a":"b"},') where order_id = $1`, id)
			return err
		}))
		if mine(c) != 1 {
			t.Error("metadata of an item hides an order from its driver")
		}
		is(t, set(other, wire.DeliveryTrackingStatusAccepted), fault.Conflict, "Somebody else")
		is(t, set(c, wire.DeliveryTrackingStatusOnTheWay), fault.Conflict)
		b.Must(set(c, wire.DeliveryTrackingStatusUnassigned)) // no, thanks
		b.Must(set(other, wire.DeliveryTrackingStatusAccepted))
		b.Must(set(other, wire.DeliveryTrackingStatusAccepted)) // again
		is(t, set(c, wire.DeliveryTrackingStatusAccepted), fault.Conflict, "Somebody else")
		is(t, set(other, wire.DeliveryTrackingStatusUnaccepted), fault.Conflict)
		b.Must(set(other, wire.DeliveryTrackingStatusOnTheWay))
		for _, back := range []wire.DeliveryTrackingStatus{"Carrying", "Accepted", "Unassigned"} {
			is(t, set(other, back), fault.Conflict)
		}
		if raw := apptest.Must(b.Orders.Get(ctx, b.shop.Owner, id))(t); !strings.Contains(string(raw), `"OrderState":"Dispatched"`) || !strings.Contains(string(raw), fmt.Sprintf(`"DriverId":%d`, other.Driver)) {
			t.Errorf("%s", raw)
		}
		b.Must(set(other, wire.DeliveryTrackingStatusDelivered))
		is(t, set(other, wire.DeliveryTrackingStatusCannotDeliver), fault.Conflict, "Delivered")
		if mine(other) != 0 {
			t.Error("a delivered order is still to be delivered")
		}
		var told []string
		for _, e := range b.shop.Events(t, head) {
			told = append(told, e.Name)
		}
		const tracked = "order.deliverytracking.status.updated "
		if got := strings.Join(told, " "); got != tracked+tracked+tracked+"order.dispatched "+tracked+strings.TrimSpace(tracked) {
			t.Errorf("events %s", got)
		}
		_, err := b.Orders.SetTracking(ctx, c, id, "Eaten")
		is(t, err, fault.Invalid, "deliveryTrackingStatus")
		is(t, b.Orders.SetDelivery(ctx, c, id, wire.OrderDeliveryInformationBase{Status: wire.P(wire.DeliveryInformationStatusDelivered)}), fault.Forbidden)
		is(t, b.Orders.Accept(ctx, c, id, wire.Accept{}), fault.Forbidden)
		_, err = b.Orders.Get(ctx, c, id)
		is(t, err, fault.Forbidden)

		second := b.shop.AddStore(t, "Phibsborough")
		elsewhere, _ := b.signedIn(t, "+353 87 111 2222", second)
		id = b.deliver(t)
		is(t, set(elsewhere, wire.DeliveryTrackingStatusAccepted), fault.NotFound)
		_, err = b.Orders.Offer(ctx, b.shop.Owner, id, elsewhere.Driver)
		is(t, err, fault.Invalid, "DriverId")
		_, err = b.Orders.Offer(ctx, b.Caller(apptest.Stranger), id, c.Driver)
		is(t, err, fault.NotFound)
		collected := b.shop.Place(t, b.shop.Basket()).OrderId
		_, err = b.Orders.Offer(ctx, b.shop.Owner, collected, c.Driver)
		is(t, err, fault.Conflict, "collected")
		_, err = b.Orders.SetTracking(ctx, b.shop.Owner, collected, wire.DeliveryTrackingStatusAccepted)
		is(t, err, fault.Conflict, "collected")
		apptest.Must(b.Orders.Offer(ctx, b.shop.Owner, id, c.Driver))(t)
		if tr := apptest.Must(b.Orders.Offer(ctx, b.shop.Owner, id, 0))(t); tr.DriverID != nil || tr.Status != wire.DeliveryTrackingStatusUnassigned {
			t.Errorf("%+v", tr)
		}
		if tr := apptest.Must(b.Orders.SetTracking(ctx, b.shop.Owner, id, wire.DeliveryTrackingStatusDelivered))(t); tr.State != wire.OrderStateDelivered {
			t.Errorf("%+v", tr)
		}
	})
}

// What is over is nobody's to take: no driver goes through a store's old orders for the addresses in them.
func TestAnOldOrderIsTakenByNoDriver(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		c, _ := b.signedIn(t, dan, b.shop.Store)
		take := func(id int) error {
			_, err := b.Orders.SetTracking(ctx, c, id, wire.DeliveryTrackingStatusAccepted)
			return err
		}
		mine := func() int { return len(apptest.Must(b.Orders.OfDriver(ctx, c))(t)) }
		had, old, refunded := b.deliver(t), b.deliver(t), b.deliver(t)
		b.Must(take(had))
		var o wire.Order
		b.Must(json.Unmarshal(apptest.Must(b.Orders.Get(ctx, b.shop.Owner, refunded))(t), &o))
		b.Must(b.Orders.Refund(ctx, b.shop.Owner, refunded, wire.Refund{RefundAmount: o.Amount}))
		is(t, take(refunded), fault.Conflict, "not to be delivered any more")
		if mine() != 1 {
			t.Errorf("%d orders", mine())
		}
		clock.Shift(13 * time.Hour)
		t.Cleanup(func() { clock.Shift(-13 * time.Hour) })
		is(t, take(old), fault.Conflict, "not to be delivered any more")
		if mine() != 0 {
			t.Errorf("%d orders of yesterday", mine())
		}
		if _, err := b.Orders.SetTracking(ctx, c, had, wire.DeliveryTrackingStatusDelivered); err != nil {
			t.Errorf("who has an order may still say that it is delivered: %v", err)
		}
	})
}

// Of all drivers who accept an order at once one gets it.
func TestRaceForAnOrder(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		var drivers []*account.Caller
		for i := range 32 {
			m := b.add(t, fmt.Sprintf("+353 87 000 %04d", i), b.shop.Store)
			drivers = append(drivers, &account.Caller{
				Kind: account.Driver, Driver: m.DriverID, Name: m.Name,
				Grants: []account.Grant{{Brand: b.Brand.ID, AppID: b.Brand.AppID, Level: account.LevelDriver, Stores: []int{b.shop.Store}}},
			})
		}
		for range 3 {
			id := b.deliver(t)
			head := b.shop.Head(t)
			var won atomic.Int32
			var got order.Tracking
			var wg sync.WaitGroup
			for _, c := range drivers {
				wg.Go(func() {
					if tr, err := b.Orders.SetTracking(ctx, c, id, wire.DeliveryTrackingStatusAccepted); err == nil {
						won.Add(1)
						got = tr
					} else if fault.KindOf(err) != fault.Conflict {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if won.Load() != 1 || len(b.shop.Events(t, head)) != 1 || !strings.Contains(string(apptest.Must(b.Orders.Get(ctx, b.shop.Owner, id))(t)), fmt.Sprintf(`"DriverId":%d,`, *got.DriverID)) {
				t.Errorf("%d drivers got it, %+v", won.Load(), got)
			}
		}
	})
}

// who is who has the delivery of an order, and how it stands.
func (b brand) who(t *testing.T, id int) (int, wire.DeliveryTrackingStatus) {
	t.Helper()
	var o wire.Order
	b.Must(json.Unmarshal(apptest.Must(b.Orders.Get(ctx, b.shop.Owner, id))(t), &o))
	return wire.V(o.DriverId), wire.V(o.DeliveryTrackingStatus)
}

// Who ceases to work somewhere has nothing to deliver for it any more; what they have delivered stays theirs.
func TestWhoLeavesHasNothingToDeliver(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		second := b.shop.AddStore(t, "Phibsborough")
		c, _ := b.signedIn(t, dan, b.shop.Store, second)
		set := func(id int, s wire.DeliveryTrackingStatus) {
			t.Helper()
			apptest.Must(b.Orders.SetTracking(ctx, c, id, s))(t)
		}
		offered, carried, done := b.deliver(t), b.deliver(t), b.deliver(t)
		leave := func(how func()) {
			t.Helper()
			apptest.Must(b.Orders.Offer(ctx, b.shop.Owner, offered, c.Driver))(t)
			head := b.shop.Head(t)
			how()
			if events := b.shop.Events(t, head); len(events) != 1 || !strings.Contains(string(events[0].Body), fmt.Sprintf("owner told of the delivery of order %d at Dame Street: Unassigned.", offered)) {
				t.Errorf("%d events, the first %s", len(events), events[0].Body)
			}
			if driver, status := b.who(t, offered); driver != 0 || status != wire.DeliveryTrackingStatusUnassigned {
				t.Errorf("driver %d, %s", driver, status)
			}
		}
		leave(func() { b.add(t, dan, second) })
		_, err := b.Orders.Offer(ctx, b.shop.Owner, offered, c.Driver)
		is(t, err, fault.Invalid, "DriverId", "is no driver who works at Dame Street")
		_, err = b.Orders.SetTracking(ctx, c, offered, wire.DeliveryTrackingStatusAccepted) // with what they could do a moment ago
		is(t, err, fault.NotFound)
		b.add(t, dan, b.shop.Store, second)
		set(done, wire.DeliveryTrackingStatusAccepted)
		set(done, wire.DeliveryTrackingStatusDelivered)
		leave(func() { b.Must(b.Drivers.Remove(ctx, b.shop.Owner, b.Brand.AppID, c.Driver)) })
		if driver, status := b.who(t, done); driver != c.Driver || status != wire.DeliveryTrackingStatusDelivered {
			t.Errorf("driver %d, %s", driver, status)
		}
		m := b.add(t, dan, b.shop.Store)
		c.Driver = m.DriverID
		set(carried, wire.DeliveryTrackingStatusAccepted)
		set(carried, wire.DeliveryTrackingStatusOnTheWay)
		b.Must(b.Drivers.Remove(ctx, b.shop.Owner, b.Brand.AppID, c.Driver))
		if driver, status := b.who(t, carried); driver != 0 || status != wire.DeliveryTrackingStatusUnassigned {
			t.Errorf("driver %d, %s", driver, status)
		}
	})
}

// However offers, acceptances and the removal of a driver fall together, nothing is a removed driver's.
func TestRaceNothingIsARemovedDrivers(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		var orders []int
		for range 16 {
			orders = append(orders, b.deliver(t))
		}
		for round := range 4 {
			m := b.add(t, dan, b.shop.Store)
			c := &account.Caller{
				Kind: account.Driver, Driver: m.DriverID, Name: m.Name,
				Grants: []account.Grant{{Brand: b.Brand.ID, AppID: b.Brand.AppID, Level: account.LevelDriver, Stores: []int{b.shop.Store}}},
			}
			var wg sync.WaitGroup
			expect := func(err error) {
				switch fault.KindOf(err) {
				case fault.Conflict, fault.Invalid, fault.NotFound:
				default:
					if err != nil {
						t.Error(err)
					}
				}
			}
			for i, id := range orders {
				wg.Go(func() { _, err := b.Orders.Offer(ctx, b.shop.Owner, id, m.DriverID); expect(err) })
				wg.Go(func() { _, err := b.Orders.SetTracking(ctx, c, id, wire.DeliveryTrackingStatusAccepted); expect(err) })
				if i == round*4 {
					wg.Go(func() { expect(b.Drivers.Remove(ctx, b.shop.Owner, b.Brand.AppID, m.DriverID)) })
				}
			}
			wg.Wait()
			for _, id := range orders {
				if driver, status := b.who(t, id); driver != 0 || status != wire.DeliveryTrackingStatusUnassigned {
					t.Errorf("order %d is %s with the driver %d, who was removed", id, status, driver)
				}
			}
		}
	})
}

// A brand knows a driver by the name that it gave them, whatever another calls them.
func TestABrandsOwnNameOfADriver(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		b.add(t, dan, b.shop.Store)
		other := b.shop.Another(t)
		apptest.Must(b.Drivers.Add(ctx, other.Owner, other.Brand.AppID, driver.Added{Name: "Number Nine", PhoneNumber: dan, StoreIDs: []int{other.Store}}))(t)
		if team := apptest.Must(b.Drivers.Team(ctx, b.shop.Owner, b.Brand.AppID))(t); team[0].Name != "Dan Driver" {
			t.Errorf("%+v", team)
		}
		s := apptest.Must(b.Drivers.SignIn(ctx, nobody, dan, b.pin(t, dan)))(t)
		c := apptest.Must(b.Drivers.Authenticate(ctx, s.AccessToken))(t)
		for name, at := range map[string]brand{"Dan Driver": b, "Number Nine": {b.Kit, other}} {
			id := at.deliver(t)
			head := at.shop.Head(t)
			apptest.Must(b.Orders.SetTracking(ctx, c, id, wire.DeliveryTrackingStatusAccepted))(t)
			if e := at.shop.Events(t, head); len(e) != 1 || !strings.Contains(string(e[0].Body), name+" told of the delivery") {
				t.Errorf("%s: %d events, the first %s", name, len(e), e[0].Body)
			}
		}
	})
}

func TestAddingADriverTellsWhereTheyAreOnDuty(t *testing.T) {
	each(t, func(t *testing.T, b brand) {
		second := b.shop.AddStore(t, "Phibsborough")
		c, _ := b.signedIn(t, dan, b.shop.Store)
		apptest.Must(b.Drivers.SetPresence(ctx, c, b.shop.Store, driver.Online))(t)
		m := b.add(t, dan, b.shop.Store, second)
		if fmt.Sprint(m.Stores) != fmt.Sprint([]driver.Place{{StoreID: b.shop.Store, Presence: driver.Online}, {StoreID: second, Presence: driver.Offline}}) {
			t.Errorf("%+v", m)
		}
		b.Must(b.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update brands set disabled = true where id = $1`, b.Brand.ID)
			return err
		}))
		s := apptest.Must(b.Drivers.SignIn(ctx, nobody, dan, b.pin(t, dan)))(t)
		c = apptest.Must(b.Drivers.Authenticate(ctx, s.AccessToken))(t)
		_, err := b.Drivers.SetPresence(ctx, c, b.shop.Store, driver.Offline)
		is(t, err, fault.NotFound)
	})
}

package order_test

import (
	"slices"
	"testing"
	"time"

	"comanda/internal/apptest"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/order"
	"comanda/wire"
)

// toGo is an order for delivery.
func toGo(s *apptest.Shop) order.Basket { return delivered(s, 1, near) }

func batching(t *testing.T, s *apptest.Shop, seconds int, on bool) {
	t.Helper()
	err := s.Stores.SetBatching(ctx, s.Owner, s.Store, wire.SetOrderBatchingConfiguration{BatchIntervalInSeconds: &seconds, Enabled: &on})
	if err != nil {
		t.Fatal(err)
	}
}

func publishBatches(t *testing.T, s *apptest.Shop) int {
	t.Helper()
	return apptest.Must(s.Orders.PublishBatches(ctx))(t)
}

func acceptedToGo(t *testing.T, s *apptest.Shop) int {
	t.Helper()
	p := s.Place(t, toGo(s))
	if err := actions["accepted"](s, p); err != nil {
		t.Fatal(err)
	}
	return p.OrderId
}

func TestOrdersOfOneStoreGoOutTogether(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		list := func(f order.Filter) []wire.OrderBatch {
			return apptest.Must(s.Orders.Batches(ctx, s.Owner, s.Brand.AppID, f))(t)
		}
		acceptedToGo(t, s) // before the store batches
		batching(t, s, 60, true)
		collected := s.Place(t, s.Basket())
		if err := actions["accepted"](s, collected); err != nil {
			t.Fatal(err)
		}
		one, two := acceptedToGo(t, s), acceptedToGo(t, s)
		gone := acceptedToGo(t, s)
		if err := s.Orders.Dispatch(ctx, s.Owner, gone); err != nil { // before it was in a batch
			t.Fatal(err)
		}
		meet(t, s)
		batches := list(order.Filter{})
		if len(batches) != 1 || !slices.Equal(batches[0].OrderIds, []int{one, two}) || batches[0].IsPublished || len(batches[0].DisplayCode) != 6 {
			t.Fatalf("%+v", batches)
		}
		info := stored(t, s, two).OrderBatchInfo
		if info == nil || info.Id != batches[0].Id || info.DisplayCode != batches[0].DisplayCode || info.IsPublished || !info.CreateTime.Equal(batches[0].CreateTime.Time) {
			t.Errorf("%+v", info)
		}
		if stored(t, s, collected.OrderId).OrderBatchInfo != nil || stored(t, s, gone).OrderBatchInfo != nil || deadlines(t, s) != 0 {
			t.Error("a collection or an order that had left is in a batch, or a deadline is left")
		}
		if publishBatches(t, s) != 0 {
			t.Error("published before its time")
		}
		pass(t, s, time.Minute)
		head := s.Head(t)
		if publishBatches(t, s) != 1 || publishBatches(t, s) != 0 {
			t.Error("not published at its time, or twice")
		}
		if !stored(t, s, one).OrderBatchInfo.IsPublished || !list(order.Filter{})[0].IsPublished || s.Head(t) != head {
			t.Error("published, but it is not told, or by an event that the contract does not name")
		}
		if err := s.Orders.RejectAccepted(ctx, s.Owner, two, wire.Reject{RejectReason: wire.RejectReasonTooBusy}); err != nil {
			t.Fatal(err)
		}
		next := acceptedToGo(t, s)
		meet(t, s)
		pass(t, s, 2*time.Minute)
		late := acceptedToGo(t, s) // nobody published the batch of the one before in time
		meet(t, s)
		batches = list(order.Filter{})
		if len(batches) != 3 || !slices.Equal(batches[0].OrderIds, []int{late}) || !batches[1].IsPublished || batches[0].IsPublished ||
			!slices.Equal(batches[1].OrderIds, []int{next}) || !slices.Equal(batches[2].OrderIds, []int{one}) {
			t.Fatalf("%+v", batches)
		}
		got := apptest.Must(s.Orders.Batch(ctx, s.Owner, s.Brand.AppID, batches[1].Id))(t)
		if !slices.Equal(got.OrderIds, []int{next}) || !stored(t, s, next).OrderBatchInfo.IsPublished {
			t.Errorf("%+v", got)
		}
		created := batches[1].CreateTime.Time
		if some := list(order.Filter{From: created, To: created, Stores: []int{s.Store, 7}}); len(some) != 1 || some[0].Id != batches[1].Id {
			t.Errorf("between two times %+v", some)
		}
		if none := list(order.Filter{Stores: []int{7}}); len(none) != 0 {
			t.Errorf("of another store %+v", none)
		}
		_, err := s.Orders.Batches(ctx, s.Owner, s.Brand.AppID, order.Filter{From: created, To: created.Add(-time.Second)})
		want(t, err, fault.Invalid, "createdTo")
		elsewhere := s.Member(t, wire.AppAccessLevelStoreStaff, s.AddStore(t, "Phibsborough"))
		if all := apptest.Must(s.Orders.Batches(ctx, elsewhere, s.Brand.AppID, order.Filter{}))(t); len(all) != 0 {
			t.Errorf("somebody of another store sees %+v", all)
		}
		_, err = s.Orders.Batch(ctx, elsewhere, s.Brand.AppID, batches[0].Id)
		want(t, err, fault.NotFound)
		other := s.Another(t)
		_, err = s.Orders.Batch(ctx, other.Owner, other.Brand.AppID, batches[0].Id)
		want(t, err, fault.NotFound)
		_, err = s.Orders.Batches(ctx, other.Owner, s.Brand.AppID, order.Filter{})
		want(t, err, fault.Forbidden)
		batching(t, s, 60, false)
		alone := acceptedToGo(t, s)
		meet(t, s)
		if stored(t, s, alone).OrderBatchInfo != nil {
			t.Error("in a batch of a store that makes none any more")
		}
	})
}

func TestAnOrderAcceptedByItselfIsInABatch(t *testing.T) {
	s := apptest.OpenShop(t, dbtest.SQLite(t))
	batching(t, s, 60, true)
	s.EditStore(t, func(w map[string]any) { w["AutomaticallyAcceptOrders"] = true })
	p := s.Place(t, toGo(s))
	meet(t, s)
	if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedByRestaurant || o.OrderBatchInfo == nil {
		t.Errorf("%s, %+v", o.OrderState, o.OrderBatchInfo)
	}
}

// Orders join on two nodes while the batch is published on both: each is in one batch, and says of it what is so.
func TestRaceOfJoiningAndPublishing(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		batching(t, s, 30, true)
		nodes := []*apptest.Shop{s, s.Node()}
		for range rounds(t) {
			var ids []int
			for range 16 {
				ids = append(ids, acceptedToGo(t, s))
			}
			parallel(32, func(i int) {
				n := nodes[i%2]
				switch {
				case i == 7:
					pass(t, s, 31*time.Second)
				case i%4 == 3:
					publishBatches(t, n)
				default:
					meet(t, n)
				}
			})
			pass(t, s, 31*time.Second)
			publishBatches(t, s)
			in := map[int]int{}
			for _, b := range apptest.Must(s.Orders.Batches(ctx, s.Owner, s.Brand.AppID, order.Filter{}))(t) {
				for _, id := range b.OrderIds {
					if in[id] != 0 {
						t.Errorf("order %d is in the batches %d and %d", id, in[id], b.Id)
					}
					in[id] = b.Id
				}
			}
			for _, id := range ids {
				if info := stored(t, s, id).OrderBatchInfo; info == nil || info.Id != in[id] || !info.IsPublished {
					t.Errorf("order %d is in batch %d and says %+v", id, in[id], info)
				}
			}
		}
	})
}

package order

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// maxStatuses is how many orders one search for fulfilment states names.
const maxStatuses = 100

// workflow is the part of a store's workflow that an order of one type goes through: the states that are enabled and for
// orders of that type.
type workflow struct {
	kind   wire.OrderTypes
	states []wire.FulfillmentStatusConfigurationItem
}

// workflowOf is the workflow of an order.
func (o *Orders) workflowOf(ctx context.Context, order *wire.Order) (*workflow, error) {
	s, err := o.stores.Load(ctx, order.Store.Id)
	if err != nil {
		return nil, err
	}
	w, err := o.stores.WorkflowOf(ctx, s)
	if err != nil {
		return nil, err
	}
	out := &workflow{kind: kindOf(order)}
	for _, st := range w.States {
		on := st.Enabled == nil || *st.Enabled
		if on && (len(st.OrderTypes) == 0 || slices.Contains(st.OrderTypes, wire.OrderTypesAll) || slices.Contains(st.OrderTypes, out.kind)) {
			out.states = append(out.states, st)
		}
	}
	return out, nil
}

// kindOf is the type of an order as workflows know it.
func kindOf(o *wire.Order) wire.OrderTypes {
	switch {
	case o.DeliveryType == wire.DeliveryTypeDelivery:
		return wire.OrderTypesDelivery
	case o.PickupLocationType == wire.PickupLocationTypeTakeOut:
		return wire.OrderTypesCollection
	default:
		return wire.OrderTypesDineIn
	}
}

func (w *workflow) state(id string) (wire.FulfillmentStatusConfigurationItem, bool) {
	i := slices.IndexFunc(w.states, func(s wire.FulfillmentStatusConfigurationItem) bool { return wire.V(s.StatusId) == id })
	if i < 0 {
		return wire.FulfillmentStatusConfigurationItem{}, false
	}
	return w.states[i], true
}

// after are the states that may follow one. After none, or one that the workflow has no more, these are the first and
// those that follow no other.
func (w *workflow) after(id string) (out []wire.FulfillmentStatusConfigurationItem) {
	if now, ok := w.state(id); ok {
		for _, next := range now.NextStatuses {
			if s, ok := w.state(next); ok {
				out = append(out, s)
			}
		}
		return out
	}
	for i, s := range w.states {
		follows := func(other wire.FulfillmentStatusConfigurationItem) bool {
			return slices.Contains(other.NextStatuses, wire.V(s.StatusId))
		}
		if i == 0 || !slices.ContainsFunc(w.states, follows) {
			out = append(out, s)
		}
	}
	return out
}

// byDefault is the state that follows one where nobody chooses: the one that the workflow names for orders of this type
// or for all, else the only one; empty where there is a choice or nothing follows.
func (w *workflow) byDefault(id string) string {
	next := w.after(id)
	now, _ := w.state(id)
	for _, of := range []wire.OrderTypes{w.kind, wire.OrderTypesAll} {
		for _, d := range now.DefaultNextStatus {
			named := func(s wire.FulfillmentStatusConfigurationItem) bool {
				return wire.V(s.StatusId) == wire.V(d.NextStatus)
			}
			if string(wire.V(d.OrderType)) == string(of) && slices.ContainsFunc(next, named) {
				return wire.V(d.NextStatus)
			}
		}
	}
	if len(next) == 1 {
		return wire.V(next[0].StatusId)
	}
	return ""
}

// Fulfilment is the state that an order has in its workflow; NotFound before the first. The caller needs ReadOrders.
func (o *Orders) Fulfilment(ctx context.Context, caller *account.Caller, id int) (wire.OrderFulfillmentStatus, error) {
	order, err := o.document(ctx, caller, id)
	if err != nil {
		return wire.OrderFulfillmentStatus{}, err
	}
	return statusOf(order)
}

func statusOf(o *wire.Order) (wire.OrderFulfillmentStatus, error) {
	s := o.FulfillmentStatus
	if s == nil {
		return wire.OrderFulfillmentStatus{}, fault.Newf(fault.NotFound, "Order %d has no fulfilment state yet.", o.OrderId)
	}
	return wire.OrderFulfillmentStatus{OrderId: o.OrderId, StatusId: s.StatusId, StatusName: s.StatusName, Icon: s.Icon}, nil
}

// document reads an order for a caller with ReadOrders.
func (o *Orders) document(ctx context.Context, caller *account.Caller, id int) (*wire.Order, error) {
	r, err := o.read(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	return documentOf(r)
}

func documentOf(r *row) (*wire.Order, error) {
	order := new(wire.Order)
	if err := json.Unmarshal(r.doc, order); err != nil {
		return nil, fmt.Errorf("order: document of %d: %w", r.id, err)
	}
	return order, nil
}

// FulfilmentActions is the state that an order has in its workflow and those that may follow. Before the first state its
// own members are empty, so that the first ones can be asked for. The caller needs ReadOrders.
func (o *Orders) FulfilmentActions(ctx context.Context, caller *account.Caller, id int) (wire.OrderFulfillmentStatusWithConfigurationActions, error) {
	var out wire.OrderFulfillmentStatusWithConfigurationActions
	order, err := o.document(ctx, caller, id)
	if err != nil {
		return out, err
	}
	w, err := o.workflowOf(ctx, order)
	if err != nil {
		return out, err
	}
	s := cmp.Or(order.FulfillmentStatus, &wire.OrderFulfillmentStatusBase{})
	out = wire.OrderFulfillmentStatusWithConfigurationActions{
		OrderId: id, StatusId: s.StatusId, StatusName: s.StatusName, Icon: s.Icon,
		DefaultNextStatus: w.byDefault(s.StatusId), NextStatuses: []wire.FulfillentStatusActionItem{},
	}
	for _, next := range w.after(s.StatusId) {
		out.NextStatuses = append(out.NextStatuses, wire.FulfillentStatusActionItem{Id: wire.V(next.StatusId), Name: nameOf(next)})
	}
	return out, nil
}

// nameOf is a state as staff see it.
func nameOf(s wire.FulfillmentStatusConfigurationItem) string {
	return cmp.Or(wire.V(s.DisplayName), wire.V(s.StatusName))
}

// FulfilmentOf are the states of orders of a brand, whose ids are written one after the other with commas between them. An
// order that has none yet, or that is out of reach, is left out. The caller needs ReadOrders.
func (o *Orders) FulfilmentOf(ctx context.Context, caller *account.Caller, appID, ids string) ([]wire.OrderFulfillmentStatus, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return nil, err
	}
	wanted, err := readIDs(ids)
	if err != nil {
		return nil, err
	}
	var rows []*row
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		rows = nil
		for _, id := range wanted {
			r, err := load(tx, id)
			switch {
			case errors.Is(err, db.ErrNoRows):
			case err != nil:
				return err
			case r.brand == brand.ID && r.mayRead(caller) == nil:
				rows = append(rows, r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := []wire.OrderFulfillmentStatus{}
	for _, r := range rows {
		order, err := documentOf(r)
		if err != nil {
			return nil, err
		}
		if s, err := statusOf(order); err == nil {
			out = append(out, s)
		}
	}
	return out, nil
}

func readIDs(text string) ([]int, error) {
	const name = "orderIds"
	parts := strings.Split(text, ",")
	if len(parts) > maxStatuses {
		return nil, fault.BadField(name, "%d orders at a time, these are %d", maxStatuses, len(parts))
	}
	var out []int
	for _, p := range parts {
		id, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || id <= 0 || id > maxID {
			return nil, fault.BadField(name, "%.40q is no order id: write ids with commas between them", strings.TrimSpace(p))
		}
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out, nil
}

// SetFulfilment moves an order that was accepted to another state of its workflow; at the end of the workflow, where
// nothing follows, the order is Delivered. The state that it has already changes nothing. The caller needs EditOrders.
func (o *Orders) SetFulfilment(ctx context.Context, caller *account.Caller, id int, in wire.OrderFulfillmentStatusUpdate) error {
	before, _, err := o.open(ctx, caller, id, fulfil)
	if err != nil {
		return err
	}
	order, err := documentOf(before)
	if err != nil {
		return err
	}
	w, err := o.workflowOf(ctx, order)
	if err != nil {
		return err
	}
	to, ok := w.state(wire.V(in.StatusId))
	if !ok {
		return fault.BadField("StatusId", "%.64q is no state of this order's workflow: GET …/fulfillment/state/details lists those that may follow", wire.V(in.StatusId))
	}
	do := fulfil
	if len(w.after(wire.V(to.StatusId))) == 0 {
		do = finish
	}
	_, err = o.change(ctx, caller, id, change{
		do: do, operation: "UpdateFulfillmentState", input: in,
		apply: func(m *moving) error { return m.setFulfilment(w, to) },
	})
	return err
}

func (m *moving) setFulfilment(w *workflow, to wire.FulfillmentStatusConfigurationItem) error {
	id := wire.V(to.StatusId)
	was := cmp.Or(m.order.FulfillmentStatus, &wire.OrderFulfillmentStatusBase{})
	if m.asItIs = was.StatusId == id; m.asItIs {
		return nil
	}
	next := w.after(was.StatusId)
	if !slices.ContainsFunc(next, func(s wire.FulfillmentStatusConfigurationItem) bool { return wire.V(s.StatusId) == id }) {
		return fault.Newf(fault.Conflict, "Order %d cannot be moved to %s: its fulfilment state is %s.", m.row.id, id, cmp.Or(was.StatusId, "none yet")).
			With("What may follow is in NextStatuses of GET …/fulfillment/state/details.")
	}
	m.order.FulfillmentStatus = &wire.OrderFulfillmentStatusBase{StatusId: id, StatusName: wire.V(to.StatusName), Icon: wire.V(to.Icon)}
	m.events = append(m.events, &wire.OrderFulfillmentStatusUpdatedEvent{
		StoreId: m.row.store, OrderId: &m.row.id, StatusId: id, StatusName: wire.V(to.StatusName),
		Description: fmt.Sprintf("%s moved order %d at %s to %s.", m.caller.EventName(), m.row.id, m.order.Store.Name, nameOf(to)),
	})
	return nil
}

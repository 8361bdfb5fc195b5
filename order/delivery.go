package order

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// Bounds of what is told of a delivery, in characters.
const (
	maxDeliveryName = 255
	maxDeliveryText = 1000
	maxTrackURL     = 2048
)

// Delivery is what is known of an order's delivery by a courier; NotFound when nobody has said anything yet. The caller
// needs ReadOrders.
func (o *Orders) Delivery(ctx context.Context, caller *account.Caller, id int) (*wire.OrderDeliveryInformation, error) {
	r, err := o.read(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	if len(r.delivery) == 0 {
		return nil, fault.Newf(fault.NotFound, "Nothing was said of the delivery of order %d yet.", id)
	}
	return deliveryOf(r)
}

func deliveryOf(r *row) (*wire.OrderDeliveryInformation, error) {
	d := &wire.OrderDeliveryInformation{OrderId: r.id}
	if len(r.delivery) == 0 {
		return d, nil
	}
	if err := json.Unmarshal(r.delivery, d); err != nil {
		return nil, fmt.Errorf("order: delivery of %d: %w", r.id, err)
	}
	return d, nil
}

// SetDelivery changes the members of an order's delivery that are given, for an integration that speaks for a courier.
// The status becomes that of the order too: once the food has left, an accepted order is Dispatched, and with Delivered
// it is that. What is there already changes nothing and is told nobody. The caller needs EditOrders.
func (o *Orders) SetDelivery(ctx context.Context, caller *account.Caller, id int, in wire.OrderDeliveryInformationBase) error {
	if err := checkDelivery(&in); err != nil {
		return err
	}
	_, err := o.change(ctx, caller, id, change{
		do: saying(in.Status), operation: "UpdateDeliveryInformation", input: in,
		apply: func(m *moving) error { return m.setDelivery(in) },
	})
	return err
}

func checkDelivery(in *wire.OrderDeliveryInformationBase) error {
	var c fault.Collector
	for _, f := range []struct {
		name  string
		text  **string
		most  int
		lines bool
	}{
		{"ExternalReferenceId", &in.ExternalReferenceId, maxDeliveryName, false},
		{"TrackUrl", &in.TrackUrl, maxTrackURL, false},
		{"DeliveryStatusNotes", &in.DeliveryStatusNotes, maxDeliveryText, true},
		{"ErrorMessage", &in.ErrorMessage, maxDeliveryText, true},
		{"IntegrationCode", &in.IntegrationCode, maxDeliveryName, false},
		{"IntegrationName", &in.IntegrationName, maxDeliveryName, false},
	} {
		if *f.text != nil {
			*f.text = wire.P(strings.TrimSpace(**f.text))
			checkText(&c, f.name, **f.text, f.most, f.lines)
		}
	}
	if link := wire.V(in.TrackUrl); link != "" {
		u, err := url.Parse(link)
		if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			c.Add("TrackUrl", "is no address of a page: write it with https://")
		}
	}
	if in.Status != nil && !slices.Contains(in.Status.Values(), string(*in.Status)) {
		c.Add("Status", "must be one of %v", in.Status.Values())
	}
	return c.Err()
}

// saying is the action of telling a delivery status.
func saying(s *wire.DeliveryInformationStatus) action {
	switch wire.V(s) {
	case "":
		return note
	case wire.DeliveryInformationStatusCarrying, wire.DeliveryInformationStatusOnTheWay, wire.DeliveryInformationStatusArrivedAtLocation:
		return carry
	case wire.DeliveryInformationStatusDelivered:
		return deliver
	default:
		return track
	}
}

func (m *moving) setDelivery(in wire.OrderDeliveryInformationBase) error {
	if err := m.caller.Require(account.EditOrders, m.row.brand, m.row.store); err != nil { // a driver has no such right
		return err
	}
	d, err := deliveryOf(&m.row)
	if err != nil {
		return err
	}
	for _, f := range []struct{ to, given *string }{
		{&d.ExternalReferenceId, in.ExternalReferenceId},
		{&d.TrackUrl, in.TrackUrl},
		{&d.DeliveryStatusNotes, in.DeliveryStatusNotes},
		{&d.ErrorMessage, in.ErrorMessage},
		{&d.IntegrationCode, in.IntegrationCode},
		{&d.IntegrationName, in.IntegrationName},
	} {
		if f.given != nil {
			*f.to = *f.given
		}
	}
	same := true
	if in.Status != nil {
		d.Status = in.Status
		same = m.setTracking(trackingOf(*in.Status))
		if !same && trackingOf(*in.Status) == wire.DeliveryTrackingStatusUnassigned {
			m.setDriver(0)
		}
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if m.asItIs = same && (bytes.Equal(raw, m.row.delivery) || in == wire.OrderDeliveryInformationBase{}); m.asItIs {
		return nil
	}
	m.row.delivery = raw
	m.tellTracking(d.IntegrationName, d.ErrorMessage)
	return nil
}

// trackingOf is a courier's status as orders have it, which lack None.
func trackingOf(s wire.DeliveryInformationStatus) wire.DeliveryTrackingStatus {
	if s == wire.DeliveryInformationStatusNone {
		return wire.DeliveryTrackingStatusUnassigned
	}
	return wire.DeliveryTrackingStatus(s)
}

// setTracking sets the order's status of delivery and reports whether it is what it was.
func (m *moving) setTracking(s wire.DeliveryTrackingStatus) (same bool) {
	same = wire.V(m.order.DeliveryTrackingStatus) == s
	m.order.DeliveryTrackingStatus = &s
	return same
}

// tellTracking appends what a change of the delivery tells: that the food has left too, where this is how it does.
func (m *moving) tellTracking(integration, failure string) {
	if m.order.OrderState == dispatched && m.was == accepted {
		m.tellDispatch()
	}
	m.events = append(m.events, &wire.OrderDeliveryTrackingStatusUpdatedEvent{
		Description: fmt.Sprintf("%s told of the delivery of order %d at %s: %s.",
			m.caller.EventName(), m.row.id, m.order.Store.Name, wire.V(m.order.DeliveryTrackingStatus)),
		DeliveryIntegrationName: integration, DeliveryErrorMessage: failure,
	})
}

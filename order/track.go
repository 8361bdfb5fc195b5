package order

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Tracking is how the delivery of an order goes, and whose it is.
type Tracking struct {
	OrderID  int                         `json:"OrderId" format:"int32"`
	Status   wire.DeliveryTrackingStatus `json:"DeliveryTrackingStatus" enum:"Unassigned,Unaccepted,Accepted,Carrying,OnTheWay,ArrivedAtLocation,Delivered,CannotDeliver"`
	State    wire.OrderState             `json:"OrderState" enum:"Created,PlacedCanBeCancelled,ReadyToProcess,AcceptedByRestaurant,Dispatched,Delivered,Cancelled,ManualReview,RejectedByStore,RejectedByFlipdish,RejectedAutomatically,RejectedAfterBeingAccepted,AcceptedAndRefunded,PendingPayment"`
	DriverID *int                        `json:"DriverId" format:"int32" nullable:"true" doc:"The driver of the brand who has it, or to whom it was offered."`
}

// progress is the sequence that a driver goes through; a status before the one that it has is refused.
var progress = []wire.DeliveryTrackingStatus{
	wire.DeliveryTrackingStatusUnassigned, wire.DeliveryTrackingStatusUnaccepted, wire.DeliveryTrackingStatusAccepted,
	wire.DeliveryTrackingStatusCarrying, wire.DeliveryTrackingStatusOnTheWay, wire.DeliveryTrackingStatusArrivedAtLocation,
	wire.DeliveryTrackingStatusDelivered, wire.DeliveryTrackingStatusCannotDeliver,
}

// SetTracking sets the status of a delivery. The caller needs DeliverOrders. Staff set any. A driver accepts an order that nobody
// has or that was offered to them, gives it back before carrying it (Unassigned), and else goes on with one of theirs,
// never back. Of all drivers who accept an order at once one gets it.
func (o *Orders) SetTracking(ctx context.Context, caller *account.Caller, id int, status wire.DeliveryTrackingStatus) (Tracking, error) {
	if !slices.Contains(progress, status) {
		return Tracking{}, fault.BadField("deliveryTrackingStatus", "must be one of %v", status.Values())
	}
	said := wire.DeliveryInformationStatus(status)
	return trackingAnswer(o.change(ctx, caller, id, change{
		do: saying(&said), operation: "Drivers_UpdateDeliveryTrackingStatus", input: status,
		apply: func(m *moving) error { return m.trackTo(status) },
	}))
}

// Offer offers an order to a driver who works at the given stores, in place of who has it; 0 takes it back. The caller needs
// EditOrders.
func (o *Orders) Offer(ctx context.Context, caller *account.Caller, id, driver int, stores []int) (Tracking, error) {
	return trackingAnswer(o.change(ctx, caller, id, change{
		do: assign, operation: "AssignDriver", input: driver,
		apply: func(m *moving) error {
			if err := m.isDelivery(); err != nil {
				return err
			}
			status := wire.DeliveryTrackingStatusUnaccepted
			switch {
			case driver == 0:
				status = wire.DeliveryTrackingStatusUnassigned
			case !slices.Contains(stores, m.row.store):
				return fault.BadField("DriverId", "is no driver who works at %s", m.order.Store.Name)
			}
			if m.asItIs = m.row.driver == driver; !m.asItIs {
				m.setTracking(status)
				m.setDriver(driver)
				m.tellTracking("", "")
			}
			return nil
		},
	}))
}

func trackingAnswer(doc []byte, err error) (Tracking, error) {
	var o struct {
		OrderId                int
		OrderState             wire.OrderState
		DeliveryTrackingStatus *wire.DeliveryTrackingStatus
		DriverId               *int
	}
	if err == nil {
		err = json.Unmarshal(doc, &o)
	}
	return Tracking{o.OrderId, wire.V(o.DeliveryTrackingStatus), o.OrderState, o.DriverId}, err
}

func (m *moving) isDelivery() error {
	if m.order.DeliveryType != wire.DeliveryTypeDelivery {
		return fault.Newf(fault.Conflict, "Order %d is collected by its customer: nobody delivers it.", m.row.id)
	}
	return nil
}

// setDriver says whose the delivery is, 0 = nobody's.
func (m *moving) setDriver(id int) {
	m.row.driver, m.order.DriverId = id, nil
	if id != 0 {
		m.order.DriverId = &id
	}
}

func (m *moving) trackTo(status wire.DeliveryTrackingStatus) error {
	if err := m.isDelivery(); err != nil {
		return err
	}
	had := m.row.driver
	if m.caller.Kind == account.Driver {
		if err := m.driverMay(status); err != nil {
			return err
		}
	}
	switch {
	case status == wire.DeliveryTrackingStatusUnassigned:
		m.setDriver(0)
	case m.caller.Kind == account.Driver:
		m.setDriver(m.caller.Driver)
	}
	if m.asItIs = m.setTracking(status) && had == m.row.driver; !m.asItIs {
		m.tellTracking("", "")
	}
	return nil
}

// carryTime is how long after the time that it is wanted for a driver may still take an order, and sees it in their list.
const carryTime = 12 * time.Hour

// driverMay refuses a status that is not the calling driver's to set now.
func (m *moving) driverMay(to wire.DeliveryTrackingStatus) error {
	from := wire.V(m.order.DeliveryTrackingStatus)
	mine := m.row.driver == m.caller.Driver
	is, was := slices.Index(progress, to), slices.Index(progress, from)
	const accepted = 2
	switch {
	case !mine && (m.was == refundedInWhole || m.now.Sub(m.row.requestedFor) > carryTime): // no way to old orders' addresses
		return fault.Newf(fault.Conflict, "Order %d is not to be delivered any more.", m.row.id)
	case m.row.driver != 0 && !mine, !mine && was >= accepted: // another driver's, or a courier's
		return fault.Newf(fault.Conflict, "Somebody else has the delivery of order %d.", m.row.id)
	case to == wire.DeliveryTrackingStatusUnaccepted:
		return fault.Newf(fault.Conflict, "Order %d is offered by its store, not by a driver.", m.row.id)
	case to == wire.DeliveryTrackingStatusUnassigned && mine && was <= accepted:
		return nil
	case !mine && is != accepted:
		return fault.Newf(fault.Conflict, "Order %d is not yours: accept it first.", m.row.id)
	case is < was, mine && was < accepted && is > accepted:
		return fault.Newf(fault.Conflict, "The delivery of order %d is %s and cannot become %s.", m.row.id, from, to)
	}
	return nil
}

// OfDriver are the documents of a driver's orders of the last [carryTime] and to come that are not delivered yet, the one wanted
// first before the others: those that were offered to them and those that they accepted.
func (o *Orders) OfDriver(ctx context.Context, caller *account.Caller) ([][]byte, error) {
	if caller.Kind != account.Driver {
		return nil, fault.New(fault.Forbidden, "Only drivers have orders to deliver.")
	}
	var out [][]byte
	err := o.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(sqlOfDriver, caller.Driver, clock.Micros(clock.Now().Add(-carryTime)))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var brand, store int
			var doc []byte
			if err := rows.Scan(&brand, &store, &doc); err != nil {
				return err
			}
			if caller.Require(account.DeliverOrders, brand, store) == nil {
				out = append(out, doc)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("order: of driver: %w", err)
	}
	return out, nil
}

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

// Roster knows which drivers work where; package driver has it.
type Roster interface {
	// Works reports whether a driver works at a store, and keeps it so until tx ends.
	Works(tx *db.Tx, driver, store int) (bool, error)
}

// Consult tells whom to ask which drivers work where, before the first of them has an order.
func (o *Orders) Consult(r Roster) { o.roster = r }

// Offer offers an order to a driver who works at its store, in place of who has it; 0 takes it back. The caller needs EditOrders.
func (o *Orders) Offer(ctx context.Context, caller *account.Caller, id, driver int) (Tracking, error) {
	return trackingAnswer(o.change(ctx, caller, id, change{
		do: assign, operation: "AssignDriver", input: driver,
		apply: func(m *moving) error {
			if err := m.isDelivery(); err != nil {
				return err
			}
			if m.asItIs = m.row.driver == driver; !m.asItIs {
				m.offer(driver)
			}
			return nil
		},
	}))
}

// offer gives an order to a driver who has not accepted it yet, or to nobody.
func (m *moving) offer(driver int) {
	status := wire.DeliveryTrackingStatusUnaccepted
	if driver == 0 {
		status = wire.DeliveryTrackingStatusUnassigned
	}
	m.setTracking(status)
	m.setDriver(driver)
	m.tellTracking("", "")
}

// mayHave refuses a driver who does not work at the store of an order that is to be theirs.
func (o *Orders) mayHave(tx *db.Tx, m *moving) error {
	if m.row.driver == 0 || m.row.driver == m.had {
		return nil
	}
	works, err := o.roster.Works(tx, m.row.driver, m.row.store)
	switch {
	case err != nil || works:
		return err
	case m.caller.Kind == account.Driver:
		return missing(m.row.id)
	}
	return fault.BadField("DriverId", "is no driver who works at %s", m.order.Store.Name)
}

// TakeBack takes what a driver still has to deliver for stores of a brand from them, in the transaction in which they cease to
// work there: none of them is theirs afterwards, nor becomes it. The caller's right is checked there.
func (o *Orders) TakeBack(tx *db.Tx, caller *account.Caller, brand account.Brand, driver int, stores []int) error {
	rows, err := tx.Query(sqlToDeliver, driver, brand.ID)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	var orders []int
	for rows.Next() {
		var id, store int
		if err := rows.Scan(&id, &store); err != nil {
			return err
		}
		if slices.Contains(stores, store) {
			orders = append(orders, id)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	_ = rows.Close()
	for _, id := range orders {
		_, err := o.changeLocked(tx, brand, caller, id, change{do: assign, apply: func(m *moving) error {
			if m.asItIs = m.row.driver != driver; !m.asItIs { // else it was given to another meanwhile
				m.offer(0)
			}
			return nil
		}}, nil)
		if err != nil && fault.KindOf(err) != fault.Conflict { // or ended
			return err
		}
	}
	return nil
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
	if m.asItIs = m.setTracking(status) && m.had == m.row.driver; !m.asItIs {
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

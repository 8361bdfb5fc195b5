// Package order is the life of an order: placed by a diner, answered by the store or an integration, changed by both.
//
// It owns the tables orders, order_refunds, order_quiet_events, order_deadlines, order_batches and order_batch_orders, and appends order.created, order.accepted, order.rejected,
// order.dispatched, order.refunded, order.tip.updated, order.rating.updated, order.deliverytracking.status.updated and
// order.fulfillment.status.updated, and voucher.applied of package voucher. The API's tags Orders, OrderBatches, Receipts, Storefront and
// Sandbox call it.
//
//	           accept                       dispatch, carry
//	Ready ───────────→ AcceptedByRestaurant ───────→ Dispatched ───────→ Delivered (from either)
//	ToProcess               │    │                     │    │   deliver, finish    │
//	  │ reject              │    └──────────┬──────────┘    │                      │
//	  ↓                     ↓ whole refund  ↓ reject        ↓ whole refund         ↓ whole refund
//	RejectedByStore   AcceptedAndRefunded   RejectedAfterBeingAccepted   AcceptedAndRefunded
//
// How the food travels (delivery.go) and where the kitchen is with it (fulfil.go) are two axes of their own beside the
// state; only their ends, and that the food has left, move it.
//
// Where the store has a cancel window, an order waits in PlacedCanBeCancelled until it is over: its customer alone knows it,
// and it has no event. An order that nobody answers becomes RejectedAutomatically: what is to happen at a time is a row (deadline.go), so that it
// happens after a restart too, and once.
//
// Every edge, with who may take it, its guard and its events, is a line of the table in transitions.go; anything else is
// a Conflict that names the current state. A change is one conditional update on the order's version, so of all who want
// to change an order in one state exactly one does.
//
// An order is a snapshot: one JSON document in the contract's shape, written when it is placed and rewritten by each
// change, beside the key columns that are searched and the calculation of its total (calculate.go). Menu edits never
// reach it. Documents are prepared outside transactions and reads hand out the stored bytes.
//
// Money. Amount = OrderItemsAmount + DeliveryAmount + TipAmount + Voucher.Amount + ServiceChargeAmount, and the
// processing fee, on cash orders only. A tax that a menu excludes from its prices is in OrderItemsAmount. Deposits are in
// OrderItemsAmount too, and TotalDepositReturnFeeAmount says how much of it they are. A cash order can be refunded up to
// its Amount from the time it is accepted.
package order

import (
	"comanda/account"
	"comanda/customer"
	"comanda/event"
	"comanda/internal/db"
	"comanda/internal/phone"
	"comanda/menu"
	"comanda/payment"
	"comanda/store"
	"comanda/voucher"
)

// Orders is the door to all orders. It is safe for parallel use.
type Orders struct {
	db        *db.DB
	log       *event.Log
	accounts  *account.Accounts
	stores    *store.Stores
	menus     *menu.Menus
	customers *customer.Customers
	vouchers  *voucher.Vouchers
	payments  *payment.Payments
	phones    *phone.Reader
	roster    Roster
	erasures  chan struct{} // see EraseCustomer
}

// New makes the door.
func New(d *db.DB, log *event.Log, accounts *account.Accounts, stores *store.Stores, menus *menu.Menus, vouchers *voucher.Vouchers, customers *customer.Customers, payments *payment.Payments) *Orders {
	o := &Orders{
		db: d, log: log, accounts: accounts, stores: stores, menus: menus, vouchers: vouchers, customers: customers, payments: payments,
		phones: phone.NewReader(), erasures: make(chan struct{}, 1),
	}
	payments.Keep(book{o})
	return o
}

// comanda is who acts when nobody else does.
var comanda = &account.Caller{Kind: account.System, Name: "Comanda"}

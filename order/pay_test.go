package order_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/order"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/wire"
)

// cards lets the shop take cards.
func cards(t *testing.T, s *apptest.Shop) {
	t.Helper()
	s.EditStore(t, func(w map[string]any) { w["CardOrdersPickupEnabled"], w["CardOrderDeliveryEnabled"] = true, true })
}

// card is a basket of 8.50 that is paid by card.
func card(s *apptest.Shop, token string) order.Basket {
	b := s.Basket()
	b.Payment = &order.Payment{Method: order.Card, Token: &token}
	return b
}

// paymentOf is the payment of an order as it is stored.
func paymentOf(t *testing.T, s *apptest.Shop, id int) *payment.Payment {
	t.Helper()
	var name string
	apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select payment_id from payments where order_id = $1`, id).Scan(&name)
	}))(t)
	return apptest.Must(s.Payments.Load(ctx, name))(t)
}

// settle does all that is owed at the provider, and lets it tell of it.
func settle(t *testing.T, nodes ...*apptest.Shop) {
	t.Helper()
	for range 6 {
		for _, s := range nodes {
			apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
				_, err := tx.Exec(`update payment_operations set due_at = 1 where state = 'open'`)
				return err
			}))(t)
			apptest.Must(s.Sim.RunOnce(ctx, s.Payments))(t)
			apptest.Must(s.Payments.RunOnce(ctx))(t)
		}
	}
}

// checkMoney fails the test unless the customer of an order has paid and got back so much, in minor units, and an amount is
// held on their card or not.
func checkMoney(t *testing.T, s *apptest.Shop, id int, paid, back money.Amount, holds bool) {
	t.Helper()
	gotPaid, gotBack, gotHolds, err := s.Sim.Money(ctx, paymentOf(t, s, id).ID)
	if err != nil || gotPaid != paid || gotBack != back || gotHolds != holds {
		t.Errorf("order %d: paid %d, got back %d, held %v (%v); want %d, %d, %v", id, gotPaid, gotBack, gotHolds, err, paid, back, holds)
	}
}

func expire(t *testing.T, s *apptest.Shop, id int) {
	t.Helper()
	apptest.Must(0, s.DB.Write(ctx, func(tx *db.Tx) error {
		_, err := tx.Exec(`update payments set expires_at = 1 where order_id = $1`, id)
		return err
	}))(t)
}

func TestCardOrderIsHeldTakenAndRefunded(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		head := s.Head(t)
		p := s.Place(t, card(s, simulator.Visa))
		if p.OrderState != wire.OrderStateReadyToProcess || p.PaymentAccountType != wire.PaymentAccountTypeCard ||
			p.PaymentAccountDescription != "Visa •••• 4242" || p.PaymentStatus != wire.PaymentStatusPaid || p.Payment != nil {
			t.Errorf("%+v", p)
		}
		if got := names(s.Events(t, head)); got != "order.created" {
			t.Errorf("events %s", got)
		}
		info := func() bool {
			t.Helper()
			i := apptest.Must(s.Orders.PaymentInformation(ctx, s.Owner, p.OrderId))(t)
			return i.OrderId == p.OrderId && i.PaymentRefundable
		}
		checkMoney(t, s, p.OrderId, 0, 0, true)
		if info() {
			t.Error("refundable before it is accepted")
		}
		_, err := s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: "1"})
		want(t, err, fault.Invalid, "TipAmount", "the card was asked for")
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		if !info() {
			t.Error("not refundable after it was accepted")
		}
		apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "2.25"}))(t)
		settle(t, s)
		checkMoney(t, s, p.OrderId, 850, 225, false)
		_, err = s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: "0"})
		want(t, err, fault.Conflict, "refunded")
		apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "6.25"}))(t)
		settle(t, s)
		checkMoney(t, s, p.OrderId, 850, 850, false)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedAndRefunded || o.PaymentStatus != wire.PaymentStatusRefunded || info() {
			t.Errorf("%s %s", o.OrderState, o.PaymentStatus)
		}
	})
}

func TestTipOfACardOrderOnlyFallsBeforeTheCardPays(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		s.EditStore(t, func(w map[string]any) { w["TipsEnabled"] = true })
		b := card(s, simulator.Visa)
		b.TipAmount = wire.P(wire.Decimal("2"))
		p := s.Place(t, b)
		tip := func(amount wire.Decimal) error {
			_, err := s.Orders.ChangeTip(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: amount})
			return err
		}
		apptest.Must(0, tip("0.5"))(t)
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		settle(t, s)
		checkMoney(t, s, p.OrderId, 900, 0, false)
		want(t, tip("0"), fault.Conflict, "taken from the card")
	})
}

func TestCardOrderThatIsRejectedCostsNothing(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		early, late := s.Place(t, card(s, simulator.Timeout)), s.Place(t, card(s, simulator.Visa))
		if early.OrderState != wire.OrderStatePendingPayment || early.Payment == nil || early.Payment.Status != "Pending" {
			t.Errorf("%+v", early)
		}
		_, err := s.Orders.Get(ctx, s.Owner, early.OrderId)
		want(t, err, fault.NotFound)
		want(t, s.Orders.Accept(ctx, s.Owner, early.OrderId, wire.Accept{}), fault.NotFound)
		settle(t, s)
		reject := wire.Reject{RejectReason: wire.RejectReasonTooBusy}
		apptest.Must(0, s.Orders.Reject(ctx, s.Owner, early.OrderId, reject))(t)
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, late.OrderId, wire.Accept{}))(t)
		apptest.Must(0, s.Orders.RejectAccepted(ctx, s.Owner, late.OrderId, reject))(t)
		settle(t, s)
		checkMoney(t, s, early.OrderId, 0, 0, false)
		checkMoney(t, s, late.OrderId, 850, 850, false)
		if o := stored(t, s, early.OrderId); o.PaymentStatus != wire.PaymentStatusUnpaid {
			t.Errorf("%s", o.PaymentStatus)
		}
		if o := stored(t, s, late.OrderId); o.PaymentStatus != wire.PaymentStatusRefunded || o.OrderState != wire.OrderStateRejectedAfterBeingAccepted {
			t.Errorf("%s %s", o.PaymentStatus, o.OrderState)
		}
	})
}

// What is declined, refused or abandoned gives its voucher back, tells nobody, and is on no list.
func TestCardOrderThatIsNotPaidLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		c := "ONCE"
		id := voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump("2"), MaxRedemptions: wire.P(1)})
		head := s.Head(t)
		basket := func(token string) order.Basket { b := card(s, token); b.VoucherCode = &c; return b }
		diner := apptest.Diner()
		for range 2 { // a repeat is told the same
			_, err := s.Orders.Place(ctx, diner, s.Brand.AppID, basket(simulator.Decline))
			want(t, err, fault.Conflict, "The order is not placed: The card was declined.", "Payment.Token")
		}
		challenged := s.Place(t, basket(simulator.Challenge))
		if n, _ := used(t, s, id); n != 1 || challenged.Payment == nil || challenged.Payment.Status != "NeedsCustomer" || challenged.Payment.Provider != "Simulator" {
			t.Errorf("%d uses, %+v", n, challenged.Payment)
		}
		_, err := s.Orders.Place(ctx, apptest.Diner(), s.Brand.AppID, basket(simulator.Visa))
		want(t, err, fault.Conflict, "used up")
		_, err = s.Orders.ContinuePayment(ctx, apptest.Diner(), s.Brand.AppID, challenged.TrackingToken, order.Continuation{Answer: wire.P(simulator.Refuse)})
		want(t, err, fault.Conflict, "declined")
		if n, _ := used(t, s, id); n != 0 {
			t.Errorf("%d uses", n)
		}
		settle(t, s)
		page := apptest.Must(s.Orders.List(ctx, s.Owner, order.Filter{}, 1, 10))(t)
		_, err = s.Orders.Get(ctx, s.Owner, challenged.OrderId)
		want(t, err, fault.NotFound)
		if page.Total != 0 || len(s.Events(t, head)) != 0 {
			t.Errorf("%d orders, events %s", page.Total, names(s.Events(t, head)))
		}
		checkMoney(t, s, challenged.OrderId, 0, 0, false)
		if o := trackOf(t, s, challenged); o.OrderState != wire.OrderStateCancelled || o.PaymentStatus != wire.PaymentStatusUnpaid {
			t.Errorf("its customer sees %s, %s", o.OrderState, o.PaymentStatus)
		}
	})
}

// A challenge that is passed places the order once, with its voucher, accepted where the store accepts by itself; a repeat of
// the first call then hears of it, byte for byte the same each time.
func TestChallengeThatIsPassedPlacesTheOrder(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		s.EditStore(t, func(w map[string]any) { w["AutomaticallyAcceptOrders"] = true })
		c := "TWO"
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump("2")})
		b := card(s, simulator.Challenge)
		b.VoucherCode, b.Payment.ReturnUrl = &c, wire.P("https://bella.example/thanks")
		diner, head := apptest.Diner(), s.Head(t)
		p := decode[order.PlacedOrder](t, apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t))
		again := decode[order.PlacedOrder](t, apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t))
		if again.OrderId != p.OrderId || again.TrackingToken != p.TrackingToken || again.Payment.Status != "NeedsCustomer" {
			t.Errorf("%+v", again)
		}
		proceed := func() []byte {
			t.Helper()
			return apptest.Must(s.Orders.ContinuePayment(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Continuation{Answer: wire.P(simulator.Approve)}))(t)
		}
		first := proceed()
		events := s.Events(t, head)
		if got := names(events); got != "order.created voucher.applied order.accepted" {
			t.Errorf("events %s", got)
		}
		apptest.Must(0, s.Orders.Dispatch(ctx, s.Owner, p.OrderId))(t)
		repeat := apptest.Must(s.Orders.Place(ctx, diner, s.Brand.AppID, b))(t)
		if string(repeat) != string(first) {
			t.Errorf("answers differ: %s and %s", first, repeat)
		}
		if o := decode[order.PlacedOrder](t, proceed()); o.OrderState != wire.OrderStateDispatched || o.TrackingToken != p.TrackingToken {
			t.Errorf("the customer who goes on is told %s", o.OrderState)
		}
		if o := decode[order.PlacedOrder](t, first); o.OrderState != wire.OrderStateAcceptedByRestaurant || o.Payment != nil || o.TrackingToken != p.TrackingToken {
			t.Errorf("%s", first)
		}
		settle(t, s)
		checkMoney(t, s, p.OrderId, 650, 0, false)
		cash := s.Place(t, s.Basket())
		_, err := s.Orders.ContinuePayment(ctx, apptest.Diner(), s.Brand.AppID, cash.TrackingToken, order.Continuation{})
		want(t, err, fault.Conflict, "cash")
	})
}

// The customer passes their bank's challenge and closes the browser: the money is held, so there is an order, or there is no
// order and the money is let go.
func TestRegressionChargedWithoutAnOrderWhenTheBrowserNeverReturns(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		for _, token := range []string{simulator.Challenge, simulator.Timeout, simulator.Lost} {
			for _, late := range []bool{false, true} {
				head := s.Head(t)
				p := s.Place(t, card(s, token))
				of := paymentOf(t, s, p.OrderId)
				if token == simulator.Challenge { // at the bank, not with us
					s.Sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: of.ID + ":authorize", Payment: of.ID, Customer: simulator.Approve})
				}
				if late {
					expire(t, s, p.OrderId)
				}
				settle(t, s, s.Node())
				o := trackOf(t, s, p)
				switch got := names(s.Events(t, head)); {
				case o.OrderState == wire.OrderStateReadyToProcess && got == "order.created":
					checkMoney(t, s, p.OrderId, 0, 0, true)
				case o.OrderState == wire.OrderStateCancelled && got == "" && late && token == simulator.Lost:
					checkMoney(t, s, p.OrderId, 0, 0, false)
				default:
					t.Errorf("%s, late %v: %s with events %q", token, late, o.OrderState, got)
				}
			}
		}
	})
}

// An order that was given up stays given up, also when its payment succeeds after all: the money is let go.
func TestRegressionPaymentThatIsLateBringsACancelledOrderBack(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		head := s.Head(t)
		p := s.Place(t, card(s, simulator.Challenge))
		expire(t, s, p.OrderId)
		apptest.Must(s.Payments.Proceed(ctx, paymentOf(t, s, p.OrderId).ID, ""))(t)
		of := paymentOf(t, s, p.OrderId)
		s.Sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: of.ID + ":authorize", Payment: of.ID, Customer: simulator.Approve})
		apptest.Must(0, s.Payments.Noticed(ctx, s.Brand.ID, payment.Simulator, payment.Notice{Payment: of.ID}))(t)
		settle(t, s)
		if o := trackOf(t, s, p); o.OrderState != wire.OrderStateCancelled || len(s.Events(t, head)) != 0 {
			t.Errorf("%s, events %s", o.OrderState, names(s.Events(t, head)))
		}
		checkMoney(t, s, p.OrderId, 0, 0, false)
		if of := paymentOf(t, s, p.OrderId); of.State != payment.StateVoided {
			t.Errorf("%s", of.State)
		}
	})
}

// Two clicks on "refund", one second apart, with one key: one refund. With two keys: two, within what was paid.
func TestRegressionDoubleRefundOneSecondApart(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		p := s.Place(t, card(s, simulator.Timeout))
		settle(t, s)
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		click := *s.Owner
		click.Idempotent = "refund-1"
		for range 2 {
			apptest.Must(0, s.Orders.Refund(ctx, &click, p.OrderId, wire.Refund{RefundAmount: "5"}))(t)
			settle(t, s)
		}
		checkMoney(t, s, p.OrderId, 850, 500, false)
		want(t, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "5"}), fault.Conflict, "3.50 EUR")
		apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "3.5"}))(t)
		settle(t, s)
		checkMoney(t, s, p.OrderId, 850, 850, false)
	})
}

func TestRegressionThreeWebhooksSettleAPaymentThreeTimes(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		head := s.Head(t)
		p := s.Place(t, card(s, simulator.Challenge))
		of := paymentOf(t, s, p.OrderId)
		s.Sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: of.ID + ":authorize", Payment: of.ID, Customer: simulator.Approve})
		nodes := []*apptest.Shop{s, s.Node(), s.Node()}
		var wg sync.WaitGroup
		for _, n := range nodes {
			wg.Go(func() {
				if err := n.Payments.Noticed(ctx, s.Brand.ID, payment.Simulator, payment.Notice{Payment: of.ID}); err != nil {
					t.Error(err)
				}
				if _, err := n.Payments.RunOnce(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		settle(t, nodes...)
		if got := names(s.Events(t, head)); got != "order.created" {
			t.Errorf("events %s", got)
		}
		checkMoney(t, s, p.OrderId, 0, 0, true)
	})
}

// What goes wrong with the money after the order was accepted holds it for review, says so truly, and mails the owners.
func TestMoneyThatGoesWrongIsReviewed(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		for _, c := range []struct {
			token, says string
			status      wire.PaymentStatus
			refunded    wire.Decimal
			paid        money.Amount
		}{
			{simulator.Expired, "could not be taken", wire.PaymentStatusUnpaid, "", 0},
			{simulator.NoRefund, "did not reach the card", wire.PaymentStatusPaid, "0", 850},
			{simulator.Dispute, "disputes", wire.PaymentStatusDisputed, "", 850},
		} {
			p := s.Place(t, card(s, c.token))
			apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
			if c.token == simulator.NoRefund {
				apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "8.5"}))(t)
			}
			head, mails := s.Head(t), mailsTo(t, s)
			settle(t, s)
			o := stored(t, s, p.OrderId)
			if o.OrderState != wire.OrderStateManualReview || o.PaymentStatus != c.status || wire.V(o.RefundedAmount) != c.refunded {
				t.Errorf("%s: %s, %s, refunded %v", c.token, o.OrderState, o.PaymentStatus, wire.V(o.RefundedAmount))
			}
			events := s.Events(t, head)
			if names(events) != "order.fulfillment.status.updated" {
				t.Fatalf("%s: events %s", c.token, names(events))
			}
			e := decode[wire.OrderFulfillmentStatusUpdatedEvent](t, events[0].Flat())
			if wire.V(e.OrderId) != p.OrderId || e.StatusName != "ManualReview" || !strings.Contains(e.Description, c.says) || mailsTo(t, s) != mails+1 {
				t.Errorf("%s: %+v, %d mails", c.token, e, mailsTo(t, s)-mails)
			}
			checkMoney(t, s, p.OrderId, c.paid, 0, c.paid == 0)
		}
	})
}

// What is held and cannot be let go is settled and told, also of an order that was never placed, which nobody else sees.
func TestRegressionVoidThatIsDeclinedIsNeverTold(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		for _, answer := range []string{simulator.Approve, simulator.Refuse} {
			p, mails := s.Place(t, card(s, simulator.NoVoid)), mailsTo(t, s)
			_, err := s.Orders.ContinuePayment(ctx, apptest.Diner(), s.Brand.AppID, p.TrackingToken, order.Continuation{Answer: &answer})
			if answer == simulator.Approve {
				apptest.Must(0, s.Orders.Reject(ctx, s.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
			} else {
				want(t, err, fault.Conflict, "declined")
			}
			settle(t, s)
			var open int
			apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`select count(*) from payment_operations where state = 'open'`).Scan(&open)
			}))(t)
			if n := mailsTo(t, s) - mails; n != 1 || open != 0 {
				t.Errorf("%s: %d mails, %d operations open", answer, n, open)
			}
		}
	})
}

// What a bank has taken back is not handed back once more, neither by a rejection nor by a refund.
func TestRegressionDisputedPaymentIsRefundedOnceMore(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		disputed := func() int {
			p := s.Place(t, card(s, simulator.Dispute))
			apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
			settle(t, s)
			return p.OrderId
		}
		review := func(id int, a order.ReviewAction) {
			t.Helper()
			apptest.Must(0, s.Orders.Review(ctx, s.Owner, id, order.Review{Action: a}))(t)
		}
		head, rejected, late, refunded := s.Head(t), disputed(), disputed(), disputed()
		review(rejected, order.ReviewReject)
		review(late, order.ReviewRelease)
		apptest.Must(0, s.Orders.RejectAccepted(ctx, s.Owner, late, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		review(refunded, order.ReviewRelease)
		want(t, s.Orders.Refund(ctx, s.Owner, refunded, wire.Refund{RefundAmount: "1"}), fault.Conflict, "0.00 EUR of its 8.50 EUR are left to refund after the customer's bank took 8.50 EUR back")
		if i := apptest.Must(s.Orders.PaymentInformation(ctx, s.Owner, refunded))(t); i.PaymentRefundable {
			t.Error("refundable")
		}
		settle(t, s)
		for _, id := range []int{rejected, late, refunded} {
			checkMoney(t, s, id, 850, 0, false)
			if o := stored(t, s, id); o.PaymentStatus != wire.PaymentStatusDisputed || o.RefundedAmount != nil {
				t.Errorf("%s, %s refunded", o.PaymentStatus, *o.RefundedAmount)
			}
		}
		var kinds string
		apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select min(kind) || ' ' || max(kind) from payment_operations where kind <> 'authorize'`).Scan(&kinds)
		}))(t)
		if kinds != "capture capture" || strings.Contains(names(s.Events(t, head)), "order.refunded") {
			t.Errorf("operations %q, events %s", kinds, names(s.Events(t, head)))
		}
	})
}

// Each dispute of a payment goes through its stages in any order in which they are told, each once; what all of them take cannot
// be refunded.
func TestDisputes(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		type stages []payment.Dispute
		asks, answered := payment.Dispute{Stage: payment.Inquiry, Amount: 850}, payment.Dispute{Stage: payment.Answered, Amount: 850}
		takes, part := payment.Dispute{Stage: payment.TakenBack, Amount: 9999}, payment.Dispute{Stage: payment.TakenBack, Amount: 300}
		won, lost := payment.Dispute{Stage: payment.Won, Amount: 850}, payment.Dispute{Stage: payment.Lost, Amount: 850}
		next := func(d payment.Dispute) payment.Dispute { d.ID = "2"; return d }
		for _, c := range []struct {
			told     stages
			refunded wire.Decimal // before it
			state    wire.OrderState
			status   wire.PaymentStatus
			left     wire.Decimal
			mails    int
		}{
			{stages{asks}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "8.5", 1},
			{stages{asks, takes, takes}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 2},
			{stages{part}, "2", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "3.5", 1},
			{stages{takes, won}, "2", wire.OrderStateManualReview, wire.PaymentStatusPartiallyRefunded, "6.5", 2},
			{stages{won, takes, asks}, "", wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPaid, "8.5", 1},
			{stages{takes, asks, lost}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 2},
			{stages{lost, won, lost}, "", wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPaid, "8.5", 2},
			{stages{asks, answered, takes, lost}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 4},
			{stages{asks, answered, next(takes), next(lost), asks}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 4},
			{stages{takes, won, next(takes), won}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 3},
			{stages{part, next(part), won}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "5.5", 3},
			{stages{takes, next(takes)}, "", wire.OrderStateManualReview, wire.PaymentStatusDisputed, "", 2},
			{stages{lost}, "", wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusDisputed, "", 1},
		} {
			p := s.Place(t, card(s, simulator.Visa))
			apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
			if c.refunded != "" {
				apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: c.refunded}))(t)
			}
			settle(t, s)
			mails, of := mailsTo(t, s), paymentOf(t, s, p.OrderId)
			for _, d := range c.told {
				apptest.Must(0, s.Payments.Noticed(ctx, s.Brand.ID, payment.Simulator, payment.Notice{Payment: of.ID, Dispute: &d}))(t)
			}
			o := stored(t, s, p.OrderId)
			if o.OrderState != c.state || o.PaymentStatus != c.status || wire.V(o.RefundedAmount) != c.refunded || mailsTo(t, s)-mails != c.mails {
				t.Errorf("%v: %s, %s, %s refunded, %d mails", c.told, o.OrderState, o.PaymentStatus, wire.V(o.RefundedAmount), mailsTo(t, s)-mails)
			}
			if o.OrderState == wire.OrderStateManualReview {
				apptest.Must(0, reviewed(s, p, order.ReviewRelease))(t)
			}
			err := s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: c.left})
			if c.left == "" {
				err = s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "0.01"})
				want(t, err, fault.Conflict, "0.00 EUR of its")
			} else if err != nil {
				t.Errorf("%v: %v", c.told, err)
			}
			settle(t, s)
			if err := s.Orders.Verify(ctx, s.Owner, p.OrderId); err != nil {
				t.Error(err)
			}
		}
	})
}

// A dispute that is decided leaves an order that it had held in review, where it stays until somebody releases it.
func TestMailOfADecidedDisputeSaysToReleaseTheOrder(t *testing.T) {
	for stage, says := range map[payment.Stage]string{
		payment.TakenBack: "decide what is to be done", payment.Answered: "release it", payment.Won: "release it", payment.Lost: "release it",
	} {
		if _, text := order.MailOfDispute(&payment.Payment{Order: 7, Provider: payment.Stripe, Currency: "EUR", Amount: 850}, payment.Dispute{Stage: stage}); !strings.Contains(text, says) {
			t.Errorf("%s: %s", stage, text)
		}
	}
}

// Two refunds that fail are both put right, the second one while the first has the order held; what was held as refunded can be
// refunded again.
func TestRefundsThatFailOneAfterTheOtherAreAllPutRight(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		for name, parts := range map[string][]wire.Decimal{"partial": {"2", "3"}, "whole": {"8.5"}} {
			p := s.Place(t, card(s, simulator.NoRefund))
			apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
			settle(t, s)
			for _, part := range parts {
				apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: part}))(t)
			}
			settle(t, s)
			o := stored(t, s, p.OrderId)
			if o.OrderState != wire.OrderStateManualReview || wire.V(o.RefundedAmount) != "0" || o.PaymentStatus != wire.PaymentStatusPaid {
				t.Errorf("%s: %s, %v refunded, %s", name, o.OrderState, wire.V(o.RefundedAmount), o.PaymentStatus)
			}
			apptest.Must(0, reviewed(s, p, order.ReviewRelease))(t)
			if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateAcceptedByRestaurant {
				t.Errorf("%s: released as %s", name, o.OrderState)
			}
			apptest.Must(0, s.Orders.Refund(ctx, s.Owner, p.OrderId, wire.Refund{RefundAmount: "8.5"}))(t)
		}
	})
}

// A capture that fails while staff hold the order: nothing was taken, so a rejection lets go of what is held, and hands
// nothing back.
func TestCaptureThatFailsWhileTheOrderIsHeld(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		p := s.Place(t, card(s, simulator.Expired))
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		apptest.Must(0, reviewed(s, p, order.ReviewHold))(t)
		settle(t, s)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateManualReview || o.PaymentStatus != wire.PaymentStatusUnpaid {
			t.Errorf("%s, %s", o.OrderState, o.PaymentStatus)
		}
		head := s.Head(t)
		apptest.Must(0, reviewed(s, p, order.ReviewReject))(t)
		settle(t, s)
		if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedByFlipdish || wire.V(o.RefundedAmount) > "0" || names(s.Events(t, head)) != "order.rejected" {
			t.Errorf("%s, %v refunded, events %s", o.OrderState, wire.V(o.RefundedAmount), names(s.Events(t, head)))
		}
	})
}

// A rejection after a review whose refund fails is held again, and can be rejected again.
func TestRefundOfARejectedReviewThatFails(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		p := s.Place(t, card(s, simulator.NoRefund))
		apptest.Must(0, s.Orders.Accept(ctx, s.Owner, p.OrderId, wire.Accept{}))(t)
		settle(t, s)
		for range 2 {
			apptest.Must(0, reviewed(s, p, order.ReviewHold))(t)
			apptest.Must(0, reviewed(s, p, order.ReviewReject))(t)
			settle(t, s)
			if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateManualReview || wire.V(o.RefundedAmount) != "0" {
				t.Fatalf("%s, %v refunded", o.OrderState, wire.V(o.RefundedAmount))
			}
			apptest.Must(0, reviewed(s, p, order.ReviewRelease))(t)
			if o := stored(t, s, p.OrderId); o.OrderState != wire.OrderStateRejectedByFlipdish {
				t.Fatal(o.OrderState)
			}
		}
	})
}

func mailsTo(t *testing.T, s *apptest.Shop) (n int) {
	t.Helper()
	apptest.Must(0, s.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select count(*) from mail_outbox`).Scan(&n)
	}))(t)
	return n
}

func TestCardsThatAreNotTaken(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		_, err := place(s, card(s, simulator.Visa))
		want(t, err, fault.Invalid, "Payment.Method", "takes no cards for Pickup")
		cards(t, s)
		before := counts(t, s)
		for token, says := range map[string]string{
			"": "give the token", "4242 4242 4242 4242": "card number", "4242424242424242": "card number", "sim visa": "no token",
			"sim_\x00": "no token", strings.Repeat("x", 256): "no token",
		} {
			_, err := place(s, card(s, token))
			want(t, err, fault.Invalid, "Payment.Token", says)
		}
		for _, back := range []string{"http://bella.example", "javascript:alert(1)", "https://", "https://a@b.example", "https://b.example/" + strings.Repeat("x", 1000), "::"} {
			b := card(s, simulator.Visa)
			b.Payment.ReturnUrl = &back
			_, err := place(s, b)
			want(t, err, fault.Invalid, "Payment.ReturnUrl")
		}
		b := s.Basket()
		b.Payment.Token = wire.P("sim_visa")
		_, err = place(s, b)
		want(t, err, fault.Invalid, "Payment.Token", "is for Card")
		if after := counts(t, s); after != before {
			t.Errorf("%v, before %v", after, before)
		}
		c := "ALL"
		voucherOf(t, s, wire.VoucherTypePercentageDiscount, wire.CreateVoucher{Code: &c, PercentDiscountDetails: percent(100)})
		b = card(s, simulator.Visa)
		b.VoucherCode = &c
		_, err = place(s, b)
		want(t, err, fault.Invalid, "costs nothing")
		apptest.Must(s.Payments.SetSettings(ctx, s.Owner, s.Brand.AppID, payment.CardSettingsChange{Provider: payment.None}))(t)
		_, err = place(s, card(s, simulator.Visa))
		want(t, err, fault.Invalid, "Payment.Method", "Bella Napoli takes no cards")
	})
}

func TestVouchersForCardOrders(t *testing.T) {
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		c := "CASHONLY"
		voucherOf(t, s, wire.VoucherTypeLumpDiscount, wire.CreateVoucher{Code: &c, LumpDiscountDetails: lump("2"), IsValidForOrdersPayedOnline: wire.P(false)})
		b := card(s, simulator.Visa)
		b.VoucherCode = &c
		_, err := place(s, b)
		want(t, err, fault.Invalid, "paid online")
	})
}

// Of one call that 32 twins make, through two nodes, while the provider's notices and the workers run: one order, one event,
// one amount held. Then accept and reject race: the customer pays once, or nothing.
func TestRaceCardOrderIsPlacedOnceAndPaidOnce(t *testing.T) {
	const racers = 32
	each(t, func(t *testing.T, s *apptest.Shop) {
		cards(t, s)
		nodes := []*apptest.Shop{s, s.Node()}
		for round := range rounds(t) {
			diner, head := apptest.Diner(), s.Head(t)
			b := card(s, []string{simulator.Twice, simulator.Timeout, simulator.Visa}[round%3])
			ids, races := make([]int, racers), sync.WaitGroup{}
			for i := range racers {
				races.Go(func() {
					n := nodes[i%2]
					raw, err := n.Orders.Place(ctx, &account.Caller{Kind: account.Anonymous, Idempotent: diner.Idempotent}, s.Brand.AppID, b)
					if err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
					var p order.PlacedOrder
					if err := json.Unmarshal(raw, &p); err != nil {
						t.Error(err)
					}
					ids[i] = p.OrderId
					if _, err := n.Sim.RunOnce(ctx, n.Payments); err != nil {
						t.Error(err)
					}
					if _, err := n.Payments.RunOnce(ctx); err != nil {
						t.Error(err)
					}
				})
			}
			races.Wait()
			settle(t, nodes...)
			if ids = slices.Compact(ids); len(ids) != 1 || names(s.Events(t, head)) != "order.created" {
				t.Fatalf("round %d: orders %v, events %s", round, ids, names(s.Events(t, head)))
			}
			id := ids[0]
			checkMoney(t, s, id, 0, 0, true)
			var accepted, rejected, refunded atomic.Int64
			for i := range racers {
				races.Go(func() {
					n := nodes[i/4%2]
					switch i % 4 {
					case 0:
						count(t, &accepted, n.Orders.Accept(ctx, s.Owner, id, wire.Accept{}))
					case 1:
						count(t, &rejected, n.Orders.Reject(ctx, s.Owner, id, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))
					case 2:
						count(t, &refunded, n.Orders.Refund(ctx, s.Owner, id, wire.Refund{RefundAmount: "2"}))
					default:
						if _, err := n.Payments.RunOnce(ctx); err != nil {
							t.Error(err)
						}
					}
				})
			}
			races.Wait()
			settle(t, nodes...)
			if accepted.Load()+rejected.Load() != 1 || refunded.Load() > 4 {
				t.Fatalf("round %d: accepted %d times, rejected %d, refunded %d", round, accepted.Load(), rejected.Load(), refunded.Load())
			}
			checkMoney(t, s, id, money.Amount(850*accepted.Load()), money.Amount(200*refunded.Load()), false)
		}
	})
}

// count counts successes; a failure other than a conflict fails the test.
func count(t *testing.T, n *atomic.Int64, err error) {
	switch {
	case err == nil:
		n.Add(1)
	case fault.KindOf(err) != fault.Conflict:
		t.Error(fmt.Errorf("raced: %w", err))
	}
}

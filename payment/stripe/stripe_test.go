package stripe_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/seal"
	"comanda/money"
	"comanda/order"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/payment/stripe"
	"comanda/payment/stripe/stripetest"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// call is an operation on a payment of 12.50 EUR.
func call(k payment.Kind, reference string) payment.Call {
	return payment.Call{
		Account: payment.Account{Brand: 1, SecretKey: stripetest.SecretKey}, Key: "p-1:" + string(k), Kind: k, Payment: "p-1", Order: 7,
		Reference: reference, Amount: 1250, Currency: "EUR", Token: simulator.Visa, ReturnURL: "https://bella.example/thanks",
	}
}

// What the adapter sends is what Stripe's own description of its API allows: stripe-mock refuses all else, and answers with
// samples, which mean nothing.
func TestCallsAreWellFormed(t *testing.T) {
	at, answers := mock(t)
	s := stripe.New(at)
	s.Authorize(ctx, call(payment.Authorize, ""))
	scripted := call(payment.Authorize, "pi_1")
	scripted.ReturnURL = ""
	s.Authorize(ctx, scripted)
	s.Capture(ctx, call(payment.Capture, "pi_1"))
	s.Void(ctx, call(payment.Void, "pi_1"))
	s.Refund(ctx, call(payment.Refund, "pi_1"))
	s.Fetch(ctx, call(payment.Capture, "pi_1"))
	s.Fetch(ctx, call(payment.Refund, "pi_1"))
	r := apptest.Must(http.NewRequest(http.MethodPost, at+"/v1/refunds", strings.NewReader("payment_intent=pi_1&all=true")))(t)
	r.Header.Set("Authorization", "Bearer "+stripetest.SecretKey)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	_ = apptest.Must(http.DefaultClient.Do(r))(t).Body.Close()
	want := []string{
		"200 POST /v1/payment_intents", "200 POST /v1/payment_intents/…/confirm", "200 POST /v1/payment_intents/…/confirm", "200 POST /v1/payment_intents/…/capture",
		"200 POST /v1/payment_intents/…/cancel", "200 POST /v1/refunds", "200 GET /v1/payment_intents/…", "200 GET /v1/refunds",
		"400 POST /v1/refunds", // which shows that it does refuse
	}
	if got := answers(); !slices.Equal(got, want) {
		t.Errorf("answers %q", got)
	}
}

// mock starts stripe-mock, which is pinned in tools/go.mod, and returns its address and what tells its answers.
func mock(t *testing.T) (string, func() []string) {
	t.Helper()
	path, err := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../tools/go.mod", "-n", "stripe-mock").Output()
	if err != nil {
		if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "stripe-mock") {
			t.Fatalf("required by COMANDA_TEST_REQUIRE but missing: stripe-mock: %v", err)
		}
		t.Skipf("SKIPPED: stripe-mock cannot be built (%v); COMANDA_TEST_REQUIRE=stripe-mock makes this a failure", err)
	}
	server := exec.CommandContext(t.Context(), strings.TrimSpace(string(path)), "-http-addr", "127.0.0.1:", "-https-addr", "127.0.0.1:")
	out := apptest.Must(server.StdoutPipe())(t)
	apptest.Must(0, server.Start())(t)
	t.Cleanup(func() { _ = server.Wait() })
	lines := bufio.NewScanner(out)
	host := ""
	for host == "" && lines.Scan() {
		_, host, _ = strings.Cut(lines.Text(), "Listening for HTTP at address: ")
	}
	var said []string
	proxy := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: host}) },
		ModifyResponse: func(r *http.Response) error {
			parts := strings.Split(r.Request.URL.Path, "/")
			if len(parts) > 3 {
				parts[3] = "…"
			}
			said = append(said, fmt.Sprint(r.StatusCode, " ", r.Request.Method, " ", strings.Join(parts, "/")))
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL, func() []string { return said }
}

// desk is a shop whose brand takes cards through Stripe.
type desk struct {
	*apptest.Shop
	stripe *stripetest.Server
}

func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, at *db.DB) {
		s := apptest.OpenShop(t, at)
		s.EditStore(t, func(w map[string]any) { w["CardOrdersPickupEnabled"], w["CardOrderDeliveryEnabled"] = true, true })
		fn(t, deskOf(t, s, stripetest.New(t, s.Sim, s.Brand.ID, s.Brand.AppID)))
	})
}

func deskOf(t *testing.T, s *apptest.Shop, at *stripetest.Server) *desk {
	t.Helper()
	s.Payments = apptest.Must(payment.New(s.DB, s.Accounts, payment.Config{
		MasterKey: make([]byte, seal.KeySize), PublicURL: "https://comanda.test", Providers: []payment.Provider{s.Sim, stripe.New(at.URL)},
	}))(t)
	s.Orders = order.New(s.DB, s.Log, s.Accounts, s.Stores, s.Menus, s.Vouchers, s.Customers, s.Payments)
	at.Door = stripe.Door(s.Payments)
	apptest.Must(s.Payments.SetSettings(ctx, s.Owner, s.Brand.AppID, payment.CardSettingsChange{
		Provider: payment.Stripe, PublishableKey: wire.P(stripetest.PublishableKey),
		SecretKey: wire.P(stripetest.SecretKey), WebhookSecret: wire.P(stripetest.WebhookSecret),
	}))(t)
	return &desk{s, at}
}

// place orders for 8.50 by card, from a page that has Stripe's script.
func (d *desk) place(t *testing.T, token string) order.PlacedOrder {
	t.Helper()
	b := d.Basket()
	b.Payment = &order.Payment{Method: order.Card, Token: &token}
	return d.Place(t, b)
}

// accepted is an order whose 8.50 are taken, and its payment.
func (d *desk) accepted(t *testing.T, token string) (int, *payment.Payment) {
	t.Helper()
	p := d.place(t, token)
	apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
	d.settle(t)
	return p.OrderId, d.paymentOf(t, p.OrderId)
}

func (d *desk) paymentOf(t *testing.T, id int) *payment.Payment {
	t.Helper()
	var name string
	apptest.Must(0, d.DB.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(`select payment_id from payments where order_id = $1`, id).Scan(&name)
	}))(t)
	return apptest.Must(d.Payments.Load(ctx, name))(t)
}

// settle does all that is owed at Stripe, and lets it tell of it.
func (d *desk) settle(t *testing.T) {
	t.Helper()
	for range 4 {
		apptest.Must(0, d.DB.Write(ctx, func(tx *db.Tx) error {
			_, err := tx.Exec(`update payment_operations set due_at = 1 where state = 'open'`)
			return err
		}))(t)
		apptest.Must(d.Sim.RunOnce(ctx, d.stripe))(t)
		apptest.Must(d.Payments.RunOnce(ctx))(t)
	}
}

// check fails the test unless an order is in a state with a payment status, and so much was refunded of it.
func (d *desk) check(t *testing.T, id int, state wire.OrderState, status wire.PaymentStatus, refunded wire.Decimal) {
	t.Helper()
	o := apptest.Must(d.Orders.Get(ctx, d.Owner, id))(t)
	got := decode[wire.Order](t, o)
	if got.OrderState != state || got.PaymentStatus != status || wire.V(got.RefundedAmount) != refunded {
		t.Errorf("order %d: %s, %s, %q refunded; want %s, %s, %q", id, got.OrderState, got.PaymentStatus, wire.V(got.RefundedAmount), state, status, refunded)
	}
}

// A customer who has to ask their bank, and the whole life of the money after it.
func TestOrderIsPaidThroughStripe(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		shop := apptest.Must(d.Orders.Shop(ctx, apptest.Diner(), d.Brand.AppID, d.Store))(t)
		if shop.Cards != (order.ShopCards{Provider: payment.Stripe, PublishableKey: stripetest.PublishableKey}) || !shop.CardOrdersPickupEnabled {
			t.Errorf("%+v", shop.Cards)
		}
		if p := d.place(t, simulator.Challenge); p.Payment == nil || p.Payment.RedirectUrl != nil || p.Payment.ClientSecret == nil {
			t.Errorf("with the script: %+v", p.Payment)
		}
		b := d.Basket()
		b.Payment = &order.Payment{Method: order.Card, Token: wire.P(simulator.Challenge), ReturnUrl: wire.P("https://bella.example/thanks")}
		p := d.Place(t, b)
		of := d.paymentOf(t, p.OrderId)
		if o := p.Payment; o == nil || o.Status != "NeedsCustomer" || o.Provider != "Stripe" || wire.V(o.RedirectUrl) != "https://bank.example/"+of.Reference || wire.V(o.ClientSecret) != of.Reference+"_secret_of_the_customer" {
			t.Fatalf("%+v", p.Payment)
		}
		d.Sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: of.ID + ":authorize", Payment: of.ID, Customer: simulator.Approve})
		apptest.Must(0, d.stripe.Noticed(ctx, 0, "", payment.Notice{Payment: of.ID}))(t) // the browser never comes back
		apptest.Must(d.Payments.RunOnce(ctx))(t)
		d.check(t, p.OrderId, wire.OrderStateReadyToProcess, wire.PaymentStatusPaid, "")
		apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
		apptest.Must(0, d.Orders.Refund(ctx, d.Owner, p.OrderId, wire.Refund{RefundAmount: "2.25"}))(t)
		d.settle(t)
		apptest.Must(0, d.Orders.RejectAccepted(ctx, d.Owner, p.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		d.settle(t)
		d.check(t, p.OrderId, wire.OrderStateRejectedAfterBeingAccepted, wire.PaymentStatusRefunded, "8.5")
		if paid, back, _, err := d.Sim.Money(ctx, of.ID); err != nil || paid != 850 || back != 850 {
			t.Errorf("paid %d, back %d, %v", paid, back, err)
		}
	})
}

func decode[T any](t *testing.T, raw []byte) (v T) {
	t.Helper()
	apptest.Must(0, json.Unmarshal(raw, &v))(t)
	return v
}

// A refund that fails after it was done, as when the card's account is closed, is put right once, however often it is told.
func TestRefundThatFailsLater(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id, of := d.accepted(t, simulator.Visa)
		for range 2 {
			apptest.Must(0, d.Orders.Refund(ctx, d.Owner, id, wire.Refund{RefundAmount: "3"}))(t)
		}
		d.settle(t)
		d.check(t, id, wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPartiallyRefunded, "6")
		apptest.Must(0, d.stripe.FailRefunds(ctx, of.ID))(t)
		d.settle(t)
		d.check(t, id, wire.OrderStateManualReview, wire.PaymentStatusPaid, "0")
		if of := d.paymentOf(t, id); of.Refunded != 0 {
			t.Errorf("%d refunded", of.Refunded)
		}
	})
}

// What people do at Stripe meanwhile is seen, not guessed.
func TestPaymentsThatWereMovedByHand(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		byHand := func(of *payment.Payment, amount money.Amount) {
			t.Helper()
			d.Sim.Capture(ctx, payment.Call{Key: of.ID + ":capture", Kind: payment.Capture, Payment: of.ID, Amount: amount})
		}
		same, other, taken := d.place(t, simulator.Visa), d.place(t, simulator.Visa), d.place(t, simulator.Visa)
		byHand(d.paymentOf(t, same.OrderId), 850)
		byHand(d.paymentOf(t, other.OrderId), 500)
		byHand(d.paymentOf(t, taken.OrderId), 850)
		for _, p := range []order.PlacedOrder{same, other} {
			apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
		}
		apptest.Must(0, d.Orders.Reject(ctx, d.Owner, taken.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		d.settle(t)
		d.check(t, same.OrderId, wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPaid, "")
		d.check(t, other.OrderId, wire.OrderStateManualReview, wire.PaymentStatusUnpaid, "")
		d.check(t, taken.OrderId, wire.OrderStateRejectedByStore, wire.PaymentStatusUnpaid, "")
		if paid, back, _, err := d.Sim.Money(ctx, d.paymentOf(t, taken.OrderId).ID); err != nil || paid != back {
			t.Errorf("the customer of a rejected order paid %d and has %d back, %v", paid, back, err)
		}
	})
}

// The keys of another account give up nothing: they are refused while the account before has a payment that is not settled, and
// where it does not answer any more, what is owed waits until its key comes back, and is then tried at once.
func TestRegressionKeysOfAnotherAccountGiveUpWhatIsOwed(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		set := func(key string) error {
			_, err := d.Payments.SetSettings(ctx, d.Owner, d.Brand.AppID, payment.CardSettingsChange{Provider: payment.Stripe, SecretKey: &key})
			return err
		}
		taken, held := d.place(t, simulator.Visa), d.place(t, simulator.Visa)
		if err := set(stripetest.OtherKey); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "another account at Stripe") {
			t.Errorf("while amounts are held: %v", err)
		}
		apptest.Must(0, set("sk_test_expired"))(t) // says nothing, so it may be of the same account
		apptest.Must(0, set(stripetest.OtherKey))(t)
		apptest.Must(0, d.Orders.Accept(ctx, d.Owner, taken.OrderId, wire.Accept{}))(t)
		apptest.Must(0, d.Orders.Refund(ctx, d.Owner, taken.OrderId, wire.Refund{RefundAmount: "3"}))(t)
		apptest.Must(0, d.Orders.Reject(ctx, d.Owner, held.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy}))(t)
		d.settle(t)
		d.check(t, taken.OrderId, wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPartiallyRefunded, "3")
		apptest.Must(0, set(stripetest.SecretKey))(t)
		for range 3 {
			apptest.Must(d.Payments.RunOnce(ctx))(t)
		}
		for id, want := range map[int]string{taken.OrderId: "850 300 false", held.OrderId: "0 0 false"} {
			paid, back, holds, err := d.Sim.Money(ctx, d.paymentOf(t, id).ID)
			if got := fmt.Sprint(paid, back, holds); err != nil || got != want {
				t.Errorf("order %d: %s, %v; want %s", id, got, err, want)
			}
		}
		apptest.Must(0, set(stripetest.OtherKey))(t)
	})
}

// What Stripe moves in steps is ordered, tipped and refunded in steps: an authorization that cannot be captured is not made.
func TestRegressionThreeDecimalsCannotBeCaptured(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.EditStore(t, func(w map[string]any) { w["TipsEnabled"], w["Currency"] = true, "KWD" })
		refused := func(err error, field string) {
			t.Helper()
			if f := (*fault.Error)(nil); !errors.As(err, &f) || f.Kind != fault.Invalid || len(f.Fields) != 1 || f.Fields[0].Name != field || !strings.Contains(f.Fields[0].Message, "multiples of 0.010 KWD") {
				t.Errorf("%s: %v", field, err)
			}
		}
		b := d.Basket()
		b.Payment, b.TipAmount = &order.Payment{Method: order.Card, Token: wire.P(simulator.Visa)}, wire.P(wire.Decimal("1.234"))
		_, err := d.Orders.Place(ctx, apptest.Diner(), d.Brand.AppID, b)
		refused(err, "Payment.Method")
		b.TipAmount = wire.P(wire.Decimal("1.23"))
		card, cash := d.Place(t, b), d.Place(t, d.Basket())
		tip := func(p order.PlacedOrder, amount wire.Decimal) error {
			_, err := d.Orders.ChangeTip(ctx, apptest.Diner(), d.Brand.AppID, p.TrackingToken, order.Tip{TipAmount: amount})
			return err
		}
		refused(tip(card, "1.001"), "TipAmount")
		apptest.Must(0, tip(card, "1"))(t)
		apptest.Must(0, tip(cash, "1.001"))(t)
		refund := func(p order.PlacedOrder) error {
			apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
			return d.Orders.Refund(ctx, d.Owner, p.OrderId, wire.Refund{RefundAmount: "1.001"})
		}
		refused(refund(card), "RefundAmount")
		apptest.Must(0, refund(cash))(t)
	})
}

// A fault that Stripe stores under the key of a call is not met for a day.
func TestRegressionFaultUnderAKeyComesAgainForADay(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		taken, held := d.place(t, simulator.Visa), d.place(t, simulator.Visa)
		for _, do := range []func() error{
			func() error { return d.Orders.Accept(ctx, d.Owner, taken.OrderId, wire.Accept{}) },
			func() error { return d.Orders.Refund(ctx, d.Owner, taken.OrderId, wire.Refund{RefundAmount: "3"}) },
			func() error {
				return d.Orders.Reject(ctx, d.Owner, held.OrderId, wire.Reject{RejectReason: wire.RejectReasonTooBusy})
			},
		} {
			apptest.Must(0, do())(t)
			d.stripe.Fault(2)
			d.settle(t)
		}
		for id, want := range map[int]string{taken.OrderId: "850 300 false", held.OrderId: "0 0 false"} {
			paid, back, holds, err := d.Sim.Money(ctx, d.paymentOf(t, id).ID)
			if got := fmt.Sprint(paid, back, holds); err != nil || got != want {
				t.Errorf("order %d: %s, %v; want %s", id, got, err, want)
			}
		}
	})
}

// The owners hear once a day of an account that does not do what is asked of it, not of a fault that is short.
func TestOwnersHearOfAKeyThatIsNotTaken(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		first, second := d.place(t, simulator.Visa), d.place(t, simulator.Visa)
		d.stripe.Refuse(&sdk.Error{HTTPStatusCode: 401, Type: sdk.ErrorTypeInvalidRequest, Code: "api_key_expired"})
		for _, p := range []order.PlacedOrder{first, second} {
			apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
		}
		told := func(want int) {
			t.Helper()
			d.settle(t)
			var n int
			apptest.Must(0, d.DB.Read(ctx, func(tx *db.Tx) error {
				return tx.QueryRow(`select count(*) from mail_outbox`).Scan(&n)
			}))(t)
			if n != want {
				t.Errorf("%d mails, want %d", n, want)
			}
		}
		set := func(statement string) {
			t.Helper()
			apptest.Must(0, d.DB.Write(ctx, func(tx *db.Tx) error { _, err := tx.Exec(statement); return err }))(t)
		}
		told(0)
		set(`update payment_operations set created_at = 1 where state = 'open'`)
		told(1)
		set(`update payment_accounts set told_at = 1`)
		told(2)
		d.stripe.Refuse(nil)
		told(2)
		d.check(t, second.OrderId, wire.OrderStateAcceptedByRestaurant, wire.PaymentStatusPaid, "")
	})
}

// An answer says what was done, or that nobody knows; of a declined card it says why as far as its customer may know.
func TestRefusals(t *testing.T) {
	at := stripetest.New(t, simulator.New(dbtest.SQLite(t)), 1, "bella")
	s := stripe.New(at.URL)
	card := func(code, decline string) *sdk.Error {
		return &sdk.Error{HTTPStatusCode: 402, Type: sdk.ErrorTypeCard, Code: sdk.ErrorCode(code), DeclineCode: sdk.DeclineCode(decline)}
	}
	is := func(status int, kind sdk.ErrorType, code string) *sdk.Error {
		return &sdk.Error{HTTPStatusCode: status, Type: kind, Code: sdk.ErrorCode(code)}
	}
	const request, notNow = sdk.ErrorTypeInvalidRequest, "Cards cannot be taken at the moment."
	log := logged(t)
	for _, c := range []struct {
		says              *sdk.Error
		authorize, others payment.Outcome
		reason            string
	}{
		{card("card_declined", "insufficient_funds"), payment.Declined, payment.Declined, "The card has too little money."},
		{card("expired_card", ""), payment.Declined, payment.Declined, "The card has expired."},
		{card("card_declined", "stolen_card"), payment.Declined, payment.Declined, "The card was declined."},
		{is(400, request, "amount_too_small"), payment.Declined, payment.Declined, "The amount is too small for a card."},
		{is(404, request, "resource_missing"), payment.Declined, payment.Unknown, "The token of the card is unknown to Stripe, or used up."},
		{is(400, request, "parameter_unknown"), payment.Declined, payment.Declined, notNow},
		{is(401, request, "api_key_invalid"), payment.Declined, payment.Unknown, notNow},
		{is(403, request, ""), payment.Declined, payment.Unknown, notNow},
		{is(400, sdk.ErrorTypeIdempotency, ""), payment.Unknown, payment.Unknown, "400 idempotency_error"},
		{is(409, sdk.ErrorTypeIdempotency, "idempotency_key_in_use"), payment.Unknown, payment.Unknown, "409 idempotency_error idempotency_key_in_use"},
		{is(429, request, "lock_timeout"), payment.Unknown, payment.Unknown, "429 invalid_request_error lock_timeout"},
		{is(500, sdk.ErrorTypeAPI, ""), payment.Unknown, payment.Unknown, "500 api_error"},
	} {
		c.says.Msg = "No such key: " + stripetest.SecretKey + " for 4242424242424242"
		at.Refuse(c.says)
		if a := s.Authorize(ctx, call(payment.Authorize, "")); a.Outcome != c.authorize || a.Reason != c.reason {
			t.Errorf("%s: authorize %+v", c.says.Code, a)
		}
		for name, a := range map[string]payment.Answer{
			"capture": s.Capture(ctx, call(payment.Capture, "pi_1")), "refund": s.Refund(ctx, call(payment.Refund, "pi_1")), "void": s.Void(ctx, call(payment.Void, "pi_1")),
		} {
			if a.Outcome != c.others || a.Outcome == payment.Declined && !strings.HasPrefix(a.Reason, "Stripe refused it: 40") || secret(a.Reason) {
				t.Errorf("%s: %s %+v", c.says.Code, name, a)
			}
		}
		if a := s.Fetch(ctx, call(payment.Capture, "pi_1")); a.Outcome != payment.Unknown || secret(a.Reason) {
			t.Errorf("%s: fetch %+v", c.says.Code, a)
		}
	}
	if got := strings.Count(log.String(), "secret key"); got != 10 || secret(log.String()) {
		t.Errorf("%d of 10 calls with a bad key logged: %s", got, log)
	}
	at.Refuse(is(400, request, "parameter_unknown"))
	if a := s.Void(ctx, call(payment.Void, "")); a.Outcome != payment.Done {
		t.Errorf("of what was never asked for something is held: %+v", a)
	}
	odd := call(payment.Authorize, "")
	odd.Currency, odd.Amount = "KWD", 1234
	at.Asked()
	if a := s.Authorize(ctx, odd); a.Outcome != payment.Declined || a.Reason != "The card cannot be charged to the last digit in KWD." || len(at.Asked()) != 0 {
		t.Errorf("%+v", a)
	}
}

func secret(s string) bool {
	return strings.Contains(s, stripetest.SecretKey) || strings.Contains(s, "4242424242424242") || strings.Contains(s, "_secret_")
}

// logged keeps what is logged from now on.
func logged(t *testing.T) *bytes.Buffer {
	before, out := slog.Default(), &bytes.Buffer{}
	slog.SetDefault(slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { slog.SetDefault(before) })
	return out
}

// A key goes to Stripe alone, and what comes instead of an answer goes nowhere.
func TestAnswersThatAreNone(t *testing.T) {
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = append(stolen, r.Header.Get("Authorization")) }))
	defer thief.Close()
	log := logged(t)
	for name, answer := range map[string]http.HandlerFunc{
		"a redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, thief.URL, http.StatusTemporaryRedirect)
		},
		"no JSON": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"client_secret": "pi_1_secret_1"`))
		},
		"no end": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"client_secret": "pi_1_secret_`))
			_, _ = w.Write(bytes.Repeat([]byte("x"), 2<<20))
		},
		"a page": func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "<h1>Bad gateway</h1> pi_1_secret_1", http.StatusBadGateway)
		},
	} {
		at := httptest.NewServer(answer)
		for _, a := range []payment.Answer{
			stripe.New(at.URL).Authorize(ctx, call(payment.Authorize, "pi_1")), stripe.New(at.URL).Fetch(ctx, call(payment.Refund, "pi_1")),
		} {
			if a.Outcome != payment.Unknown || secret(a.Reason) {
				t.Errorf("%s: %+v", name, a)
			}
		}
		at.Close()
	}
	if len(stolen) != 0 || secret(log.String()) {
		t.Errorf("sent to others: %q, logged: %s", stolen, log)
	}
}

func TestAmounts(t *testing.T) {
	for _, c := range []struct {
		currency string
		ours     money.Amount
		stripes  int64
	}{{"EUR", 1250, 1250}, {"JPY", 1250, 1250}, {"KWD", 1250, 1250}, {"ISK", 1250, 125000}, {"HUF", 1250, 1250}} {
		if got, err := stripe.Minor(c.ours, c.currency); err != nil || got != c.stripes || stripe.AmountOf(got, c.currency) != c.ours {
			t.Errorf("%d %s are %d at Stripe, %v", c.ours, c.currency, got, err)
		}
	}
}

// Events are taken from who knows the signing secret of the brand's endpoint, for five minutes.
func TestEventsAreSigned(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, at *db.DB) {
		s := apptest.OpenShop(t, at)
		d := deskOf(t, s, stripetest.New(t, s.Sim, s.Brand.ID, s.Brand.AppID))
		other := s.Another(t)
		body := stripetest.Event("payment_intent.succeeded", map[string]any{"id": "pi_9", "object": "payment_intent", "metadata": map[string]string{}})
		now := time.Now()
		for _, c := range []struct {
			name, app, signature string
			body                 []byte
			code                 int
			says                 string
		}{
			{"signed", s.Brand.AppID, stripetest.Sign(body, stripetest.WebhookSecret, now), body, 200, ""},
			{"signed with two secrets", s.Brand.AppID, stripetest.Sign(body, "whsec_old", now) + strings.TrimPrefix(stripetest.Sign(body, stripetest.WebhookSecret, now), fmt.Sprintf("t=%d", now.Unix())), body, 200, ""},
			{"of another kind", s.Brand.AppID, stripetest.Sign([]byte(`{"type":"customer.created","data":{"object":{}}}`), stripetest.WebhookSecret, now), []byte(`{"type":"customer.created","data":{"object":{}}}`), 200, ""},
			{"not signed", s.Brand.AppID, "", body, 400, "is missing"},
			{"badly signed", s.Brand.AppID, "v1", body, 400, "signing secret"},
			{"with a wrong secret", s.Brand.AppID, stripetest.Sign(body, "whsec_2", now), body, 400, "signing secret"},
			{"old", s.Brand.AppID, stripetest.Sign(body, stripetest.WebhookSecret, now.Add(-6*time.Minute)), body, 400, "another time"},
			{"changed", s.Brand.AppID, stripetest.Sign(body, stripetest.WebhookSecret, now), append(slices.Clone(body), ' '), 400, "signing secret"},
			{"no event", s.Brand.AppID, stripetest.Sign([]byte("[]"), stripetest.WebhookSecret, now), []byte("[]"), 400, "no event"},
			{"about nothing", s.Brand.AppID, stripetest.Sign([]byte(`{"type":"refund.failed","data":{"object":{"amount":"1"}}}`), stripetest.WebhookSecret, now), []byte(`{"type":"refund.failed","data":{"object":{"amount":"1"}}}`), 400, "cannot be read"},
			{"of another brand", other.Brand.AppID, stripetest.Sign(body, stripetest.WebhookSecret, now), body, 400, "no signing secret"},
			{"with no secret", other.Brand.AppID, stripetest.Sign(body, "", now), body, 400, "no signing secret"},
			{"of nobody", "nobody", stripetest.Sign(body, stripetest.WebhookSecret, now), body, 404, "no such endpoint"},
			{"too long", s.Brand.AppID, "t=1,v1=00", bytes.Repeat(body, 1<<14), 400, "could not be read"},
		} {
			r := httptest.NewRequest(http.MethodPost, "/payments/stripe/"+c.app, bytes.NewReader(c.body))
			r.Header.Set("Stripe-Signature", c.signature)
			w := httptest.NewRecorder()
			d.stripe.Door.ServeHTTP(w, r)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.says) {
				t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
			}
		}
	})
}

// What an event means.
func TestEvents(t *testing.T) {
	dispute := func(status string) map[string]any {
		return map[string]any{"id": "dp_1", "object": "dispute", "payment_intent": "pi_1", "status": status, "amount": 300, "currency": "eur", "reason": "fraudulent"}
	}
	refund := func(status string) map[string]any {
		return map[string]any{"id": "re_1", "object": "refund", "payment_intent": "pi_1", "status": status, "metadata": map[string]string{"operation": "p-1:refund-3"}}
	}
	is := func(s payment.Stage) payment.Notice {
		return payment.Notice{Reference: "pi_1", Dispute: &payment.Dispute{ID: "dp_1", Stage: s, Amount: 300, Reason: "fraudulent"}}
	}
	for _, c := range []struct {
		kind   string
		object map[string]any
		want   payment.Notice
	}{
		{"payment_intent.payment_failed", map[string]any{"id": "pi_1", "object": "payment_intent", "metadata": map[string]string{"payment": "p-1"}}, payment.Notice{Payment: "p-1", Reference: "pi_1"}},
		{"charge.dispute.created", dispute("warning_needs_response"), is(payment.Inquiry)},
		{"charge.dispute.created", dispute("needs_response"), is(payment.TakenBack)},
		{"charge.dispute.funds_withdrawn", dispute("under_review"), is(payment.TakenBack)},
		{"charge.dispute.closed", dispute("won"), is(payment.Won)},
		{"charge.dispute.closed", dispute("warning_closed"), is(payment.Answered)},
		{"charge.dispute.closed", dispute("lost"), is(payment.Lost)},
		{"charge.dispute.created", dispute("prevented"), is(payment.Lost)},
		{"charge.dispute.updated", dispute("something_new"), is(payment.Inquiry)},
		{"charge.dispute.created", map[string]any{"id": "dp_1", "object": "dispute", "status": "lost"}, payment.Notice{}},
		{"refund.created", refund("pending"), payment.Notice{Reference: "pi_1"}},
		{"refund.failed", refund("failed"), payment.Notice{Reference: "pi_1", Refund: "p-1:refund-3"}},
		{"charge.refund.updated", refund("canceled"), payment.Notice{Reference: "pi_1", Refund: "p-1:refund-3"}},
		{"charge.succeeded", map[string]any{"id": "ch_1", "object": "charge"}, payment.Notice{}},
	} {
		body := stripetest.Event(c.kind, c.object)
		n, err := stripe.New(stripe.API).ParseWebhook(payment.Account{WebhookSecret: "whsec_1"}, stripetest.Sign(body, "whsec_1", time.Now()), body)
		if err != nil || !reflect.DeepEqual(n, c.want) {
			t.Errorf("%s: %+v %+v, %v", c.kind, n, n.Dispute, err)
		}
	}
}

// The same events many times at once, through two nodes while their workers run: one order, one amount held; then one dispute.
func TestRaceEventsComeOften(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		head := d.Head(t)
		p := d.place(t, simulator.Challenge)
		of := d.paymentOf(t, p.OrderId)
		d.Sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: of.ID + ":authorize", Payment: of.ID, Customer: simulator.Approve})
		node := *d
		node.Shop = d.Node()
		other := deskOf(t, node.Shop, d.stripe)
		race := func(post func() error) {
			var wg sync.WaitGroup
			for i := range 32 {
				wg.Go(func() {
					err := post()
					if err == nil && i%4 == 0 {
						_, err = []*desk{d, other}[i/4%2].Payments.RunOnce(ctx)
					}
					if err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			d.settle(t)
		}
		race(func() error { return d.stripe.Noticed(ctx, 0, "", payment.Notice{Payment: of.ID}) })
		d.check(t, p.OrderId, wire.OrderStateReadyToProcess, wire.PaymentStatusPaid, "")
		apptest.Must(0, d.Orders.Accept(ctx, d.Owner, p.OrderId, wire.Accept{}))(t)
		d.settle(t)
		race(func() error {
			for _, status := range []sdk.DisputeStatus{sdk.DisputeStatusUnderReview, sdk.DisputeStatusWarningNeedsResponse, sdk.DisputeStatusNeedsResponse} {
				if err := d.stripe.Post(stripetest.Event("charge.dispute.updated", d.stripe.Dispute(of.ID, status, 850)), stripetest.WebhookSecret, time.Now()); err != nil {
					return err
				}
			}
			return nil
		})
		d.check(t, p.OrderId, wire.OrderStateManualReview, wire.PaymentStatusDisputed, "")
		names := map[string]int{}
		for _, e := range d.Events(t, head) {
			names[e.Name]++
		}
		if n := names["order.fulfillment.status.updated"]; names["order.created"] != 1 || names["order.accepted"] != 1 || n < 1 || n > 2 {
			t.Errorf("events %v", slices.Sorted(maps.Keys(names)))
		}
	})
}

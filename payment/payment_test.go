package payment_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"

	"comanda/account"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/internal/fault"
	"comanda/internal/seal"
	"comanda/money"
	"comanda/payment"
	"comanda/payment/simulator"
	"comanda/payment/stripe"
	"comanda/payment/stripe/stripetest"
	"comanda/wire"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

var ctx = context.Background()

// desk is a node with payments, and a book that keeps what it is told.
type desk struct {
	*apptest.Shop
	payments *payment.Payments
	sim      *simulator.Simulator
	stripe   *stripetest.Server // nil: the simulator itself is the provider
	book     *book
}

// book notes of each operation how often it was settled, and with what.
type book struct {
	payments *payment.Payments
	db       *db.DB

	mu       sync.Mutex
	settled  map[string][]payment.Outcome // by kind of operation
	disputes int
}

var errSettled = errors.New("settled already")

func (b *book) Settled(ctx context.Context, _ *payment.Payment, op payment.Operation, a payment.Answer) error {
	return b.note(ctx, func(tx *db.Tx) (bool, error) { return b.payments.Settle(tx, op, a) }, func() {
		b.settled[string(op.Kind)] = append(b.settled[string(op.Kind)], a.Outcome)
	})
}

func (b *book) Disputed(ctx context.Context, of *payment.Payment, was, is payment.Dispute) error {
	return b.note(ctx, func(tx *db.Tx) (bool, error) { return b.payments.Dispute(tx, of.ID, was, is) }, func() { b.disputes++ })
}

func (b *book) note(ctx context.Context, settle func(tx *db.Tx) (bool, error), then func()) error {
	err := b.db.Write(ctx, func(tx *db.Tx) error {
		first, err := settle(tx)
		if err == nil && !first {
			err = errSettled
		}
		return err
	})
	if errors.Is(err, errSettled) {
		return nil
	}
	if err == nil {
		b.mu.Lock()
		defer b.mu.Unlock()
		then()
	}
	return err
}

// each runs fn on each engine with each provider: what is true of the simulator is true of Stripe.
func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		t.Run(payment.Simulator, func(t *testing.T) { fn(t, deskOf(t, apptest.OpenShop(t, d), nil)) })
	})
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		t.Run(payment.Stripe, func(t *testing.T) {
			s := apptest.OpenShop(t, d)
			fn(t, deskOf(t, s, stripetest.New(t, simulator.New(d), s.Brand.ID, s.Brand.AppID)))
		})
	})
}

func deskOf(t *testing.T, s *apptest.Shop, at *stripetest.Server) *desk {
	t.Helper()
	sim := simulator.New(s.DB)
	providers := []payment.Provider{sim}
	if at != nil {
		providers = append(providers, stripe.New(at.URL))
	}
	p := apptest.Must(payment.New(s.DB, s.Accounts, payment.Config{MasterKey: make([]byte, seal.KeySize), PublicURL: "https://comanda.test", Providers: providers}))(t)
	b := &book{payments: p, db: s.DB, settled: map[string][]payment.Outcome{}}
	p.Keep(b)
	if at != nil {
		at.Door = stripe.Door(p)
		apptest.Must(p.SetSettings(ctx, s.Owner, s.Brand.AppID, payment.CardSettingsChange{
			Provider: payment.Stripe, PublishableKey: wire.P(stripetest.PublishableKey),
			SecretKey: wire.P(stripetest.SecretKey), WebhookSecret: wire.P(stripetest.WebhookSecret),
		}))(t)
	}
	return &desk{s, p, sim, at, b}
}

func (d *desk) provider() string {
	if d.stripe != nil {
		return payment.Stripe
	}
	return payment.Simulator
}

// tell sends the notices that are due.
func (d *desk) tell() error {
	var to simulator.Receiver = d.payments
	if d.stripe != nil {
		to = d.stripe
	}
	_, err := d.sim.RunOnce(ctx, to)
	return err
}

var orders int

// open opens a payment of 12.50 and returns its id.
func (d *desk) open(t *testing.T, token string) string {
	t.Helper()
	orders++
	id := apptest.Must(payment.NewID())(t)
	d.write(t, func(tx *db.Tx) error {
		return d.payments.Open(tx, payment.NewPayment{ID: id, Brand: d.Brand.ID, Order: orders, Provider: d.provider(), Currency: "EUR", Amount: 1250, Token: token})
	})
	return id
}

// answer is the customer's answer to a challenge: with us, or at their bank before they come back.
func (d *desk) answer(t *testing.T, id, says string) *payment.Payment {
	t.Helper()
	if d.stripe != nil {
		d.sim.Fetch(ctx, payment.Call{Kind: payment.Authorize, Key: id + ":authorize", Payment: id, Customer: says})
		says = ""
	}
	return apptest.Must(d.payments.Proceed(ctx, id, says))(t)
}

func (d *desk) owe(t *testing.T, id string, k payment.Kind, amount money.Amount) {
	t.Helper()
	d.write(t, func(tx *db.Tx) error { return d.payments.Owe(tx, d.Brand.ID, id, k, amount) })
}

func (d *desk) write(t *testing.T, fn func(tx *db.Tx) error) {
	t.Helper()
	if err := d.DB.Write(ctx, fn); err != nil {
		t.Fatal(err)
	}
}

// work makes all that is open due and does it, until nothing is open or nothing changes any more.
func (d *desk) work(t *testing.T) {
	t.Helper()
	for range 8 {
		d.hurry(t)
		apptest.Must(0, d.tell())(t)
		if n := apptest.Must(d.payments.RunOnce(ctx))(t); n == 0 {
			return
		}
	}
}

func (d *desk) hurry(t *testing.T) {
	t.Helper()
	d.write(t, func(tx *db.Tx) error {
		_, err := tx.Exec(`update payment_operations set due_at = 1 where state = 'open'`)
		return err
	})
}

func (d *desk) expire(t *testing.T, id string) {
	t.Helper()
	d.write(t, func(tx *db.Tx) error {
		_, err := tx.Exec(`update payments set expires_at = 1 where payment_id = $1`, id)
		return err
	})
}

// check fails the test unless a payment is in a state, and the provider has taken, given back and holds so much.
func (d *desk) check(t *testing.T, id string, state payment.State, paid, back money.Amount, holds bool) {
	t.Helper()
	p := apptest.Must(d.payments.Load(ctx, id))(t)
	gotPaid, gotBack, gotHolds, err := d.sim.Money(ctx, id)
	if err != nil || p.State != state || gotPaid != paid || gotBack != back || gotHolds != holds {
		t.Errorf("%s: the customer paid %d, got back %d, held %v (%v); want %s, %d, %d, %v", p.State, gotPaid, gotBack, gotHolds, err, state, paid, back, holds)
	}
}

func TestPaymentsAreTakenWithTheOrder(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for _, token := range []string{simulator.Visa, simulator.Twice, simulator.Timeout, simulator.Lost} {
			id := d.open(t, token)
			p := apptest.Must(d.payments.Proceed(ctx, id, ""))(t)
			if known := token == simulator.Visa || token == simulator.Twice; known != (p.State == payment.StateAuthorized) {
				t.Errorf("%s: %s after the first call", token, p.State)
			}
			d.work(t)
			d.check(t, id, payment.StateAuthorized, 0, 0, true)
			d.owe(t, id, payment.Capture, 1000)
			d.owe(t, id, payment.Refund, 250)
			d.owe(t, id, payment.Refund, 250)
			d.work(t)
			d.check(t, id, payment.StateCaptured, 1000, 500, false)
			p = apptest.Must(d.payments.Load(ctx, id))(t)
			if p.Captured != 1000 || p.Refunded != 500 || p.Reference == "" || p.Description != "Visa •••• 4242" {
				t.Errorf("%s: %+v", token, p)
			}
		}
		if got := fmt.Sprint(d.book.settled); got != "map[authorize:[Done Done Done Done] capture:[Done Done Done Done] refund:[Done Done Done Done Done Done Done Done]]" {
			t.Errorf("settled %s", got)
		}
	})
}

func TestPaymentsThatComeToNothingHoldNothing(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		declined, void, refused, abandoned, timeout := d.open(t, simulator.Decline), d.open(t, simulator.Visa), d.open(t, simulator.Challenge), d.open(t, simulator.Challenge), d.open(t, simulator.Timeout)
		for _, id := range []string{declined, void, refused, abandoned, timeout} {
			apptest.Must(d.payments.Proceed(ctx, id, ""))(t)
		}
		d.owe(t, void, payment.Void, 1250)
		if p := d.answer(t, refused, simulator.Refuse); p.State != payment.StateVoiding || p.Reason == "" {
			t.Errorf("%+v", p)
		}
		// Nobody comes back: the one holds money at the provider, of the other nobody knows whether it does.
		d.write(t, func(tx *db.Tx) error {
			_, err := tx.Exec(`delete from simulated_payments where reference = $1`, "sim_"+timeout)
			return err
		})
		d.expire(t, abandoned)
		d.expire(t, timeout)
		d.work(t)
		for _, id := range []string{declined, void, refused, abandoned, timeout} {
			d.check(t, id, payment.StateVoided, 0, 0, false)
		}
		if p := apptest.Must(d.payments.Load(ctx, abandoned))(t); p.Reason != "The order was not paid in time." {
			t.Errorf("%+v", p)
		}
	})
}

// What succeeds at the last moment is asked for before the payment is given up.
func TestPaymentThatSucceedsWhileNobodyAsksIsFound(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		id := d.open(t, simulator.Late)
		if p := apptest.Must(d.payments.Proceed(ctx, id, ""))(t); p.State != payment.StatePending {
			t.Errorf("%+v", p)
		}
		clock.Shift(lateEnough)
		defer clock.Shift(-lateEnough)
		d.expire(t, id)
		d.work(t)
		d.check(t, id, payment.StateAuthorized, 0, 0, true)
		if got := fmt.Sprint(d.book.settled); got != "map[authorize:[Done]]" {
			t.Errorf("settled %s", got)
		}
	})
}

const lateEnough = 4e9

func TestWhatAProviderDeclinesIsToldOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		expired, back, disputed := d.open(t, simulator.Expired), d.open(t, simulator.NoRefund), d.open(t, simulator.Dispute)
		d.work(t)
		for _, id := range []string{expired, back, disputed} {
			d.owe(t, id, payment.Capture, 1250)
		}
		d.owe(t, back, payment.Refund, 100)
		d.work(t)
		d.check(t, expired, payment.StateAuthorized, 0, 0, true)
		d.check(t, back, payment.StateCaptured, 1250, 0, false)
		if got := fmt.Sprint(d.book.settled); got != "map[authorize:[Done Done Done] capture:[Declined Done Done] refund:[Declined]]" &&
			got != "map[authorize:[Done Done Done] capture:[Done Declined Done] refund:[Declined]]" &&
			got != "map[authorize:[Done Done Done] capture:[Done Done Declined] refund:[Declined]]" {
			t.Errorf("settled %s", got)
		}
		name := map[string]string{payment.Simulator: "sim_", payment.Stripe: "dp_"}[d.provider()] + disputed
		for range 3 {
			if err := d.payments.Noticed(ctx, d.Brand.ID, d.provider(), payment.Notice{Payment: disputed, Dispute: &payment.Dispute{ID: name, Stage: payment.TakenBack, Amount: 1250}}); err != nil {
				t.Error(err)
			}
		}
		if d.book.disputes != 1 {
			t.Errorf("%d disputes", d.book.disputes)
		}
	})
}

// rounds is how often the races are run: COMANDA_RACE_ROUNDS, else a few.
func rounds(t *testing.T) int {
	t.Helper()
	if n, err := strconv.Atoi(os.Getenv("COMANDA_RACE_ROUNDS")); err == nil {
		return n
	}
	return 2
}

// Three notices at the same time, the customer's browser twice, and the workers of two nodes settle a payment once.
func TestRaceOperationsAreSettledOnce(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		other := deskOf(t, d.Node(), d.stripe)
		for range rounds(t) {
			for _, token := range []string{simulator.Twice, simulator.Timeout} {
				id := d.open(t, token)
				d.race(t, other, id)
				d.work(t)
				d.owe(t, id, payment.Capture, 1250)
				d.owe(t, id, payment.Refund, 50)
				d.owe(t, id, payment.Refund, 50)
				d.race(t, other, id)
				d.work(t)
				d.check(t, id, payment.StateCaptured, 1250, 100, false)
				n := 0
				if err := d.DB.Read(ctx, func(tx *db.Tx) error {
					return tx.QueryRow(`select count(*) from payment_operations where payment_id = $1 and state = 'done'`, id).Scan(&n)
				}); err != nil || n != 4 {
					t.Errorf("%d operations done, %v", n, err)
				}
			}
		}
		all := len(d.book.settled["authorize"]) + len(other.book.settled["authorize"])
		if want := 2 * rounds(t); all != want {
			t.Errorf("settled %d times, want %d", all, want)
		}
	})
}

func (d *desk) race(t *testing.T, other *desk, id string) {
	t.Helper()
	d.hurry(t)
	nodes := []*desk{d, other}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			n := nodes[i/4%2]
			var err error
			switch i % 4 {
			case 0:
				_, err = n.payments.Proceed(ctx, id, "")
			case 1:
				err = n.payments.Noticed(ctx, d.Brand.ID, d.provider(), payment.Notice{Payment: id})
			case 2:
				err = n.tell()
			default:
				_, err = n.payments.RunOnce(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestSettings(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, at *db.DB) {
		d := deskOf(t, apptest.OpenShop(t, at), nil)
		s := apptest.Must(d.payments.Settings(ctx, d.Owner, d.Brand.AppID))(t)
		if s != (payment.CardSettings{Provider: payment.Simulator, WebhookUrl: "https://comanda.test/payments/stripe/" + d.Brand.AppID}) {
			t.Errorf("%+v", s)
		}
		key := func(s string) *string { return &s }
		for _, c := range []struct {
			in     payment.CardSettingsChange
			fields string
		}{
			{payment.CardSettingsChange{Provider: "Cash"}, "Provider"},
			{payment.CardSettingsChange{Provider: payment.None, SecretKey: key("sk_test_1")}, "SecretKey"},
			{payment.CardSettingsChange{Provider: payment.Stripe}, "PublishableKey SecretKey WebhookSecret"},
			{payment.CardSettingsChange{Provider: payment.Stripe, PublishableKey: key("pk_live_1"), SecretKey: key("sk_test_1\r\nX: y"), WebhookSecret: key("whsec_")}, "PublishableKey SecretKey WebhookSecret"},
		} {
			_, err := d.payments.SetSettings(ctx, d.Owner, d.Brand.AppID, c.in)
			f := (*fault.Error)(nil)
			if !errors.As(err, &f) || f.Kind != fault.Invalid {
				t.Fatal(err)
			}
			got := ""
			for i, field := range f.Fields {
				if i > 0 {
					got += " "
				}
				got += field.Name
			}
			if got != c.fields {
				t.Errorf("%+v: %s, want %s", c.in, got, c.fields)
			}
		}
		in := payment.CardSettingsChange{Provider: payment.Stripe, PublishableKey: key("pk_test_1"), SecretKey: key(" rk_test_1 "), WebhookSecret: key("whsec_1")}
		s = apptest.Must(d.payments.SetSettings(ctx, d.Owner, d.Brand.AppID, in))(t)
		if s.Provider != payment.Stripe || s.PublishableKey != "pk_test_1" || !s.HasSecretKey || !s.HasWebhookSecret {
			t.Errorf("%+v", s)
		}
		live := apptest.Must(d.Accounts.CreateBrand(ctx, d.Owner, account.NewBrand{Name: "Casa Roma"}))(t)
		owner := apptest.Must(d.Accounts.PersonCaller(ctx, d.Owner.Account))(t)
		for mode, ok := range map[string]bool{"test": false, "live": true} {
			_, err := d.payments.SetSettings(ctx, owner, live.AppID, payment.CardSettingsChange{Provider: payment.Stripe, PublishableKey: key("pk_" + mode + "_1"), SecretKey: key("sk_" + mode + "_1"), WebhookSecret: key("whsec_1")})
			if (err == nil) != ok || err != nil && !strings.Contains(err.Error(), "pk_live_") {
				t.Errorf("keys of %s mode for a live brand: %v", mode, err)
			}
		}
		s = apptest.Must(d.payments.SetSettings(ctx, d.Owner, d.Brand.AppID, payment.CardSettingsChange{Provider: payment.None}))(t)
		if s.Provider != payment.None || s.PublishableKey != "" || !s.HasSecretKey {
			t.Errorf("%+v", s)
		}
		s = apptest.Must(d.payments.SetSettings(ctx, d.Owner, d.Brand.AppID, payment.CardSettingsChange{Provider: payment.Stripe}))(t)
		if s.Provider != payment.Stripe || s.PublishableKey != "pk_test_1" {
			t.Errorf("%+v", s)
		}
		var sealed []byte
		if err := d.DB.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select secrets from payment_accounts where provider = 'Stripe' and brand_id = $1`, d.Brand.ID).Scan(&sealed)
		}); err != nil || len(sealed) == 0 || bytes.Contains(sealed, []byte("rk_test_1")) {
			t.Errorf("the key is stored as %q, %v", sealed, err)
		}
		if _, err := d.payments.Settings(ctx, d.Another(t).Owner, d.Brand.AppID); fault.KindOf(err) != fault.NotFound && fault.KindOf(err) != fault.Forbidden {
			t.Errorf("a stranger: %v", err)
		}
	})
}

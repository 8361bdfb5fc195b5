// Package stripetest is Stripe on loopback for tests: the calls and events that package stripe knows, over payments that package
// simulator keeps. So what is true of the simulator can be shown to be true of the adapter, token by token: where the simulator
// loses an answer the connection breaks, where it declines a card the answer is Stripe's. That the calls have the form that
// Stripe wants is not shown here but with stripe-mock.
package stripetest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"comanda/internal/clock"
	"comanda/money"
	"comanda/payment"
	"comanda/payment/simulator"
)

// The keys of the account.
const (
	PublishableKey = "pk_test_comanda"
	SecretKey      = "sk_test_comanda"
	OtherKey       = "sk_test_another" // of another account, which is empty
	WebhookSecret  = "whsec_comanda"
)

// Server is Stripe as one account sees it. It is safe for parallel use.
type Server struct {
	URL   string
	Brand int          // whose account it is
	AppID string       // of the brand
	Door  http.Handler // where events go

	sim *simulator.Simulator

	mu      sync.Mutex
	intents map[string]*intent
	refunds []*refund
	answers map[string]*answer // by Idempotency-Key
	refuses *sdk.Error
	faults  int
	asked   []string
}

// intent is what Stripe knows of a payment beside the simulator.
type intent struct {
	id, payment, currency string
	amount                money.Amount
	leaves                bool // the customer's browser goes to the bank and comes back
}

type refund struct {
	ID       string            `json:"id"`
	Object   string            `json:"object"`
	Intent   string            `json:"payment_intent"`
	Amount   money.Amount      `json:"amount"`
	Status   sdk.RefundStatus  `json:"status"`
	Failure  string            `json:"failure_reason,omitempty"`
	Metadata map[string]string `json:"metadata"`
}

// answer is what a call under a key was answered; nil while it runs.
type answer struct {
	request string
	status  int
	body    []byte
}

// New starts the server of a brand's account.
func New(t testing.TB, sim *simulator.Simulator, brand int, appID string) *Server {
	t.Helper()
	s := &Server{Brand: brand, AppID: appID, sim: sim, intents: map[string]*intent{}, answers: map[string]*answer{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/payment_intents", s.once(s.create))
	mux.HandleFunc("POST /v1/payment_intents/{id}/confirm", s.once(s.confirm))
	mux.HandleFunc("POST /v1/payment_intents/{id}/capture", s.once(s.capture))
	mux.HandleFunc("POST /v1/payment_intents/{id}/cancel", s.once(s.cancel))
	mux.HandleFunc("GET /v1/payment_intents/{id}", s.plain(s.retrieve))
	mux.HandleFunc("POST /v1/refunds", s.once(s.refund))
	mux.HandleFunc("GET /v1/refunds", s.plain(s.list))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.URL = server.URL
	return s
}

// Refuse has all calls refused with an error; nil ends it.
func (s *Server) Refuse(e *sdk.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuses = e
}

// Fault has the next n calls that move money fail by a fault of Stripe, which it stores under their keys.
func (s *Server) Fault(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = n
}

// Asked returns the calls since it was asked last, as "POST /v1/refunds".
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.asked = nil }()
	return s.asked
}

// lost is the answer that does not arrive.
const lost = 0

type handler func(r *http.Request) (status int, body any)

// plain answers a call, unless its key is wrong.
func (s *Server) plain(h handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r.Method+" "+r.URL.Path)
		refuses := s.refuses
		s.mu.Unlock()
		var status int
		var body any
		switch {
		case refuses != nil:
			status, body = refuses.HTTPStatusCode, map[string]any{"error": refuses}
		case r.Header.Get("Authorization") == "Bearer "+OtherKey:
			status, body = http.StatusNotFound, failure("invalid_request_error", "resource_missing")
		case r.Header.Get("Authorization") != "Bearer "+SecretKey:
			status, body = http.StatusUnauthorized, failure("invalid_request_error", "api_key_invalid")
		default:
			status, body = h(r)
		}
		write(w, status, must(json.Marshal(body)))
	}
}

// once answers a call, and its repeats under the same key with the same bytes.
func (s *Server) once(h handler) http.HandlerFunc {
	return s.plain(func(r *http.Request) (int, any) {
		key := r.Header.Get("Idempotency-Key")
		if err := r.ParseForm(); err != nil || key == "" {
			return http.StatusBadRequest, failure("invalid_request_error", "")
		}
		request := r.URL.Path + "?" + r.PostForm.Encode()
		s.mu.Lock()
		before, found := s.answers[key]
		if !found {
			s.answers[key] = nil
			if s.faults > 0 {
				s.faults--
				before, found = &answer{request, http.StatusInternalServerError, must(json.Marshal(failure("api_error", "")))}, true
				s.answers[key] = before
			}
		}
		s.mu.Unlock()
		switch {
		case found && before == nil:
			return http.StatusConflict, failure("idempotency_error", "idempotency_key_in_use")
		case found && before.request != request:
			return http.StatusBadRequest, failure("idempotency_error", "")
		case found:
			return before.status, json.RawMessage(before.body)
		}
		status, body := h(r)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.answers[key] = (&answer{request, status, must(json.Marshal(body))}); status == lost {
			delete(s.answers, key)
		}
		return status, body
	})
}

// write answers; of a lost answer the head arrives and the rest does not, so that no client tries again by itself.
func write(w http.ResponseWriter, status int, body []byte) {
	if status == lost {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{"))
			_ = conn.Close()
		}
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func failure(kind, code string) map[string]any {
	return map[string]any{"error": map[string]any{"type": kind, "code": code, "message": "Stripe's own words, with the key " + SecretKey}}
}

func otherState() (int, any) {
	return http.StatusBadRequest, failure("invalid_request_error", "payment_intent_unexpected_state")
}

func (s *Server) create(r *http.Request) (int, any) {
	amount, err := strconv.ParseInt(r.PostForm.Get("amount"), 10, 64)
	if err != nil || r.PostForm.Get("capture_method") != "manual" || r.PostForm.Get("payment_method_types[0]") != "card" {
		return http.StatusBadRequest, failure("invalid_request_error", "parameter_invalid")
	}
	s.mu.Lock()
	in := &intent{fmt.Sprintf("pi_%d", len(s.intents)+1), r.PostForm.Get("metadata[payment]"), r.PostForm.Get("currency"), money.Amount(amount), false}
	s.intents[in.id] = in
	s.mu.Unlock()
	return http.StatusOK, s.show(r, in)
}

// of finds the intent of a path; nil when there is none.
func (s *Server) of(id string) *intent {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.intents[id]
}

func (s *Server) call(in *intent, k payment.Kind, key string) payment.Call {
	key, _, _ = strings.Cut(key, "#") // the tries of one operation are one to the simulator
	return payment.Call{Account: payment.Account{Brand: s.Brand}, Key: key, Kind: k, Payment: in.payment, Amount: in.amount}
}

// status is where an intent is, by what the simulator says of the payment.
func (s *Server) status(ctx context.Context, in *intent) sdk.PaymentIntentStatus {
	did := func(k payment.Kind) payment.Outcome {
		return s.sim.Fetch(ctx, s.call(in, k, in.payment+":"+string(k))).Outcome
	}
	switch {
	case did(payment.Void) == payment.Done:
		return sdk.PaymentIntentStatusCanceled
	case did(payment.Capture) == payment.Done:
		return sdk.PaymentIntentStatusSucceeded
	}
	switch did(payment.Authorize) {
	case payment.Done:
		return sdk.PaymentIntentStatusRequiresCapture
	case payment.Pending:
		return sdk.PaymentIntentStatusProcessing
	case payment.NeedsCustomer:
		return sdk.PaymentIntentStatusRequiresAction
	}
	return sdk.PaymentIntentStatusRequiresPaymentMethod
}

// show is the JSON of an intent.
func (s *Server) show(r *http.Request, in *intent) map[string]any {
	ctx := r.Context()
	status := s.status(ctx, in)
	paid, _, _, _ := s.sim.Money(ctx, in.payment)
	out := map[string]any{
		"id": in.id, "object": "payment_intent", "status": status, "amount": in.amount, "amount_received": paid, "currency": in.currency,
		"client_secret": in.id + "_secret_of_the_customer", "metadata": map[string]string{"payment": in.payment}, "latest_charge": "ch_" + in.id,
	}
	switch {
	case status == sdk.PaymentIntentStatusRequiresAction:
		out["next_action"] = map[string]any{"type": "use_stripe_sdk", "use_stripe_sdk": map[string]any{}}
		if s.leaves(in) {
			out["next_action"] = map[string]any{"type": "redirect_to_url", "redirect_to_url": map[string]any{"url": "https://bank.example/" + in.id}}
		}
	case s.sim.Fetch(ctx, s.call(in, payment.Authorize, in.payment+":authorize")).Outcome == payment.Declined:
		out["last_payment_error"] = map[string]any{"type": "card_error", "code": "card_declined", "decline_code": "insufficient_funds", "message": "No money on 4242424242424242."}
	}
	if r.Form.Has("expand[0]") {
		out["latest_charge"] = map[string]any{
			"id": "ch_" + in.id, "object": "charge",
			"payment_method_details": map[string]any{"type": "card", "card": map[string]any{"brand": "visa", "last4": "4242"}},
		}
	}
	return out
}

func (s *Server) retrieve(r *http.Request) (int, any) {
	in := s.of(r.PathValue("id"))
	if err := r.ParseForm(); err != nil || in == nil {
		return http.StatusNotFound, failure("invalid_request_error", "resource_missing")
	}
	return http.StatusOK, s.show(r, in)
}

// do makes a call of the simulator, if the intent is in one of the states for it.
func (s *Server) do(r *http.Request, effect func(context.Context, payment.Call) payment.Answer, k payment.Kind, fill func(c *payment.Call), states ...sdk.PaymentIntentStatus) (int, any) {
	in := s.of(r.PathValue("id"))
	if in == nil {
		return http.StatusNotFound, failure("invalid_request_error", "resource_missing")
	}
	status, fits := s.status(r.Context(), in), false
	for _, of := range states {
		fits = fits || of == status
	}
	if !fits {
		return otherState()
	}
	c := s.call(in, k, r.Header.Get("Idempotency-Key"))
	fill(&c)
	switch effect(r.Context(), c).Outcome {
	case payment.Unknown:
		return lost, nil
	case payment.Declined:
		if k == payment.Authorize {
			return http.StatusPaymentRequired, map[string]any{"error": s.show(r, in)["last_payment_error"]}
		}
		return http.StatusBadRequest, failure("invalid_request_error", "charge_expired_for_capture")
	}
	return http.StatusOK, s.show(r, in)
}

func (s *Server) confirm(r *http.Request) (int, any) {
	if in := s.of(r.PathValue("id")); in != nil {
		s.mu.Lock()
		in.leaves = r.PostForm.Has("return_url")
		s.mu.Unlock()
	}
	return s.do(r, s.sim.Authorize, payment.Authorize, func(c *payment.Call) { c.Token = r.PostForm.Get("payment_method") },
		sdk.PaymentIntentStatusRequiresPaymentMethod)
}

func (s *Server) leaves(in *intent) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return in.leaves
}

func (s *Server) capture(r *http.Request) (int, any) {
	return s.do(r, s.sim.Capture, payment.Capture, func(c *payment.Call) {
		amount, _ := strconv.ParseInt(r.PostForm.Get("amount_to_capture"), 10, 64)
		c.Amount = money.Amount(amount)
	}, sdk.PaymentIntentStatusRequiresCapture)
}

func (s *Server) cancel(r *http.Request) (int, any) {
	return s.do(r, s.sim.Void, payment.Void, func(*payment.Call) {},
		sdk.PaymentIntentStatusRequiresPaymentMethod, sdk.PaymentIntentStatusRequiresAction, sdk.PaymentIntentStatusRequiresCapture, sdk.PaymentIntentStatusProcessing)
}

func (s *Server) refund(r *http.Request) (int, any) {
	in := s.of(r.PostForm.Get("payment_intent"))
	if in == nil {
		return http.StatusNotFound, failure("invalid_request_error", "resource_missing")
	}
	c := s.call(in, payment.Refund, r.Header.Get("Idempotency-Key"))
	paid, back, _, _ := s.sim.Money(r.Context(), in.payment)
	if c.Amount = paid - back; r.PostForm.Has("amount") {
		amount, _ := strconv.ParseInt(r.PostForm.Get("amount"), 10, 64)
		c.Amount = money.Amount(amount)
	}
	said := s.sim.Refund(r.Context(), c).Outcome
	switch {
	case said == payment.Declined:
		return http.StatusBadRequest, failure("invalid_request_error", "charge_disputed")
	case said == payment.Unknown && s.sim.Fetch(r.Context(), c).Outcome != payment.Done:
		return lost, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	made := &refund{
		ID: fmt.Sprintf("re_%d", len(s.refunds)+1), Object: "refund", Intent: in.id, Amount: c.Amount, Status: sdk.RefundStatusSucceeded,
		Metadata: map[string]string{"operation": r.PostForm.Get("metadata[operation]")},
	}
	s.refunds = append(s.refunds, made)
	if said == payment.Unknown {
		return lost, nil
	}
	return http.StatusOK, *made
}

func (s *Server) list(r *http.Request) (int, any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := []refund{}
	for _, of := range s.refunds {
		if of.Intent == r.URL.Query().Get("payment_intent") {
			out = append(out, *of)
		}
	}
	return http.StatusOK, map[string]any{"object": "list", "url": "/v1/refunds", "has_more": false, "data": out}
}

// FailRefunds lets the refunds of a payment fail after they were done, as when the card's account is closed, and tells of it.
func (s *Server) FailRefunds(ctx context.Context, id string) error {
	s.mu.Lock()
	var failed []refund
	for _, of := range s.refunds {
		if in := s.intents[of.Intent]; in.payment == id {
			of.Status, of.Failure = sdk.RefundStatusFailed, "expired_or_canceled_card"
			failed = append(failed, *of)
		}
	}
	s.mu.Unlock()
	for _, of := range failed {
		for _, kind := range []string{"refund.failed", "refund.updated", "charge.refund.updated"} {
			if err := s.Post(Event(kind, of), WebhookSecret, clock.Now()); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// Noticed posts what the simulator tells of a payment as an event to the door.
func (s *Server) Noticed(ctx context.Context, _ int, _ string, n payment.Notice) error {
	s.mu.Lock()
	var in *intent
	for _, of := range s.intents {
		if of.payment == n.Payment {
			in = of
		}
	}
	s.mu.Unlock()
	if in == nil {
		return fmt.Errorf("stripetest: no intent of %s", n.Payment)
	}
	if d := n.Dispute; d != nil {
		return s.Post(Event("charge.dispute.created", s.Dispute(n.Payment, sdk.DisputeStatusNeedsResponse, d.Amount)), WebhookSecret, clock.Now())
	}
	r := (&http.Request{Form: url.Values{}}).WithContext(ctx)
	return s.Post(Event("payment_intent.amount_capturable_updated", s.show(r, in)), WebhookSecret, clock.Now())
}

// Dispute is the JSON of a dispute of a payment.
func (s *Server) Dispute(id string, status sdk.DisputeStatus, amount money.Amount) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]any{"id": "dp_" + id, "object": "dispute", "status": status, "amount": amount, "currency": "eur", "reason": "fraudulent", "charge": "ch_1"}
	for _, in := range s.intents {
		if in.payment == id {
			out["payment_intent"] = in.id
		}
	}
	return out
}

// Event is the body of an event.
func Event(kind string, object any) []byte {
	return must(json.Marshal(map[string]any{
		"id": "evt_1", "object": "event", "api_version": "2020-08-27", "type": kind, "data": map[string]any{"object": object},
	}))
}

// Sign is the header Stripe-Signature of a body.
func Sign(body []byte, secret string, at time.Time) string {
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(sdk.ComputeSignature(at, body, secret)))
}

// Post sends an event to the door; an answer other than 200 is an error.
func (s *Server) Post(body []byte, secret string, at time.Time) error {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/payments/stripe/"+s.AppID, bytes.NewReader(body))
	r.Header.Set("Stripe-Signature", Sign(body, secret, at))
	w := httptest.NewRecorder()
	s.Door.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		return fmt.Errorf("%d: %s", w.Code, w.Body)
	}
	return nil
}

func must(raw []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return raw
}

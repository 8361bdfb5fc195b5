// Package stripe is the provider of payments for brands with an account at Stripe: PaymentIntents with manual capture, by
// Stripe's own library. Its answers are put into the words of package payment here; nothing of Stripe's goes further.
//
//	Authorize  POST /v1/payment_intents            key payment:intent, without a card: it only makes the reference
//	           POST /v1/payment_intents/…/confirm  key payment:authorize, with the customer's card
//	Capture    POST /v1/payment_intents/…/capture  key payment:capture
//	Void       POST /v1/payment_intents/…/cancel   key payment:void; POST /v1/refunds where the amount was taken already
//	Refund     POST /v1/refunds                    key payment:refund-n
//	Fetch      GET  /v1/payment_intents/…, GET /v1/refunds?payment_intent=…
//
// A payment has its intent before its card is asked: whatever answer is lost, what became of the card can be asked, and an
// intent that is cancelled cannot be confirmed by a call that is still on its way. Stripe knows a key for a day.
//
// Stripe posts its events to /payments/stripe/{appId}, see [Door]. No card number gets here, and neither keys nor Stripe's
// own texts get into a log or an answer.
package stripe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	sdk "github.com/stripe/stripe-go/v85"

	"comanda/money"
	"comanda/payment"
)

// API is where Stripe is.
const API = sdk.APIURL

const (
	callTime  = 15 * time.Second
	maxAnswer = 1 << 20 // bytes that are read of an answer
)

// Stripe implements payment.Provider. It is safe for parallel use.
type Stripe struct{ backends *sdk.Backends }

// New makes an adapter for the API at an address. Tries are the business of package payment, so none is repeated here, and
// redirects are not followed: a secret key goes to Stripe alone.
func New(base string) *Stripe {
	return &Stripe{&sdk.Backends{API: sdk.GetBackendWithConfig(sdk.APIBackend, &sdk.BackendConfig{
		URL:               sdk.String(base),
		MaxNetworkRetries: sdk.Int64(0),
		EnableTelemetry:   sdk.Bool(false),
		LeveledLogger:     &sdk.LeveledLogger{Level: sdk.LevelNull},
		HTTPClient: &http.Client{
			Timeout: callTime, Transport: bounded{},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	})}}
}

// bounded bounds answers, and does not tell what machine it asks from.
type bounded struct{}

func (bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	r.Header.Del("X-Stripe-Client-User-Agent")
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		answer.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(answer.Body, maxAnswer), answer.Body}
	}
	return answer, err
}

// as is the library with the key of a call's brand.
func (s *Stripe) as(c payment.Call) *sdk.Client {
	return sdk.NewClient(c.Account.SecretKey, sdk.WithBackends(s.backends))
}

// Name implements payment.Provider.
func (*Stripe) Name() string { return payment.Stripe }

// Step implements payment.Provider: Stripe moves currencies with three decimals in steps of ten.
func (*Stripe) Step(currency string) money.Amount { return step(currency) }

func step(currency string) money.Amount {
	switch currency {
	case "BHD", "JOD", "KWD", "OMR", "TND":
		return 10
	}
	return 1
}

// Authorize implements payment.Provider.
func (s *Stripe) Authorize(ctx context.Context, c payment.Call) payment.Answer {
	id, err := s.intent(ctx, c)
	if err != nil {
		return failed(ctx, c, err)
	}
	c.Reference = id
	p := &sdk.PaymentIntentConfirmParams{PaymentMethod: &c.Token}
	p.SetIdempotencyKey(keyOf(c, c.Key))
	p.AddExpand("latest_charge")
	if c.ReturnURL != "" { // a page of the bank, and back
		p.ReturnURL = &c.ReturnURL
	} else { // the script in the customer's page shows it
		p.UseStripeSDK = sdk.Bool(true)
	}
	in, err := s.as(c).V1PaymentIntents.Confirm(ctx, id, p)
	switch {
	case otherState(err):
		return s.standing(ctx, c)
	case err != nil:
		return failed(ctx, c, err)
	}
	return authorization(in)
}

// intent is the id of the payment's intent, which is made when there is none. It takes no money and asks no card.
func (s *Stripe) intent(ctx context.Context, c payment.Call) (string, error) {
	if c.Reference != "" {
		return c.Reference, nil
	}
	amount, err := minor(c.Amount, c.Currency)
	if err != nil {
		return "", err
	}
	p := &sdk.PaymentIntentCreateParams{
		Amount:             &amount,
		Currency:           sdk.String(strings.ToLower(c.Currency)),
		CaptureMethod:      sdk.String(sdk.PaymentIntentCaptureMethodManual),
		PaymentMethodTypes: sdk.StringSlice([]string{"card"}),
		Description:        sdk.String(fmt.Sprintf("Order %d", c.Order)),
		Metadata:           map[string]string{"payment": c.Payment, "order": strconv.Itoa(c.Order)},
	}
	p.SetIdempotencyKey(c.Payment + ":intent")
	in, err := s.as(c).V1PaymentIntents.Create(ctx, p)
	if err != nil {
		return "", err
	}
	return in.ID, nil
}

// authorization is what the state of an intent says of its authorization.
func authorization(in *sdk.PaymentIntent) payment.Answer {
	a := payment.Answer{Reference: in.ID}
	switch in.Status {
	case sdk.PaymentIntentStatusRequiresCapture, sdk.PaymentIntentStatusSucceeded:
		a.Outcome, a.Description = payment.Done, cardOf(in)
	case sdk.PaymentIntentStatusRequiresAction:
		a.Outcome, a.Action.ClientSecret = payment.NeedsCustomer, in.ClientSecret
		if n := in.NextAction; n != nil && n.RedirectToURL != nil {
			a.Action.RedirectURL = n.RedirectToURL.URL
		}
	case sdk.PaymentIntentStatusProcessing:
		a.Outcome = payment.Pending
	case sdk.PaymentIntentStatusRequiresPaymentMethod, sdk.PaymentIntentStatusRequiresConfirmation:
		a.Outcome = payment.Absent // no card was asked yet
		if in.LastPaymentError != nil {
			a.Outcome, a.Reason = payment.Declined, toCustomer(in.LastPaymentError)
		}
	default: // canceled
		a.Outcome, a.Reason = payment.Declined, "The payment was cancelled."
	}
	return a
}

// cardOf names the card of an intent for people: "Visa •••• 4242".
func cardOf(in *sdk.PaymentIntent) string {
	charge := in.LatestCharge
	if charge == nil || charge.PaymentMethodDetails == nil || charge.PaymentMethodDetails.Card == nil {
		return ""
	}
	card := charge.PaymentMethodDetails.Card
	brand, known := brands[card.Brand]
	if !known {
		brand = "Card"
	}
	return brand + " •••• " + card.Last4
}

var brands = map[sdk.PaymentMethodCardBrand]string{
	sdk.PaymentMethodCardBrandAmex: "American Express", sdk.PaymentMethodCardBrandDiners: "Diners Club",
	sdk.PaymentMethodCardBrandDiscover: "Discover", sdk.PaymentMethodCardBrandJCB: "JCB",
	sdk.PaymentMethodCardBrandMastercard: "Mastercard", sdk.PaymentMethodCardBrandUnionpay: "UnionPay", sdk.PaymentMethodCardBrandVisa: "Visa",
}

// Capture implements payment.Provider.
func (s *Stripe) Capture(ctx context.Context, c payment.Call) payment.Answer {
	amount, err := minor(c.Amount, c.Currency)
	if err != nil {
		return failed(ctx, c, err)
	}
	p := &sdk.PaymentIntentCaptureParams{AmountToCapture: &amount}
	p.SetIdempotencyKey(keyOf(c, c.Key))
	_, err = s.as(c).V1PaymentIntents.Capture(ctx, c.Reference, p)
	switch {
	case otherState(err):
		return s.standing(ctx, c)
	case err != nil:
		return failed(ctx, c, err)
	}
	return payment.Answer{Outcome: payment.Done, Reference: c.Reference}
}

// Void implements payment.Provider.
func (s *Stripe) Void(ctx context.Context, c payment.Call) payment.Answer {
	id, err := s.intent(ctx, c)
	if err != nil {
		a := failed(ctx, c, err)
		if a.Outcome == payment.Declined { // what Stripe does not make an intent of was never authorized
			a = payment.Answer{Outcome: payment.Done}
		}
		return a
	}
	c.Reference = id
	p := &sdk.PaymentIntentCancelParams{}
	p.SetIdempotencyKey(keyOf(c, c.Key))
	_, err = s.as(c).V1PaymentIntents.Cancel(ctx, id, p)
	switch {
	case otherState(err):
		return s.undo(ctx, c)
	case err != nil:
		return failed(ctx, c, err)
	}
	return payment.Answer{Outcome: payment.Done, Reference: id}
}

// undo voids an intent that cannot be cancelled: it is already, or the amount was taken, and all of it is given back.
func (s *Stripe) undo(ctx context.Context, c payment.Call) payment.Answer {
	in, err := s.retrieve(ctx, c)
	switch {
	case err != nil:
		return unknown(ctx, c, err)
	case in.Status == sdk.PaymentIntentStatusCanceled:
		return payment.Answer{Outcome: payment.Done, Reference: c.Reference}
	case in.Status != sdk.PaymentIntentStatusSucceeded:
		return payment.Answer{Outcome: payment.Pending, Reference: c.Reference}
	}
	if before := s.refundOf(ctx, c); before.Outcome != payment.Absent {
		return before
	}
	return s.refund(ctx, c, c.Key+"-refund", &sdk.RefundCreateParams{})
}

// Refund implements payment.Provider.
func (s *Stripe) Refund(ctx context.Context, c payment.Call) payment.Answer {
	amount, err := minor(c.Amount, c.Currency)
	if err != nil {
		return failed(ctx, c, err)
	}
	return s.refund(ctx, c, c.Key, &sdk.RefundCreateParams{Amount: &amount})
}

// keyOf is the Idempotency-Key of a call. Stripe stores its own fault under the key too: the call goes on under another one once
// Stripe has been asked and knows nothing of it.
func keyOf(c payment.Call, key string) string {
	if c.Faults > 0 {
		key += "#" + strconv.Itoa(c.Faults+1)
	}
	return key
}

// operation is where a refund at Stripe names the operation that made it.
const operation = "operation"

func (s *Stripe) refund(ctx context.Context, c payment.Call, key string, p *sdk.RefundCreateParams) payment.Answer {
	p.PaymentIntent, p.Metadata = &c.Reference, map[string]string{operation: c.Key}
	p.SetIdempotencyKey(keyOf(c, key))
	r, err := s.as(c).V1Refunds.Create(ctx, p)
	if err != nil {
		return failed(ctx, c, err)
	}
	return refunded(c, r)
}

func refunded(c payment.Call, r *sdk.Refund) payment.Answer {
	a := payment.Answer{Reference: c.Reference}
	switch r.Status {
	case sdk.RefundStatusSucceeded:
		a.Outcome = payment.Done
	case sdk.RefundStatusFailed, sdk.RefundStatusCanceled:
		a.Outcome, a.Reason = payment.Declined, fmt.Sprintf("The refund is %s (%s).", r.Status, r.FailureReason)
	default:
		a.Outcome = payment.Pending
	}
	return a
}

// Fetch implements payment.Provider.
func (s *Stripe) Fetch(ctx context.Context, c payment.Call) payment.Answer {
	if c.Reference == "" {
		return payment.Answer{Outcome: payment.Absent} // the call makes the intent, or finds it by its key
	}
	if c.Kind == payment.Refund {
		return s.refundOf(ctx, c)
	}
	in, err := s.retrieve(ctx, c)
	if err != nil {
		return unknown(ctx, c, err)
	}
	a := payment.Answer{Outcome: payment.Absent, Reference: in.ID}
	switch {
	case c.Kind == payment.Authorize:
		return authorization(in)
	case c.Kind == payment.Void && in.Status == sdk.PaymentIntentStatusCanceled:
		a.Outcome = payment.Done
	case c.Kind == payment.Void && in.Status == sdk.PaymentIntentStatusSucceeded:
		return s.refundOf(ctx, c)
	case c.Kind == payment.Capture && in.Status == sdk.PaymentIntentStatusCanceled:
		a.Outcome, a.Reason = payment.Declined, "The authorization has expired, or was cancelled at Stripe."
	case c.Kind == payment.Capture && in.Status == sdk.PaymentIntentStatusSucceeded:
		if amount, err := minor(c.Amount, c.Currency); err == nil && amount == in.AmountReceived {
			a.Outcome = payment.Done
		} else {
			a.Outcome, a.Reason = payment.Declined, "Another amount was taken at Stripe already."
		}
	}
	return a
}

// Find implements payment.Provider.
func (s *Stripe) Find(ctx context.Context, c payment.Call) payment.Outcome {
	_, err := s.retrieve(ctx, c)
	e := (*sdk.Error)(nil)
	switch {
	case err == nil:
		return payment.Done
	case errors.As(err, &e) && missing(e):
		return payment.Absent
	}
	return unknown(ctx, c, err).Outcome
}

// standing is what has become of a call that Stripe refuses because of the state of the intent.
func (s *Stripe) standing(ctx context.Context, c payment.Call) payment.Answer {
	a := s.Fetch(ctx, c)
	if a.Outcome == payment.Absent {
		a.Outcome = payment.Pending // it is on its way to another state; ask again
	}
	return a
}

func (s *Stripe) retrieve(ctx context.Context, c payment.Call) (*sdk.PaymentIntent, error) {
	p := &sdk.PaymentIntentRetrieveParams{}
	p.AddExpand("latest_charge")
	return s.as(c).V1PaymentIntents.Retrieve(ctx, c.Reference, p)
}

// refundOf looks for the refund that an operation has made.
func (s *Stripe) refundOf(ctx context.Context, c payment.Call) payment.Answer {
	p := &sdk.RefundListParams{PaymentIntent: &c.Reference}
	p.Limit = sdk.Int64(100)
	for r, err := range s.as(c).V1Refunds.List(ctx, p).All(ctx) {
		if err != nil {
			return unknown(ctx, c, err)
		}
		if r.Metadata[operation] == c.Key {
			return refunded(c, r)
		}
	}
	return payment.Answer{Outcome: payment.Absent, Reference: c.Reference}
}

// errSteps says that Stripe cannot move an amount.
var errSteps = errors.New("Stripe moves this currency only in whole steps")

// minor is an amount as Stripe counts it: in the smallest unit of its currency, but for those that it counts in hundredths
// though they have none.
func minor(a money.Amount, currency string) (int64, error) {
	if a%step(currency) != 0 {
		return 0, errSteps
	}
	if currency == "ISK" || currency == "UGX" {
		a *= 100
	}
	return int64(a), nil
}

// amountOf is what Stripe counts as an amount of a currency.
func amountOf(n int64, currency string) money.Amount {
	if currency == "ISK" || currency == "UGX" {
		n /= 100
	}
	return money.Amount(n)
}

// otherState reports whether Stripe refuses a call because the intent is in another state than the call is for.
func otherState(err error) bool {
	e := (*sdk.Error)(nil)
	return errors.As(err, &e) && e.Code == sdk.ErrorCodePaymentIntentUnexpectedState
}

// failed is what a call comes to that was not done. Declined is only what the same call would be again, without effect: a card
// or a request that Stripe refuses. A key that is not taken, too many calls, a twin that still runs, another call under the same
// key, an intent that the account does not have, because the key is of another one, and all faults of Stripe are not.
func failed(ctx context.Context, c payment.Call, err error) payment.Answer {
	a := payment.Answer{Outcome: payment.Declined, Reference: c.Reference}
	e := (*sdk.Error)(nil)
	switch known := errors.As(err, &e); {
	case errors.Is(err, errSteps):
		a.Reason = "The card cannot be charged to the last digit in " + c.Currency + "."
	case known && c.Kind != payment.Authorize && c.Reference != "" && missing(e):
		return unknown(ctx, c, err)
	case known && e.Type != sdk.ErrorTypeIdempotency && (e.HTTPStatusCode == http.StatusBadRequest || e.HTTPStatusCode == http.StatusPaymentRequired || e.HTTPStatusCode == http.StatusNotFound):
		if a.Reason = toCustomer(e); c.Kind != payment.Authorize {
			a.Reason = "Stripe refused it: " + codes(e) + "."
		} else if a.Reason == notNow {
			slog.ErrorContext(ctx, "Stripe refuses to make payments for a brand", "brand", c.Account.Brand, "says", codes(e))
		}
	case known && c.Kind == payment.Authorize && c.Reference == "" && keyRefused(e): // no card was asked
		tellKey(ctx, c, e)
		a.Reason = notNow
	default:
		return unknown(ctx, c, err)
	}
	return a
}

// unknown is the answer where Stripe could not be asked, or did not say what became of a call.
func unknown(ctx context.Context, c payment.Call, err error) payment.Answer {
	a := payment.Answer{Outcome: payment.Unknown, Reference: c.Reference, Reason: "there was no answer"}
	if e := (*sdk.Error)(nil); errors.As(err, &e) {
		if keyRefused(e) {
			tellKey(ctx, c, e)
		}
		a.Reason, a.Fault = codes(e), e.HTTPStatusCode >= http.StatusInternalServerError && e.Type == sdk.ErrorTypeAPI
	}
	return a
}

// missing reports whether the account does not have what a call is about.
func missing(e *sdk.Error) bool {
	return e.HTTPStatusCode == http.StatusNotFound || e.Code == sdk.ErrorCodeResourceMissing
}

func keyRefused(e *sdk.Error) bool {
	return e.HTTPStatusCode == http.StatusUnauthorized || e.HTTPStatusCode == http.StatusForbidden
}

func tellKey(ctx context.Context, c payment.Call, e *sdk.Error) {
	slog.ErrorContext(ctx, "Stripe does not take a brand's secret key; set it again in the payment settings", "brand", c.Account.Brand, "says", codes(e))
}

// codes are what Stripe says for machines. Its texts may name keys and cards.
func codes(e *sdk.Error) string {
	out := strconv.Itoa(e.HTTPStatusCode)
	for _, code := range []string{string(e.Type), string(e.Code), string(e.DeclineCode), e.RequestID} {
		if code != "" {
			out += " " + code
		}
	}
	return out
}

// toCustomer tells a customer why their card was not authorized. Of a reason that is not here they hear no more than that it
// was declined: a thief is not told that the card is known to be stolen.
func toCustomer(e *sdk.Error) string {
	for _, code := range []string{string(e.DeclineCode), string(e.Code)} {
		if said, ok := reasons[code]; ok {
			return said
		}
	}
	if e.Type == sdk.ErrorTypeCard {
		return "The card was declined."
	}
	return notNow
}

// notNow is what a customer is told where not the card is at fault but the brand's account.
const notNow = "Cards cannot be taken at the moment."

var reasons = map[string]string{
	"insufficient_funds":                    "The card has too little money.",
	"card_velocity_exceeded":                "The card's limit is reached.",
	"withdrawal_count_limit_exceeded":       "The card's limit is reached.",
	"expired_card":                          "The card has expired.",
	"invalid_expiry_month":                  "The card's expiry date is wrong.",
	"invalid_expiry_year":                   "The card's expiry date is wrong.",
	"incorrect_cvc":                         "The card's security code is wrong.",
	"invalid_cvc":                           "The card's security code is wrong.",
	"incorrect_number":                      "The card's number is wrong.",
	"invalid_number":                        "The card's number is wrong.",
	"incorrect_zip":                         "The postcode is not that of the card.",
	"card_not_supported":                    "The card cannot pay online here.",
	"currency_not_supported":                "The card does not pay in this currency.",
	"processing_error":                      "The card's bank could not be asked.",
	"issuer_not_available":                  "The card's bank could not be asked.",
	"try_again_later":                       "The card's bank could not be asked.",
	"authentication_required":               "The card's bank did not confirm the payment.",
	"payment_intent_authentication_failure": "The card's bank did not confirm the payment.",
	"amount_too_small":                      "The amount is too small for a card.",
	"amount_too_large":                      "The amount is too large for a card.",
	"resource_missing":                      "The token of the card is unknown to Stripe, or used up.",
}

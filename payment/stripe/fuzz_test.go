package stripe_test

import (
	"testing"
	"time"

	"comanda/payment"
	"comanda/payment/stripe"
	"comanda/payment/stripe/stripetest"
)

// Whatever is signed is read or refused, and what is not signed is refused.
func FuzzParseWebhook(f *testing.F) {
	f.Add("t=1,v1=00", []byte(`{"type":"payment_intent.succeeded","data":{"object":{"id":"pi_1","metadata":{"payment":"p-1"}}}}`))
	f.Add("", []byte(`{"type":"charge.dispute.created","data":{"object":{"payment_intent":{"id":"pi_1"},"status":"lost","amount":-1}}}`))
	f.Add("v1=,t=", []byte(`{"type":"refund.failed","data":{"object":{"payment_intent":"pi_1","status":"failed","metadata":null}}}`))
	f.Add("t", []byte(`null`))
	f.Fuzz(func(t *testing.T, signature string, body []byte) {
		s, a := stripe.New(stripe.API), payment.Account{WebhookSecret: "whsec_1"}
		n, err := s.ParseWebhook(a, stripetest.Sign(body, "whsec_1", time.Now()), body)
		if err != nil && n != (payment.Notice{}) || n.Dispute != nil && (n.Reference == "" || n.Dispute.Amount < 0) {
			t.Errorf("%+v, %v", n, err)
		}
		if _, err := s.ParseWebhook(a, signature, body); err == nil {
			t.Error("taken without a signature")
		}
	})
}

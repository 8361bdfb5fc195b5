package stripe

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"

	sdk "github.com/stripe/stripe-go/v85"

	"comanda/internal/fault"
	"comanda/payment"
)

// maxEvent bounds the body of an event, in bytes.
const maxEvent = 1 << 20

// ParseWebhook implements payment.Provider: an event of Stripe, signed with the secret of the brand's endpoint within the last
// five minutes. An endpoint may be of another version of the API: what is read here is the same in all.
func (*Stripe) ParseWebhook(a payment.Account, signature string, body []byte) (n payment.Notice, err error) {
	if a.WebhookSecret == "" { // with which everybody can sign
		return n, errors.New("no signing secret is set in the payment settings of the brand")
	}
	switch err := sdk.ValidatePayload(body, signature, a.WebhookSecret); {
	case errors.Is(err, sdk.ErrWebhookTooOld):
		return n, errors.New("its signature is of another time")
	case err != nil:
		return n, errors.New("its signature is not by the signing secret that is set in the payment settings of the brand")
	}
	var e sdk.Event
	if err := json.Unmarshal(body, &e); err != nil || e.Data == nil {
		return n, errors.New("the body is no event of Stripe")
	}
	switch kind := string(e.Type); {
	case strings.HasPrefix(kind, "payment_intent."):
		var in sdk.PaymentIntent
		err = json.Unmarshal(e.Data.Raw, &in)
		n.Payment, n.Reference = in.Metadata["payment"], in.ID
	case strings.HasPrefix(kind, "charge.dispute."):
		n, err = ofDispute(e.Data.Raw)
	case strings.HasPrefix(kind, "refund."), kind == "charge.refund.updated":
		n, err = ofRefund(e.Data.Raw)
	}
	if err != nil {
		return payment.Notice{}, errors.New("what the event is about cannot be read")
	}
	return n, nil
}

func ofDispute(raw []byte) (n payment.Notice, err error) {
	var d sdk.Dispute
	if err = json.Unmarshal(raw, &d); err != nil || d.PaymentIntent == nil || d.PaymentIntent.ID == "" {
		return n, err
	}
	n.Reference = d.PaymentIntent.ID
	n.Dispute = &payment.Dispute{
		ID: d.ID, Stage: stages[d.Status], Amount: amountOf(max(0, d.Amount), strings.ToUpper(string(d.Currency))), Reason: string(d.Reason),
	}
	if n.Dispute.Stage == "" { // a status that came after this program: nothing is known to be taken
		n.Dispute.Stage = payment.Inquiry
	}
	return n, nil
}

// stages says how far a dispute has come. What is prevented was given back to the customer without one.
var stages = map[sdk.DisputeStatus]payment.Stage{
	sdk.DisputeStatusWarningNeedsResponse: payment.Inquiry,
	sdk.DisputeStatusWarningUnderReview:   payment.Inquiry,
	sdk.DisputeStatusNeedsResponse:        payment.TakenBack,
	sdk.DisputeStatusUnderReview:          payment.TakenBack,
	sdk.DisputeStatusWarningClosed:        payment.Answered,
	sdk.DisputeStatusWon:                  payment.Won,
	sdk.DisputeStatusLost:                 payment.Lost,
	sdk.DisputeStatusPrevented:            payment.Lost,
}

func ofRefund(raw []byte) (n payment.Notice, err error) {
	var r sdk.Refund
	if err = json.Unmarshal(raw, &r); err != nil || r.PaymentIntent == nil {
		return n, err
	}
	n.Reference = r.PaymentIntent.ID
	if r.Status == sdk.RefundStatusFailed || r.Status == sdk.RefundStatusCanceled {
		n.Refund = r.Metadata[operation]
	}
	return n, nil
}

// Receiver takes notices: payment.Payments.
type Receiver interface {
	Receive(ctx context.Context, appID, provider, signature string, body []byte) error
}

// Door takes the events that Stripe posts to /payments/stripe/{appId}. Stripe posts again what is not answered with 2xx, so an
// event is answered when what follows from it is stored.
func Door(to Receiver) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /payments/stripe/{appId}", func(w http.ResponseWriter, r *http.Request) {
		signature := r.Header.Get("Stripe-Signature")
		if signature == "" {
			http.Error(w, "The event is not signed: the header Stripe-Signature is missing.", http.StatusBadRequest)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxEvent))
		if err != nil {
			http.Error(w, "The event could not be read.", http.StatusBadRequest)
			return
		}
		err = to.Receive(r.Context(), r.PathValue("appId"), payment.Stripe, signature, body)
		switch fault.KindOf(err) {
		case fault.NotFound:
			http.Error(w, "There is no such endpoint.", http.StatusNotFound)
		case fault.Invalid:
			http.Error(w, err.Error(), http.StatusBadRequest)
		default:
			if err != nil {
				http.Error(w, "The event was not stored; send it again.", http.StatusServiceUnavailable)
			}
		}
	})
	return mux
}

package payment

import (
	"context"
	"slices"

	"comanda/money"
)

// Outcome is what a provider says of a call.
type Outcome string

// The outcomes. Unknown is the answer of a provider that could not be asked or did not say: the call may have been done.
const (
	Done          Outcome = "Done"
	Pending       Outcome = "Pending"       // the provider works on it; ask again
	NeedsCustomer Outcome = "NeedsCustomer" // the customer has to do something, see Answer.Action
	Declined      Outcome = "Declined"      // for good
	Unknown       Outcome = "Unknown"
	Absent        Outcome = "Absent" // of Fetch: the call has never reached the provider; make it. Of Find: there is no such payment
)

// Call is one call of a provider.
type Call struct {
	Account   Account
	Key       string       // payment:operation: calls of one key have one effect
	Faults    int          // how many calls of the key were answered with Fault
	Kind      Kind         // what is to be done; Fetch is asked what has become of it
	Payment   string       // our id
	Reference string       // the provider's name of the payment; empty until it has said one
	Order     int          // for people who look at the provider's pages
	Amount    money.Amount // of the operation
	Currency  string
	Token     string // of Authorize: the customer's means of payment
	ReturnURL string // of Authorize: where the customer's browser goes after a challenge; may be empty
	Customer  string // of Fetch: what the customer has answered to a challenge, where the provider's own pages do not say it
}

// Answer is what a provider says.
type Answer struct {
	Outcome     Outcome
	Reference   string // the provider's name of the payment, where it is known
	Description string // of the means of payment, for people: "Visa •••• 4242"
	Reason      string // of Declined and Unknown: why, in words for people
	Action      Action // of NeedsCustomer
	Fault       bool   // of Unknown: the provider says that it has failed, and may say so again to all calls like this one
}

// Action is what a customer is to do before their payment goes on.
type Action struct {
	RedirectURL  string `json:",omitempty"` // a page of the provider or the bank
	ClientSecret string `json:",omitempty"` // for the provider's script in the customer's page
}

// Provider moves money. Each method may be called again with the same Key by any node, and then has no second effect; what became
// of the call before is asked by Fetch, because some providers answer a repeat with no more than the answer that they gave. None
// returns an error: what went wrong is an outcome, and the adapter logs what is the operator's to mend.
type Provider interface {
	Name() string
	// Step is the smallest amount of a currency that can be moved: all others are multiples of it.
	Step(currency string) money.Amount
	// Authorize holds the amount on the customer's means of payment, so that Capture can take it later.
	Authorize(ctx context.Context, c Call) Answer
	// Capture takes up to the authorized amount; the rest is let go.
	Capture(ctx context.Context, c Call) Answer
	// Void lets go of what is held, and gives back what was taken against our will. When it is Done the customer pays nothing,
	// also when a call of Authorize is still on its way.
	Void(ctx context.Context, c Call) Answer
	// Refund gives back a part of what was captured.
	Refund(ctx context.Context, c Call) Answer
	// Fetch says what has become of a call that was made before.
	Fetch(ctx context.Context, c Call) Answer
	// Find says whether the account has the payment of a reference: Done, Absent or Unknown.
	Find(ctx context.Context, c Call) Outcome
	// ParseWebhook reads a notice and checks that the provider has signed it. The error says what is wrong with it.
	ParseWebhook(a Account, signature string, body []byte) (Notice, error)
}

// Account is a brand's account with a provider.
type Account struct {
	Brand         int
	SecretKey     string
	WebhookSecret string
}

// Notice is what a provider tells of its own accord: that something has happened to a payment.
type Notice struct {
	Payment   string   // our id, where the notice has it, or
	Reference string   // the provider's; both are empty in a notice that concerns no payment of ours
	Refund    string   // not empty: the Key of a refund that was done and has failed since
	Dispute   *Dispute // nil: the notice is not of one
}

// Stage is how far a dispute has come. Providers tell of stages in any order, so of one dispute a stage that comes earlier in
// the list below is not believed after a later one.
type Stage string

// The stages, in their order.
const (
	Inquiry   Stage = "inquiry"    // the customer's bank asks; the amount is still the brand's, and can be refunded
	Answered  Stage = "answered"   // the bank asks no more; it may still take the amount
	TakenBack Stage = "taken back" // the bank has taken the amount, for as long as it is undecided
	Lost      Stage = "lost"       // the amount is the customer's, unless the bank thinks better of it
	Won       Stage = "won"        // the amount is the brand's again
)

var stages = []Stage{Inquiry, Answered, TakenBack, Lost, Won}

// Decided reports whether the bank asks and takes nothing more for now.
func (s Stage) Decided() bool { return s == Answered || s == Lost || s == Won }

// Dispute is a payment that its customer disowns at their bank. A payment may have several, one after the other or each of a
// part of it.
type Dispute struct {
	ID     string // the provider's name of it
	Stage  Stage
	Amount money.Amount // of the payment that it is about
	Reason string       // the provider's word for it
}

// Taken is what the bank has of the amount.
func (d Dispute) Taken() money.Amount {
	if d.Stage == TakenBack || d.Stage == Lost {
		return d.Amount
	}
	return 0
}

// follows reports whether d is news of a dispute that had come as far as was.
func (d Dispute) follows(was Dispute) bool {
	return slices.Index(stages, d.Stage) > slices.Index(stages, was.Stage)
}

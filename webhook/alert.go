package webhook

import (
	"fmt"
	"net/url"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/wire"
)

// tell puts a notice into the log, and into the owner's mail where that is due, in the transaction that settles its cause.
func (w *Webhooks) tell(tx *db.Tx, s *Subscription, n notice) error {
	b, err := w.accounts.LoadBrand(tx, s.Brand)
	if err != nil {
		return err
	}
	var body wire.Event
	var subject, text string
	switch n.kind {
	case noticeFailing:
		body = &wire.WebhookSubscriptionFailingEvent{
			FailingSince: wire.At(n.since), LastStatus: n.status, LastError: n.reason,
			Description: fmt.Sprintf("The endpoint of webhook subscription %d has taken nothing since %s.", s.ID, stamp(n.since)),
		}
		subject = fmt.Sprintf("A webhook of %s is failing", b.Name)
		text = fmt.Sprintf(failingText, s.name(), b.Name, stamp(n.since), lastAnswer(n))
	case noticeRecovered:
		body = &wire.WebhookSubscriptionRecoveredEvent{
			FailingSince: wire.At(n.since),
			Description:  fmt.Sprintf("The endpoint of webhook subscription %d takes events again.", s.ID),
		}
		subject = fmt.Sprintf("A webhook of %s works again", b.Name)
		text = fmt.Sprintf(recoveredText, s.name(), b.Name, stamp(n.since))
	case noticeExpired:
		body = &wire.WebhookSubscriptionExpiredEvent{
			FromPosition: n.span.from, ToPosition: n.span.to,
			Description: fmt.Sprintf("Events of webhook subscription %d were given up, between positions %d and %d.", s.ID, n.span.from, n.span.to),
		}
		subject = fmt.Sprintf("Events of a webhook of %s were given up", b.Name)
		text = fmt.Sprintf(expiredText, s.name(), b.Name, n.span.from, n.span.to)
	}
	rec, err := record(b, &account.Caller{Kind: account.System}, s, body)
	if err != nil {
		return err
	}
	w.log.Append(tx, rec)
	if !n.mail {
		return nil
	}
	return w.accounts.MailMember(tx, s.Brand, s.Owner, subject, text)
}

// name is what a message calls a subscription: its number and its host. The rest of the URL may hold a secret.
func (s *Subscription) name() string {
	u, err := url.Parse(s.CallbackURL)
	if err != nil {
		return fmt.Sprintf("number %d", s.ID)
	}
	return fmt.Sprintf("number %d (%s)", s.ID, u.Host)
}

func stamp(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func lastAnswer(n notice) string {
	switch {
	case n.status != 0:
		return fmt.Sprintf("The last attempt was answered with status %d.", n.status)
	case n.reason != "":
		return fmt.Sprintf("The last attempt had no answer: %s.", n.reason)
	}
	return "The last attempt had no answer."
}

const failingText = `Hello,

The webhook %s of %s has taken nothing since %s, although events wait for it.

%s

Nothing is lost yet: every event is tried again for 24 hours. You will hear when the endpoint works again.
`

const recoveredText = `Hello,

The webhook %s of %s, which had been failing since %s, works again. What waited is being delivered, oldest first.
`

const expiredText = `Hello,

Events for the webhook %s of %s could not be delivered within 24 hours, or had to make way for others, and were given up.
They are between positions %d and %d of the log.

They can be replayed for as long as the log keeps them.
`

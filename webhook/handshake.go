package webhook

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"strings"
	"unicode"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/wire"
)

// verificationType is the Type of the message that asks whether a URL wants to receive events.
const verificationType = "webhook_subscription.verification"

// verification is that message.
type verification struct {
	Type       string
	CreateTime wire.Time
	Body       struct{ Challenge string }
}

// excerptSize bounds what a refusal shows of an answer, in characters.
const excerptSize = 80

// verify asks the callback URL of a subscription that is about to be stored whether it wants to receive events: it must
// give back the challenge. The request is a delivery in every other respect: guarded, signed, with the verify token. The
// secret of a new subscription is not known to its receiver yet, so that only the token can be checked then.
func (w *Webhooks) verify(ctx context.Context, c *account.Caller, b account.Brand, s *Subscription) error {
	if err := w.asks.take(c); err != nil {
		return err
	}
	v := verification{Type: verificationType, CreateTime: wire.At(b.Now())}
	v.Body.Challenge = rand.Text()
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	e := newEndpoint(s, w.agent)
	if e.err != nil {
		return errNotVerified("cannot be called")
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	res, err := w.client.RoundTrip(e.request(ctx, message{"verification-" + rand.Text(), body, 0, 1}, clock.Now())) //nolint:bodyclose // readBody closes it
	if err != nil {
		return errNotVerified("was not verified: %s", reason(err))
	}
	answer, err := readBody(res.Body, cancel)
	switch {
	case res.StatusCode < 200 || res.StatusCode > 299:
		return errNotVerified("was not verified: it answered %d%s", res.StatusCode, excerpt(answer))
	case answers(answer, v.Body.Challenge):
		return nil
	case err != nil && !errors.Is(err, context.Canceled):
		return errNotVerified("was not verified: its answer broke off")
	}
	return errNotVerified("was not verified: it answered %d without the challenge%s", res.StatusCode, excerpt(answer))
}

func errNotVerified(format string, args ...any) error {
	return fault.BadField("CallbackUrl", format+`. A receiver answers the message "`+verificationType+`" within 10 seconds with 2xx and {"Challenge":"…"}, or with the challenge as plain text; without verify=true nothing is asked.`, args...)
}

// answers reports whether a body is the challenge: as JSON, or alone. A copy of the whole message is no answer, as any
// service that echoes its requests would give it.
func answers(body []byte, challenge string) bool {
	if strings.TrimSpace(string(body)) == challenge {
		return true
	}
	var text string
	if json.Unmarshal(body, &text) == nil {
		return text == challenge
	}
	var in struct{ Challenge string }
	return json.Unmarshal(body, &in) == nil && in.Challenge == challenge
}

// excerpt is the beginning of an answer for people: printable ASCII, in quotes.
func excerpt(body []byte) string {
	var b strings.Builder
	for _, r := range strings.Join(strings.Fields(string(body)), " ") {
		if b.Len() == excerptSize {
			b.WriteString("…")
			break
		}
		if r > unicode.MaxASCII || !unicode.IsPrint(r) || r == '"' {
			r = '?'
		}
		b.WriteRune(r)
	}
	if b.Len() == 0 {
		return ", with an empty body"
	}
	return `: "` + b.String() + `"`
}

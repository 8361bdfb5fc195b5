package webhook

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/hmac"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// Verdict is what a look at a signature came to.
type Verdict struct {
	Valid  bool
	Reason string   // what was found, in a sentence
	Advice string   // what to do about it; empty when nothing is to be done
	Notes  []string // what else there is to know about the delivery
}

// tolerance is how far a timestamp may be from the receiver's clock for the Standard Webhooks libraries.
const tolerance = 5 * time.Minute

// CheckSignature looks at a delivery as its receiver has it, at a time: whether its signature was made with one of the keys
// (whsec_… for v1, whpk_… for v1a) and, if not, why that may be. What is too old is valid, and noted.
func CheckSignature(header http.Header, body []byte, now time.Time, keys ...string) Verdict {
	d, problem := parseDelivery(header, body)
	if problem != nil {
		return *problem
	}
	for _, key := range keys {
		if d.signedBy(key, body) {
			return Verdict{Valid: true, Reason: "The signature is valid.", Notes: d.age(now)}
		}
	}
	for _, v := range variants(body) {
		for _, key := range keys {
			if d.signedBy(key, v.body) {
				return Verdict{Reason: v.reason, Advice: v.advice, Notes: d.age(now)}
			}
		}
	}
	return Verdict{
		Reason: "None of the signatures fits this webhook-id, this webhook-timestamp and this body.",
		Advice: "Look whether the headers and the body are of the same delivery, and whether the body is what came, byte for byte, before anything parsed it.",
		Notes:  d.age(now),
	}
}

// delivery is what a signature covers, and the signatures that came.
type delivery struct {
	id, stamp  string
	at         time.Time
	signatures map[string][][]byte // by scheme
}

// parseDelivery reads the headers; what is wrong with them is a verdict.
func parseDelivery(header http.Header, body []byte) (*delivery, *Verdict) {
	refuse := func(advice, format string, args ...any) (*delivery, *Verdict) {
		return nil, &Verdict{Reason: fmt.Sprintf(format, args...), Advice: advice}
	}
	for _, name := range []string{headerID, headerTimestamp, headerSignature} {
		if header.Get(name) == "" {
			return refuse("Every delivery has webhook-id, webhook-timestamp and webhook-signature. Look whether a proxy in front of the receiver removes headers that it does not know.",
				"The header %s is missing.", strings.ToLower(name))
		}
	}
	if len(body) == 0 {
		return refuse("Read the body before anything else does: many frameworks can read it once only.", "The body is empty.")
	}
	d := &delivery{id: header.Get(headerID), stamp: header.Get(headerTimestamp), signatures: map[string][][]byte{}}
	seconds, err := strconv.ParseInt(d.stamp, 10, 64)
	if err != nil || strconv.FormatInt(seconds, 10) != d.stamp {
		return refuse("It is sent as seconds since 1970, in digits, and is signed as that text. Do not convert it before the check.",
			"The webhook-timestamp %.40q is no number of seconds.", d.stamp)
	}
	d.at = time.Unix(seconds, 0)
	for _, one := range strings.Fields(strings.Join(header.Values(headerSignature), " ")) {
		scheme, text, ok := strings.Cut(one, ",")
		size := map[string]int{schemeV1: 32, schemeV1a: ed25519.SignatureSize}[scheme]
		if !ok || size == 0 {
			continue // of a scheme that is not ours
		}
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != size {
			return refuse("The header is a list with spaces between: v1,BASE64 v1a,BASE64. Compare it as it came.",
				"The signature %.60q is cut off or changed: after the comma stand %d bytes in base64.", one, size)
		}
		d.signatures[scheme] = append(d.signatures[scheme], raw)
	}
	if len(d.signatures) == 0 {
		return refuse("It is sent as v1,BASE64, with more signatures behind spaces. Compare it as it came, with v1 and the comma.",
			"There is no signature of the schemes v1 and v1a in the header webhook-signature.")
	}
	return d, nil
}

// signedBy reports whether a signature over a body was made with a key.
func (d *delivery) signedBy(key string, body []byte) bool {
	if text, ok := strings.CutPrefix(key, publicKeyPrefix); ok {
		public, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(public) != ed25519.PublicKeySize {
			return false
		}
		signed := append([]byte(d.id+"."+d.stamp+"."), body...)
		for _, s := range d.signatures[schemeV1a] {
			if ed25519.Verify(public, signed, s) {
				return true
			}
		}
		return false
	}
	secret, err := secretKey(key)
	if err != nil {
		return false
	}
	want, _ := base64.StdEncoding.DecodeString(string(signV1(nil, secret, d.id, d.stamp, body))[len(schemeV1)+1:])
	for _, s := range d.signatures[schemeV1] {
		if hmac.Equal(s, want) {
			return true
		}
	}
	return false
}

// age is what there is to say about the timestamp.
func (d *delivery) age(now time.Time) []string {
	switch age := now.Sub(d.at); {
	case age > tolerance:
		return []string{fmt.Sprintf("It was signed %s ago. Libraries refuse what is older than five minutes, so this very request would be refused if it came now.", age.Round(time.Second))}
	case age < -tolerance:
		return []string{fmt.Sprintf("Its timestamp is %s ahead of this server's clock. Libraries refuse what is more than five minutes ahead.", (-age).Round(time.Second))}
	}
	return nil
}

// variant is a body as it may have been before something changed it, and what that was.
type variant struct {
	body           []byte
	reason, advice string
}

// variants undoes what usually happens to bodies between the network and the check.
func variants(body []byte) []variant {
	out := []variant{
		{bytes.TrimPrefix(body, []byte("\ufeff")), "The body begins with a byte order mark that was not signed.", "Read the body as bytes and check those."},
		{bytes.TrimSpace(body), "The body has a space or a line break at an end that was not signed.", "If pasting it added that, the delivery is as it should be. Otherwise check the bytes as they came."},
		{bytes.ReplaceAll(body, []byte("\r\n"), []byte("\n")), "The line ends of the body were changed.", "Check the bytes as they came."},
	}
	compact := &bytes.Buffer{}
	if json.Compact(compact, body) == nil {
		out = append(out, variant{
			compact.Bytes(), "The body was formatted anew: its spaces and line breaks are not those that were signed.",
			"Check the raw bytes of the request, not an object that was parsed and written again.",
		})
	}
	return out
}

// CheckSignature looks at a delivery as a subscription's receiver has it: whether one of the subscription's keys signed it
// and, if not, why. It compares the body with the event in the log, where that is still there, and the signature with the
// brand's other subscriptions. No secret is told.
func (w *Webhooks) CheckSignature(
	ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, header http.Header, body []byte,
) (Verdict, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return Verdict{}, err
	}
	v := CheckSignature(header, body, clock.Now(), s.keys()...)
	if d, problem := parseDelivery(header, body); problem == nil {
		if v.Valid {
			if fresh := (&Subscription{secret: s.secret, key: s.key}); !d.signedByAny(fresh.keys(), body) {
				v.Notes = append(v.Notes, "It was made with the secret before the newest one.")
			}
		} else if better, err := w.explain(ctx, b, s, d, body); err != nil {
			return Verdict{}, err
		} else if better != nil {
			v.Reason, v.Advice = better.Reason, better.Advice
		}
	}
	v.Notes = append(v.Notes, s.noteToken(header)...)
	v.Notes = append(v.Notes, s.noteLegacy(header, body)...)
	return v, nil
}

// keys are all that a subscription's deliveries may be signed with, also those whose time is over.
func (s *Subscription) keys() []string {
	out := []string{secretText(s.secret)}
	if s.oldSecret != nil {
		out = append(out, secretText(s.oldSecret))
	}
	for _, key := range []ed25519.PrivateKey{s.key, s.oldKey} {
		if key != nil {
			out = append(out, publicKeyText(key))
		}
	}
	return out
}

func (d *delivery) signedByAny(keys []string, body []byte) bool {
	for _, key := range keys {
		if d.signedBy(key, body) {
			return true
		}
	}
	return false
}

// explain looks for what CheckSignature cannot know; nil when there is nothing.
func (w *Webhooks) explain(ctx context.Context, b account.Brand, s *Subscription, d *delivery, body []byte) (out *Verdict, err error) {
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		e, err := event.ByID(tx, b.ID, d.id)
		if err == nil {
			for _, version := range []string{Envelope, Flat} {
				if sent := bodyOf(&e, version); d.signedByAny(s.keys(), sent) {
					out = changedBody(sent, body)
				}
			}
		} else if fault.KindOf(err) != fault.NotFound {
			return err
		}
		if out != nil {
			return nil
		}
		others, err := w.loadMany(tx, sqlSubscriptionsOfBrand, b.ID, maxOthers, 0)
		for _, o := range others {
			if o.ID != s.ID && d.signedByAny(o.keys(), body) {
				out = &Verdict{
					Reason: fmt.Sprintf("It was signed for another webhook subscription: %d, which calls %s.", o.ID, o.CallbackURL),
					Advice: "Give the receiver the signing secret of that subscription, or let one URL serve one subscription.",
				}
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("webhook: check signature: %w", err)
	}
	return out, nil
}

// maxOthers are how many of a brand's subscriptions are asked whether a signature is theirs.
const maxOthers = 1000

// changedBody says where a body differs from the one that was sent and signed.
func changedBody(sent, body []byte) *Verdict {
	var was, is any
	if json.Unmarshal(sent, &was) == nil && json.Unmarshal(body, &is) == nil && reflect.DeepEqual(was, is) {
		return &Verdict{
			Reason: "The body says the same as the one that was sent, but it was parsed and written again.",
			Advice: "Check the raw bytes of the request before anything parses them.",
		}
	}
	at := 0
	for at < min(len(sent), len(body)) && sent[at] == body[at] {
		at++
	}
	return &Verdict{
		Reason: fmt.Sprintf("The signature is of another body: from byte %d on, %s was sent, and here stands %s.", at+1, glimpse(sent, at), glimpse(body, at)),
		Advice: "Check the bytes as they came. A receiver that really got this body must refuse it.",
	}
}

// glimpse is a little of a body, from a byte on.
func glimpse(body []byte, at int) string {
	if at >= len(body) {
		return "nothing"
	}
	text := strconv.Quote(string(body[at:min(at+24, len(body))]))
	return "“" + strings.ReplaceAll(text[1:len(text)-1], `\"`, `"`) + "”"
}

// noteToken is what there is to say about the verify token. The attempt log shows it hidden.
func (s *Subscription) noteToken(header http.Header) []string {
	switch given := header.Get(headerToken); {
	case given == hidden || given == s.VerifyToken:
		return nil
	case given == "":
		return []string{"The header x-verify-token is missing, although the subscription has a verify token."}
	case s.VerifyToken == "":
		return []string{"There is a header x-verify-token, although the subscription has no verify token."}
	default:
		return []string{"The header x-verify-token is not the subscription's verify token."}
	}
}

// noteLegacy is what there is to say about the signature in a header of the receiver's choice.
func (s *Subscription) noteLegacy(header http.Header, body []byte) []string {
	l := s.settings.Legacy
	if l == nil {
		return nil
	}
	given := header.Get(l.Header)
	fits := func(secret []byte) bool {
		return secret != nil && hmac.Equal([]byte(given), []byte(l.value(secret, body)))
	}
	switch {
	case given == "":
		return []string{"The header " + l.Header + " is missing, although the subscription has a signature there."}
	case fits(s.secret):
		return []string{"The signature in " + l.Header + " is valid."}
	case fits(s.oldSecret):
		return []string{"The signature in " + l.Header + " was made with the secret before the newest one."}
	default:
		return []string{"The signature in " + l.Header + " is not valid for this body. Its key is the text of the secret, whsec_ included."}
	}
}

// ParseHeader reads headers as people have them at hand: lines of Name: value, also as arguments of curl, or an object of
// JSON. What is neither is left out.
func ParseHeader(text string) http.Header {
	out := http.Header{}
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) == nil {
		for name, value := range object {
			values, list := value.([]any)
			if !list {
				values = []any{value}
			}
			for _, v := range values {
				out.Add(name, fmt.Sprint(v))
			}
		}
		return out
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(line), `\`))
		line = strings.Trim(strings.TrimSpace(strings.TrimPrefix(line, "-H ")), `'"`)
		if name, value, ok := strings.Cut(line, ":"); ok && validHeader(strings.TrimSpace(name)) {
			out.Add(strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return out
}

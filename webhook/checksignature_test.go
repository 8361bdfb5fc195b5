package webhook_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"comanda/webhook"
	"comanda/wire"
)

// TestWhyASignatureDoesNotFit changes a delivery in the ways in which receivers do, and reads the verdicts.
func TestWhyASignatureDoesNotFit(t *testing.T) {
	b, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Secret, PublicKey, ID, Timestamp, Body, V1, V1a string }
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	good, other := vectors[0], vectors[1]
	now := time.Unix(1777897800, 0)
	keys := []string{good.Secret, good.PublicKey}
	for name, c := range map[string]struct {
		header map[string]string // on top of the good ones; "" = missing
		body   string
		now    time.Time
		keys   []string
		valid  bool
		text   string // in the reason or a note
	}{
		"as sent":           {valid: true, text: "is valid"},
		"by the public key": {keys: []string{good.PublicKey}, valid: true, text: "is valid"},
		"one of several":    {header: map[string]string{"webhook-signature": "v2,x " + other.V1 + " " + good.V1}, valid: true, text: "is valid"},
		"old":               {now: now.Add(time.Hour), valid: true, text: "signed 1h0m0s ago"},
		"ahead":             {now: now.Add(-time.Hour), valid: true, text: "1h0m0s ahead"},
		"no id":             {header: map[string]string{"webhook-id": ""}, text: "webhook-id is missing"},
		"no signature":      {header: map[string]string{"webhook-signature": ""}, text: "webhook-signature is missing"},
		"milliseconds":      {header: map[string]string{"webhook-timestamp": "2026-05-04T12:30:00Z"}, text: "no number of seconds"},
		"another time":      {header: map[string]string{"webhook-timestamp": "1777897801"}, text: "None of the signatures fits"},
		"cut off":           {header: map[string]string{"webhook-signature": good.V1[:20]}, text: "cut off"},
		"without scheme":    {header: map[string]string{"webhook-signature": good.V1[3:]}, text: "no signature of the schemes"},
		"no body":           {body: " ", text: "None of the signatures fits"},
		"line break":        {body: good.Body + "\r\n", text: "line break at an end"},
		"mark":              {body: "\ufeff" + good.Body, text: "byte order mark"},
		"pretty":            {body: strings.ReplaceAll(good.Body, ",", ",\n  "), text: "formatted anew"},
		"another body":      {body: other.Body, text: "None of the signatures fits"},
		"another secret":    {keys: []string{other.Secret, other.PublicKey, "whsec_?", "whpk_AA=="}, text: "None of the signatures fits"},
	} {
		header := http.Header{}
		for name, value := range map[string]string{"webhook-id": good.ID, "webhook-timestamp": good.Timestamp, "webhook-signature": good.V1 + " " + good.V1a} {
			if changed, ok := c.header[name]; ok {
				value = changed
			}
			header.Set(name, value)
		}
		if c.body == "" {
			c.body = good.Body
		}
		if c.now.IsZero() {
			c.now = now
		}
		if c.keys == nil {
			c.keys = keys
		}
		v := webhook.CheckSignature(header, []byte(c.body), c.now, c.keys...)
		if said := v.Reason + " " + strings.Join(v.Notes, " "); v.Valid != c.valid || !strings.Contains(said, c.text) {
			t.Errorf("%s: %v, %s", name, v.Valid, said)
		}
		if v.Valid == (v.Advice != "") {
			t.Errorf("%s: valid is %v and the advice %q", name, v.Valid, v.Advice)
		}
	}
	if v := webhook.CheckSignature(http.Header{"Webhook-Id": {"x"}, "Webhook-Timestamp": {"1"}, "Webhook-Signature": {good.V1}}, nil, now); !strings.Contains(v.Reason, "body is empty") {
		t.Errorf("an empty body: %+v", v)
	}
}

// TestASubscriptionKnowsWhyItsSignatureFails checks real deliveries as their receiver has them.
func TestASubscriptionKnowsWhyItsSignatureFails(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		named := func(s *wire.WebhookSubscription) {
			s.EventNames, s.VerifyToken = []string{"order.created"}, wire.P("tok")
		}
		id, second := w.subscribe("http://pos.test/hook", named), w.subscribe("http://pos.test/second", named)
		w.set(id, webhook.Settings{LegacySignature: webhook.NullableLegacySign{Given: true, Value: &webhook.LegacySignature{Header: "X-Sign"}}})
		w.run()
		w.orders(1, 1)
		time.Sleep(time.Second)
		var got delivery
		for _, d := range e.deliveries() {
			if d.header.Get("X-Sign") != "" {
				got = d
			}
		}
		check := func(what string, id int, header http.Header, body string, valid bool, text ...string) {
			t.Helper()
			v, err := w.hooks.CheckSignature(ctx, w.owner, w.brand.AppID, w.app, id, header, []byte(body))
			w.must(err)
			said := v.Reason + " " + strings.Join(v.Notes, " ")
			for _, part := range text {
				if v.Valid != valid || !strings.Contains(said, part) {
					t.Errorf("%s: %v, %s", what, v.Valid, said)
				}
			}
			if valid && len(text) == 1 && len(v.Notes) > 0 {
				t.Errorf("%s: notes %q", what, v.Notes)
			}
		}
		with := func(name, value string) http.Header {
			h := got.header.Clone()
			h.Set(name, value)
			return h
		}
		body := string(got.body)
		check("as it came", id, got.header, body, true, "The signature is valid.", "in X-Sign is valid")
		check("parsed and written again", id, got.header, strings.Replace(body, "order.created", `order\u002ecreated`, 1), false, "parsed and written again", "in X-Sign is not valid")
		check("changed", id, got.header, strings.Replace(body, "order.created", "order.rejected", 1), false, "“created", "“rejected")
		check("cut off", id, got.header, body[:len(body)-5], false, "here stands nothing")
		check("for another subscription", second, got.header, body, false, "another webhook subscription")
		check("another token", id, with("X-Verify-Token", "nok"), body, true, "The signature is valid.", "not the subscription's verify token")
		check("a token too many", id, with("X-Verify-Token", "(hidden)"), body, true, "The signature is valid.", "in X-Sign")
		check("no token", id, with("X-Verify-Token", ""), body, true, "The signature is valid.", "x-verify-token is missing")
		check("no legacy signature", id, with("X-Sign", ""), body, true, "The signature is valid.", "X-Sign is missing")
		w.update(id, wire.WebhookSubscription{VerifyToken: wire.P("")})
		check("a token that is not wanted", id, got.header, body, true, "The signature is valid.", "has no verify token")
		_, err := w.hooks.RotateSecret(ctx, w.owner, w.brand.AppID, w.app, id)
		w.must(err)
		check("the old secret", id, got.header, body, true, "The signature is valid.", "the secret before the newest one", "in X-Sign was made with")
	})
}

func TestHeadersAreReadAsPeopleHaveThem(t *testing.T) {
	for name, text := range map[string]string{
		"lines":  "POST /hook HTTP/1.1\r\nWebhook-Id: a\nwebhook-timestamp:12\n\n",
		"curl":   "curl -X POST \\\n  -H 'webhook-id: a' \\\n  -H \"Webhook-Timestamp: 12\" \\\n",
		"object": `{"webhook-id": "a", "webhook-timestamp": ["12"], "content-length": 7}`,
	} {
		if h := webhook.ParseHeader(text); h.Get("webhook-id") != "a" || h.Get("webhook-timestamp") != "12" {
			t.Errorf("%s: %v", name, h)
		}
	}
}

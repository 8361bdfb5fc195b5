package webhook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"comanda/internal/db"
	"comanda/internal/dbtest"
	"comanda/webhook"
	"comanda/wire"
)

func (w *world) set(id int, in webhook.Settings) webhook.Settings {
	w.t.Helper()
	out, err := w.hooks.UpdateSettings(ctx, w.owner, w.brand.AppID, w.app, id, in)
	w.must(err)
	return out
}

func (w *world) secret(id int) string {
	w.t.Helper()
	s, err := w.hooks.Secret(ctx, w.owner, w.brand.AppID, w.app, id)
	w.must(err)
	return s
}

func (w *world) publicKey(id int) string {
	w.t.Helper()
	s, err := w.hooks.PublicKey(ctx, w.owner, w.brand.AppID, w.app, id)
	w.must(err)
	return s
}

// received is a delivery as testdata/verify.mjs, the receiver in Node, takes it.
type received struct {
	Name       string   `json:"name"`
	ID         string   `json:"id"`
	Timestamp  string   `json:"timestamp"`
	Signature  string   `json:"signature"`
	Body       []byte   `json:"body"`
	Secrets    []string `json:"secrets"`
	PublicKeys []string `json:"publicKeys"`
}

// verdict is what it says.
type verdict struct {
	Name       string
	Schemes    []string
	Secrets    []bool
	PublicKeys []bool
}

// verifyInNode asks Node's own crypto. Without Node it skips loudly, or fails where COMANDA_TEST_REQUIRE lists node.
func verifyInNode(t *testing.T, requests []received) []verdict {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if strings.Contains(os.Getenv("COMANDA_TEST_REQUIRE"), "node") {
			t.Fatal("required by COMANDA_TEST_REQUIRE but missing: node")
		}
		t.Skip("SKIPPED: node is not installed")
	}
	in, err := json.Marshal(map[string]any{"requests": requests})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, "testdata/verify.mjs")
	cmd.Stdin = bytes.NewReader(in)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	b, err := cmd.Output()
	if err != nil {
		t.Fatalf("node: %v\n%s", err, complaints.Bytes())
	}
	var out []verdict
	if err := json.Unmarshal(b, &out); err != nil || len(out) != len(requests) {
		t.Fatalf("node answered %s: %v", b, err)
	}
	return out
}

func TestWrittenVectorsVerifyInNode(t *testing.T) {
	b, err := os.ReadFile("testdata/signatures.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors []struct{ Name, Secret, PublicKey, ID, Timestamp, Body, V1, V1a string }
	if err := json.Unmarshal(b, &vectors); err != nil {
		t.Fatal(err)
	}
	var requests []received
	for i, v := range vectors {
		other := vectors[(i+1)%len(vectors)]
		requests = append(requests, received{
			v.Name, v.ID, v.Timestamp, v.V1 + " " + v.V1a, []byte(v.Body),
			[]string{v.Secret, other.Secret},
			[]string{v.PublicKey, other.PublicKey},
		})
	}
	for _, got := range verifyInNode(t, requests) {
		if !slices.Equal(got.Secrets, []bool{true, false}) || !slices.Equal(got.PublicKeys, []bool{true, false}) {
			t.Errorf("%+v", got)
		}
	}
}

// Real deliveries of both versions, before, while and after the keys are rotated, verify with the reference library of
// Standard Webhooks and in Node: old receivers see v1 first, and every live key signs.
func TestReceiversVerifyDeliveriesThroughARotation(t *testing.T) {
	var requests []received
	want := map[string]verdict{}
	for version, name := range map[string]string{"1": "flat", "2": "envelope"} {
		virtual(t, func(t *testing.T, w *world, e *endpoint) {
			id := w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) {
				s.Version, s.EventNames = wire.P(version), []string{"order.created"}
			})
			w.run()
			w.orders(1, 1) // v1 alone
			time.Sleep(time.Second)
			w.set(id, webhook.Settings{Signatures: &[]string{"v1a", "v1"}})
			w.orders(2, 2)
			time.Sleep(time.Second)
			oldSecret, oldKey := w.secret(id), w.publicKey(id)
			_, err := w.hooks.RotateSecret(ctx, w.owner, w.brand.AppID, w.app, id)
			w.must(err)
			secret, key := w.secret(id), w.publicKey(id)
			if secret == oldSecret || key == oldKey {
				t.Fatal("a key was not rotated")
			}
			w.orders(3, 3)
			time.Sleep(23*time.Hour + 59*time.Minute)
			w.orders(4, 4)
			time.Sleep(2 * time.Minute)
			w.orders(5, 5)
			time.Sleep(time.Second)
			w.set(id, webhook.Settings{Signatures: &[]string{"v1"}})
			w.orders(6, 6)
			time.Sleep(time.Second)
			got := e.deliveries()
			if len(got) != 6 {
				t.Fatalf("%d deliveries", len(got))
			}
			stages := []verdict{
				{"v1 alone", []string{"v1"}, []bool{true, false}, []bool{false, false}},
				{"both schemes", []string{"v1", "v1a"}, []bool{true, false}, []bool{true, false}},
				{"rotated", []string{"v1", "v1", "v1a", "v1a"}, []bool{true, true}, []bool{true, true}},
				{"a day later, almost", []string{"v1", "v1", "v1a", "v1a"}, []bool{true, true}, []bool{true, true}},
				{"a day later", []string{"v1", "v1a"}, []bool{false, true}, []bool{false, true}},
				{"v1a given up", []string{"v1"}, []bool{false, true}, []bool{false, false}},
			}
			for i, d := range got {
				stage := stages[i]
				stage.Name = name + ", " + stage.Name
				want[stage.Name] = stage
				secrets := []string{oldSecret, secret}
				for k, text := range secrets {
					lib, err := standardwebhooks.NewWebhook(text)
					w.must(err)
					if ok := lib.VerifyIgnoringTimestamp(d.body, d.header) == nil; ok != stage.Secrets[k] {
						t.Errorf("%s: the reference library verifies with secret %d: %v", stage.Name, k, ok)
					}
				}
				requests = append(requests, received{
					stage.Name, d.header.Get("Webhook-Id"), d.header.Get("Webhook-Timestamp"), d.header.Get("Webhook-Signature"),
					d.body, secrets,
					[]string{oldKey, key},
				})
			}
		})
	}
	for _, got := range verifyInNode(t, requests) {
		w := want[got.Name]
		if !slices.Equal(got.Schemes, w.Schemes) || !slices.Equal(got.Secrets, w.Secrets) || !slices.Equal(got.PublicKeys, w.PublicKeys) {
			t.Errorf("Node says %+v\nwant      %+v", got, w)
		}
	}
}

// The reference library checks the time as well, on a delivery that has just come.
func TestReferenceLibraryAcceptsAFreshDelivery(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		e := newEndpoint(t, nil)
		id := w.subscribe(e.URL)
		w.set(id, webhook.Settings{
			Signatures:      &[]string{"v1", "v1a"},
			LegacySignature: webhook.NullableLegacySign{Given: true, Value: &webhook.LegacySignature{Header: "X-Hub-Signature-256", Prefix: "sha256="}},
		})
		stop := w.run()
		w.orders(1, 1)
		got := e.wait(t, 1)[0]
		stop()
		lib, err := standardwebhooks.NewWebhook(w.secret(id))
		w.must(err)
		w.must(lib.Verify(got.body, got.header))
		if err := lib.Verify(append(got.body, ' '), got.header); err == nil {
			t.Error("another body verifies")
		}
		if v := got.header.Get("X-Hub-Signature-256"); !strings.HasPrefix(v, "sha256=") || len(v) != len("sha256=")+64 {
			t.Errorf("legacy header %q", v)
		}
		if logs := w.logs(id); len(logs) != 1 || !strings.Contains(logs[0].RequestHeaders, "X-Hub-Signature-256: "+got.header.Get("X-Hub-Signature-256")) {
			t.Errorf("the attempt log lacks the legacy header: %+v", logs)
		}
	})
}

// The bytes of a body depend on the event and the subscription's Version, and on nothing else.
func TestOnlyTheVersionChangesTheBytesOfABody(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook", func(s *wire.WebhookSubscription) {
			s.Version, s.EventNames = wire.P("1"), []string{"order.created"}
		})
		var mended atomic.Bool
		e.set(func(_ delivery, rw http.ResponseWriter) {
			if !mended.Load() {
				rw.WriteHeader(500)
			}
		})
		w.run()
		w.orders(1, 1)
		time.Sleep(time.Second)
		seen := 0
		same := func(what string, pass time.Duration) []byte {
			t.Helper()
			time.Sleep(pass)
			got := e.deliveries()
			if len(got) == seen {
				t.Fatalf("%s: nothing was sent", what)
			}
			for _, d := range got[seen:] {
				if !bytes.Equal(d.body, got[0].body) {
					t.Errorf("%s: %s\nwas %s", what, d.body, got[0].body)
				}
			}
			seen = len(got)
			return got[0].body
		}
		same("as made", 0)
		for what, change := range map[string]func(){
			"groups":     func() { w.set(id, webhook.Settings{Groups: &[]string{"Menu"}}) },
			"pace":       func() { w.set(id, webhook.Settings{RatePerSecond: wire.P(10), OrderHoldSeconds: wire.P(5)}) },
			"signatures": func() { w.set(id, webhook.Settings{Signatures: &[]string{"v1", "v1a"}}) },
			"token":      func() { w.update(id, wire.WebhookSubscription{VerifyToken: wire.P("tok")}) },
			"URL":        func() { w.update(id, wire.WebhookSubscription{CallbackUrl: wire.P("http://pos.test/other")}) },
			"names":      func() { w.update(id, wire.WebhookSubscription{EventNames: []string{"order.created", "menu.updated"}}) },
			"secret": func() {
				_, err := w.hooks.RotateSecret(ctx, w.owner, w.brand.AppID, w.app, id)
				w.must(err)
			},
		} {
			change()
			same(what, 3*time.Hour) // of retries
		}
		flat := same("the end", 2*time.Hour)
		w.update(id, wire.WebhookSubscription{Version: wire.P("2")})
		mended.Store(true)
		time.Sleep(2 * time.Hour)
		got := e.deliveries()
		if last := got[len(got)-1]; last.name != "order.created" || !bytes.Contains(last.body, flat) {
			t.Errorf("version 2 sends %s", last.body)
		}
	})
}

func TestStoredSeedIsSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		w := newWorld(t, d)
		id := w.subscribe("https://pos.example.com/")
		if _, err := w.hooks.PublicKey(ctx, w.owner, w.brand.AppID, w.app, id); err == nil || !strings.Contains(err.Error(), "does not sign with v1a") {
			t.Error(err)
		}
		w.set(id, webhook.Settings{Signatures: &[]string{"v1", "v1a"}})
		first := w.publicKey(id)
		public, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(first, "whpk_"))
		if err != nil || len(public) != 32 || !strings.HasPrefix(first, "whpk_") {
			t.Errorf("public key %q", first)
		}
		w.set(id, webhook.Settings{Signatures: &[]string{"v1"}})
		w.set(id, webhook.Settings{Signatures: &[]string{"v1", "v1a"}})
		if again := w.publicKey(id); again != first {
			t.Error("choosing v1a again made another key")
		}
		var seed []byte
		w.must(d.Read(ctx, func(tx *db.Tx) error {
			return tx.QueryRow(`select signing_seed from webhook_subscriptions where id = $1`, id).Scan(&seed)
		}))
		if len(seed) <= 32 {
			t.Errorf("%d bytes are stored, too few for a sealed seed", len(seed))
		}
	})
}

// Two generations of keys sign at most; the legacy header, which has room for one, has the newest secret's.
func TestSecondRotationEndsTheOldestKeys(t *testing.T) {
	virtual(t, func(t *testing.T, w *world, e *endpoint) {
		id := w.subscribe("http://pos.test/hook")
		w.set(id, webhook.Settings{
			Signatures:      &[]string{"v1", "v1a"},
			LegacySignature: webhook.NullableLegacySign{Given: true, Value: &webhook.LegacySignature{Header: "X-Sig", Prefix: "sha256="}},
		})
		secrets, keys := []string{w.secret(id)}, []string{w.publicKey(id)}
		for range 2 {
			_, err := w.hooks.RotateSecret(ctx, w.owner, w.brand.AppID, w.app, id)
			w.must(err)
			secrets, keys = append(secrets, w.secret(id)), append(keys, w.publicKey(id))
		}
		w.run()
		w.orders(1, 1)
		time.Sleep(time.Second)
		got := e.deliveries()
		if len(got) != 1 {
			t.Fatalf("%d deliveries", len(got))
		}
		d := got[0]
		m := hmac.New(sha256.New, []byte(secrets[2]))
		m.Write(d.body)
		if want := "sha256=" + hex.EncodeToString(m.Sum(nil)); d.header.Get("X-Sig") != want {
			t.Errorf("the legacy header is %q, want %q", d.header.Get("X-Sig"), want)
		}
		said := verifyInNode(t, []received{{
			"twice", d.header.Get("Webhook-Id"), d.header.Get("Webhook-Timestamp"), d.header.Get("Webhook-Signature"), d.body, secrets, keys,
		}})[0]
		if want := []bool{false, true, true}; !slices.Equal(said.Secrets, want) || !slices.Equal(said.PublicKeys, want) {
			t.Errorf("%+v", said)
		}
	})
}

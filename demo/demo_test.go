package demo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comanda/account"
	"comanda/app"
	"comanda/demo"
	"comanda/internal/dbtest"
	"comanda/requestlog"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// each runs fn with the options of a demo that ends by itself, in an empty folder, on each engine.
func each(t *testing.T, fn func(t *testing.T, o demo.Options)) {
	base := func(t *testing.T) demo.Options {
		return demo.Options{Data: t.TempDir(), Listen: "127.0.0.1:0", POS: "first", Once: true, JSON: true}
	}
	t.Run("sqlite", func(t *testing.T) { fn(t, base(t)) })
	t.Run("postgres", func(t *testing.T) {
		o := base(t)
		o.DatabaseURL = dbtest.PostgresURL(t)
		fn(t, o)
	})
}

type printed struct {
	Timeline []demo.Step `json:"timeline"`
	Refusal  string      `json:"refusal"`
	BaseURL  string      `json:"baseUrl"`
	OrderID  int         `json:"orderId"`
	Day      *demo.Day   `json:"day"`
}

func run(t *testing.T, o demo.Options) printed {
	t.Helper()
	var out bytes.Buffer
	if err := demo.Run(t.Context(), &out, o); err != nil {
		t.Fatal(err)
	}
	var p printed
	if err := json.Unmarshal(out.Bytes(), &p); err != nil {
		t.Fatalf("%v: %s", err, out.Bytes())
	}
	return p
}

// credentials reads demo.json, which must have exactly the eleven names that scripts rely on, none of them empty.
func credentials(t *testing.T, folder string) (c demo.Credentials) {
	t.Helper()
	file := filepath.Join(folder, "demo.json")
	if i, err := os.Stat(file); err != nil || i.Mode().Perm() != 0o600 {
		t.Fatal(i, err)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]any
	if err := json.Unmarshal(raw, &all); err != nil {
		t.Fatal(err)
	}
	names := strings.Fields("baseUrl adminUrl caFile appId oauthAppId clientSecret accessToken storeId menuId accountEmail accountPassword orderId")
	for _, n := range names {
		if v, ok := all[n]; !ok || v == "" || v == 0.0 {
			t.Errorf("%s: %v", n, v)
		}
	}
	if len(all) != len(names) {
		t.Errorf("%d names, not %d", len(all), len(names))
	}
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDemoTellsItsStoryAndCanBeRepeated(t *testing.T) {
	each(t, func(t *testing.T, o demo.Options) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = taken.Close() }()
		o.Listen = taken.Addr().String()
		p := run(t, o)
		story := ""
		for i, s := range p.Timeline {
			story += s.What + "\n"
			if i > 0 && s.Milliseconds < p.Timeline[i-1].Milliseconds {
				t.Errorf("%q goes back in time", s.What)
			}
		}
		for _, step := range []string{"sent by the diner", "committed", "sees it confirmed", "order.created received", "accepted by the POS", "order.accepted received"} {
			if !strings.Contains(story, step) {
				t.Errorf("no step %q in\n%s", step, story)
			}
		}
		first := credentials(t, o.Data)
		if u, err := url.Parse(first.BaseURL); err != nil || u.Scheme != "https" || u.Port() == "" || strings.HasSuffix(o.Listen, ":"+u.Port()) {
			t.Errorf("base URL %q while %s is taken", first.BaseURL, o.Listen)
		}
		if p.OrderID != first.OrderID {
			t.Error(p.OrderID, first.OrderID)
		}

		run(t, o)
		second := credentials(t, o.Data)
		if second.OrderID == first.OrderID {
			t.Error("the second run placed no order")
		}
		second.OrderID, second.BaseURL, second.AdminURL, second.AccessToken = first.OrderID, first.BaseURL, first.AdminURL, first.AccessToken
		if second != first {
			t.Errorf("a second run in the same folder made something anew: %+v %+v", second, first)
		}
	})
}

// The day is the same on each engine, is played once, and leaves something to see on every page: orders of all fates, the
// requests of three apps, refused ones among them, and a webhook that fails.
func TestDemoPlaysADay(t *testing.T) {
	var first *demo.Day
	each(t, func(t *testing.T, o demo.Options) {
		o.Once = false
		serving := func() (p printed) {
			t.Helper()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			out := &stopAtOutput{stop: stop}
			if err := demo.Run(ctx, out, o); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(out.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			return p
		}
		got := serving().Day
		if got == nil || got.Orders < 60 || got.Accepted+got.Rejected != got.Orders || got.Dispatched == 0 || got.Refunded == 0 || got.Tipped == 0 || got.Rated == 0 {
			t.Fatalf("%+v", got)
		}
		if got.Milliseconds = 0; first == nil {
			first = got
		} else if *got != *first {
			t.Errorf("%+v here, %+v there", got, first)
		}
		c := credentials(t, o.Data)
		if p := serving(); p.Day != nil || p.OrderID >= c.OrderID+got.Orders {
			t.Errorf("a second run in the same folder played another day: %+v", p)
		}

		s, err := app.Open(t.Context(), app.Config{Data: o.Data, DatabaseURL: o.DatabaseURL, Listen: "127.0.0.1:0", Signup: "open"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		system := &account.Caller{Kind: account.System}
		hooks, _, err := s.Webhooks.Overviews(t.Context(), system, c.AppID, "", 1, 10)
		for _, h := range hooks {
			if strings.HasSuffix(h.CallbackURL, "/analytics") == h.Health.FailingSince.IsZero() {
				t.Errorf("%s fails since %v", h.CallbackURL, h.Health.FailingSince)
			}
		}
		if err != nil || len(hooks) != 3 {
			t.Errorf("%d webhooks: %v", len(hooks), err)
		}
		filters := []requestlog.Filter{{Status: 200}, {Status: 201}, {Status: 400}, {Status: 404}}
		for _, h := range hooks {
			filters = append(filters, requestlog.Filter{OAuthApp: h.OAuthApp})
		}
		for _, f := range filters {
			f.Limit = 1
			if p, err := s.Requests.List(t.Context(), system, c.AppID, f); err != nil || len(p.Requests) != 1 {
				t.Errorf("no request is %+v: %v", f, err)
			}
		}
	})
}

// A shop that refuses the sample order can still be looked at, but is a failure for a script.
func TestDemoServesAShopThatRefuses(t *testing.T) {
	each(t, func(t *testing.T, o demo.Options) {
		run(t, o)
		c := credentials(t, o.Data)
		s, err := app.Open(t.Context(), app.Config{Data: o.Data, DatabaseURL: o.DatabaseURL, Listen: "127.0.0.1:0", Signup: "open"})
		if err != nil {
			t.Fatal(err)
		}
		id, err := s.Accounts.VerifyPassword(t.Context(), c.AccountEmail, c.AccountPassword)
		if err != nil {
			t.Fatal(err)
		}
		owner, err := s.Accounts.PersonCaller(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Stores.Unpublish(t.Context(), owner, c.StoreID); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := demo.Run(t.Context(), new(bytes.Buffer), o); err == nil {
			t.Error("with --once a refusal was no failure")
		}
		o.Once = false
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		out := &stopAtOutput{stop: stop}
		if err := demo.Run(ctx, out, o); err != nil {
			t.Fatal(err)
		}
		var p printed
		if err := json.Unmarshal(out.Bytes(), &p); err != nil || p.Refusal == "" || p.BaseURL == "" || len(p.Timeline) != 0 {
			t.Errorf("%v %s", err, out.Bytes())
		}
	})
}

// stopAtOutput stops the demo when it has reported.
type stopAtOutput struct {
	bytes.Buffer
	stop context.CancelFunc
}

func (s *stopAtOutput) Write(b []byte) (int, error) {
	defer s.stop()
	return s.Buffer.Write(b)
}

// A run that keeps nothing prints no address.
func TestDemoThatKeepsNothingPrintsNoAddress(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	var out bytes.Buffer
	if err := demo.Run(t.Context(), &out, demo.Options{Listen: "127.0.0.1:0", POS: "first", Once: true}); err != nil {
		t.Fatal(err)
	}
	if s := out.String(); strings.Contains(s, "://") || strings.Contains(s, "demo.json") || !strings.Contains(s, "order.accepted received") {
		t.Error(s)
	}
	if left, err := os.ReadDir(os.TempDir()); err != nil || len(left) != 0 {
		t.Error("left behind:", left, err)
	}
}

package portal

import (
	"strings"
	"testing"
	"time"

	"comanda/internal/clock"
	"comanda/webhook"
)

func TestHowThingsAreShown(t *testing.T) {
	for got, want := range map[string]string{
		took(84 * time.Millisecond):         "84 ms",
		took(1310 * time.Millisecond):       "1.31 s",
		took(10 * time.Second):              "10.0 s",
		took(1234 * time.Microsecond):       "1.2 ms",
		spaced(0):                           "0",
		spaced(999):                         "999",
		spaced(-1234):                       "-1\u202f234",
		spaced(int64(48213)):                "48\u202f213",
		spaced(1234567):                     "1\u202f234\u202f567",
		count(1, "event", "events"):         "1 event",
		count(1200, "event", "events"):      "1\u202f200 events",
		subject("order/4817"):               "#4817",
		subject("store_group/7"):            "store group 7",
		subject(""):                         "",
		hookName("https://a.example/b?c"):   "a.example",
		hookName("nonsense"):                "nonsense",
		said(`{"error":"till restarting"}`): "till restarting",
		said(`{"code":7}`):                  "",
		said("busy\nmore"):                  "busy",
		said("<!doctype html>"):             "",
		said(strings.Repeat("x", 121)):      "",
		string(breakable("a.b_<c>")):        "a.<wbr>b_<wbr>&lt;c&gt;",
		after(900 * time.Millisecond):       "900 ms",
		after(5400 * time.Millisecond):      "5s",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	summer := time.Date(2026, 7, 1, 12, 30, 15, 0, time.UTC)
	if got := string(at(summer, dublin)); !strings.Contains(got, `datetime="2026-07-01T13:30:15+01:00"`) || !strings.HasSuffix(got, ">1 Jul 13:30:15</time>") {
		t.Error(got)
	}
	now := clock.Now()
	if got := string(at(now, time.UTC)); !strings.HasSuffix(got, ">"+now.UTC().Format("15:04:05")+"</time>") {
		t.Error(got)
	}
}

// TestTheTimeOfAnAttemptIsDividedWhole draws attempts on one scale: the parts follow each other and end with the whole.
func TestTheTimeOfAnAttemptIsDividedWhole(t *testing.T) {
	const ms = time.Millisecond
	for name, c := range map[string]struct {
		in   webhook.Attempt
		want []string
	}{
		"new":       {webhook.Attempt{Duration: 1310 * ms, DNS: 12 * ms, Connect: 36 * ms, TLS: 58 * ms, FirstByte: 1304 * ms}, []string{"DNS", "Connect", "TLS", "Wait", "Receive"}},
		"used":      {webhook.Attempt{Duration: 84 * ms, FirstByte: 80 * ms, Reused: true}, []string{"Wait", "Receive"}},
		"no answer": {webhook.Attempt{Duration: 10 * time.Second, DNS: ms, Connect: ms}, []string{"DNS", "Connect", "TLS", "Wait", "Receive"}},
		"nothing":   {webhook.Attempt{}, []string{"DNS", "Connect", "TLS", "Wait", "Receive"}},
	} {
		whole := time.Duration(0)
		for i, p := range phases(&c.in) {
			if p.Name != c.want[i] {
				t.Errorf("%s: part %d is %s", name, i, p.Name)
			}
			if p.From < 0 || p.Wide < 4 || p.From+p.Wide > 1000 {
				t.Errorf("%s: %s is drawn from %d, %d wide", name, p.Name, p.From, p.Wide)
			}
			if p.Slow != (p.Took > time.Second) {
				t.Errorf("%s: %s is slow: %v", name, p.Name, p.Slow)
			}
			whole += p.Took
		}
		if d := whole - c.in.Duration; d < 0 || d > time.Microsecond {
			t.Errorf("%s: the parts are %s of %s", name, whole, c.in.Duration)
		}
	}
}

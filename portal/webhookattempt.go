package portal

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"comanda/webhook"
)

// attemptPage is an attempt, opened.
type attemptPage struct {
	*webhook.AttemptDetail
	About      string
	Event      string // address of the event; empty for a test
	Of         int    // attempts of this event that are logged
	StatusText string // the answer's status in words
	Said       string // what a failed answer said, when that is short
	Next       string // what became of the event after this attempt
	Phases     []phase
	Path       string
	Back       string
	Checking   string // address of the signature check
	Replay     string // address of the form that sends all from here on; empty for a test
	Done       string
	Zone       *time.Location
	Halted     halted
}

// Title names the attempt.
func (p *attemptPage) Title() string {
	switch p.Kind {
	case "test":
		return p.EventName + ", a test"
	case "replay":
		return p.EventName + ", sent again"
	}
	return fmt.Sprintf("%s, attempt %d of %d", p.EventName, p.Number, p.Of)
}

// phase is one part of the time that an attempt took, in thousandths of the whole.
type phase struct {
	Name       string
	From, Wide int
	Took       time.Duration
	Slow       bool
}

func (d *Door) showAttempt(h *hook) error {
	a, err := d.Webhooks.Attempt(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, h.R.PathValue("attemptId"))
	if err != nil {
		return err
	}
	p := &attemptPage{
		AttemptDetail: a, StatusText: http.StatusText(a.Status), Phases: phases(&a.Attempt), Path: h.Base + "/attempts/" + a.ID, Back: h.Base,
		Checking: h.checking() + "&attempt=" + a.ID,
	}
	if h.R.URL.Query().Get("show") == "failed" {
		p.Back += "?show=failed"
	}
	if a.Position > 0 {
		p.Event = h.path("events", a.EventID)
		p.Replay = fmt.Sprintf("%s/replays?from=%d", h.Base, a.Position)
	}
	if !a.Received {
		p.Said = said(a.ResponseBody)
	}
	all, err := d.Webhooks.Attempts(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, webhook.AttemptFilter{Limit: 100, EventID: a.EventID, Position: a.Position, Kind: a.Kind})
	if err != nil {
		return err
	}
	p.Of = len(all)
	if i := slices.IndexFunc(all, func(o webhook.Attempt) bool { return o.ID == a.ID }); i > 0 && !a.Received {
		next := all[i-1]
		p.Next = fmt.Sprintf("The next attempt, %s later, %s.", after(next.At.Sub(a.At)), became(&next))
	} else if !a.Received && a.Kind == "live" {
		p.Next = "No later attempt is logged."
	}
	about, err := d.Webhooks.Subjects(h.ctx(), h.Caller, h.Brand.AppID, []int64{a.Position})
	if err != nil {
		return err
	}
	p.About = subject(about[a.Position])
	return d.drawHook(h, p)
}

// after is a time between two attempts, in words.
func after(d time.Duration) string {
	if d < time.Second {
		return took(d)
	}
	return d.Round(time.Second).String()
}

// became is what an attempt came to, in words.
func became(a *webhook.Attempt) string {
	switch {
	case a.Status == 0:
		return "had no answer: " + a.Reason
	default:
		return fmt.Sprintf("was answered with %d", a.Status)
	}
}

// said is the first line of what a receiver answered, when that is short; of an object of JSON it is its message.
func said(body string) string {
	if message := messageOf(body); message != "" {
		body = message
	}
	line, _, _ := strings.Cut(strings.TrimSpace(body), "\n")
	if len(line) > 120 || strings.HasPrefix(line, "<") || strings.HasPrefix(line, "{") {
		return ""
	}
	return strings.TrimSpace(line)
}

// messageOf is what an object of JSON says, under one of the names that receivers use; empty when it is none.
func messageOf(body string) string {
	var object map[string]any
	if json.Unmarshal([]byte(body), &object) != nil {
		return ""
	}
	for _, name := range []string{"error", "message", "Message", "detail", "title"} {
		if text, ok := object[name].(string); ok {
			return text
		}
	}
	return ""
}

// phases are the parts of an attempt's time. A connection that was there already has no first three.
func phases(a *webhook.Attempt) (out []phase) {
	whole := max(a.Duration, time.Microsecond)
	from := time.Duration(0)
	add := func(name string, d time.Duration) {
		d = max(0, min(d, whole-from))
		thousandth := func(t time.Duration) int { return int(1000 * t / whole) }
		start, end := thousandth(from), thousandth(from+d)
		if end-start < 4 {
			start = min(start, 996)
			end = start + 4
		}
		out = append(out, phase{name, start, end - start, d, d > time.Second})
		from += d
	}
	if !a.Reused {
		add("DNS", a.DNS)
		add("Connect", a.Connect)
		add("TLS", a.TLS)
	}
	first := a.FirstByte
	if first == 0 {
		first = whole
	}
	add("Wait", first-from)
	add("Receive", whole-from)
	return out
}

// headerText is headers as lines.
func headerText(all []webhook.Header) string {
	var out strings.Builder
	for _, h := range all {
		out.WriteString(strings.ToLower(h.Name) + ": " + h.Value + "\n")
	}
	return out.String()
}

// A page waits so long for what it started to be logged, and looks so often.
const (
	patience = 3 * time.Second
	lookGap  = 50 * time.Millisecond
)

// resend sends the event of an attempt once more and opens what came of it.
func (d *Door) resend(h *hook) error {
	a, err := d.Webhooks.Attempt(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, h.R.PathValue("attemptId"))
	if err != nil {
		return err
	}
	r, err := d.Webhooks.Replay(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, webhook.Wanted{EventIDs: []string{a.EventID}})
	if err != nil {
		return err
	}
	made, err := d.newest(h, webhook.AttemptFilter{EventID: a.EventID, Kind: "replay"}, r.Created)
	if err != nil || made == nil {
		return h.done(err, "resending")
	}
	h.Base += "/attempts/" + made.ID
	if made.Received {
		return h.done(nil, "resent")
	}
	return h.done(nil, "refused")
}

// newest waits until an attempt that began after an instant is logged; nil when it takes too long.
func (d *Door) newest(h *hook, f webhook.AttemptFilter, since time.Time) (*webhook.Attempt, error) {
	f.Limit = 1
	for range int(patience / lookGap) {
		got, err := d.Webhooks.Attempts(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, f)
		if err != nil {
			return nil, err
		}
		if len(got) > 0 && !got[0].At.Before(since) {
			return &got[0], nil
		}
		select {
		case <-h.ctx().Done():
			return nil, h.ctx().Err()
		case <-time.After(lookGap):
		}
	}
	return nil, nil
}

package portal

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/webhook"
)

const (
	// barsShown are the newest attempts that a webhook's page draws and reckons with.
	barsShown = 72
	// attemptsAtOnce are the attempts on one page of their list.
	attemptsAtOnce = 25
)

// hookPage is a webhook, and the attempt of it that is open.
type hookPage struct {
	trail
	Title    string
	Sub      *webhook.Subscription
	Health   *webhook.Health
	State    state
	Waiting  string // in the line of the state
	Trouble  string // what failed lately; empty = nothing did
	Bars     []bar
	First    time.Time // of the oldest bar
	Width    int
	Median   time.Duration
	Slowest  time.Duration // of 99 in 100
	Names    int
	Rows     []attemptRow
	Failed   bool // only the failed ones are listed
	Waits    []waitRow
	Wait     bool // what waits is listed instead
	Failures int
	Lost     int64
	Older    string // address of the next page
	Newest   string // address of the first one; empty = this is it
	Done     string // what was done just now
	Zone     *time.Location
	Open     *attemptPage
	Latest   string // address of the newest attempt
}

// halted says why nothing is sent to a webhook, and how to go on; it shows nothing for one that is streaming or probing.
type halted struct{ State, Base string }

// bar is one attempt: its height is the time that it took.
type bar struct {
	X, Y, Height int
	Failed       bool
}

type attemptRow struct {
	webhook.Attempt
	Path  string
	About string // such as #4817, an order
	Open  bool
}

func (d *Door) showHook(h *hook) error { return d.drawHook(h, nil) }

// drawHook shows the page of a webhook, with an attempt beside it when one is open.
func (d *Door) drawHook(h *hook, open *attemptPage) error {
	p := hookPage{
		trail: h.trail(), Title: hookName(h.Sub.CallbackURL), Sub: h.Sub, Names: len(h.Sub.EventNames()) + len(h.Sub.Groups()),
		Open: open, Failed: h.R.URL.Query().Get("show") == "failed", Wait: h.R.URL.Query().Get("show") == "waiting",
	}
	p.Hook = "" // the page itself is no step of the way to it
	var err error
	done := hookDones[h.R.URL.Query().Get("done")]
	if p.Health, err = d.Webhooks.Health(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID); err != nil {
		return err
	}
	if p.Zone, err = d.zone(h.desk); err != nil {
		return err
	}
	title := "Webhook to " + p.Title
	if open == nil {
		p.Done = done
	} else {
		title = open.Title()
		open.Done, open.Zone, open.Halted = done, p.Zone, halted{p.Health.State, h.Base}
	}
	p.State, p.Waiting, p.Lost = states[p.Health.State], waiting(p.Health), p.Health.Expired
	attempts := func(f webhook.AttemptFilter) ([]webhook.Attempt, error) {
		return d.Webhooks.Attempts(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, f)
	}
	recent, err := attempts(webhook.AttemptFilter{Limit: barsShown})
	if err != nil {
		return err
	}
	p.reckon(recent)
	if len(recent) > 0 {
		p.Latest = h.Base + "/attempts/" + recent[0].ID
	}
	if p.Wait {
		if err := d.listWaiting(h, &p); err != nil {
			return err
		}
		return d.show(h.desk, view{Name: "webhook", Title: title, Data: p})
	}
	shown := recent
	before := h.R.URL.Query().Get("before")
	if p.Failed || before != "" {
		if shown, err = attempts(webhook.AttemptFilter{Limit: attemptsAtOnce + 1, Failed: p.Failed, Before: before}); err != nil {
			return err
		}
	}
	query := ""
	if p.Failed {
		query = "?show=failed"
	}
	if len(shown) > attemptsAtOnce {
		shown = shown[:attemptsAtOnce]
		p.Older = h.Base + cmp.Or(query, "?") + map[bool]string{true: "&"}[p.Failed] + "before=" + shown[attemptsAtOnce-1].ID
	}
	if before != "" {
		p.Newest = h.Base + query
	}
	if p.Rows, err = d.attemptRows(h, shown, open, query); err != nil {
		return err
	}
	return d.show(h.desk, view{Name: "webhook", Title: title, Data: p, Docked: open != nil})
}

// waitRow is an event that failed, or waits behind one that did.
type waitRow struct {
	webhook.Waiting
	About string
}

func (d *Door) listWaiting(h *hook, p *hookPage) error {
	page := max(1, number(h.R.URL.Query().Get("page")))
	all, total, err := d.Webhooks.Waiting(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, page, attemptsAtOnce)
	for _, w := range all {
		p.Waits = append(p.Waits, waitRow{w, subject(w.Subject)})
	}
	p.Newest, p.Older = neighbours(h.Base+"?show=waiting", page, attemptsAtOnce, total)
	return err
}

func (d *Door) attemptRows(h *hook, attempts []webhook.Attempt, open *attemptPage, query string) ([]attemptRow, error) {
	var positions []int64
	for _, a := range attempts {
		positions = append(positions, a.Position)
	}
	about, err := d.Webhooks.Subjects(h.ctx(), h.Caller, h.Brand.AppID, positions)
	if err != nil {
		return nil, err
	}
	var out []attemptRow
	for _, a := range attempts {
		out = append(out, attemptRow{a, h.Base + "/attempts/" + a.ID + query, subject(about[a.Position]), open != nil && open.ID == a.ID})
	}
	return out, nil
}

// subject shows what an event is about: order/4817 is #4817.
func subject(s string) string {
	kind, id, _ := strings.Cut(s, "/")
	if kind == "order" {
		return "#" + id
	}
	return strings.TrimSpace(strings.ReplaceAll(kind, "_", " ") + " " + id)
}

// waiting is how many events wait, in words.
func waiting(h *webhook.Health) string {
	switch {
	case h.State == webhook.Disabled:
		return "nothing is sent"
	case h.Lag == 0:
		return "nothing waiting"
	}
	return count(h.Lag, "event waiting", "events waiting")
}

// reckon draws the newest attempts and says what there is to say of them.
func (p *hookPage) reckon(recent []webhook.Attempt) {
	if len(recent) == 0 {
		return
	}
	const step, wide, high = 10, 7, 40
	p.Width = barsShown*step - (step - wide)
	p.First = recent[len(recent)-1].At
	longest := time.Millisecond
	var answered []time.Duration
	for _, a := range recent {
		longest = max(longest, a.Duration)
		if a.Status != 0 {
			answered = append(answered, a.Duration)
		}
	}
	failed := map[string]int{}
	for i, a := range recent {
		height := max(3, int(high*a.Duration/longest))
		p.Bars = append(p.Bars, bar{p.Width - i*step - wide, high - height, height, !a.Received})
		if !a.Received {
			failed[a.Answer()]++
			p.Failures++
		}
	}
	if len(answered) > 0 {
		slices.Sort(answered)
		p.Median, p.Slowest = answered[len(answered)/2], answered[(len(answered)*99)/100]
	}
	if p.Failures > 0 {
		var parts []string
		for _, word := range slices.Sorted(func(yield func(string) bool) {
			for w := range failed {
				if !yield(w) {
					return
				}
			}
		}) {
			parts = append(parts, fmt.Sprintf("%d × %s", failed[word], word))
		}
		p.Trouble = fmt.Sprintf("%d of the last %s failed: %s.", p.Failures, count(len(recent), "attempt", "attempts"), strings.Join(parts, ", "))
	}
}

package portal

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/webhook"
)

// replaysPage starts replays and tells how far they are.
type replaysPage struct {
	trail
	Form    web.Form
	Replays []replayRow
	Health  *webhook.Health
	Halted  halted
	Zone    *time.Location
	Done    string
}

type replayRow struct {
	*webhook.Replay
	Shown   state
	Running bool
}

var replayStates = map[string]state{
	webhook.ReplayRunning:   {"wait", "clock", "Running"},
	webhook.ReplayDone:      {"ok", "check", "Done"},
	webhook.ReplayFailed:    {"bad", "alert", "Given up"},
	webhook.ReplayCancelled: {"", "ban", "Cancelled"},
}

func (d *Door) replays(h *hook) error {
	from := h.R.URL.Query().Get("from")
	if n, err := strconv.ParseInt(from, 10, 64); err != nil || n < 1 {
		from = ""
	}
	return d.askReplay(h, http.StatusOK, web.Filled("what", "position", "fromposition", from))
}

func (d *Door) askReplay(h *hook, status int, form web.Form) error {
	p := replaysPage{trail: h.trail(), Form: form, Done: hookDones[h.R.URL.Query().Get("done")]}
	all, _, err := d.Webhooks.Replays(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, 1, 25)
	if err != nil {
		return err
	}
	for _, r := range all {
		p.Replays = append(p.Replays, replayRow{r, replayStates[r.State], r.State == webhook.ReplayRunning})
	}
	if p.Health, err = d.Webhooks.Health(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID); err != nil {
		return err
	}
	p.Halted = halted{p.Health.State, h.Base}
	if p.Zone, err = d.zone(h.desk); err != nil {
		return err
	}
	return d.show(h.desk, view{Name: "webhook-replays", Title: "Replay", Status: status, Data: p})
}

func (d *Door) startReplay(h *hook) error {
	in, err := d.wanted(h)
	if err == nil {
		_, err = d.Webhooks.Replay(h.ctx(), h.Once(h.Caller), h.Brand.AppID, h.app(), h.Sub.ID, in)
	}
	if err == nil {
		h.Base += "/replays"
		return h.done(nil, "replayed")
	}
	return d.refuse(h, err, func(_ string, status int) error {
		form := web.Again(h.Form, err, "fromposition", "toposition", "start", "end")
		if fault.KindOf(err) == fault.NotFound {
			form.Problem = "There is nothing to send again: no event that this webhook wants is kept from there."
		}
		return d.askReplay(h, status, form)
	})
}

// wanted reads the form of a replay.
func (d *Door) wanted(h *hook) (in webhook.Wanted, err error) {
	bad := &fault.Collector{}
	field := func(name string) string { return strings.TrimSpace(h.Form.Get(name)) }
	switch h.Form.Get("what") {
	case "lost":
		in.Expired = true
	case "time":
		zone, err := d.zone(h.desk)
		if err != nil {
			return in, err
		}
		at := func(name string) (t time.Time) {
			if text := field(name); text != "" {
				if t, err = instant(text, zone); err != nil {
					bad.Add(name, "is no date and time. Write it as 2026-11-27T18:30.")
				}
			}
			return t
		}
		if in.Start, in.End = at("start"), at("end"); field("start") == "" {
			bad.Add("start", "is missing. From when on shall events be sent again?")
		}
	default:
		position := func(name string) (n int64) {
			if text := field(name); text != "" {
				if n, err = strconv.ParseInt(text, 10, 64); err != nil || n < 1 {
					bad.Add(name, "is no position. Write a whole number from 1 on.")
				}
			}
			return n
		}
		if in.From, in.To = position("fromposition"), position("toposition"); field("fromposition") == "" {
			bad.Add("fromposition", "is missing. From which position on shall events be sent again?")
		}
	}
	return in, bad.Err()
}

func (d *Door) cancelReplay(h *hook) error {
	err := d.Webhooks.CancelReplay(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, number(h.R.PathValue("replayId")))
	h.Base += "/replays"
	return h.done(err, "cancelled")
}

// lostPage lists what was given up.
type lostPage struct {
	trail
	Ranges []webhook.ExpiredRange
	Total  int
	Newer  string
	Older  string
	Zone   *time.Location
}

func (d *Door) lost(h *hook) (err error) {
	const limit = 50
	page := max(1, number(h.R.URL.Query().Get("page")))
	p := lostPage{trail: h.trail()}
	if p.Ranges, p.Total, err = d.Webhooks.Expired(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, page, limit); err != nil {
		return err
	}
	if p.Zone, err = d.zone(h.desk); err != nil {
		return err
	}
	p.Newer, p.Older = neighbours(h.Base+"/lost", page, limit, p.Total)
	return d.show(h.desk, view{Name: "webhook-lost", Title: "Events given up", Data: p})
}

// neighbours are the addresses of the pages before and after one of a list; empty where there is none.
func neighbours(path string, page, limit, total int) (newer, older string) {
	path += map[bool]string{true: "&", false: "?"}[strings.Contains(path, "?")] + "page="
	if page > 1 {
		newer = path + strconv.Itoa(page-1)
	}
	if page*limit < total {
		older = path + strconv.Itoa(page+1)
	}
	return newer, older
}

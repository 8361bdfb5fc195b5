package portal

import (
	"net/http"
	"strconv"
	"time"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/web"
)

type sandboxPage struct {
	Clock   account.Clock
	Ahead   string // by how much the clock is; empty = not at all
	Zone    *time.Location
	Here    string
	Done    string
	Form    web.Form
	Sandbox bool
}

// sandbox shows the clock of a brand for trying out.
func (d *Door) sandbox(v *desk) error { return d.showSandbox(v, http.StatusOK, web.Form{}) }

func (d *Door) showSandbox(v *desk, status int, form web.Form) (err error) {
	p := sandboxPage{Here: v.path("sandbox"), Form: form, Sandbox: v.Brand.Sandbox}
	if v.R.URL.Query().Get("done") != "" {
		p.Done = "The clock is set."
	}
	if p.Clock, err = d.Accounts.Clock(v.ctx(), v.Caller, v.Brand.AppID); err != nil {
		return err
	}
	if seconds := int(p.Clock.OffsetSeconds); seconds > 0 {
		p.Ahead = lasting(seconds)
	}
	if p.Zone, err = d.zone(v); err != nil {
		return err
	}
	return d.show(v, view{Name: "sandbox", Title: "Sandbox", Status: status, Data: p})
}

// moveClock sets the clock ahead by one of the buttons, or by the minutes that were typed.
func (d *Door) moveClock(v *desk) error {
	by := v.Form.Get("by")
	if by == "" {
		by = v.Form.Get("minutes")
	}
	minutes, err := strconv.Atoi(by)
	if err != nil {
		return d.showSandbox(v, http.StatusBadRequest, web.Again(v.Form, nil).Wrong("minutes", "Must be a whole number."))
	}
	seconds := 60 * minutes
	_, err = d.Accounts.SetClock(v.ctx(), v.Caller, v.Brand.AppID, account.ClockChange{AdvanceSeconds: &seconds})
	switch {
	case err == nil:
		web.SeeOther(v.W, v.path("sandbox")+"?done=clock")
		return nil
	case !visit.Refused(err) || !v.Brand.Sandbox:
		return err
	}
	return d.showSandbox(v, again(v.Visit, err), web.Again(v.Form, err).Wrong("minutes", "Must be 1 at least, and the clock can be ten years ahead at most."))
}

package portal

import (
	"cmp"
	"net/http"
	"time"

	"comanda/webhook"
)

// hookTestPage asks which event is sent as a test.
type hookTestPage struct {
	trail
	Groups []nameGroup
	Chosen string
	Wrong  string
}

func (d *Door) hookTest(h *hook) error { return d.askTest(h, http.StatusOK, "", "") }

func (d *Door) askTest(h *hook, status int, chosen, wrong string) error {
	names := h.Sub.EventNames()
	if chosen == "" && len(names) > 0 {
		chosen = names[0]
	}
	p := hookTestPage{trail: h.trail(), Groups: nameGroups(nil, nil), Chosen: cmp.Or(chosen, "order.created"), Wrong: wrong}
	return d.show(h.desk, view{Name: "webhook-test", Title: "Send a test event", Status: status, Data: p})
}

func (d *Door) sendHookTest(h *hook) error {
	t, err := d.Webhooks.SendTest(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, h.Form.Get("event"))
	if err != nil {
		return d.refuse(h, err, func(wrong string, status int) error { return d.askTest(h, status, h.Form.Get("event"), wrong) })
	}
	made, err := d.newest(h, webhook.AttemptFilter{EventID: t.ID, Kind: "test"}, time.Time{})
	if made != nil {
		h.Base += "/attempts/" + made.ID
	}
	return h.done(err, "tested")
}

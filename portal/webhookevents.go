package portal

import (
	"net/http"
	"slices"

	"comanda/account/visit"
	"comanda/internal/revision"
	"comanda/webhook"
	"comanda/wire"
)

// hookNamesPage is the tick list of a webhook's event names.
type hookNamesPage struct {
	trail
	Groups   []nameGroup
	Revision int64
	Wrong    string
	Theirs   []string // what somebody else saved meanwhile; nil = nobody did
}

func (d *Door) hookNames(h *hook) error {
	return d.askNames(h, http.StatusOK, hookNamesPage{Groups: nameGroups(h.Sub.EventNames(), h.Sub.Groups())})
}

func (d *Door) askNames(h *hook, status int, p hookNamesPage) error {
	p.trail, p.Revision = h.trail(), h.Sub.Revision
	return d.show(h.desk, view{Name: "webhook-events", Title: "Event names", Status: status, Data: p})
}

func (d *Door) saveHookNames(h *hook) error {
	names, groups := h.Form["name"], h.Form["group"]
	if names == nil {
		names = []string{} // none, which is not the same as: leave them as they are
	}
	if groups == nil {
		groups = []string{}
	}
	// Two calls, as the API has them. What the first one changed is no surprise to the second.
	ctx := h.seen()
	if !slices.Equal(slices.Sorted(slices.Values(names)), h.Sub.EventNames()) {
		if err := d.Webhooks.Update(ctx, h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, wire.WebhookSubscription{EventNames: names}); err != nil {
			return d.refuseNames(h, err)
		}
		ctx = h.ctx()
	}
	if _, err := d.Webhooks.UpdateSettings(ctx, h.Caller, h.Brand.AppID, h.app(), h.Sub.ID, webhook.Settings{Groups: &groups}); err != nil {
		return d.refuseNames(h, err)
	}
	return h.done(nil, "names")
}

func (d *Door) refuseNames(h *hook, err error) error {
	return d.refuse(h, err, func(wrong string, status int) error {
		p := hookNamesPage{Groups: nameGroups(h.Form["name"], h.Form["group"]), Wrong: wrong}
		if revision.Stale(err) {
			if slices.Equal(slices.Sorted(slices.Values(h.Form["name"])), h.Sub.EventNames()) &&
				slices.Equal(slices.Sorted(slices.Values(h.Form["group"])), h.Sub.Groups()) {
				return h.done(nil, "names") // the form was sent twice
			}
			p.Theirs = append(h.Sub.Groups(), h.Sub.EventNames()...)
			if len(p.Theirs) == 0 {
				p.Theirs = []string{"none"}
			}
		}
		return d.askNames(h, status, p)
	})
}

// refuse shows a form again, with what is wrong with it as a whole; the webhook is read anew before. Errors that are not the
// person's to mend stay errors.
func (d *Door) refuse(h *hook, err error, ask func(wrong string, status int) error) error {
	if !visit.Refused(err) {
		return err
	}
	var lost error
	if h.Sub, lost = d.Webhooks.Get(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID); lost != nil {
		return lost
	}
	return ask(err.Error(), again(h.Visit, err))
}

// nameGroup is a heading of the catalogue with its event names.
type nameGroup struct {
	Title  string
	All    bool // the heading itself was chosen
	Names  []nameChoice
	Chosen int
}

type nameChoice struct {
	Name   string
	Chosen bool
}

// nameGroups is the catalogue, in its order, with what was chosen.
func nameGroups(names, groups []string) (out []nameGroup) {
	for _, e := range slices.Concat(wire.Catalogue, wire.Own) {
		if len(out) == 0 || out[len(out)-1].Title != e.Group {
			out = append(out, nameGroup{Title: e.Group, All: slices.Contains(groups, e.Group)})
		}
		g := &out[len(out)-1]
		chosen := slices.Contains(names, e.Name)
		g.Names = append(g.Names, nameChoice{e.Name, chosen})
		if chosen {
			g.Chosen++
		}
	}
	return out
}

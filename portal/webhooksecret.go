package portal

import (
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
)

// hookSecretPage is the signing secret of a webhook, hidden until it is asked for.
type hookSecretPage struct {
	trail
	Secret    string // empty = hidden
	PublicKey string // empty = the deliveries are not signed by one
	Done      string
}

func (d *Door) hookSecret(h *hook) error { return d.showSecret(h, "") }

func (d *Door) showSecret(h *hook, secret string) error {
	p := hookSecretPage{trail: h.trail(), Secret: secret, Done: hookDones[h.R.URL.Query().Get("done")]}
	key, err := d.Webhooks.PublicKey(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID)
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	p.PublicKey = key
	return d.show(h.desk, view{Name: "webhook-secret", Title: "Signing secret", Data: p})
}

// revealHookSecret answers with the secret itself: it stands in no address and is kept nowhere.
func (d *Door) revealHookSecret(h *hook) error {
	if h.mustProve() {
		return nil
	}
	secret, err := d.Webhooks.Secret(h.ctx(), h.Caller, h.Brand.AppID, h.app(), h.Sub.ID)
	if err != nil {
		return err
	}
	return d.showSecret(h, secret)
}

func (d *Door) rotateHookSecret(h *hook) error {
	if h.mustProve() {
		return nil
	}
	if _, err := d.Webhooks.RotateSecret(h.ctx(), h.Once(h.Caller), h.Brand.AppID, h.app(), h.Sub.ID); err != nil {
		return err
	}
	web.SeeOther(h.W, h.Base+"/secret?done=rotated")
	return nil
}

// mustProve leads a person who did not sign in a short while ago to do that, and back to the page of the secret.
func (h *hook) mustProve() bool {
	if h.Caller.RequireRecent() == nil {
		return false
	}
	web.SeeOther(h.W, visit.SignIn(h.Base+"/secret"))
	return true
}

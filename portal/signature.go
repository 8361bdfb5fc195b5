package portal

import (
	"net/http"
	"strings"

	"comanda/internal/web"
	"comanda/webhook"
)

// mostChecked are the webhooks that the signature check offers to choose from.
const mostChecked = 500

// signaturePage takes a delivery as its receiver has it and says whether its signature fits.
type signaturePage struct {
	Form    web.Form
	Hooks   []signedHook
	Verdict *webhook.Verdict // nil = nothing was checked yet
}

// signedHook is a webhook whose deliveries can be checked.
type signedHook struct {
	ID   int
	Name string
	app  string
}

// signature shows the form, filled with a delivery when the address names one.
func (d *Door) signature(v *desk) error {
	q := v.R.URL.Query()
	pairs := []string{"webhook", q.Get("webhook")}
	hooks, err := d.signedHooks(v)
	if err != nil {
		return err
	}
	if id := q.Get("attempt"); id != "" {
		h := hookOf(hooks, q.Get("webhook"))
		if h == nil {
			return errNothing
		}
		a, err := d.Webhooks.Attempt(v.ctx(), v.Caller, v.Brand.AppID, h.app, h.ID, id)
		if err != nil {
			return err
		}
		pairs = append(pairs, "headers", headerText(a.Request), "body", a.RequestBody)
	}
	return d.askSignature(v, http.StatusOK, signaturePage{Form: web.Filled(pairs...), Hooks: hooks})
}

func (d *Door) askSignature(v *desk, status int, p signaturePage) error {
	return d.show(v, view{Name: "signature", Title: "Check a signature", Status: status, Data: p})
}

// signedHooks are the webhooks of the brand.
func (d *Door) signedHooks(v *desk) (out []signedHook, err error) {
	names, err := d.appNames(v)
	if err != nil {
		return nil, err
	}
	all, _, err := d.Webhooks.Overviews(v.ctx(), v.Caller, v.Brand.AppID, "", 1, mostChecked)
	for _, o := range all {
		out = append(out, signedHook{o.ID, names[o.OAuthApp] + ": " + o.CallbackURL, o.OAuthApp})
	}
	return out, err
}

func hookOf(all []signedHook, id string) *signedHook {
	for i := range all {
		if n := number(id); all[i].ID == n {
			return &all[i]
		}
	}
	return nil
}

// checkSignature answers with the verdict: a delivery has data of people, so it goes into no address.
func (d *Door) checkSignature(v *desk) error {
	hooks, err := d.signedHooks(v)
	if err != nil {
		return err
	}
	form := web.Again(v.Form, nil)
	h := hookOf(hooks, v.Form.Get("webhook"))
	if h == nil {
		return d.askSignature(v, http.StatusBadRequest, signaturePage{Form: form.Wrong("webhook", "Choose the webhook that the delivery came from."), Hooks: hooks})
	}
	// Browsers send every line end of a text field as CRLF.
	body := strings.ReplaceAll(v.Form.Get("body"), "\r\n", "\n")
	verdict, err := d.Webhooks.CheckSignature(v.ctx(), v.Caller, v.Brand.AppID, h.app, h.ID, webhook.ParseHeader(v.Form.Get("headers")), []byte(body))
	if err != nil {
		return err
	}
	return d.askSignature(v, http.StatusOK, signaturePage{Form: form, Hooks: hooks, Verdict: &verdict})
}

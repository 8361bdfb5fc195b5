package identity

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"comanda/account/visit"

	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/oauth"
)

// authorize is the authorization endpoint, where an app sends a person's browser.
func (d *Door) authorize(v *visit.Visit) error {
	switch v.R.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost:
	default:
		v.W.Header().Set("Allow", "GET, POST")
		d.Pages.ShowProblem(v.W, v.R, web.Problem{
			Status: http.StatusMethodNotAllowed, Title: "This cannot be done", Text: "The authorization endpoint takes GET and POST.", Code: "invalid_request",
		})
		return nil
	}
	out, err := d.OAuth.Authorize(v.R, v.Session)
	if err != nil {
		return err
	}
	return d.goOn(v, out)
}

// goOn does what the authorization server says is next.
func (d *Door) goOn(v *visit.Visit, out oauth.Outcome) error {
	switch {
	case out.Redirect != "":
		web.SeeOther(v.W, out.Redirect)
	case out.Form != nil:
		d.postOn(v, *out.Form)
	case out.SignIn != nil:
		web.SeeOther(v.W, onTheWay("/login", out.SignIn.Continue))
	case out.Consent != nil:
		d.askConsent(v, *out.Consent, prefix+"/consent")
	default:
		d.stop(v, out.Page)
	}
	return nil
}

// stop shows an error that must not be sent to the address that the request names.
func (d *Door) stop(v *visit.Visit, p *oauth.ErrorPage) {
	d.Pages.ShowProblem(v.W, v.R, web.Problem{Status: p.Status, Title: "The app cannot go on", Text: p.Text, Mend: p.Mend, Code: p.Code})
}

// submit is the whole script of the form_post page. The page allows no other.
const submit = "document.forms[0].submit()"

var submitHash = func() string {
	sum := sha256.Sum256([]byte(submit))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}()

type postPage struct {
	Action template.URL // a registered redirect URI, whose scheme may be an app's own: html/template knows only a few
	Fields [][2]string
	Script template.JS
}

// postOn shows the page that posts an answer to the app: by itself, or by its button where there is no script.
func (d *Door) postOn(v *visit.Visit, f oauth.FormPost) {
	d.show(v, http.StatusOK, "post", "Back to the app", web.Policy{InlineScript: submitHash, FormTargets: web.FormTargets(f.Action)}, postPage{
		template.URL(f.Action), f.Fields, submit, //nolint:gosec // registration refuses the schemes that run code
	})
}

type consentPage struct {
	oauth.ConsentPrompt
	Action string // where the decision goes
	Choose bool   // there are stores to choose among
	Change string // address that lets somebody else sign in
}

func (d *Door) askConsent(v *visit.Visit, p oauth.ConsentPrompt, action string) {
	page := consentPage{ConsentPrompt: p, Action: action}
	for _, b := range p.Brands {
		page.Choose = page.Choose || len(b.Stores) > 1
	}
	if p.UserCode == "" {
		page.Change = onTheWay("/login", p.Continue)
	}
	d.show(v, http.StatusOK, "consent", "Let "+p.AppName+" in?", web.Policy{FormTargets: web.FormTargets(p.RedirectURI)}, page)
}

// decision reads the consent form. Stores come as brand.store, because the page shows the stores of several brands; those
// of brands that were not chosen do not count.
func decision(v *visit.Visit) (oauth.Decision, error) {
	out := oauth.Decision{Request: v.Form.Get("request")}
	switch v.Form.Get("decision") {
	case "approve":
		out.Approve = true
	case "deny":
		return out, nil
	default:
		return out, fault.New(fault.Invalid, "The form has no decision.").With("Press Allow or Deny.")
	}
	chosen := v.Form.Get("brand")
	if chosen == "" {
		return out, nil
	}
	brand, err := strconv.Atoi(chosen)
	if err != nil {
		return out, fault.New(fault.Invalid, "The form names no brand of yours.").With("Go back and choose one.")
	}
	out.Brand = brand
	if v.Form.Get("all_stores") == "true" {
		return out, nil
	}
	out.Stores = []int{}
	for _, text := range v.Form["stores"] {
		of, id, found := strings.Cut(text, ".")
		if !found {
			of, id = chosen, text
		}
		store, err := strconv.Atoi(id)
		if err != nil {
			return out, fault.New(fault.Invalid, "The form names a store that is none.").With("Go back and choose the stores.")
		}
		if of == chosen && !slices.Contains(out.Stores, store) {
			out.Stores = append(out.Stores, store)
		}
	}
	if len(out.Stores) == 0 {
		return out, fault.New(fault.Invalid, "No store was chosen.").With("Go back and tick a store, or all stores.")
	}
	return out, nil
}

func (d *Door) consent(v *visit.Visit) error {
	decided, err := decision(v)
	if err != nil {
		return err
	}
	out, err := d.OAuth.Decide(v.R, v.Session, decided)
	if err != nil {
		return err
	}
	return d.goOn(v, out)
}

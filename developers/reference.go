package developers

import (
	"crypto/rand"
	"strings"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/fault"
	"comanda/internal/web"
	"comanda/wire"
)

// The reference is drawn by Scalar (assets/scalar.js.gz, the standalone bundle as published) from the served document;
// assets/reference.js says how. Whoever has no script sees a plain list of the operations.

// appsToTry are the OAuth apps that the page offers a token of.
const appsToTry = 100

// referencePage is the API reference.
type referencePage struct {
	Tags   []taggedOperations
	Brands []brandApps // of who is signed in
	SignIn string      // where to sign in; empty for who is
	Token  string      // shown once; empty = none was asked for
}

type taggedOperations struct {
	heading
	About      string
	Operations []Operation
}

// brandApps are the OAuth apps of a brand that a person may ask tokens of.
type brandApps struct {
	Brand wire.App
	Apps  []wire.OAuthApp
}

func (d *Door) reference(v *visit.Visit) error { return d.showReference(v, referencePage{}) }

// token makes an access token of an OAuth app and shows it in the reference, where it is tried out with.
func (d *Door) token(v *visit.Visit, c *account.Caller) error {
	appID, id, _ := strings.Cut(v.Form.Get("app"), "/")
	token, err := d.OAuth.AccessToken(v.R.Context(), c, appID, id)
	if err != nil {
		return err
	}
	return d.showReference(v, referencePage{Token: token})
}

func (d *Door) showReference(v *visit.Visit, p referencePage) error {
	for _, o := range d.Operations {
		if len(p.Tags) == 0 || p.Tags[len(p.Tags)-1].Name != o.Tag {
			p.Tags = append(p.Tags, taggedOperations{heading: heading{ID: o.Tag, Name: o.Tag}, About: o.About})
		}
		last := &p.Tags[len(p.Tags)-1]
		last.Operations = append(last.Operations, o)
	}
	if v.Session == nil {
		p.SignIn = visit.SignIn(prefix + "/reference")
	} else if err := d.offerApps(v, &p); err != nil {
		return err
	}
	return d.show(v, view{Name: "reference", Title: "API reference", At: "reference", Frame: "hubwide", Data: p, Policy: web.Policy{
		Scripts: []string{"page.js", "reference.js", "scalar.js"},
		Styles:  []string{"reference.css"},
		Nonce:   rand.Text(),
	}})
}

// offerApps fills in the OAuth apps that the person may ask tokens of.
func (d *Door) offerApps(v *visit.Visit, p *referencePage) error {
	c, err := d.door.Caller(v)
	if err != nil {
		return err
	}
	brands, _, err := d.Accounts.Apps(v.R.Context(), c, "", 1, appsToTry)
	if err != nil {
		return err
	}
	left := appsToTry
	for _, b := range brands {
		apps, err := d.OAuth.Apps(v.R.Context(), c, b.AppId, "")
		switch {
		case fault.KindOf(err) == fault.Forbidden: // may look at the brand only
			continue
		case err != nil:
			return err
		}
		apps = apps[:min(len(apps), left)]
		if left -= len(apps); len(apps) > 0 {
			p.Brands = append(p.Brands, brandApps{b, apps})
		}
	}
	return nil
}

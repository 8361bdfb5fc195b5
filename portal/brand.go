package portal

import (
	"net/http"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/web"
	"comanda/wire"
)

// front leads to the first brand within reach, or to making one.
func (d *Door) front(v *visit.Visit, c *account.Caller) error {
	apps, _, err := d.Accounts.Apps(v.R.Context(), c, "", 1, 1)
	if err != nil {
		return err
	}
	if len(apps) == 0 {
		web.SeeOther(v.W, prefix+"/new")
		return nil
	}
	web.SeeOther(v.W, pathOf(apps[0].AppId))
	return nil
}

type newBrandPage struct {
	Form      web.Form
	Countries []wire.SupportedCountry
	First     bool // the person has no brand yet
}

func (d *Door) newBrand(v *visit.Visit, c *account.Caller) error {
	return d.askBrand(v, c, http.StatusOK, web.Filled("countryid", d.Accounts.Country(), "kind", "sandbox"))
}

func (d *Door) askBrand(v *visit.Visit, c *account.Caller, status int, form web.Form) error {
	f, err := d.frame(v.R.Context(), c, nil, "")
	if err != nil {
		return err
	}
	d.write(v, view{Name: "new", Title: "New brand", Status: status, Data: newBrandPage{form, account.SupportedCountries(), len(f.Brands) == 0}}, f)
	return nil
}

func (d *Door) createBrand(v *visit.Visit, c *account.Caller) error {
	b, err := d.Accounts.CreateBrand(v.R.Context(), v.Once(c), account.NewBrand{
		Name: v.Form.Get("name"), CountryID: v.Form.Get("countryid"), Sandbox: v.Form.Get("kind") != "live",
	})
	switch {
	case err == nil:
		web.SeeOther(v.W, pathOf(b.AppID))
		return nil
	case !visit.Refused(err):
		return err
	}
	return d.askBrand(v, c, again(v, err), web.Again(v.Form, err, "name", "countryid"))
}

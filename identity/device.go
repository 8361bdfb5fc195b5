package identity

import (
	"net/http"

	"comanda/account"
	"comanda/account/visit"
	"comanda/internal/web"
)

type devicePage struct {
	Form web.Form
}

// showDevice asks for the code that a device shows. A code in the address, which
// a device may offer to scan, is only filled in: the person compares it and sends the form, so that a link alone leads
// nobody into letting somebody else's device in.
func (d *Door) showDevice(v *visit.Visit, _ *account.Caller) error {
	form := web.Filled("user_code", v.R.URL.Query().Get("user_code"))
	d.show(v, http.StatusOK, "device", "Connect a device", web.Policy{}, devicePage{form})
	return nil
}

func (d *Door) device(v *visit.Visit, _ *account.Caller) error {
	p, err := d.OAuth.DeviceRequest(v.R, v.Session, v.Form.Get("user_code"))
	if err == nil {
		d.askConsent(v, p, prefix+"/device/decide")
		return nil
	}
	if !visit.Refused(err) {
		return err
	}
	d.showRefused(v, err, "device", "Connect a device", web.Policy{}, devicePage{web.Again(v.Form, err, "user_code").OnField("user_code")})
	return nil
}

type deviceDonePage struct {
	AppName string
	Allowed bool
}

func (d *Door) decideDevice(v *visit.Visit, c *account.Caller) error {
	decided, err := decision(v)
	if err != nil {
		return err
	}
	if decided.Approve && c.RequireRecent() != nil {
		web.SeeOther(v.W, onTheWay("/login", prefix+"/device"))
		return nil
	}
	app, err := d.OAuth.DecideDevice(v.R, v.Session, decided)
	if err != nil {
		return err
	}
	d.show(v, http.StatusOK, "device-done", "Connect a device", web.Policy{}, deviceDonePage{app, decided.Approve})
	return nil
}

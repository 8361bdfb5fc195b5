package visit

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"comanda/internal/clock"
	"comanda/internal/web"
)

// unsent is what the browser keeps of a form that came when its sender was signed out already.
type unsent struct {
	Page   string // local path of the page on which it stood
	Action string
	Values url.Values `json:",omitempty"`
	Until  time.Time
}

// maxUnsent bounds what a kept form unpacks to.
const maxUnsent = 64 << 10

// keep gives the browser the form that it sent in vain. Only what was typed into the pages of a door that says so is kept, sealed;
// what is too long is not.
func (d *Door) keep(v *Visit, page string) {
	u := unsent{Page: page, Action: v.R.URL.Path, Until: clock.Now().Add(web.UnsentAge)}
	if d.KeepsTyped {
		u.Values = v.Form
	}
	handle := d.Accounts.KeepUnsent(u.pack())
	if len(handle) > web.MaxUnsent {
		u.Values = nil
		handle = d.Accounts.KeepUnsent(u.pack())
	}
	web.SetUnsent(v.W, handle)
}

func (u *unsent) pack() []byte {
	var out bytes.Buffer
	z, _ := flate.NewWriter(&out, flate.BestCompression) // the level is one that there is
	_ = json.NewEncoder(z).Encode(u)                     // into memory
	_ = z.Close()
	return out.Bytes()
}

// kept is the form that the browser keeps for a page.
func (d *Door) kept(v *Visit, page string) (u unsent, there bool) {
	packed, ok := d.Accounts.Unsent(web.UnsentHandle(v.R))
	if !ok {
		return u, false
	}
	err := json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), maxUnsent)).Decode(&u)
	return u, err == nil && u.Page == page && clock.Now().Before(u.Until)
}

// Lapsed reports whether somebody who signs in on the way to a page was signed out while they filled in a form there.
func (d *Door) Lapsed(v *Visit, page string) bool {
	_, there := d.kept(v, page)
	return there
}

// recall lets the page that is asked for show the form that was sent from it in vain, once.
func (d *Door) recall(v *Visit) {
	if v.R.Method != http.MethodGet {
		return
	}
	if u, there := d.kept(v, d.here(v)); there {
		web.SetUnsent(v.W, "")
		v.R = v.R.WithContext(web.WithUnsent(v.R.Context(), web.Unsent{
			Action: u.Action, Own: u.Action == v.R.URL.Path, Values: u.Values,
		}))
	}
}

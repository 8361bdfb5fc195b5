package portal

import (
	"cmp"
	"context"
	"slices"

	"comanda/account"
	"comanda/internal/web"
)

// frame is what stands around every page.
type frame struct {
	Name, Email string         // of who is signed in
	Brand       *account.Brand // nil on a page of no brand
	Brands      []choice       // within reach
	Places      []section      // the side bar; none without a brand
	Place       string         // where the page is
	Docked      bool           // the page has a drawer beside it
}

// choice is a brand to switch to.
type choice struct{ AppID, Name string }

// section is a group of the side bar.
type section struct {
	Title  string
	Places []place
}

// place is a page of the side bar.
type place struct {
	Name  string // the last part of its address
	Title string
	Icon  string
	Right account.Right // who does not have it does not see the place
	Path  string        // instead of an address made from the name
	Trial bool          // for sandbox brands only
}

// places is the side bar.
var places = []section{
	{"Developer tools", []place{
		{"apps", "OAuth apps", "key", account.Develop, "", false},
		{"webhooks", "Webhooks", "hook", account.Develop, "", false},
		{"logs", "Logs", "list", account.Develop, "", false},
		{"events", "Events", "send", account.Develop, "", false},
		{"sandbox", "Sandbox", "clock", account.Develop, "", true},
	}},
	{"Learn", []place{
		{"developers", "Developer hub", "menu", "", "/developers", false},
		{"reference", "API reference", "code", "", "/developers/reference", false},
		{"support", "Support", "info", "", "/developers/support", false},
	}},
}

func (d *Door) frame(ctx context.Context, c *account.Caller, b *account.Brand, at string) (f frame, err error) {
	who, err := d.Accounts.Own(ctx, c)
	if err != nil {
		return f, err
	}
	apps, _, err := d.Accounts.Apps(ctx, c, "", 1, 1000)
	if err != nil {
		return f, err
	}
	f = frame{Name: cmp.Or(who.Name, who.Email), Email: who.Email, Brand: b, Place: at}
	for _, a := range apps {
		f.Brands = append(f.Brands, choice{a.AppId, a.Name})
	}
	slices.SortFunc(f.Brands, func(a, b choice) int { return cmp.Compare(a.Name, b.Name) })
	if b == nil {
		return f, nil
	}
	for _, s := range places {
		shown := section{Title: s.Title}
		for _, p := range s.Places {
			if p.Right != "" && c.Require(p.Right, b.ID, 0) != nil || p.Trial && !b.Sandbox {
				continue
			}
			if p.Path == "" {
				p.Path = pathOf(b.AppID, p.Name)
			}
			shown.Places = append(shown.Places, p)
		}
		if len(shown.Places) > 0 {
			f.Places = append(f.Places, shown)
		}
	}
	return f, nil
}

// home leads to the first page of the side bar.
func (d *Door) home(v *desk) error {
	f, err := d.frame(v.ctx(), v.Caller, &v.Brand, "")
	if err != nil {
		return err
	}
	if len(f.Places) > 0 && f.Places[0].Title == places[0].Title {
		web.SeeOther(v.W, f.Places[0].Places[0].Path)
		return nil
	}
	return d.show(v, view{Name: "nothing", Title: v.Brand.Name, Data: v.Brand})
}

package portal

import "comanda/account"

// route is a page or a form of a brand.
type route struct {
	pattern string        // method and path; {appId} is the brand
	right   account.Right // that the person must have on the brand; what the page does may ask for more
	place   string        // the page of the side bar that it belongs to
	serve   func(*desk) error
}

// routes is every page of a brand.
func (d *Door) routes() []route {
	return []route{
		{"GET /portal/{appId}", account.ReadApp, "", d.home},
	}
}

package developers

import (
	"comanda/account/visit"
	"comanda/internal/web"
)

// kitPage is what the parts of the design system show on their own page.
type kitPage struct {
	Form, Refused, Conflict web.Form
	JSON                    string
}

// kit shows every part of the design system, drawn by the templates and the CSS of all pages.
func (d *Door) kit(v *visit.Visit) error {
	refused := web.Filled("lifetime", "an hour")
	refused.Errors = map[string]string{"lifetime": "Is no whole number. Write digits only."} // without the cursor that Again gives
	return d.show(v, view{Name: "kit", Frame: "hubwide", Title: "Kit", Data: kitPage{
		Form:     web.Filled("title", "Till sync", "secret", "correct horse"),
		Refused:  refused,
		Conflict: web.Form{Problem: "Somebody else saved this form while you had it open."},
		JSON:     `{"Type":"order.created","Position":4817,"Test":false,"Body":{"OrderId":4817,"Items":[{"Name":"Margherita","Price":9.5}],"ChefNote":null}}`,
	}})
}

package api

import "testing"

// Nobody signs in at the storefront, so every one of its operations counts against the address's budget.
func TestEveryStorefrontOperationIsLimited(t *testing.T) {
	n := 0
	for _, g := range (&server{}).routes() {
		for _, r := range g.rows {
			if g.tag == "Storefront" {
				n++
				if r.access != diner {
					t.Errorf("%s is not limited", r.id)
				}
			} else if r.access == diner && r.id != "Teammates_AcceptInvitation" { // whoever holds the code may have no account yet
				t.Errorf("%s is open to diners", r.id)
			}
		}
	}
	if n != 10 {
		t.Errorf("%d operations", n)
	}
}

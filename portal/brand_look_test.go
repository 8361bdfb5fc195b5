package portal_test

import "testing"

// TestBrandPagesLook makes a brand in the portal. Its name is one long word that looks like markup: it is shown as it is typed,
// and cut where the bar of a phone ends.
func TestBrandPagesLook(t *testing.T) {
	s := start(t, "")
	tab := s.browse()
	tab.Goto(s.path())
	tab.Look("brand")
	tab.Goto(s.url + "/portal/new")
	tab.Look("brand-new")
	tab.Fill("name", "<script>alert(1)</script>")
	tab.Press(".btn.red")
	tab.Look("brand-made")
	if name := tab.See(".switch .trunc"); name != "<script>alert(1)</script>" {
		t.Errorf("the brand is called %q", name)
	}
}

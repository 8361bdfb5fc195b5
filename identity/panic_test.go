package identity

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"comanda/account/visit"
	"comanda/oauth"
)

// A mistake of ours is told by a page, too.
func TestAPanicIsToldByAPage(t *testing.T) {
	d, err := New(Config{OAuth: new(oauth.Server), PublicURL: "https://comanda.test"})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	d.Page(func(*visit.Visit) error { panic("a secret detail") }).ServeHTTP(w, httptest.NewRequest("GET", "/identity/login", nil))
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "<h1") || strings.Contains(w.Body.String(), "secret detail") {
		t.Fatal(w.Code, w.Body)
	}
}

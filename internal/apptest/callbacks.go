package apptest

import (
	"net/http"
	"net/http/httptest"
	"syscall"
)

// callbacks are the endpoints behind all callback URLs: the kit's Callback.
type callbacks struct{ kit *Kit }

// RoundTrip implements http.RoundTripper.
func (c callbacks) RoundTrip(r *http.Request) (*http.Response, error) {
	if c.kit.Callback == nil {
		return nil, syscall.ECONNREFUSED
	}
	w := httptest.NewRecorder()
	c.kit.Callback(w, r)
	return w.Result(), nil
}

package api

import (
	"net/http"
	"path"
	"strconv"

	"comanda/account"
	"comanda/internal/fault"
)

// Assets serves the public files of brands, such as logos, at /assets/{name}. A file never changes under its name, so it
// may be kept for ever; a browser shows it as the image it is and runs nothing in it.
func Assets(accounts *account.Accounts) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			h.Set("Allow", "GET, HEAD")
			http.Error(w, "Files are read by GET.", http.StatusMethodNotAllowed)
			return
		}
		f, err := accounts.Asset(r.Context(), path.Base(r.URL.Path))
		if fault.KindOf(err) == fault.NotFound {
			http.Error(w, "There is no such file.", http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, "The file cannot be read now. Try again.", http.StatusServiceUnavailable)
			return
		}
		etag := strconv.Quote(path.Base(r.URL.Path))
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Content-Security-Policy", "default-src 'none'")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		h.Set("Content-Type", f.ContentType)
		h.Set("Content-Length", strconv.Itoa(len(f.Content)))
		if r.Method == http.MethodGet {
			_, _ = w.Write(f.Content)
		}
	})
}

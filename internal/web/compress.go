package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// Compress sends the texts of a door compressed to whoever takes gzip: pages, styles, scripts, drawings. What a handler
// compressed by itself goes as it is.
//
// A compressed answer tells by its length whether something that it hides repeats something else in it. No other site can
// make use of that: what shows a secret is the answer to a form, which Protect takes from our own pages only, and for
// everything else that another page makes a browser ask, but for links that are followed in sight, the cookie stays at home.
func Compress(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &compressed{ResponseWriter: w, taken: takesGzip(r.Header.Get("Accept-Encoding"))}
		next.ServeHTTP(c, r)
		c.close() // not after a panic: whoever gets a body that was cut off must see that it is not whole
	})
}

// packers are kept, because each has some 800 kB of tables.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed+2) // fails for unknown levels only
	return z
}}

// compressed decides at the header whether the body is packed.
type compressed struct {
	http.ResponseWriter
	taken   bool // the client takes gzip
	decided bool
	packer  *gzip.Writer // nil: the body goes as it is
}

func (c *compressed) WriteHeader(status int) {
	h := c.Header()
	if !c.decided && h.Get("Content-Encoding") == "" && isText(h.Get("Content-Type")) {
		h.Add("Vary", "Accept-Encoding")
		if c.taken && status != http.StatusNotModified && status != http.StatusPartialContent {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			h.Del("Accept-Ranges")                  // of the packed bytes nobody gets a part
			c.packer = packers.Get().(*gzip.Writer) //nolint:forcetypeassert // New makes nothing else
			c.packer.Reset(c.ResponseWriter)
		}
	}
	c.decided = true
	c.ResponseWriter.WriteHeader(status)
}

func (c *compressed) Write(b []byte) (int, error) {
	if !c.decided {
		if c.Header().Get("Content-Type") == "" {
			c.Header().Set("Content-Type", http.DetectContentType(b))
		}
		c.WriteHeader(http.StatusOK)
	}
	if c.packer != nil {
		return c.packer.Write(b)
	}
	return c.ResponseWriter.Write(b)
}

// close ends the packed body.
func (c *compressed) close() {
	if c.packer != nil {
		_ = c.packer.Close() // fails when the client is gone
		packers.Put(c.packer)
	}
}

// isText reports whether a body of a media type becomes shorter.
func isText(kind string) bool {
	kind, _, _ = strings.Cut(kind, ";")
	switch kind {
	case "application/json", "application/javascript", "image/svg+xml":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

// Pack compresses a text that is sent often, for SendPacked.
func Pack(b []byte) []byte {
	var out bytes.Buffer
	z, _ := gzip.NewWriterLevel(&out, gzip.BestCompression) // fails for unknown levels only
	_, _ = z.Write(b)
	_ = z.Close() // a buffer takes everything
	return out.Bytes()
}

// SendPacked writes a text that Pack has compressed, as it is to who takes gzip. It sets no other header.
func SendPacked(w http.ResponseWriter, r *http.Request, packed []byte) {
	w.Header().Add("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(len(packed)))
		_, _ = w.Write(packed)
		return
	}
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		var plain []byte
		if plain, err = io.ReadAll(z); err == nil {
			_, _ = w.Write(plain)
			return
		}
	}
	panic(err) // Pack made it, or a file of ours is broken
}

// takesGzip reads an Accept-Encoding. Who forbids gzip by q=0 does not take it.
func takesGzip(accept string) bool {
	for one := range strings.SplitSeq(accept, ",") {
		name, parameter, _ := strings.Cut(one, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			quality, weighed := strings.CutPrefix(strings.ReplaceAll(parameter, " ", ""), "q=")
			return !weighed || strings.Trim(quality, "0.") != ""
		}
	}
	return false
}

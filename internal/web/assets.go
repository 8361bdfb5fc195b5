package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed assets all:templates
var own embed.FS

// asset is one static file. Its address carries its hash, so that it may be kept for ever.
type asset struct {
	url    string
	kind   string
	packed []byte // with gzip
}

// kinds are the static files that there are; a door with another one adds it here.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8",
	".js":  "text/javascript; charset=utf-8",
	".svg": "image/svg+xml",
}

// loadAssets reads the folder assets of each file system; prefix is the path under which they are served.
func loadAssets(prefix string, from ...fs.FS) (map[string]asset, error) {
	out := map[string]asset{}
	for _, f := range from {
		files, err := fs.Glob(f, "assets/*.*")
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			content, err := fs.ReadFile(f, file)
			if err != nil {
				return nil, err
			}
			name, isPacked := strings.CutSuffix(path.Base(file), ".gz")
			kind, known := kinds[path.Ext(name)]
			if !known {
				return nil, fmt.Errorf("web: no media type for %s", file)
			}
			hash := sha256.Sum256(content)
			if !isPacked {
				content = Pack(content)
			}
			out[name] = asset{prefix + hex.EncodeToString(hash[:6]) + "/" + name, kind, content}
		}
	}
	return out, nil
}

// Assets serves the static files. An address with a hash of other content is not found: an old page asks for its own files.
func (p *Pages) Assets() http.Handler {
	byURL := map[string]asset{}
	for _, a := range p.assets {
		byURL[a.url] = a
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a, ok := byURL[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", a.kind)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		SendPacked(w, r, a.packed)
	})
}

// sprite holds the symbol of each icon by its name.
type sprite map[string]string

func loadSprite() (sprite, error) {
	text, err := fs.ReadFile(own, "templates/icons.svg")
	if err != nil {
		return nil, err
	}
	out := sprite{}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, `<symbol id="i-`); ok {
			name, _, _ := strings.Cut(rest, `"`)
			out[name] = strings.TrimSpace(line)
		}
	}
	return out, nil
}

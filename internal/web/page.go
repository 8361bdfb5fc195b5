package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"html/template"
	"io/fs"
	"log/slog"
	"maps"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// Site is what every page may say about the installation.
type Site struct {
	PublicURL string // https://host, without a slash at its end
	Host      string // the same without the scheme
	Version   string
}

// Pages renders the pages of one door. It is safe for parallel use.
type Pages struct {
	site      Site
	assets    map[string]asset
	icons     sprite
	templates map[string]*template.Template // page name → the page with layout and parts
}

// Page is one answer.
type Page struct {
	Name    string // templates/NAME.html, of the door or of this package
	Title   string // of the tab; the page's h1 says the same or more
	Density string // class of body: "" for one thing at a time, "dense" for a page of work
	Policy  Policy
	Data    any
	Frame   *Frame // what stands around the page; nil = nothing
}

// Frame is what the pages of a door have in common: the bars around the part that differs.
type Frame struct {
	Name string // the part (templates/_*.html) that draws it; it sees Data and, as Body, the page
	Data any
	Body template.HTML
}

// NewPages reads a door's files: templates/*.html (those that begin with an underscore are parts of the others) and
// assets/*. prefix is the path of the door, such as /identity; funcs are the door's own template functions.
func NewPages(prefix string, site Site, files fs.FS, funcs template.FuncMap) (*Pages, error) {
	p := &Pages{site: site, templates: map[string]*template.Template{}}
	var err error
	if p.assets, err = loadAssets(prefix+"/assets/", own, files); err != nil {
		return nil, err
	}
	if p.icons, err = loadSprite(); err != nil {
		return nil, err
	}
	base, err := template.New("").Option("missingkey=error").Funcs(p.funcs()).Funcs(funcs).ParseFS(own, "templates/_*.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	if parts, err := fs.Glob(files, "templates/_*.html"); err != nil {
		return nil, err
	} else if len(parts) > 0 {
		if base, err = base.ParseFS(files, parts...); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	for _, from := range []fs.FS{own, files} {
		if err := p.loadPages(from, base); err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
	}
	return p, nil
}

func (p *Pages) loadPages(from fs.FS, base *template.Template) error {
	names, err := fs.Glob(from, "templates/[a-z]*.html")
	if err != nil {
		return err
	}
	for _, file := range names {
		text, err := fs.ReadFile(from, file)
		if err != nil {
			return err
		}
		page, err := base.Clone()
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(path.Base(file), ".html")
		if p.templates[name], err = page.New("page").Parse(string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

func (p *Pages) funcs() template.FuncMap {
	return template.FuncMap{
		"site":     func() Site { return p.site },
		"icon":     p.icon,
		"icons":    func() []string { return slices.Sorted(maps.Keys(p.icons)) },
		"asset":    p.asset,
		"focus":    focus,
		"initials": initials,
		"once":     rand.Text,
		"json":     foldedJSON,
	}
}

// icon draws an icon of the sprite; the word beside it says what it means.
func (p *Pages) icon(name string) (template.HTML, error) {
	if _, known := p.icons[name]; !known {
		return "", fmt.Errorf("there is no icon %q", name)
	}
	return template.HTML(`<svg class="i" aria-hidden="true"><use href="#i-` + name + `"/></svg>`), nil //nolint:gosec // the name is one of our own
}

// focus is the attribute of a field that takes the cursor if it should.
func focus(yes bool) string {
	if yes {
		return "focus"
	}
	return ""
}

// initials stand on the tile of an app or a brand: "Till sync" is TS.
func initials(name string) string {
	var out []rune
	for _, word := range strings.Fields(name) {
		for _, r := range word {
			if unicode.IsLetter(r) || unicode.IsDigit(r) {
				out = append(out, unicode.ToUpper(r))
				break
			}
		}
		if len(out) == 2 {
			break
		}
	}
	return string(out)
}

func (p *Pages) asset(name string) (string, error) {
	a, known := p.assets[name]
	if !known {
		return "", fmt.Errorf("there is no asset %q", name)
	}
	return a.url, nil
}

// Show writes a page. It renders all of it first, so that a mistake in a template is a whole error page and never half of
// another one.
func (p *Pages) Show(w http.ResponseWriter, r *http.Request, status int, page Page) {
	body, err := p.render(r.Context(), page)
	if err != nil {
		slog.ErrorContext(r.Context(), "render page", "page", page.Name, "error", err)
		http.Error(w, "Something went wrong here; it is logged. Go back and try again.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	page.Policy.set(h)
	h.Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// layout is what the outermost template sees.
type layout struct {
	Page
	Symbols template.HTML
	Body    template.HTML
}

func (p *Pages) render(ctx context.Context, page Page) ([]byte, error) {
	t := p.templates[page.Name]
	if t == nil {
		return nil, fmt.Errorf("there is no page %q", page.Name)
	}
	var body, out bytes.Buffer
	if err := t.ExecuteTemplate(&body, "page", page.Data); err != nil {
		return nil, err
	}
	if page.Frame != nil {
		around := Frame{Data: page.Frame.Data, Body: template.HTML(body.String())} //nolint:gosec // html/template wrote it
		body = bytes.Buffer{}
		if err := t.ExecuteTemplate(&body, page.Frame.Name, around); err != nil {
			return nil, err
		}
	}
	around := layout{Page: page, Symbols: p.symbols(body.Bytes())}
	if unsent, there := unsentOf(ctx); there {
		filled, err := unsent.refill(body.Bytes(), func(text string) ([]byte, error) {
			var note bytes.Buffer
			err := t.ExecuteTemplate(&note, "unsent", text)
			around.Symbols = p.symbols(append(body.Bytes(), note.Bytes()...))
			return note.Bytes(), err
		})
		if err != nil {
			return nil, err
		}
		body = *bytes.NewBuffer(filled)
	}
	around.Body = template.HTML(body.String()) //nolint:gosec // html/template wrote it, and the values in it are escaped
	err := t.ExecuteTemplate(&out, "layout", around)
	return out.Bytes(), err
}

var usedIcon = regexp.MustCompile(`<use href="#i-([a-z]+)"/>`)

// symbols are the icons that a rendered body uses, each once.
func (p *Pages) symbols(body []byte) template.HTML {
	var out strings.Builder
	seen := map[string]bool{}
	for _, m := range usedIcon.FindAllSubmatch(body, -1) {
		if name := string(m[1]); !seen[name] {
			seen[name] = true
			out.WriteString(p.icons[name])
		}
	}
	return template.HTML(out.String()) //nolint:gosec // our own sprite
}

package developers

import (
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"comanda/docs"
)

// contents is every guide in its sequence.
var contents = []struct {
	title string
	slugs []string
}{
	{"Start", []string{"getting-started", "pos-quick-start", "driver-dispatch-quick-start", "marketplace-orders", "card-payments", "testing-in-the-sandbox"}},
	{"Webhooks", []string{
		"using-webhooks", "creating-webhooks", "verifying-signatures", "order-events", "customer-events", "store-events", "menu-events",
	}},
	{"API", []string{"errors", "pagination", "idempotency", "replay-and-the-event-log", "user-agent"}},
	{"Moving", []string{"migrating-from-flipdish", "differences"}},
}

// section is a group of guides in the side bar.
type section struct {
	Title  string
	Guides []*Guide
}

// Guide is one guide, ready to be drawn.
type Guide struct {
	Slug     string    // the last part of its address
	Title    string    // its h1
	Name     string    // what it is called in the side bar
	Lead     string    // what one has at its end
	Updated  time.Time // zero = not told
	Parts    []Part
	Headings []heading
	Markdown string // the whole as it is written
	Earlier  *Guide
	Later    *Guide
	words    []entry
}

// Part is a piece of a guide: exactly one of these is set.
type Part struct {
	HTML    template.HTML
	Callout template.HTML
	Warning template.HTML
	Table   template.HTML
	Code    []Code // one below the other without script, else the first with tabs to the others
}

// Code is a block of code.
type Code struct {
	ID    string
	Label string
	Text  template.HTML
}

// heading is a place on a page.
type heading struct{ ID, Name string }

// library is all guides.
type library struct {
	sections []section
	bySlug   map[string]*Guide
}

// read makes the guides of the files.
func read(from fs.FS, publicURL string) (*library, error) {
	l := &library{bySlug: map[string]*Guide{}}
	var last *Guide
	for _, c := range contents {
		s := section{Title: c.title}
		for _, slug := range c.slugs {
			raw, err := source(from, slug)
			if err != nil {
				return nil, err
			}
			raw, err = withSamples(strings.ReplaceAll(raw, "https://eat.example", publicURL))
			if err != nil {
				return nil, fmt.Errorf("guides/%s.md: %w", slug, err)
			}
			g, err := parse(slug, raw)
			if err != nil {
				return nil, fmt.Errorf("guides/%s.md: %w", slug, err)
			}
			if g.Earlier = last; last != nil {
				last.Later = g
			}
			last = g
			s.Guides, l.bySlug[slug] = append(s.Guides, g), g
		}
		l.sections = append(l.sections, s)
	}
	return l, nil
}

// source is the Markdown of a guide. The differences are documentation that stands elsewhere.
func source(from fs.FS, slug string) (string, error) {
	if slug == "differences" {
		return differences, nil
	}
	raw, err := fs.ReadFile(from, path.Join("guides", slug+".md"))
	return string(raw), err
}

// differences is docs/compatibility.md as a guide; its links to the repository's other files are words here.
var differences = func() string {
	_, body, _ := strings.Cut(docs.Compatibility, "\n")
	body = regexp.MustCompile(`\[([^\]]+)\]\([^):]*\.md[^)]*\)`).ReplaceAllString(body, "$1")
	return "---\ntitle: Differences from the Flipdish API\nname: Differences\nlead: What is served, every difference that a caller can notice, and the choices where the public sources are silent.\n---\n" +
		regexp.MustCompile(`(?m)^<!--.*-->\n`).ReplaceAllString(body, "")
}()

// all is every guide in its sequence.
func (l *library) all() (out []*Guide) {
	for _, s := range l.sections {
		out = slices.Concat(out, s.Guides)
	}
	return out
}

// split tells a guide's text from the lines above it, which are name: value between two lines of three dashes.
func split(markdown string) (about map[string]string, body string, err error) {
	head, body, ok := strings.Cut(strings.TrimPrefix(markdown, "---\n"), "\n---\n")
	if !ok {
		return nil, "", fmt.Errorf("it does not begin with its title between lines of three dashes")
	}
	about = map[string]string{}
	for line := range strings.Lines(head) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, "", fmt.Errorf("%q is not name: value", line)
		}
		about[name] = strings.TrimSpace(value)
	}
	for _, name := range []string{"title", "name", "lead"} {
		if about[name] == "" {
			return nil, "", fmt.Errorf("%s is missing at its top", name)
		}
	}
	return about, body, nil
}

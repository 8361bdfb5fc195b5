package developers

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/parser"
	mdtext "github.com/yuin/goldmark/text"

	"comanda/webhook"
)

var markdown = goldmark.New(goldmark.WithExtensions(extension.Table), goldmark.WithParserOptions(parser.WithAutoHeadingID()))

// parse makes a guide of its Markdown.
func parse(slug, source string) (*Guide, error) {
	about, body, err := split(source)
	if err != nil {
		return nil, err
	}
	g := &Guide{Slug: slug, Title: about["title"], Name: about["name"], Lead: about["lead"], Markdown: "# " + about["title"] + "\n\n" + about["lead"] + "\n\n" + body}
	if day := about["updated"]; day != "" {
		if g.Updated, err = time.Parse(time.DateOnly, day); err != nil {
			return nil, err
		}
	}
	r := renderer{guide: g, source: []byte(body)}
	r.section(heading{Name: g.Title}, g.Lead)
	doc := markdown.Parser().Parse(mdtext.NewReader(r.source))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		if err := r.block(n); err != nil {
			return nil, err
		}
	}
	return g, nil
}

// renderer makes the parts of one guide of the blocks of its text.
type renderer struct {
	guide  *Guide
	source []byte
	codes  int
}

func (r *renderer) block(n ast.Node) error {
	switch n := n.(type) {
	case *ast.FencedCodeBlock:
		return r.code(n)
	case *ast.Blockquote:
		html, err := r.inner(n)
		if _, bold := n.FirstChild().FirstChild().(*ast.Emphasis); bold {
			r.add(Part{Warning: html})
		} else {
			r.add(Part{Callout: html})
		}
		return err
	case *extast.Table:
		html, err := r.html(n)
		r.add(Part{Table: template.HTML(strings.Replace(string(html), "<table>", `<table class="table">`, 1))}) //nolint:gosec // goldmark escaped it
		return err
	case *ast.Heading:
		if n.Level == 2 {
			id, _ := n.AttributeString("id")
			h := heading{ID: fmt.Sprintf("%s", id), Name: strings.TrimLeft(r.text(n), "0123456789. ")}
			r.guide.Headings = append(r.guide.Headings, h)
			r.section(h, "")
		}
	}
	html, err := r.html(n)
	r.add(Part{HTML: html})
	return err
}

func (r *renderer) add(p Part) { r.guide.Parts = append(r.guide.Parts, p) }

// section begins a section, of which the search knows the words.
func (r *renderer) section(h heading, text string) {
	address := prefix + "/" + r.guide.Slug
	if h.ID != "" {
		address += "#" + h.ID
	}
	r.guide.words = append(r.guide.words, entry{Title: h.Name, Of: r.guide.Name, Path: address, text: text})
}

// html renders a block, whose words become known to the search.
func (r *renderer) html(n ast.Node) (template.HTML, error) {
	var out bytes.Buffer
	if err := markdown.Renderer().Render(&out, r.source, n); err != nil {
		return "", err
	}
	if _, isTitle := n.(*ast.Heading); !isTitle {
		r.know(r.text(n))
	}
	return template.HTML(out.String()), nil //nolint:gosec // goldmark escaped it; raw HTML is left out
}

// inner renders what is inside a block.
func (r *renderer) inner(n ast.Node) (out template.HTML, err error) {
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		html, err := r.html(c)
		if err != nil {
			return "", err
		}
		out += html
	}
	return out, nil
}

func (r *renderer) know(words string) {
	last := &r.guide.words[len(r.guide.words)-1]
	last.text += " " + words
}

// text is what a reader reads of a block.
func (r *renderer) text(n ast.Node) string {
	var out strings.Builder
	_ = ast.Walk(n, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function never fails
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(n.Segment.Value(r.source))
				if n.SoftLineBreak() {
					out.WriteByte(' ')
				}
			}
		default:
			if !entering && n.Type() == ast.TypeBlock {
				out.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(out.String())
}

// languages are the labels of the tabs, by the first word behind the fence.
var languages = map[string]string{
	"bash": "Shell", "go": "Go", "js": "JavaScript", "csharp": "C#", "python": "Python", "json": "JSON", "text": "Output", "http": "HTTP",
}

// code adds a block of code. One that says "tab" joins the block right before it.
func (r *renderer) code(n *ast.FencedCodeBlock) error {
	language, rest, _ := strings.Cut(string(n.Info.Value(r.source)), " ")
	c := Code{Label: languages[language]}
	body := strings.TrimSuffix(string(n.Lines().Value(r.source)), "\n")
	if language != "json" {
		r.know(body)
	}
	if language == "json" && rest != "" {
		c.Label = rest // of which event it is a sample
	}
	if c.Label == "" {
		return fmt.Errorf("code in %q, which is none of the languages here", language)
	}
	if file := named(rest); file != "" {
		c.Label += " · " + file
	}
	r.codes++
	c.ID, c.Text = fmt.Sprintf("code-%d", r.codes), highlight(language, body)
	if last := len(r.guide.Parts) - 1; last >= 0 && strings.HasSuffix(rest, "tab") && r.guide.Parts[last].Code != nil {
		r.guide.Parts[last].Code = append(r.guide.Parts[last].Code, c)
		return nil
	}
	r.add(Part{Code: []Code{c}})
	return nil
}

// named is the file that a block is to be saved as.
func named(info string) string {
	for _, word := range strings.Fields(info) {
		if file, ok := strings.CutPrefix(word, "file="); ok {
			return file
		}
	}
	return ""
}

// sampleOf finds a block that is to show a sample of an event.
var sampleOf = regexp.MustCompile("(?m)^```event (\\S+)\n```$")

// withSamples puts the samples of events where a guide names them.
func withSamples(markdown string) (out string, err error) {
	out = sampleOf.ReplaceAllStringFunc(markdown, func(block string) string {
		name := sampleOf.FindStringSubmatch(block)[1]
		s, e := webhook.Example(name)
		if e != nil {
			err = errors.Join(err, e)
			return ""
		}
		var body bytes.Buffer
		enc := json.NewEncoder(&body)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = errors.Join(err, enc.Encode(s))
		return "```json " + name + "\n" + body.String() + "```"
	})
	return out, err
}

// token finds what is told apart in code: a text, which before a colon is a key, a comment, a number.
var token = regexp.MustCompile(`("(?:[^"\\\n]|\\.)*"|'[^'\n]*')(\s*:)?|((?:^|\s)(?:#|//) [^\n]*)|\b(\d+(?:\.\d+)?)\b`)

// highlight escapes code and marks its texts, keys, comments and numbers. Output is left as it is.
func highlight(language, code string) template.HTML {
	if language == "text" || language == "http" {
		return template.HTML(template.HTMLEscapeString(code)) //nolint:gosec // escaped
	}
	var out strings.Builder
	mark := func(class, text string) {
		fmt.Fprintf(&out, `<span class="%s">%s</span>`, class, template.HTMLEscapeString(text))
	}
	at := 0
	for _, m := range token.FindAllStringSubmatchIndex(code, -1) {
		out.WriteString(template.HTMLEscapeString(code[at:m[0]]))
		at = m[1]
		switch {
		case m[2] >= 0 && m[4] >= 0 && language == "json":
			mark("k", code[m[2]:m[3]])
			out.WriteString(code[m[4]:m[5]])
		case m[2] >= 0:
			mark("s", code[m[2]:m[3]])
			at = m[3]
		case m[6] >= 0:
			mark("c", code[m[6]:m[7]])
		default:
			mark("n", code[m[0]:m[1]])
		}
	}
	out.WriteString(template.HTMLEscapeString(code[at:]))
	return template.HTML(out.String()) //nolint:gosec // every piece of it is escaped
}

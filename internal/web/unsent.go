package web

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// Unsent is a form that came when its sender was signed out already: nothing came of it.
type Unsent struct {
	Action string     // the path that it was sent to
	Own    bool       // which is that of its page, so that the form may leave it out
	Values url.Values // what was typed; nil = it could not be kept
}

type unsentKey struct{}

// WithUnsent makes the page that answers the request show an unsent form again, filled in, and say what happened.
func WithUnsent(ctx context.Context, u Unsent) context.Context {
	return context.WithValue(ctx, unsentKey{}, u)
}

func unsentOf(ctx context.Context) (u Unsent, there bool) {
	u, there = ctx.Value(unsentKey{}).(Unsent)
	return u, there
}

// refill puts an unsent form into the body of the page on which it stood, and note, which says what happened, above it. A page
// without the form has the note at its beginning.
func (u Unsent) refill(body []byte, note func(text string) ([]byte, error)) ([]byte, error) {
	top := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := html.ParseFragment(bytes.NewReader(body), top)
	if err != nil {
		return nil, fmt.Errorf("web: read a page: %w", err)
	}
	for _, n := range nodes {
		top.AppendChild(n)
	}
	text := "You were signed out before this was sent, and nothing was changed. Please do it again."
	place := first(top, func(n *html.Node) bool { return n.DataAtom == atom.Main })
	if form := first(top, u.is); form != nil {
		place = form
		for at := form; at != nil; at = at.Parent {
			if at.DataAtom == atom.Details {
				set(at, "open", "")
			}
		}
		switch fields := inputs(form); {
		case fields == 0:
		case u.Values == nil:
			text = "You were signed out before this was saved. Please fill it in again."
		default:
			u.fill(form)
			text = "You were signed out before this was saved. What you typed stands here: send it again."
		}
		focusOn(top, form)
	}
	if place == nil {
		place = top
	}
	said, err := note(text)
	if err != nil {
		return nil, err
	}
	says, err := html.ParseFragment(bytes.NewReader(said), top)
	if err != nil {
		return nil, fmt.Errorf("web: read a note: %w", err)
	}
	for _, n := range says {
		place.InsertBefore(n, place.FirstChild)
	}
	var out bytes.Buffer
	for n := range top.ChildNodes() {
		if err := html.Render(&out, n); err != nil {
			return nil, fmt.Errorf("web: write a page: %w", err)
		}
	}
	return out.Bytes(), nil
}

// is reports whether a node is the form: it goes to the same place and, where there are many of its kind, is about the same thing.
func (u Unsent) is(n *html.Node) bool {
	to, _, _ := strings.Cut(get(n, "action"), "#")
	if n.DataAtom != atom.Form || get(n, "method") != "post" || to != u.Action && (to != "" || !u.Own) {
		return false
	}
	return u.Values == nil || first(n, func(n *html.Node) bool {
		name := get(n, "name")
		return get(n, "type") == "hidden" && name != "once" && name != "revision" && get(n, "value") != u.Values.Get(name)
	}) == nil
}

// fill puts the values into the fields. The hidden revision is the old one: what somebody else saved meanwhile is not lost.
func (u Unsent) fill(form *html.Node) {
	for n := range form.Descendants() {
		values := u.Values[get(n, "name")]
		switch {
		case n.DataAtom == atom.Option:
			continue
		case n.DataAtom == atom.Select:
			for o := range n.Descendants() {
				if o.DataAtom == atom.Option {
					mark(o, "selected", slices.Contains(values, optionValue(o)))
				}
			}
		case n.DataAtom == atom.Textarea && values != nil:
			for c := n.FirstChild; c != nil; c = n.FirstChild {
				n.RemoveChild(c)
			}
			n.AppendChild(&html.Node{Type: html.TextNode, Data: "\n" + values[0]}) // the first line end is dropped
		case n.DataAtom != atom.Input:
		case get(n, "type") == "checkbox" || get(n, "type") == "radio":
			mark(n, "checked", slices.Contains(values, get(n, "value")) || get(n, "value") == "" && slices.Contains(values, "on"))
		case get(n, "type") != "password" && values != nil:
			set(n, "value", values[0])
		}
	}
}

// inputs counts what can be filled in.
func inputs(form *html.Node) (count int) {
	for n := range form.Descendants() {
		switch n.DataAtom {
		case atom.Input, atom.Select, atom.Textarea:
			if get(n, "type") != "hidden" {
				count++
			}
		}
	}
	return count
}

// focusOn gives the cursor to the form instead of what else the page would give it to, so that a browser shows the form.
func focusOn(top, form *html.Node) {
	for n := range top.Descendants() {
		mark(n, "autofocus", false)
	}
	if n := first(form, func(n *html.Node) bool {
		return n.DataAtom == atom.Input && get(n, "type") != "hidden" || n.DataAtom == atom.Select || n.DataAtom == atom.Textarea || n.DataAtom == atom.Button
	}); n != nil {
		mark(n, "autofocus", true)
	}
}

func first(top *html.Node, is func(*html.Node) bool) *html.Node {
	for n := range top.Descendants() {
		if n.Type == html.ElementNode && is(n) {
			return n
		}
	}
	return nil
}

func optionValue(o *html.Node) string {
	if i := attr(o, "value"); i >= 0 {
		return o.Attr[i].Val
	}
	var text strings.Builder
	for n := range o.Descendants() {
		if n.Type == html.TextNode {
			text.WriteString(n.Data)
		}
	}
	return strings.TrimSpace(text.String())
}

func attr(n *html.Node, name string) int {
	return slices.IndexFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

func get(n *html.Node, name string) string {
	if i := attr(n, name); i >= 0 {
		return n.Attr[i].Val
	}
	return ""
}

func set(n *html.Node, name, value string) {
	if i := attr(n, name); i >= 0 {
		n.Attr[i].Val = value
		return
	}
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: value})
}

// mark gives a node a bare attribute, or takes it away.
func mark(n *html.Node, name string, yes bool) {
	if yes {
		set(n, name, "")
	} else if i := attr(n, name); i >= 0 {
		n.Attr = slices.Delete(n.Attr, i, i+1)
	}
}

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sort"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/internal/fault"
)

// maxBody is the limit of a JSON body.
const maxBody = 1 << 20

const sendJSON = "Send JSON as application/json."

// body reads a request body by its declared schema: it validates it and writes it anew in canonical form, so that what
// is decoded afterwards has exact names, no stray nulls and no unknown members. huma does not validate it again.
type body struct {
	root     *shape
	required bool
}

// shape is a schema as the body reader sees it.
type shape struct {
	scalar
	nullable bool
	object   bool
	members  map[string]*member // by exact and by lower-case name
	required []string
	values   *shape // additionalProperties: a map
	items    *shape // an array
	minItems int
	maxItems int
}

type member struct {
	name  string
	shape *shape
	null  bool // null is kept
}

func newBody(r huma.Registry, op *huma.Operation) *body {
	if op.RequestBody == nil {
		return nil
	}
	media := op.RequestBody.Content["application/json"]
	if media == nil || media.Schema == nil {
		return nil
	}
	return &body{newShape(r, media.Schema, map[*huma.Schema]*shape{}), op.RequestBody.Required}
}

func newShape(r huma.Registry, s *huma.Schema, seen map[*huma.Schema]*shape) *shape {
	nullable := s.Nullable
	s = resolve(r, s)
	if have := seen[s]; have != nil {
		return have
	}
	sh := &shape{scalar: newScalar(s), nullable: nullable || s.Nullable}
	seen[s] = sh
	switch s.Type {
	case huma.TypeArray:
		sh.items = newShape(r, s.Items, seen)
		if s.MinItems != nil {
			sh.minItems = *s.MinItems
		}
		if s.MaxItems != nil {
			sh.maxItems = *s.MaxItems
		}
	case huma.TypeObject:
		sh.object = true
		sh.required = s.Required
		sh.members = map[string]*member{}
		for name, p := range s.Properties {
			m := &member{name, newShape(r, p, seen), p.Nullable}
			sh.members[strings.ToLower(name)] = m
		}
		for name := range s.Properties { // the exact name wins where two names differ in case only
			sh.members[name] = sh.members[strings.ToLower(name)]
			if sh.members[name].name != name {
				p := s.Properties[name]
				sh.members[name] = &member{name, newShape(r, p, seen), p.Nullable}
			}
		}
		if v, ok := s.AdditionalProperties.(*huma.Schema); ok {
			sh.values = newShape(r, v, seen)
		}
	}
	return sh
}

// read returns the canonical body; wrong members go to the collector. The error is of the whole body.
func (b *body) read(w http.ResponseWriter, r *http.Request, wrong *fault.Collector) ([]byte, error) {
	form, err := b.mediaType(r)
	if err != nil {
		return nil, err
	}
	raw, err := readAll(w, r, maxBody)
	if err != nil {
		return nil, err
	}
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if form && !looksLikeJSON(raw) {
		if raw, err = b.root.fromForm(raw); err != nil {
			return nil, err
		}
	}
	if raw, err = b.root.bare(raw); err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" && !b.root.nullable {
		if b.required {
			return nil, fault.BadField("body", "is missing.").With("Send it as application/json.")
		}
		return nil, nil
	}
	if err := syntax(raw); err != nil {
		return nil, err
	}
	rd := reader{in: raw, out: make([]byte, 0, len(raw)), wrong: wrong}
	rd.value(b.root)
	return rd.out, nil
}

// mediaType accepts JSON under its names and under none, and says whether the body may be a form.
func (b *body) mediaType(r *http.Request) (form bool, err error) {
	ct := r.Header.Get("Content-Type")
	if ct == "" || ct == "application/json" {
		return false, nil
	}
	name, params, perr := mime.ParseMediaType(ct)
	if cs := params["charset"]; cs != "" && !strings.EqualFold(cs, "utf-8") && !strings.EqualFold(cs, "us-ascii") {
		return false, unsupported(ct, sendJSON)
	}
	switch {
	case perr != nil:
	case name == "application/x-www-form-urlencoded":
		return true, nil
	case name == "application/json", name == "text/json", name == "text/plain", strings.HasSuffix(name, "+json"):
		return false, nil
	}
	return false, unsupported(ct, sendJSON)
}

func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	var b bytes.Buffer
	if r.ContentLength > 0 {
		b.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := b.ReadFrom(http.MaxBytesReader(w, r.Body, limit))
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		return nil, tooLarge(limit)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fault.New(fault.Invalid, "The body could not be read to its end.").With("Send it again.")
	}
	return b.Bytes(), nil
}

func looksLikeJSON(raw []byte) bool {
	t := bytes.TrimSpace(raw)
	return len(t) > 0 && (t[0] == '{' || t[0] == '[' || t[0] == '"')
}

// bare quotes a body that is one string sent without quotes, as two of the official clients do.
func (s *shape) bare(raw []byte) ([]byte, error) {
	switch s.kind {
	case kindString, kindEnum, kindTime, kindUUID:
	default:
		return raw, nil
	}
	t := bytes.TrimSpace(raw)
	if len(t) == 0 || string(t) == "null" {
		return raw, nil
	}
	if t[0] == '"' && json.Valid(t) {
		return t, nil
	}
	return marshal(string(raw))
}

// fromForm writes a form as the object that it stands for.
func (s *shape) fromForm(raw []byte) ([]byte, error) {
	vals, err := url.ParseQuery(string(raw))
	if err != nil {
		return nil, fault.New(fault.Invalid, "The form has a broken %-escape.").With("Send JSON as application/json.")
	}
	if !s.object {
		return raw, nil
	}
	names := make([]string, 0, len(vals))
	for n := range vals {
		names = append(names, n)
	}
	sort.Strings(names)
	out := map[string]any{}
	for _, n := range names {
		base := strings.TrimSuffix(n, "[]")
		m := s.member(base)
		switch {
		case m == nil:
		case m.shape.items != nil:
			out[base] = vals[n]
		default:
			out[base] = vals[n][0]
		}
	}
	return json.Marshal(out)
}

// syntax tells where a body stops being JSON.
func syntax(raw []byte) error {
	if json.Valid(raw) {
		return nil
	}
	at := len(raw)
	var whole json.RawMessage
	if s := (*json.SyntaxError)(nil); errors.As(json.Unmarshal(raw, &whole), &s) {
		at = min(int(s.Offset), len(raw))
	}
	before := raw[:at]
	line := 1 + bytes.Count(before, []byte("\n"))
	column := at - 1 - bytes.LastIndexByte(before, '\n')
	return fault.BadField("body", "is not valid JSON at line %d, column %d (offset %d).", line, column, at).
		With("Look for a missing quote, comma or bracket there.")
}

func (s *shape) member(name string) *member {
	if m := s.members[name]; m != nil {
		return m
	}
	return s.members[strings.ToLower(name)]
}

package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

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

// reader walks a body that is known to be valid JSON and writes its canonical form.
type reader struct {
	in    []byte
	i     int
	out   []byte
	path  []byte // where we are, as the caller would name it: Items[2].Quantity
	wrong *fault.Collector
}

func (r *reader) fail(format string, args ...any) {
	name := string(r.path)
	if name == "" {
		name = "body"
	}
	r.wrong.Add(name, format, args...)
	r.out = append(r.out, "null"...) // keep the output well-formed; it is not used
}

func (r *reader) space() {
	for r.i < len(r.in) {
		switch r.in[r.i] {
		case ' ', '\t', '\r', '\n':
			r.i++
		default:
			return
		}
	}
}

// token returns the next value's bytes and steps over them.
func (r *reader) token() []byte {
	r.space()
	start, depth := r.i, 0
	for r.i < len(r.in) {
		switch r.in[r.i] {
		case '"':
			r.i++
			for r.in[r.i] != '"' {
				if r.in[r.i] == '\\' {
					r.i++
				}
				r.i++
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return r.in[start:r.i]
			}
			depth--
		case ',', ':', ' ', '\t', '\r', '\n':
			if depth == 0 {
				return r.in[start:r.i]
			}
			r.i++
			continue
		default:
			r.i++
			continue
		}
		r.i++
		if depth == 0 {
			return r.in[start:r.i]
		}
	}
	return r.in[start:r.i]
}

func (r *reader) value(s *shape) {
	r.space()
	first := r.in[r.i]
	switch {
	case first == 'n': // null
		r.token()
		if !s.nullable && s.kind != kindAny || s.object || s.items != nil {
			r.fail("must not be null.")
			return
		}
		r.out = append(r.out, "null"...)
	case s.object:
		if first != '{' {
			r.token()
			r.fail("must be an object in braces.")
			return
		}
		r.objectValue(s)
	case s.items != nil:
		if first != '[' {
			r.token()
			r.fail("must be a list in square brackets.")
			return
		}
		r.arrayValue(s)
	case s.kind == kindAny:
		r.out = append(r.out, r.token()...)
	default:
		r.scalarValue(s)
	}
}

func (r *reader) objectValue(s *shape) {
	r.out = append(r.out, '{')
	r.i++
	written := false
	var seen []string
	for {
		r.space()
		if r.in[r.i] == '}' {
			r.i++
			break
		}
		if r.in[r.i] == ',' {
			r.i++
			continue
		}
		key := unquote(r.token())
		r.space()
		r.i++ // the colon
		m := s.member(key)
		sh := s.values
		switch {
		case m != nil:
			key, sh = m.name, m.shape
		case sh == nil:
			r.token() // not declared: ignored
			continue
		case strings.ContainsRune(key, 0):
			r.wrong.Add(string(r.path), "has a name with the character U+0000: leave it out.")
		}
		r.space()
		if r.in[r.i] == 'n' && m != nil && !m.null {
			r.token() // null for what is optional and never null: as if it were absent
			continue
		}
		if written {
			r.out = append(r.out, ',')
		}
		written = true
		if len(s.required) > 0 {
			seen = append(seen, key)
		}
		r.out = appendString(r.out, key)
		r.out = append(r.out, ':')
		mark := len(r.path)
		if mark > 0 {
			r.path = append(r.path, '.')
		}
		r.path = append(r.path, key...)
		if m != nil && m.null && r.in[r.i] == 'n' {
			r.token()
			r.out = append(r.out, "null"...)
		} else {
			r.value(sh)
		}
		r.path = r.path[:mark]
	}
	r.out = append(r.out, '}')
	for _, name := range s.required {
		if !contains(seen, name) {
			full := name
			if len(r.path) > 0 {
				full = string(r.path) + "." + name
			}
			r.wrong.Add(full, "is missing: it is required.")
		}
	}
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func (r *reader) arrayValue(s *shape) {
	r.out = append(r.out, '[')
	r.i++
	n := 0
	for {
		r.space()
		if r.in[r.i] == ']' {
			r.i++
			break
		}
		if r.in[r.i] == ',' {
			r.i++
			continue
		}
		if n > 0 {
			r.out = append(r.out, ',')
		}
		mark := len(r.path)
		r.path = append(r.path, '[')
		r.path = strconv.AppendInt(r.path, int64(n), 10)
		r.path = append(r.path, ']')
		r.value(s.items)
		r.path = r.path[:mark]
		n++
	}
	r.out = append(r.out, ']')
	if n < s.minItems || s.maxItems > 0 && n > s.maxItems {
		r.fail("has %d entries: %s.", n, itemsWanted(s))
	}
}

func itemsWanted(s *shape) string {
	if s.maxItems == 0 {
		return fmt.Sprintf("at least %d are needed", s.minItems)
	}
	return fmt.Sprintf("%d to %d are allowed", s.minItems, s.maxItems)
}

func (r *reader) scalarValue(s *shape) {
	tok := r.token()
	isText := tok[0] == '"'
	if tok[0] == '{' || tok[0] == '[' {
		r.fail("must be %s, not a list or an object.", s.wanted())
		return
	}
	switch s.kind {
	case kindString:
		if !isText {
			r.fail("must be a text: put it in quotes.")
			return
		}
		if bytes.IndexByte(tok, '\\') < 0 && utf8.Valid(tok) && s.schema.MaxLength == nil && s.schema.MinLength == nil {
			r.out = append(r.out, tok...)
			return
		}
	case kindTime, kindUUID:
		if !isText {
			r.fail("must be %s, in quotes.", s.wanted())
			return
		}
	case kindEnum:
		if tok[0] == 't' || tok[0] == 'f' {
			r.fail("must be %s.", s.wanted())
			return
		}
	}
	text := string(tok)
	if isText {
		text = unquote(tok)
	}
	canonical, complaint := s.canon(text)
	if complaint != "" {
		r.fail("%s", complaint)
		return
	}
	switch s.kind {
	case kindInteger, kindNumber, kindBoolean:
		r.out = append(r.out, canonical...)
	default:
		r.out = appendString(r.out, canonical)
	}
}

func (s *shape) wanted() string {
	switch s.kind {
	case kindInteger:
		return "a whole number"
	case kindNumber:
		return "a number"
	case kindBoolean:
		return "true or false"
	case kindTime:
		return "a date-time such as 2026-11-21T10:00:00Z"
	case kindUUID:
		return "a uuid"
	case kindEnum:
		return "one of " + strings.Join(s.enum, ", ")
	}
	return "a text"
}

func unquote(tok []byte) string {
	if bytes.IndexByte(tok, '\\') < 0 {
		return string(tok[1 : len(tok)-1])
	}
	var s string
	_ = json.Unmarshal(tok, &s) // the whole body was checked
	return s
}

func appendString(out []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' || c >= 0x80 {
			b, _ := marshal(s) // a string cannot fail
			return append(out, b...)
		}
	}
	out = append(out, '"')
	out = append(out, s...)
	return append(out, '"')
}

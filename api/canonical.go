package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"comanda/internal/fault"
)

// reader walks a body that is known to be valid JSON and writes its canonical form.
type reader struct {
	in    []byte
	i     int
	out   []byte
	path  []byte // where we are, as the caller would name it: Items[2].Quantity
	wrong *fault.Collector
}

func (r *reader) fail(format string, args ...any) {
	defer func() { r.out = append(r.out, "null"...) }() // keep the output well-formed; it is not used
	if r.wrong.Full() {
		return
	}
	name := r.where()
	if name == "" {
		name = "body"
	}
	r.wrong.Add(name, format, args...)
}

// where names the place of the reader; the collector cuts a longer name anyway.
func (r *reader) where() string { return string(r.path[:min(len(r.path), 1000)]) }

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

// value reads the next value. Once the collector is full it only steps over it: the body is refused anyway.
func (r *reader) value(s *shape) {
	r.space()
	if r.wrong.Full() {
		r.token()
		r.out = append(r.out, "null"...)
		return
	}
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
			r.wrong.Add(r.where(), "has a name with the character U+0000: leave it out.")
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
		if !r.wrong.Full() && !slices.Contains(seen, name) {
			full := name
			if len(r.path) > 0 {
				full = r.where() + "." + name
			}
			r.wrong.Add(full, "is missing: it is required.")
		}
	}
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
		if s.maxItems > 0 && n >= s.maxItems { // refused below: count them, no more
			r.token()
			n++
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
		if bytes.IndexByte(tok, '\\') < 0 && utf8.Valid(tok) && s.schema.MaxLength == nil && s.schema.MinLength == nil && s.form == nil {
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

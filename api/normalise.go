package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/internal/fault"
)

// operation is a served operation: its row, its huma description, and what the normaliser needs of it.
type operation struct {
	row
	op      *huma.Operation
	handler func(huma.Context)
	path    map[string]*scalar
	query   map[string]*param // by lower-case name
	needed  []*param          // the required ones
	headers []string          // required headers
	body    *body             // nil: it has none
	upload  []string          // the parts of a multipart body
}

// param is a query parameter.
type param struct {
	scalar
	name     string
	array    bool
	required bool
}

// value is one canonical parameter.
type value struct{ name, text string }

// compile reads the operation's schemas once.
func (o *operation) compile(r huma.Registry) {
	o.path, o.query = map[string]*scalar{}, map[string]*param{}
	for _, p := range o.op.Parameters {
		switch p.In {
		case "header":
			if p.Required {
				o.headers = append(o.headers, p.Name)
			}
		case "path":
			s := newScalar(resolve(r, p.Schema))
			o.path[p.Name] = &s
		case "query":
			s := resolve(r, p.Schema)
			q := &param{name: p.Name, array: s.Type == huma.TypeArray, required: p.Required}
			if q.array {
				s = resolve(r, s.Items)
				if p.Explode == nil || !*p.Explode {
					panic("api: " + o.id + ": write query:\"" + p.Name + ",explode\": a list is repeated names, never commas")
				}
			}
			q.scalar = newScalar(s)
			o.query[strings.ToLower(p.Name)] = q
			if q.required {
				o.needed = append(o.needed, q)
			}
		}
	}
	o.body = newBody(r, o.op)
	o.upload = uploadFields(o.op)
	if o.op.RequestBody != nil && o.body == nil && o.upload == nil {
		panic("api: " + o.id + ": a body is JSON (Body) or multipart (RawBody): nothing else is limited and checked")
	}
}

// emptyLast says that the last path segment may be empty: PHP writes false so.
func (o *operation) emptyLast() bool {
	segs := segments(o.row.path)
	name, ok := variableName(segs[len(segs)-1])
	return ok && o.path[name] != nil && o.path[name].kind == kindBoolean
}

func resolve(r huma.Registry, s *huma.Schema) *huma.Schema {
	for s.Ref != "" {
		s = r.SchemaFromRef(s.Ref)
	}
	return s
}

// pathValues reads the variables from the raw segments: unescaped, otherwise as they were sent.
func (o *operation) pathValues(e *endpoint, segs []string, out []value, wrong *fault.Collector) []value {
	for _, v := range e.vars {
		raw := "false" // an empty last segment, cut off by the router
		if v.index < len(segs) {
			raw = segs[v.index]
		}
		text, err := url.PathUnescape(raw)
		if err != nil {
			wrong.Add(v.name, "has a broken %%-escape.")
			continue
		}
		s := o.path[v.name]
		if s == nil {
			continue
		}
		canonical, complaint := s.canon(text)
		if complaint != "" {
			wrong.Add(v.name, "%s", complaint)
			continue
		}
		out = append(out, value{v.name, canonical})
	}
	return out
}

// queryValues reads the declared parameters in any case of their names, repeated or with [n] behind the name; what is
// not declared is ignored, and so is an empty value.
func (o *operation) queryValues(raw string, out []value, wrong *fault.Collector) []value {
	if len(o.query) == 0 {
		return out
	}
	start := len(out)
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		k, v, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(k)
		if err != nil {
			continue // no declared name has an escape that fails
		}
		if i := strings.IndexByte(name, '['); i > 0 && strings.HasSuffix(name, "]") {
			if inner := name[i+1 : len(name)-1]; inner == "" || allDigits(inner) {
				name = name[:i]
			}
		}
		p := o.query[strings.ToLower(name)]
		if p == nil || v == "" || !p.array && has(out[start:], p.name) {
			continue
		}
		text, err := url.QueryUnescape(v)
		if err != nil {
			wrong.Add(p.name, "has a broken %%-escape.")
			continue
		}
		canonical, complaint := p.canon(text)
		if complaint != "" {
			wrong.Add(p.name, "%s", complaint)
			continue
		}
		out = append(out, value{p.name, canonical})
	}
	for _, p := range o.needed {
		if !has(out[start:], p.name) {
			wrong.Add(p.name, "is missing: it is required.")
		}
	}
	return out
}

func has(vs []value, name string) bool {
	for i := range vs {
		if vs[i].name == name {
			return true
		}
	}
	return false
}

// normalise rewrites what the client sent into the canonical form that the document describes. Everything that is wrong
// is told at once.
func (o *operation) normalise(c *call, e *endpoint, segs []string) error {
	var wrong fault.Collector
	c.pathValues = o.pathValues(e, segs, c.pathValues, &wrong)
	c.queryValues = o.queryValues(c.r.URL.RawQuery, c.queryValues, &wrong)
	for _, h := range o.headers {
		if c.r.Header.Get(h) == "" {
			wrong.Add(h, "is missing: this header is required.")
		}
	}
	if o.body != nil {
		canonical, err := o.body.read(c.w.ResponseWriter, c.r, &wrong)
		if err != nil {
			return err
		}
		c.setBody(canonical)
	}
	if o.upload != nil {
		if err := c.readForm(o.upload); err != nil {
			return err
		}
	}
	return wrong.Err()
}

func tooLarge(limit int64) error {
	return fault.Newf(fault.TooLarge, "The body is larger than %d bytes.", limit).With("Send less at once.")
}

func unsupported(ct, mend string) error {
	return &problem{
		status:  http.StatusUnsupportedMediaType,
		Message: fmt.Sprintf("The content type %s is not understood here.", quoted(ct)),
		Details: mend,
	}
}

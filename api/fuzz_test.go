package api

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comanda/internal/fault"
)

// operationOf finds a probe operation by id.
func operationOf(tb testing.TB, s *server, id string) *endpoint {
	tb.Helper()
	for _, es := range s.router.endpoints {
		for _, e := range es {
			if e.id == id {
				return e
			}
		}
	}
	tb.Fatalf("no operation %s", id)
	return nil
}

// What the body reader lets through is strict: huma's own validator finds nothing wrong with it, it decodes into the
// handler's type, and reading it again changes nothing.
func FuzzBody(f *testing.F) {
	for _, seed := range []string{
		`{"Name":"a","Count":3,"Price":1.5e2,"At":"2026-11-01","State":1,"Yes":1,"Id":null,"Items":[{"Quantity":"2"}],"Meta":{"k":"v"}}`,
		`{"name":"\u0041\ud800","tags":["x",null],"ITEM":{"quantity":1e400}}`, `[]`, `{"Name":{}}`, "{\"Name\":\"\xff\"}", `{"":1,"Name":"a","NAME":"b"}`,
		` [ 1 , "2" ] `, `"text"`, `bare`, `{"Name":"a","Count":-0,"Price":-0.0}`, `{"Name":"a","Price":00}`,
	} {
		f.Add(seed)
	}
	s := probe(f)
	thing := operationOf(f, s, "Thing").op
	registry := s.doc.Components.Schemas
	schema := thing.op.RequestBody.Content["application/json"].Schema
	f.Fuzz(func(t *testing.T, in string) {
		read := func(in string) ([]byte, bool) {
			r := httptest.NewRequest(post, "/", strings.NewReader(in))
			var wrong fault.Collector
			out, err := thing.body.read(httptest.NewRecorder(), r, &wrong)
			return out, err == nil && wrong.Err() == nil
		}
		out, ok := read(in)
		if !ok {
			return
		}
		var tree any
		if err := json.Unmarshal(out, &tree); err != nil {
			t.Fatalf("%q → %q: %v", in, out, err)
		}
		res := &huma.ValidateResult{}
		huma.Validate(registry, schema, huma.NewPathBuffer(nil, 0), huma.ModeWriteToServer, tree, res)
		if len(res.Errors) > 0 {
			t.Fatalf("%q → %q: huma finds %v", in, out, res.Errors)
		}
		var v thingBody
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatalf("%q → %q: %v", in, out, err)
		}
		if again, ok := read(string(out)); !ok || !bytes.Equal(again, out) {
			t.Fatalf("%q → %q → %q: not stable", in, out, again)
		}
	})
}

// A path and query of any bytes is answered, never with a 500, and what reaches the handler is declared and canonical.
func FuzzPathAndQuery(f *testing.F) {
	for _, seed := range [][2]string{
		{"/api/v1.0/bella/probe/7", "state[0]=Created&page=2&from=2026-11-01"},
		{"//API//v1.0/b%2Fx/probe/1/", "state%5B%5D=1&&=&%zz&page=%"},
		{"/api/v1.0/vouchers/%31", "a[b]=c"},
		{"/%2e%2e/../api", "[=]&[]="},
	} {
		f.Add(seed[0], seed[1])
	}
	s := probe(f)
	f.Fuzz(func(t *testing.T, path, query string) {
		u, err := url.ParseRequestURI("/" + strings.TrimLeft(path, "/"))
		if err != nil {
			return
		}
		u.RawQuery = query
		e, segs := s.router.find(get, u)
		if e == nil || e.op == nil {
			return
		}
		var wrong fault.Collector
		values := e.op.queryValues(query, e.op.pathValues(e, segs, nil, &wrong), &wrong)
		if wrong.Err() != nil {
			return
		}
		for _, v := range values {
			c := e.op.path[v.name]
			if p := e.op.query[strings.ToLower(v.name)]; p != nil {
				c = &p.scalar
			}
			if c == nil {
				t.Fatalf("%q is not declared", v.name)
			}
			if again, complaint := c.canon(v.text); again != v.text || complaint != "" {
				t.Fatalf("%s: %q is not stable: %q %s", v.name, v.text, again, complaint)
			}
		}
		r := httptest.NewRequest(get, "https://comanda.test/", nil)
		r.URL = u
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != 501 {
			t.Fatalf("%s?%s: %d %s", path, query, w.Code, w.Body)
		}
	})
}

func FuzzTime(f *testing.F) {
	for _, seed := range []string{
		"2026-11-01T00:00:00Z", "Sun Nov 01 2026 00:00:00 GMT+0000 (Coordinated Universal Time)", "2026-11-01T00:00:00.1234567",
		"2026-11-01 10:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59-14:00", "Sun, 01 Nov 2026 00:00:00 GMT", "2026-11-01t00:00:00z",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, ok := parseTime(in)
		if !ok {
			return
		}
		back, ok := parseTime(got.Format(time.RFC3339Nano))
		if !ok || !back.Equal(got) {
			t.Fatalf("%q → %v → %v", in, got, back)
		}
	})
}

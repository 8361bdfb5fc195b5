package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// What each official client sends for each kind of value, read from its sources or seen on the wire.
func TestWhatTheOfficialClientsSend(t *testing.T) {
	s := probe(t)
	const list, day = `"State":["Created","Dispatched"]`, `"From":"2026-11-01T00:00:00Z"`
	jsDate := "Sun Nov 01 2026 00:00:00 GMT+0000 (Coordinated Universal Time)"
	query := func(q string) string { return "/api/v1.0/bella/probe/7?" + q }
	for _, c := range []struct {
		client, matter, method, target, body, contentType, want string
	}{
		{"TypeScript", "list", get, query("state%5B0%5D=Created&state%5B1%5D=Dispatched"), "", "", list},
		{"TypeScript", "list, useQuerystring", get, query("state=Created&state=Dispatched"), "", "", list},
		{"TypeScript", "date", get, query("from=" + url.QueryEscape(jsDate)), "", "", day},
		{"TypeScript", "date as a text", get, query("from=2026-11-01"), "", "", day},
		{"TypeScript", "date in a body", post, "/api/v1.0/probe/thing", `{"Name":"a","At":"` + jsDate + `"}`, "application/json", `"At":"2026-11-01T00:00:00Z"`},
		{"TypeScript", "boolean", get, query("preOrderConfig.flag=false"), "", "", `"Flag":false`},
		{"TypeScript", "boolean in the path", post, "/api/v1.0/probe/tax/show/true", "", "", "true"},
		{"TypeScript", "string body", post, "/api/v1.0/probe/text", `"he said \"hi\""`, "application/json", `"he said \"hi\""`},
		{"TypeScript", "boolean body", post, "/api/v1.0/probe/bool", "true", "application/json", "true"},
		{"TypeScript", "base path with a slash", get, "//api/v1.0/bella/probe/7", "", "", `"Order":7`},

		{"JavaScript", "list", get, query("state=Created&state=Dispatched"), "", "", list},
		{"JavaScript", "date", get, query("from=2026-11-01T00%3A00%3A00.000Z"), "", "", day},
		{"JavaScript", "date in a body", post, "/api/v1.0/probe/thing", `{"Name":"a","At":"2026-11-01T00:00:00.000Z"}`, "application/json", `"At":"2026-11-01T00:00:00Z"`},
		{"JavaScript", "boolean", get, query("preOrderConfig.flag=true"), "", "", `"Flag":true`},
		{"JavaScript", "string body", post, "/api/v1.0/probe/text", `he said "hi"`, "application/json", `"he said \"hi\""`},
		{"JavaScript", "boolean body", post, "/api/v1.0/probe/bool", "false", "application/json", "false"},

		{"PHP", "list", get, query("state=Created&state=Dispatched"), "", "application/json", list},
		{"PHP", "date", get, query("from=2026-11-01T00%3A00%3A00%2B00%3A00"), "", "application/json", day},
		{"PHP", "date in a body", post, "/api/v1.0/probe/thing", `{"Name":"a","At":"2026-11-01T02:00:00+02:00"}`, "application/json", `"At":"2026-11-01T00:00:00Z"`},
		{"PHP", "true", get, query("preOrderConfig.flag=1"), "", "application/json", `"Flag":true`},
		{"PHP", "false", get, query("preOrderConfig.flag=0"), "", "application/json", `"Flag":false`},
		{"PHP", "true in the path", post, "/api/v1.0/probe/tax/show/1", "", "application/json", "true"},
		{"PHP", "false in the path", post, "/api/v1.0/probe/tax/show/", "", "application/json", "false"},
		{"PHP", "string body", post, "/api/v1.0/probe/text", `hello`, "application/json", `"hello"`},
		{"PHP", "boolean body", post, "/api/v1.0/probe/bool", "1", "application/json", "true"},
		{"PHP", "base path with a slash", get, "//api/v1.0/bella/probe/7", "", "application/json", `"Order":7`},

		{"Java", "list", get, query("state=Created&state=Dispatched"), "", "", list},
		{"Java", "date", get, query("from=2026-11-01T02%3A00%2B02%3A00"), "", "", day},
		{"Java", "date in a body", post, "/api/v1.0/probe/thing", `{"Name":"a","At":"2026-11-01T02:00+02:00"}`, "application/json; charset=utf-8", `"At":"2026-11-01T00:00:00Z"`},
		{"Java", "boolean", get, query("preOrderConfig.flag=true"), "", "", `"Flag":true`},
		{"Java", "string body", post, "/api/v1.0/probe/text", `"hello"`, "application/json; charset=utf-8", `"hello"`},

		{"C#", "list", get, query("state=Created&state=Dispatched"), "", "application/json", list},
		{"C#", "date, UTC", get, query("from=2026-11-01T00%3A00%3A00.0000000Z"), "", "application/json", day},
		{"C#", "date, offset", get, query("from=2026-11-01T02%3A00%3A00.0000000%2B02%3A00"), "", "application/json", day},
		{"C#", "date, neither", get, query("from=2026-11-01T00%3A00%3A00.0000000"), "", "application/json", day},
		{"C#", "date in a body", post, "/api/v1.0/probe/thing", `{"Name":"a","At":"2026-11-01T00:00:00"}`, "application/json", `"At":"2026-11-01T00:00:00Z"`},
		{"C#", "boolean", get, query("preOrderConfig.flag=True"), "", "application/json", `"Flag":true`},
		{"C#", "boolean in the path", post, "/api/v1.0/probe/tax/show/False", "", "application/json", "false"},
		{"C#", "string body", post, "/api/v1.0/probe/text", `"hello"`, "application/json", `"hello"`},

		{"curl", "JSON with curl's own content type", post, "/api/v1.0/probe/thing", `{"Name":"a"}`, "application/x-www-form-urlencoded", `"Name":"a"`},
		{"portal samples", "enum by number", post, "/api/v1.0/probe/thing", `{"Name":"a","State":2}`, "application/json", `"State":"Dispatched"`},
	} {
		var headers []string
		if c.contentType != "" {
			headers = []string{"Content-Type", c.contentType}
		}
		w := send(t, s, c.method, c.target, c.body, headers...)
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), c.want) {
			t.Errorf("%s, %s: %d %s\nwant %s", c.client, c.matter, w.Code, w.Body, c.want)
		}
	}
}

// The same through a real connection: what net/http itself does to requests and answers.
func TestOverARealConnection(t *testing.T) {
	srv := httptest.NewTLSServer(probe(t))
	t.Cleanup(srv.Close)
	do := func(method, target string, body *strings.Reader, chunked bool) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+target, body)
		if err != nil {
			t.Fatal(err)
		}
		if chunked {
			r.ContentLength = -1
		}
		resp, err := srv.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = resp.Body.Close() })
		return resp
	}
	if r := do(http.MethodHead, "/api/v1.0/bella/probe/7", strings.NewReader(""), false); r.StatusCode != http.StatusOK || r.ContentLength < 50 {
		t.Errorf("HEAD: %d, length %d", r.StatusCode, r.ContentLength)
	}
	if r := do(get, "//api/v1.0//bella/probe/7", strings.NewReader(""), false); r.StatusCode != http.StatusOK || r.Request.URL.Path != "//api/v1.0//bella/probe/7" {
		t.Errorf("doubled slashes: %d at %s", r.StatusCode, r.Request.URL.Path)
	}
	if r := do(post, "/api/v1.0/probe/empty", strings.NewReader(""), false); r.StatusCode != http.StatusOK || r.ContentLength != 0 {
		t.Errorf("empty answer: %d, length %d", r.StatusCode, r.ContentLength)
	}
	huge := `{"Name":"` + strings.Repeat("x", 2*maxBody) + `"}`
	for _, chunked := range []bool{false, true} {
		if r := do(post, "/api/v1.0/probe/thing", strings.NewReader(huge), chunked); r.StatusCode != http.StatusRequestEntityTooLarge {
			t.Errorf("huge body, chunked %t: %d", chunked, r.StatusCode)
		}
	}
	if r := do(post, "/api/v1.0/probe/thing", strings.NewReader(`{"Name":"a"}`), true); r.StatusCode != http.StatusOK {
		t.Errorf("chunked body: %d", r.StatusCode)
	}
	for name, want := range map[string]string{
		"Content-Type": "application/json", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "", "Location": "",
	} {
		if got := do(get, "/api/v1.0/bella/probe/7", strings.NewReader(""), false).Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

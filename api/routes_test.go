package api

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"unicode"
)

// contractRow is a line of testdata/contract/operations.tsv, the facts.
type contractRow struct {
	tag, id, method, path, params, request, responses string
}

func contractRows(tb testing.TB) []contractRow {
	tb.Helper()
	b, err := os.ReadFile("testdata/contract/operations.tsv")
	if err != nil {
		tb.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	col := map[string]int{}
	for i, name := range strings.Split(lines[0], "\t") {
		col[name] = i
	}
	var rows []contractRow
	for _, l := range lines[1:] {
		f := strings.Split(l, "\t")
		rows = append(rows, contractRow{
			f[col["tag"]], f[col["operationId"]], f[col["method"]], f[col["path"]],
			f[col["params"]], f[col["requestSchema"]], f[col["responses"]],
		})
	}
	return rows
}

var update = flag.Bool("update", false, "write contract.tsv anew from testdata/contract/operations.tsv, and examples.json from what the server answers")

func TestTheListOfOperationsIsTheContracts(t *testing.T) {
	rows := contractRows(t)
	if *update {
		var b strings.Builder
		for _, r := range rows {
			b.WriteString(r.method + "\t" + r.path + "\t" + r.id + "\t" + r.tag + "\n")
		}
		if err := os.WriteFile("contract.tsv", []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		contractTSV = b.String()
	}
	ops := contractOps()
	if len(rows) != 593 || len(ops) != len(rows) {
		t.Fatalf("%d rows, %d operations, want 593", len(rows), len(ops))
	}
	for i, r := range rows {
		if want := (contractOp{r.method, r.path, r.id, r.tag}); ops[i] != want {
			t.Errorf("line %d: %v, want %v", i+1, ops[i], want)
		}
	}
}

// operationLog collects the operation that each request reached, from the request log.
type operationLog struct{ last string }

func (l *operationLog) Enabled(context.Context, slog.Level) bool { return true }
func (l *operationLog) WithAttrs([]slog.Attr) slog.Handler       { return l }
func (l *operationLog) WithGroup(string) slog.Handler            { return l }
func (l *operationLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "operation" {
			l.last = a.Value.String()
		}
		return true
	})
	return nil
}

// filled is a path with a value for each variable that no other variable gets.
func filled(path string) (concrete string, values []string) {
	segs := segments(path)
	for i, s := range segs {
		name, ok := variableName(s)
		if !ok {
			continue
		}
		switch {
		case name == "appId":
			segs[i] = "Bella-Napoli"
		case strings.Contains(strings.ToLower(path), "/vouchers/{voucherid}"):
			segs[i] = "17"
		default:
			segs[i] = "VaL" + strings.Repeat("x", i)
		}
		values = append(values, segs[i])
	}
	return "/" + strings.Join(segs, "/"), values
}

func recase(path string, f func(rune) rune) string {
	segs := segments(path)
	for i, s := range segs {
		if _, ok := variableName(s); !ok {
			segs[i] = strings.Map(f, s)
		}
	}
	return "/" + strings.Join(segs, "/")
}

func TestEveryRouteOfTheContractReachesItself(t *testing.T) {
	seen := &operationLog{}
	h := New(Config{Log: slog.New(seen)})
	upper := true
	cases := map[string]func(rune) rune{
		"declared": func(r rune) rune { return r },
		"lower":    unicode.ToLower,
		"upper":    unicode.ToUpper,
		"mixed": func(r rune) rune {
			upper = !upper
			if upper {
				return unicode.ToUpper(r)
			}
			return unicode.ToLower(r)
		},
	}
	for name, f := range cases {
		for _, op := range contractOps() {
			path, _ := filled(recase(op.Path, f))
			seen.last = ""
			w := send(t, h, op.Method, path, "")
			if seen.last != op.ID || w.Code == http.StatusNotFound || w.Code == http.StatusMethodNotAllowed {
				t.Errorf("%s: %s %s reached %q (%d), want %s", name, op.Method, path, seen.last, w.Code, op.ID)
			}
		}
	}
}

func TestVariableSegmentsKeepTheirBytes(t *testing.T) {
	s := &server{router: newRouter()}
	for _, op := range contractOps() {
		s.router.add(&endpoint{id: op.ID, method: op.Method, path: op.Path})
	}
	for _, op := range contractOps() {
		path, values := filled(recase(op.Path, unicode.ToUpper))
		e, segs := s.router.find(op.Method, mustURL(t, path))
		if e == nil {
			t.Errorf("%s %s: not found", op.Method, path)
			continue
		}
		for i, v := range e.vars {
			if segs[v.index] != values[i] {
				t.Errorf("%s: %s is %q, want %q", op.ID, v.name, segs[v.index], values[i])
			}
		}
	}
}

func TestVouchersAreToldApartByTheirValue(t *testing.T) {
	seen := &operationLog{}
	h := New(Config{Log: slog.New(seen)})
	for path, want := range map[string]string{
		"/api/v1.0/vouchers/17":           "UpdateVoucher",
		"/api/v1.0/vouchers/bella-napoli": "CreateVoucher",
		"/api/v1.0/vouchers/17x":          "CreateVoucher",
	} {
		if send(t, h, post, path, ""); seen.last != want {
			t.Errorf("POST %s reached %s, want %s", path, seen.last, want)
		}
	}
}

func TestWhatIsNotServedSaysSo(t *testing.T) {
	h := New(Config{Log: slog.New(slog.DiscardHandler)})
	served := map[string]bool{}
	for _, g := range (&server{}).routes() {
		for _, r := range g.rows {
			served[r.method+" "+r.path] = true
		}
	}
	for _, op := range contractOps() {
		if served[op.Method+" "+op.Path] {
			continue
		}
		path, _ := filled(op.Path)
		w := send(t, h, op.Method, path, "")
		if w.Code != 501 || !bytes.Contains(w.Body.Bytes(), []byte(op.ID)) || !bytes.Contains(w.Body.Bytes(), []byte("docs/compatibility.md")) {
			t.Errorf("%s %s: %d %s", op.Method, path, w.Code, w.Body)
		}
	}
}

func TestMethodsOfAPath(t *testing.T) {
	h := New(Config{Log: slog.New(slog.DiscardHandler)})
	for _, c := range []struct {
		method, path string
		headers      []string
		status       int
		allow        string
	}{
		{"HEAD", "/api/v1.0/heartbeat", nil, 200, ""},
		{"HEAD", "/api/v1.0/x/bankaccounts", nil, 501, ""}, // as its GET
		{"OPTIONS", "/api/v1.0/heartbeat", nil, 204, "GET, HEAD, OPTIONS"},
		{"OPTIONS", "/api/v1.0/accounts", []string{"Origin", "https://x.example", "Access-Control-Request-Method", "PUT"}, 204, "GET, HEAD, POST, PUT, OPTIONS"},
		{"OPTIONS", "/api/v1.0/nothing/at/all/here/is/there", nil, 404, ""},
		{"PATCH", "/api/v1.0/heartbeat", nil, 405, "GET, HEAD, OPTIONS"},
		{"BREW", "/api/v1.0/heartbeat", nil, 405, "GET, HEAD, OPTIONS"},
		{"GET", "/api/v1.0/nothing/at/all/here/is/there", nil, 404, ""},
		{"GET", "/api", nil, 404, ""},
		{"GET", "/", nil, 404, ""},
	} {
		w := send(t, h, c.method, c.path, "", c.headers...)
		if w.Code != c.status || w.Header().Get("Allow") != c.allow {
			t.Errorf("%s %s: %d, Allow %q; want %d, %q", c.method, c.path, w.Code, w.Header().Get("Allow"), c.status, c.allow)
		}
		if c.headers != nil {
			for name, want := range map[string]string{
				"Access-Control-Allow-Origin":      "*",
				"Access-Control-Allow-Methods":     c.allow,
				"Access-Control-Allow-Headers":     "Authorization, Authentication, DPoP, Content-Type, User-Agent, Idempotency-Key, Last-Event-ID",
				"Access-Control-Allow-Credentials": "",
			} {
				if got := w.Header().Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		}
	}
}

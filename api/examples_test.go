package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"comanda/api"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/internal/dbtest"
)

// show is a call of the tour: the first that succeeds is the operation's example, and the first of each refusal is the
// example of that.
type show struct {
	op, as  string
	vars    string // "id={one}": path variables that are called otherwise in the kit
	query   string
	body    string
	header  http.Header
	refused int // the status, when the call is to be refused
	events  apptest.Events
	save    map[string]string
	unknown string // "id=7": what makes it a 404 right after the success; else another last variable, "-" = nothing does
}

// tour calls every operation of a real server and keeps what was sent and answered.
type tour struct {
	*apptest.Kit
	served   map[string]api.Operation
	examples map[string]*api.Example
	caused   map[string][]string // events by operation
	sample   samples
}

func newTour(k *apptest.Kit) *tour {
	t := &tour{Kit: k, served: map[string]api.Operation{}, examples: map[string]*api.Example{}, caused: map[string][]string{}}
	for _, o := range api.Operations() {
		t.served[o.ID] = o
	}
	return t
}

func (t *tour) show(calls ...show) {
	t.Helper()
	for _, c := range calls {
		t.call(c)
	}
}

func (t *tour) call(c show) *httptest.ResponseRecorder {
	t.Helper()
	op, ok := t.served[c.op]
	if !ok {
		t.Fatalf("there is no operation %s", c.op)
	}
	path, params := t.path(op.Path, c.vars)
	if c.query != "" {
		path += "?" + t.Expand(c.query)
		values, err := url.ParseQuery(t.Expand(c.query))
		t.Must(err)
		for name, v := range values {
			params[name] = v[0]
		}
	}
	status := c.refused
	if status == 0 {
		status = http.StatusOK
		for _, other := range []int{http.StatusCreated, http.StatusAccepted} {
			if t.Document()[c.op].Responses[strconv.Itoa(other)] != nil {
				status = other
			}
		}
	}
	w := t.Call(apptest.Call{
		Name: "tour", As: c.as, Method: op.Method, Path: path, Body: c.body, Header: c.header, Status: status, Events: c.events, Save: c.save, Unknown: true,
	})
	if w.Code != status {
		return w
	}
	t.keep(c, params, w)
	if c.refused == 0 && t.Document()[c.op].Responses["404"] != nil && t.examples[c.op].Refusals["404"] == nil && c.unknown != "-" {
		t.unknown(c, op.Path, params)
	}
	return w
}

// path fills in the variables of a path.
func (t *tour) path(template, vars string) (path string, params map[string]string) {
	given := map[string]string{}
	for _, pair := range strings.Fields(vars) {
		name, value, _ := strings.Cut(pair, "=")
		given[name] = t.Expand(value)
	}
	params = map[string]string{}
	return variable.ReplaceAllStringFunc(template, func(v string) string {
		name := v[1 : len(v)-1]
		value, ok := given[name]
		if !ok {
			if value, ok = t.Vars[name]; !ok {
				t.Fatalf("%s: what is %s", template, name)
			}
		}
		params[name] = value
		return url.PathEscape(value)
	}), params
}

var variable = regexp.MustCompile(`\{\w+\}`)

func (t *tour) keep(c show, params map[string]string, w *httptest.ResponseRecorder) {
	t.Helper()
	t.caused[c.op] = append(t.caused[c.op], c.events...)
	e := t.examples[c.op]
	if e == nil {
		e = &api.Example{Refusals: map[string]json.RawMessage{}}
		t.examples[c.op] = e
	}
	if c.refused != 0 {
		if code := fmt.Sprint(c.refused); e.Refusals[code] == nil {
			e.Refusals[code] = t.sample.of(w.Body.Bytes())
		}
		return
	}
	if e.Parameters != nil {
		return
	}
	e.Parameters = map[string]string{}
	for name, v := range params {
		e.Parameters[name] = t.sample.text(v)
	}
	if body := t.Expand(c.body); json.Valid([]byte(body)) {
		e.Request = t.sample.of([]byte(body))
	}
	switch kind := w.Header().Get("Content-Type"); {
	case w.Body.Len() == 0:
	case kind == "application/json":
		e.Response = t.sample.of(w.Body.Bytes())
	case kind == "text/event-stream":
		text, err := json.Marshal(t.sample.text(w.Body.String()))
		t.Must(err)
		e.Response = text
	}
}

// unknown makes the call once more with something that is not there.
func (t *tour) unknown(c show, path string, params map[string]string) {
	t.Helper()
	all := variable.FindAllString(path, -1)
	if c.unknown == "" {
		last := strings.Trim(all[len(all)-1], "{}")
		c.unknown = last + "=" + other(params[last])
	}
	c.vars, c.refused, c.events, c.save = c.vars+" "+c.unknown, http.StatusNotFound, nil, nil
	if c.header != nil && c.header.Get("Idempotency-Key") != "" {
		c.header = key()
	}
	t.call(c)
}

// other is something like a value that stands for nothing.
func other(value string) string {
	switch {
	case len(value) == 36:
		return "0198c0de-0000-7000-8000-000000000000"
	case strings.Trim(value, "0123456789") == "" && len(value) < 10:
		return "424242"
	case strings.Trim(value, "0123456789") == "":
		return strings.Repeat("9", len(value))
	}
	return "nothing"
}

// samples puts plain values in the place of those that are random, secret or of this moment, the same for the same.
type samples struct {
	seen  map[string]string
	count map[string]int
}

var volatile = []struct {
	kind string
	form *regexp.Regexp
	as   func(found string, n int) string
}{
	{"uuid", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`), func(_ string, n int) string {
		return fmt.Sprintf("019a4e6c-0000-7000-8000-%012d", n)
	}},
	{"uuid4", regexp.MustCompile(`\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}\b`), func(found string, n int) string {
		if strings.HasPrefix(found, "00000000-") { // chosen by the tour
			return found
		}
		return fmt.Sprintf("5d3c8f10-0000-4000-8000-%012d", n)
	}},
	{"client", regexp.MustCompile(`\b\d{22}\b`), func(_ string, n int) string { return fmt.Sprintf("123456789012345678%04d", n) }},
	{"secret", regexp.MustCompile(`\b(?:cmd_[a-z]+|whsec|whpk)_[\w+/=-]+`), func(found string, n int) string {
		return fmt.Sprintf("%ssample%d", secretPrefix.FindString(found), n)
	}},
	{"request", regexp.MustCompile(`\b[A-Z2-7]{10}-[0-9a-z]+\b`), func(string, int) string { return "K7QZ2M4WTX-1" }},
	{"key", regexp.MustCompile(`\b[A-Z2-7]{26}\b`), func(_ string, n int) string { return fmt.Sprintf("SAMPLEKEYSAMPLEKEYSAMPLE%02d", n) }},
	{"tracking", regexp.MustCompile(`\bAAA[\w-]{27}`), func(_ string, n int) string { return fmt.Sprintf("AAAsample-tracking-token-%05d", n) }},
	{"code", regexp.MustCompile(`\bA[\w-]{70,90}`), func(_ string, n int) string { return fmt.Sprintf("sample-code-%d", n) }},
	{"code of six digits", regexp.MustCompile(`"Code":"\d{6}"`), func(string, int) string { return `"Code":"391024"` }},
	{"PIN", regexp.MustCompile(`"Pin":\d{6}`), func(string, int) string { return `"Pin":482913` }},
	{"signature", regexp.MustCompile(`\bv1a?,[\w+/=]{20,}`), func(found string, _ int) string {
		return found[:strings.IndexByte(found, ',')] + ",K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="
	}},
	{"time", regexp.MustCompile(`\b2026-11-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`), func(found string, _ int) string { return found[:len("2026-11-02T12:00")] + ":00Z" }},
}

func (s *samples) text(in string) string {
	if s.seen == nil {
		s.seen, s.count = map[string]string{}, map[string]int{}
	}
	for _, v := range volatile {
		in = v.form.ReplaceAllStringFunc(in, func(found string) string {
			if known, ok := s.seen[found]; ok {
				return known
			}
			s.count[v.kind]++
			s.seen[found] = v.as(found, s.count[v.kind])
			return s.seen[found]
		})
	}
	return in
}

// mostShown is how many entries of a list an example has.
const mostShown = 2

// of is JSON as an example shows it: with plain values, and no list longer than [mostShown].
func (s *samples) of(raw []byte) json.RawMessage {
	d := json.NewDecoder(strings.NewReader(s.text(string(raw))))
	d.UseNumber()
	var out bytes.Buffer
	if err := rewrite(d, &out); err != nil {
		panic(fmt.Sprintf("%v: %s", err, raw))
	}
	return out.Bytes()
}

// rewrite copies one value, its members in their order.
func rewrite(d *json.Decoder, out *bytes.Buffer) error {
	token, err := d.Token()
	if err != nil {
		return err
	}
	open, nested := token.(json.Delim)
	if !nested {
		b, err := json.Marshal(token)
		out.Write(b)
		return err
	}
	out.WriteByte(byte(open))
	for n := 0; d.More(); n++ {
		into := out
		if open == '[' && n >= mostShown {
			into = &bytes.Buffer{}
		}
		if n > 0 {
			into.WriteByte(',')
		}
		if open == '{' {
			name, err := d.Token()
			if err != nil {
				return err
			}
			fmt.Fprintf(into, "%q:", name)
		}
		if err := rewrite(d, into); err != nil {
			return err
		}
	}
	end, err := d.Token()
	if err == nil {
		out.WriteByte(byte(end.(json.Delim)))
	}
	return err
}

// random are members whose values differ from one tour to the next, beside what [samples] puts plain values for.
var random = []string{
	"AckId", "AckIds", "Acknowledged", "AttemptId", "Bytes", "Cursor", "Curl", "DisplayCode", "Duration", "Extended", "Key", "Next",
	"OldestCursor", "OrderTrackingCode", "RequestBody", "RequestHeaders",
}

// lasting is JSON without what differs from one tour to the next: of times and of random members only the types are left.
func lasting(operation string, raw json.RawMessage) string {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return string(raw)
	}
	var of func(v any, chance bool) any
	of = func(v any, chance bool) any {
		switch v := v.(type) {
		case map[string]any:
			for name, m := range v {
				v[name] = of(m, chance || slices.Contains(random, name))
			}
			return v
		case []any:
			for i, m := range v {
				v[i] = of(m, chance)
			}
			return v
		case nil:
			return nil
		case string:
			if strings.HasPrefix(v, "retry: ") { // a stream, with positions in it
				return "stream"
			}
			if !chance {
				return moment.ReplaceAllString(v, "time")
			}
		}
		if chance {
			return fmt.Sprintf("%T", v)
		}
		return v
	}
	b, _ := json.Marshal(of(v, operation == "PlaceSampleOrders" || operation == "GetRequests")) // baskets are drawn, and requests counted by time
	return string(b)
}

var secretPrefix = regexp.MustCompile(`^(?:cmd_[a-z]+|whsec|whpk)_`)

var moment = regexp.MustCompile(`\b2026-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)

// Every operation has an example that a real server gave, and the server still answers so; each event and each refusal that
// the document tells of happens. With -update the examples are written anew.
func TestExamplesAreTrue(t *testing.T) {
	began := clock.Now()
	shift := time.Date(2026, time.November, 2, 12, 0, 0, 0, time.UTC).Sub(began)
	clock.Shift(shift)
	t.Cleanup(func() { clock.Shift(-shift) })
	tr := newTour(apptest.New(t, dbtest.SQLite(t)))
	tr.all()
	if t.Failed() {
		return
	}
	if *api.Update {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		e.SetIndent("", " ")
		tr.Must(e.Encode(tr.examples))
		tr.Must(os.WriteFile("examples.json", b.Bytes(), 0o600))
	}
	kept := map[string]*api.Example{}
	raw, err := os.ReadFile("examples.json")
	tr.Must(err)
	tr.Must(json.Unmarshal(raw, &kept))
	for id, op := range tr.Document() {
		have, want := tr.examples[id], kept[id]
		if have == nil || want == nil {
			t.Errorf("%s: there is no example of it; call it in all of examples_test.go, then run go test ./api -run %s -update", id, t.Name())
			continue
		}
		if have.Parameters == nil {
			t.Errorf("%s: no call of it succeeds", id)
		}
		same := func(what string, have, want json.RawMessage) {
			if have, want := lasting(id, have), lasting(id, want); have != want {
				t.Errorf("%s: the example of its %s is\n%s\nbut the server says\n%s\nrun go test ./api -run %s -update", id, what, want, have, t.Name())
			}
		}
		same("request", have.Request, want.Request)
		same("response", have.Response, want.Response)
		for status := range op.Responses {
			same(status, have.Refusals[status], want.Refusals[status])
		}
		for _, e := range op.Events {
			if !slices.Contains(tr.caused[id], e) {
				t.Errorf("%s: no call of it causes %s", id, e)
			}
		}
		for status, why := range api.Refusals(id) {
			if have.Refusals[fmt.Sprint(status)] == nil && !strings.HasPrefix(why, "Others are ") && !toldElsewhere(id, status) {
				t.Errorf("%s: no call of it is refused with %d: %s", id, status, why)
			}
		}
	}
	for id := range kept {
		if tr.examples[id] == nil {
			t.Errorf("there is an example of %s, which is not called", id)
		}
	}
}

// Every body in the document has an example, and each example is what the schema beside it says.
func TestExamplesAreAsTheirSchemasSay(t *testing.T) {
	k := apptest.New(t, dbtest.SQLite(t))
	type media struct {
		Schema, Example any
		Examples        map[string]struct {
			Ref           string `json:"$ref"`
			ExternalValue string `json:"externalValue"`
		}
	}
	type content map[string]media
	var doc struct {
		Paths map[string]map[string]struct {
			OperationID string `json:"operationId"`
			Parameters  []struct {
				Name, In        string
				Schema, Example any
			}
			RequestBody struct{ Content content }
			Responses   map[string]struct{ Content content }
		}
		Components struct {
			Schemas  map[string]any                 `json:"schemas"`
			Examples map[string]struct{ Value any } `json:"examples"`
		} `json:"components"`
	}
	k.Must(json.Unmarshal(k.Send(apptest.Call{Method: "GET", Path: "/openapi.json"}).Body.Bytes(), &doc))
	schemas, values := map[string]any{}, map[string]any{} // by where they stand
	add := func(at string, schema, value any) {
		if value == nil {
			t.Errorf("%s has no example", at)
			return
		}
		schemas[at], values[at] = schema, value
	}
	for _, methods := range doc.Paths {
		for _, op := range methods {
			for _, p := range op.Parameters {
				if p.In == "path" || p.Example != nil {
					add(op.OperationID+" "+p.Name, p.Schema, p.Example)
				}
			}
			for kind, sent := range op.RequestBody.Content {
				if kind == "application/json" {
					add(op.OperationID, sent.Schema, sent.Example)
				}
			}
			for status, answer := range op.Responses {
				for _, said := range answer.Content {
					if said.Example == nil && status[0] != '2' {
						_, name, _ := strings.Cut(said.Examples["refused"].Ref, "#/components/examples/")
						said.Example = doc.Components.Examples[name].Value
					}
					if elsewhere := strings.TrimPrefix(said.Examples["served"].ExternalValue, "https://comanda.test"); elsewhere != "" {
						k.Must(json.Unmarshal(k.Send(apptest.Call{Method: "GET", Path: elsewhere}).Body.Bytes(), &said.Example))
					}
					add(op.OperationID+" "+status, said.Schema, said.Example)
				}
			}
		}
	}
	takeNulls(k, doc.Components.Schemas)
	all, err := json.Marshal(map[string]any{"properties": schemas, "components": doc.Components})
	k.Must(err)
	c := compiler(t)
	k.Must(c.AddResource("mem:all", decoded(t, all)))
	s, err := c.Compile("mem:all")
	k.Must(err)
	if err := s.Validate(values); err != nil {
		t.Error(err)
	}
	if len(values) < 1000 {
		t.Errorf("%d examples", len(values))
	}
}

// takeNulls lets the members of the contract's schemas be null: every member is written, and the document says of those what
// the contract says, which is silent about most nulls.
func takeNulls(k *apptest.Kit, schemas map[string]any) {
	k.Helper()
	raw, err := os.ReadFile("testdata/contract/schemas.json")
	k.Must(err)
	var contract map[string]any
	k.Must(json.Unmarshal(raw, &contract))
	for name, s := range schemas {
		members, _ := s.(map[string]any)["properties"].(map[string]any)
		for member, of := range members {
			if contract[name] != nil || name == "PlacedOrder" || name == "TrackedOrder" { // those have an Order in them
				members[member] = map[string]any{"anyOf": []any{of, map[string]any{"type": "null"}}}
			}
		}
	}
}

// The core of the contract is served whole: each operation of it succeeds in the tour, where its answer is compared value by
// value, or docs/compatibility.md says that it does not.
func TestTheCoreOfTheContractIsServed(t *testing.T) {
	facts, err := os.ReadFile("testdata/contract/operations.tsv")
	if err != nil {
		t.Fatal(err)
	}
	told, err := os.ReadFile("../docs/compatibility.md")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile("examples.json") // which TestExamplesAreTrue holds to the server
	if err != nil {
		t.Fatal(err)
	}
	var shown map[string]*api.Example
	if err := json.Unmarshal(raw, &shown); err != nil {
		t.Fatal(err)
	}
	core := 0
	for _, line := range strings.Split(string(facts), "\n") {
		f := strings.Split(line, "\t")
		if f[0] != "T1" {
			continue
		}
		core++
		if tag, id := f[1], f[2]; shown[id] == nil && !strings.Contains(string(told), "`"+id+"`") {
			t.Errorf("%s of %s is neither served nor named in docs/compatibility.md", id, tag)
		}
	}
	if core != 219 {
		t.Errorf("the contract's core has 219 operations, not %d", core)
	}
}

package apptest

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	"comanda/event"
	"comanda/internal/db"
)

// Want is what members of an answer must be, by path: "Data.0.Name": "x", "Data": nil, "TotalRecordCount": 2. A func(any)
// error judges the member itself; [Present] asks only that it is there and not null.
type Want map[string]any

// Present is what any value but null is.
var Present = func(v any) error {
	if v == nil {
		return fmt.Errorf("is null or absent")
	}
	return nil
}

// Events are names of events in the order in which they entered the log.
type Events []string

// Call is one line of a table.
type Call struct {
	Name    string
	As      string // a caller of the kit
	Method  string
	Path    string // {name} stands for a variable of the kit
	Body    string // the same
	Header  http.Header
	Status  int
	Want    Want
	Text    string            // must occur in the body
	Lacks   string            // must not
	Events  Events            // all that the call added to all brands' logs; none when empty
	Save    map[string]string // variable → path of the member to keep in it
	Unknown bool              // the answer has no schema in the contract: ours
}

// Run makes the calls one after the other and checks each.
func (k *Kit) Run(calls ...Call) {
	k.Helper()
	for i, c := range calls {
		if c.Name == "" {
			c.Name = fmt.Sprintf("call %d", i)
		}
		k.Call(c)
	}
}

// Call makes one call, checks it and returns its answer.
func (k *Kit) Call(c Call) *httptest.ResponseRecorder {
	k.Helper()
	before := k.heads()
	w := k.Send(c)
	fail := func(format string, args ...any) {
		k.Helper()
		k.Errorf("%s: %s %s: %s\nanswer %d: %.2000s", c.Name, c.Method, k.Expand(c.Path), fmt.Sprintf(format, args...), w.Code, w.Body)
	}
	if len(k.calls.failures) > 0 {
		fail("logged: %s", strings.Join(k.calls.failures, "\n"))
	}
	if w.Code != c.Status {
		fail("status %d, want %d", w.Code, c.Status)
		return w
	}
	if !c.Unknown {
		for _, v := range CheckAnswer(k.calls.operation, w.Code, w.Body.Bytes()) {
			fail("contract: %s", v)
		}
	}
	k.checkBody(c, w.Body.Bytes(), fail)
	got := k.newEvents(before, fail)
	if !slices.Equal(got, c.Events) && len(got)+len(c.Events) > 0 {
		fail("events %q, want %q", got, c.Events)
	}
	for _, v := range k.undocumented(w.Code, got) {
		fail("%s", v)
	}
	return w
}

// Send makes the call and checks nothing.
func (k *Kit) Send(c Call) *httptest.ResponseRecorder {
	k.Helper()
	body := k.Expand(c.Body)
	r := httptest.NewRequest(c.Method, "https://comanda.test"+k.Expand(c.Path), strings.NewReader(body))
	r.TLS = &tls.ConnectionState{}
	r = r.WithContext(k.Context())
	for name, values := range c.Header {
		r.Header[name] = values
	}
	if c.As != Nobody {
		r.Header.Set("Authorization", "Bearer "+c.As)
	}
	k.calls.operation, k.calls.failures = "", nil
	w := httptest.NewRecorder()
	k.API.ServeHTTP(w, r)
	return w
}

func (k *Kit) checkBody(c Call, body []byte, fail func(string, ...any)) {
	if c.Text != "" && !bytes.Contains(body, []byte(k.Expand(c.Text))) {
		fail("lacks %s", k.Expand(c.Text))
	}
	if c.Lacks != "" && bytes.Contains(body, []byte(k.Expand(c.Lacks))) {
		fail("tells %s", k.Expand(c.Lacks))
	}
	if len(c.Want)+len(c.Save) == 0 {
		return
	}
	var tree any
	if err := json.Unmarshal(body, &tree); err != nil {
		fail("not JSON: %v", err)
		return
	}
	for path, want := range c.Want {
		got := Member(tree, path)
		switch want := want.(type) {
		case func(any) error:
			if err := want(got); err != nil {
				fail("%s: %v", path, err)
			}
		case string:
			if text := k.Expand(want); got != text && (text == want || fmt.Sprint(got) != text) { // a variable may be a number
				fail("%s is %#v, want %q", path, got, k.Expand(want))
			}
		default:
			if fmt.Sprint(got) != fmt.Sprint(want) {
				fail("%s is %#v, want %#v", path, got, want)
			}
		}
	}
	for name, path := range c.Save {
		k.Vars[name] = fmt.Sprint(Member(tree, path))
	}
}

// Member finds a member of decoded JSON by its path, such as Data.0.Name; nil when it is not there. "#" is a list's length.
func Member(tree any, path string) any {
	for _, step := range strings.Split(path, ".") {
		switch v := tree.(type) {
		case map[string]any:
			tree = v[step]
		case []any:
			i, err := strconv.Atoi(step)
			switch {
			case step == "#":
				tree = len(v)
			case err != nil || i < 0 || i >= len(v):
				return nil
			default:
				tree = v[i]
			}
		default:
			return nil
		}
	}
	if f, ok := tree.(float64); ok && f == float64(int64(f)) {
		return int64(f)
	}
	return tree
}

const sqlHeads = `select brand_id, position from log_heads order by brand_id`

// heads are the positions of all brands' logs.
func (k *Kit) heads() map[int]int64 {
	k.Helper()
	out := map[int]int64{}
	k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) error {
		rows, err := tx.Query(sqlHeads)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var brand int
			var position int64
			if err := rows.Scan(&brand, &position); err != nil {
				return err
			}
			out[brand] = position
		}
		return rows.Err()
	}))
	return out
}

// newEvents names what was added since, brand by brand, and checks each against the contract.
func (k *Kit) newEvents(before map[int]int64, fail func(string, ...any)) []string {
	k.Helper()
	var names []string
	for brand, head := range k.heads() {
		if head == before[brand] {
			continue
		}
		k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) error {
			events, err := event.Read(tx, brand, before[brand], 1000)
			for _, e := range events {
				names = append(names, e.Name)
				for _, v := range CheckEvent(e.Name, e.Flat()) {
					fail("event %s: %s", e.Name, v)
				}
			}
			return err
		}))
	}
	return names
}

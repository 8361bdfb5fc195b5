package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	"comanda/wire"
)

// schema is a JSON schema, of the document or of the contract's facts.
type schema struct {
	Type                 any                `json:"type"`
	Format               string             `json:"format"`
	Ref                  string             `json:"ref"`
	DollarRef            string             `json:"$ref"`
	Items                *schema            `json:"items"`
	Properties           map[string]*schema `json:"properties"`
	AdditionalProperties any                `json:"additionalProperties"`
	Enum                 []string           `json:"enum"`
	Nullable             bool               `json:"nullable"`
	Required             []string           `json:"required"`
}

// String writes a schema as operations.tsv does: Order, Order[], integer/int32, string{A|B}.
func (s *schema) String() string {
	if s == nil {
		return "-"
	}
	if r := s.Ref + strings.TrimPrefix(s.DollarRef, "#/components/schemas/"); r != "" {
		return r
	}
	typ := ""
	switch t := s.Type.(type) {
	case string:
		typ = t
	case []any:
		typ = fmt.Sprint(t[0])
	}
	if typ == "array" {
		in := s.Items.String()
		if i := strings.IndexByte(in, '{'); i > 0 {
			return in[:i] + "[]" + in[i:]
		}
		return in + "[]"
	}
	if s.Format != "" && s.Format != "float" {
		typ += "/" + s.Format
	}
	if len(s.Enum) > 0 {
		typ += "{" + strings.Join(s.Enum, "|") + "}"
	}
	return typ
}

type parameter struct {
	Name     string  `json:"name"`
	In       string  `json:"in"`
	Required bool    `json:"required"`
	Schema   *schema `json:"schema"`
}

type document struct {
	Paths map[string]map[string]struct {
		OperationID string      `json:"operationId"`
		Summary     string      `json:"summary"`
		Description string      `json:"description"`
		Events      []string    `json:"x-comanda-events"`
		Tags        []string    `json:"tags"`
		Parameters  []parameter `json:"parameters"`
		RequestBody *struct {
			Required bool                                `json:"required"`
			Content  map[string]struct{ Schema *schema } `json:"content"`
		} `json:"requestBody"`
		Responses map[string]struct {
			Description string
			Content     map[string]struct{ Schema *schema } `json:"content"`
		} `json:"responses"`
		Security []map[string][]string `json:"security"`
	} `json:"paths"`
	Components struct {
		Schemas  map[string]*schema `json:"schemas"`
		Examples map[string]any     `json:"examples"`
	} `json:"components"`
}

func readDocument(t *testing.T) (document, []byte) {
	t.Helper()
	w := send(t, New(Config{PublicURL: "https://eat.example"}), get, "/openapi.json", "")
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/openapi+json" {
		t.Fatalf("%d %s", w.Code, w.Header())
	}
	var d document
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatal(err)
	}
	return d, w.Body.Bytes()
}

func contractSchemas(t *testing.T) map[string]*schema {
	t.Helper()
	b, err := os.ReadFile("testdata/contract/schemas.json")
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]*schema
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestServedOperationsAreTheContracts(t *testing.T) {
	doc, _ := readDocument(t)
	rows := map[string]contractRow{}
	tags := map[string]bool{}
	for _, r := range contractRows(t) {
		rows[r.method+" "+r.path] = r
		tags[r.tag] = true
	}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			row, known := rows[strings.ToUpper(method)+" "+path]
			if !known {
				if tags[op.Tags[0]] {
					t.Errorf("%s stands in the contract's tag %s but the contract has no %s %s", op.OperationID, op.Tags[0], method, path)
				}
				continue
			}
			if op.OperationID != row.id || op.Tags[0] != row.tag {
				t.Errorf("%s %s is %s of %s, want %s of %s", method, path, op.OperationID, op.Tags[0], row.id, row.tag)
			}
			have := map[string]string{}
			for _, p := range op.Parameters {
				have[p.Name+"@"+p.In] = p.Schema.String() + mark(p.Required)
			}
			for _, want := range strings.Fields(row.params) {
				name, rest, _ := strings.Cut(want, ":")
				rest = strings.ReplaceAll(rest, "&", "") // lists are repeated names: always
				if strings.HasSuffix(name, "@form") || want == "-" {
					continue
				}
				if have[name] != rest {
					t.Errorf("%s: parameter %s is %q, want %q", row.id, name, have[name], rest)
				}
			}
			body := "-"
			if op.RequestBody != nil && op.RequestBody.Content["application/json"].Schema != nil {
				body = op.RequestBody.Content["application/json"].Schema.String() + mark(op.RequestBody.Required)
			}
			if want := strings.ReplaceAll(row.request, "integer:int32", "integer/int32"); body != want && row.request != "-" {
				t.Errorf("%s: body is %s, want %s", row.id, body, want)
			}
			for status, answer := range op.Responses {
				if status[0] == '2' {
					checkSuccess(t, row, status, answer.Content["application/json"].Schema)
				}
			}
		}
	}
}

func mark(required bool) string {
	if required {
		return "!"
	}
	return "?"
}

func checkSuccess(t *testing.T, row contractRow, status string, have *schema) {
	t.Helper()
	for _, r := range strings.Fields(row.responses) {
		declared, want, _ := strings.Cut(r, ":")
		if declared != status {
			continue
		}
		if row.id == "GetVoucherValidityPeriods" {
			want = have.String() // declared without a body, which would answer nothing
		}
		if want != "object" && have.String() != want {
			t.Errorf("%s: %s is %s, want %s", row.id, status, have, want)
		}
		return
	}
	t.Errorf("%s: the contract has no %s", row.id, status)
}

func TestDocumentedSchemasAreTheContracts(t *testing.T) {
	doc, _ := readDocument(t)
	contract := contractSchemas(t)
	ours := map[string][]string{ // members that we add
		"RestApiErrorResult":        {"RequestId", "Details", "Data"},
		"RestApiUnauthorizedResult": {"RequestId", "Details"},
		"RestApiForbiddenResult":    {"RequestId", "Details"},
		"OrderTipUpdatedEvent":      {"NewTipAmount"},
		"OrderRatingUpdatedEvent":   {"NewUserRating"},
	}
	for name, have := range doc.Components.Schemas {
		want := contract[name]
		if want == nil {
			continue
		}
		for member, s := range want.Properties {
			h := have.Properties[member]
			if h == nil {
				t.Errorf("%s lacks %s", name, member)
				continue
			}
			if h.String() != s.String() && s.String() != "object" && (s.String() != "number" || h.String() != "number/double") {
				t.Errorf("%s.%s is %s, want %s", name, member, h, s)
			}
			_, nullable := h.Type.([]any)
			if nullable != s.Nullable && name != "RestApiErrorResult" {
				t.Errorf("%s.%s: nullable is %t, want %t", name, member, nullable, s.Nullable)
			}
		}
		for member := range have.Properties {
			if want.Properties[member] == nil && !slices.Contains(ours[name], member) {
				t.Errorf("%s has %s, which the contract does not know", name, member)
			}
		}
	}
}

func TestDocumentIsWellFormed(t *testing.T) {
	doc, raw := readDocument(t)
	for _, never := range []string{`"additionalProperties":false`, `"additionalProperties":true`, `$schema`} {
		if strings.Contains(string(raw), never) {
			t.Errorf("the document has %s", never)
		}
	}
	ids := map[string]bool{}
	for path, ops := range doc.Paths {
		for method, op := range ops {
			if ids[op.OperationID] {
				t.Errorf("two operations are called %s", op.OperationID)
			}
			ids[op.OperationID] = true
			if op.Summary == "" || strings.HasSuffix(op.Summary, ".") {
				t.Errorf("%s %s: summary %q: want a short phrase without a full stop", method, path, op.Summary)
			}
			if op.Responses["200"].Content == nil && len(op.Responses) == 0 {
				t.Errorf("%s has no answers", op.OperationID)
			}
			for status := range map[string]bool{"400": true, "500": true} {
				if op.Responses[status].Content["application/json"].Schema.String() != "RestApiErrorResult" {
					t.Errorf("%s: %s is not documented", op.OperationID, status)
				}
			}
			if asksForToken := op.Security != nil && len(op.Security[0]) > 0; asksForToken && op.Responses["401"].Content == nil || op.Security == nil && op.Responses["401"].Content != nil {
				t.Errorf("%s: 401 and security do not agree", op.OperationID)
			}
			for _, p := range op.Parameters {
				if p.In == "path" && !strings.Contains(path, "{"+p.Name+"}") {
					t.Errorf("%s: %s %s is not in the path %s", op.OperationID, p.In, p.Name, path)
				}
			}
			for _, seg := range segments(path) {
				name, ok := variableName(seg)
				if ok && !slices.ContainsFunc(op.Parameters, func(p parameter) bool { return p.Name == name }) {
					t.Errorf("%s does not read {%s}", op.OperationID, name)
				}
			}
		}
	}
	for _, ref := range refs(t, raw) {
		example, isExample := strings.CutPrefix(ref, "#/components/examples/")
		if doc.Components.Schemas[ref] == nil && (!isExample || doc.Components.Examples[example] == nil) {
			t.Errorf("$ref to %s, which is not there", ref)
		}
	}
}

var aSentence = regexp.MustCompile(`^[A-Z0-9` + "`" + `].*\.$`)

// Each operation is described in a few sentences, tells what causes each refusal, and names real events; nothing is
// described that is not served.
func TestEveryOperationIsDescribed(t *testing.T) {
	doc, _ := readDocument(t)
	known := map[string]bool{}
	for _, e := range allEvents() {
		known[e.Name] = true
	}
	left := maps.Clone(descriptions())
	for _, methods := range doc.Paths {
		for _, op := range methods {
			d := descriptions()[op.OperationID]
			delete(left, op.OperationID)
			if d.text == "" {
				t.Errorf("descriptions.md has no %s: add it under a heading of its own", op.OperationID)
				continue
			}
			if n := strings.Count(d.text+" ", ". "); !aSentence.MatchString(d.text) || n < 1 || n > 5 || strings.Contains(d.text, "  ") {
				t.Errorf("%s: %d sentences: %s", op.OperationID, n, d.text)
			}
			if !strings.HasPrefix(op.Description, d.text+"\n\n") || strings.Contains(op.Description, "Events: ") != (len(op.Events) > 0) {
				t.Errorf("%s: %s", op.OperationID, op.Description)
			}
			for _, scopes := range op.Security {
				for _, scope := range scopes["oauth2"] {
					if !strings.Contains(op.Description, "`"+scope+"`") {
						t.Errorf("%s: the description does not name the scope %s", op.OperationID, scope)
					}
				}
			}
			for _, e := range op.Events {
				if !known[e] {
					t.Errorf("%s: there is no event %s", op.OperationID, e)
				}
			}
			for status, answer := range op.Responses {
				if status[0] > '3' && !aSentence.MatchString(answer.Description) {
					t.Errorf("%s: %s: %q is no sentence", op.OperationID, status, answer.Description)
				}
			}
			_, repeats := op.Responses["422"]
			if repeats != (d.refusals[422] != "") {
				t.Errorf("%s: 422 is for an Idempotency-Key only", op.OperationID) // huma would add one for what is not valid
			}
			_, sends := op.Responses["413"]
			if sends != (op.RequestBody != nil) {
				t.Errorf("%s: 413 is for what takes a body", op.OperationID)
			}
		}
	}
	for id := range left {
		t.Errorf("descriptions.md has %s, which is not served", id)
	}
}

func refs(t *testing.T, raw []byte) []string {
	t.Helper()
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if r, ok := v["$ref"].(string); ok {
				found[strings.TrimPrefix(r, "#/components/schemas/")] = true
			}
			for _, m := range v {
				walk(m)
			}
		case []any:
			for _, m := range v {
				walk(m)
			}
		}
	}
	walk(tree)
	var out []string
	for r := range found {
		out = append(out, r)
	}
	sort.Strings(out)
	return out
}

func TestSchemaNames(t *testing.T) {
	s := probe(t)
	got := map[string]bool{}
	for name := range s.doc.Components.Schemas.Map() {
		got[name] = true
	}
	for _, want := range []string{"RestApiResultOrder", "RestApiStringResult", "Accept", "Order", "ThingBody"} {
		if !got[want] {
			t.Errorf("no schema %s in %v", want, got)
		}
	}
	r := newRegistry()
	for want, v := range map[string]any{
		"RestApiPaginationResultOrder": wire.Page[wire.Order]{},
		"RestApiArrayResultStore":      wire.Result[[]wire.Store]{},
		"RestApiStringArrayResult":     wire.Result[[]string]{},
		"RestApiIntegerResult":         wire.Result[int]{},
		"RestApiResultMenu":            wire.Result[*wire.Menu]{},
	} {
		if s := r.Schema(typeOf(v), true, ""); s.Ref != "#/components/schemas/"+want {
			t.Errorf("%T is %s, want %s", v, s.Ref, want)
		}
	}
}

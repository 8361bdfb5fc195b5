package apptest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"comanda/wire"
)

// Schema is a schema of the contract's facts (api/testdata/contract/schemas.json).
type Schema struct {
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Ref        string             `json:"ref"`
	Enum       []string           `json:"enum"`
	Nullable   bool               `json:"nullable"`
	Required   []string           `json:"required"`
	Items      *Schema            `json:"items"`
	Properties map[string]*Schema `json:"properties"`
	Values     *Schema            `json:"additionalProperties"`
}

// facts are the contract's schemas and, by operation id, the class of the answer to each status.
var facts = sync.OnceValues(func() (map[string]*Schema, map[string]map[string]string) {
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "api", "testdata", "contract")
	schemas := map[string]*Schema{}
	if err := json.Unmarshal(mustRead(filepath.Join(dir, "schemas.json")), &schemas); err != nil {
		panic(err)
	}
	answers := map[string]map[string]string{}
	lines := strings.Split(strings.TrimSpace(string(mustRead(filepath.Join(dir, "operations.tsv")))), "\n")
	head := strings.Split(lines[0], "\t")
	id, responses := slices.Index(head, "operationId"), slices.Index(head, "responses")
	for _, l := range lines[1:] {
		f := strings.Split(l, "\t")
		byStatus := map[string]string{}
		for _, r := range strings.Fields(f[responses]) {
			status, class, _ := strings.Cut(r, ":")
			byStatus[status] = class
		}
		answers[f[id]] = byStatus
	}
	return schemas, answers
})

func mustRead(path string) []byte {
	b, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return b
}

// extra are members that Comanda adds to a class of the contract; docs/compatibility.md lists them.
var extra = map[string][]string{
	"RestApiErrorResult":        {"RequestId", "Details", "Data"},
	"RestApiUnauthorizedResult": {"RequestId", "Details"},
	"RestApiForbiddenResult":    {"RequestId", "Details"},
	"OrderTipUpdatedEvent":      {"NewTipAmount"},  // the public guide's name of the same
	"OrderRatingUpdatedEvent":   {"NewUserRating"}, // likewise
}

// CheckAnswer compares an answer with what the contract declares for the operation and status; it lists what differs.
// An operation that the contract does not have passes, but for its errors.
func CheckAnswer(operation string, status int, body []byte) []string {
	schemas, answers := facts()
	switch {
	case status == 401:
		return checkBytes(schemas, "RestApiUnauthorizedResult", body)
	case status == 403:
		return checkBytes(schemas, "RestApiForbiddenResult", body)
	case status >= 400:
		return checkBytes(schemas, "RestApiErrorResult", body)
	}
	class, known := answers[operation][fmt.Sprint(status)]
	switch {
	case !known && answers[operation] == nil:
		return nil
	case !known:
		return []string{fmt.Sprintf("%s has no status %d", operation, status)}
	case class == "-":
		if len(body) > 0 {
			return []string{"the body must be empty"}
		}
		return nil
	case class == "object" || class == "file":
		return nil
	}
	return checkBytes(schemas, class, body)
}

// CheckEvent compares an event's bytes with its class in the contract.
func CheckEvent(name string, flat []byte) []string {
	schemas, _ := facts()
	for _, e := range wire.Catalogue {
		if e.Name == name {
			return checkBytes(schemas, e.Class, flat)
		}
	}
	for _, e := range wire.Own {
		if e.Name == name {
			return nil
		}
	}
	return []string{"the contract has no event of this name"}
}

// CheckClass compares JSON with a class of the contract.
func CheckClass(class string, body []byte) []string {
	schemas, _ := facts()
	return checkBytes(schemas, class, body)
}

func checkBytes(schemas map[string]*Schema, class string, body []byte) []string {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return []string{fmt.Sprintf("not JSON: %v", err)}
	}
	s := &Schema{Ref: class}
	if base, isList := strings.CutSuffix(class, "[]"); isList {
		s = &Schema{Type: "array", Items: &Schema{Ref: base}}
	}
	if typ, format, _ := strings.Cut(class, "/"); schemas[class] == nil && slices.Contains([]string{"string", "integer", "number", "boolean"}, typ) {
		s = &Schema{Type: typ, Format: format}
	}
	c := checker{schemas: schemas}
	c.value(class, s, v)
	return c.wrong
}

type checker struct {
	schemas map[string]*Schema
	wrong   []string
}

func (c *checker) add(path, format string, args ...any) {
	c.wrong = append(c.wrong, path+": "+fmt.Sprintf(format, args...))
}

var (
	timeForm    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$`)
	uuidForm    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	integerForm = regexp.MustCompile(`^-?\d+$`)
)

func (c *checker) value(path string, s *Schema, v any) {
	if s.Ref == "FlipdishEventBase" { // stands for whatever event it is
		if class := eventClass(v); class != "" {
			s = &Schema{Ref: class}
		}
	}
	if s.Ref != "" {
		if c.schemas[s.Ref] == nil {
			c.add(path, "the contract has no class %s", s.Ref)
			return
		}
		path, s = path+"<"+s.Ref+">", c.schemas[s.Ref]
	}
	if v == nil {
		return // nulls are written out
	}
	switch s.Type {
	case "object":
		if s.Properties == nil && s.Values == nil {
			return // how the contract writes "anything"
		}
		m, ok := v.(map[string]any)
		if !ok {
			c.add(path, "%T is no object", v)
			return
		}
		c.object(path, s, m)
	case "array":
		list, ok := v.([]any)
		if !ok {
			c.add(path, "%T is no list", v)
			return
		}
		for i, item := range list {
			c.value(fmt.Sprintf("%s[%d]", path, i), s.Items, item)
		}
	default:
		c.scalar(path, s, v)
	}
}

// eventClass is the class that an event says it has by its EventName, empty when it says nothing.
func eventClass(v any) string {
	m, _ := v.(map[string]any)
	for _, e := range wire.Catalogue {
		if e.Name == m["EventName"] {
			return e.Class
		}
	}
	return ""
}

func (c *checker) object(path string, s *Schema, m map[string]any) {
	for name, p := range s.Properties {
		v, there := m[name]
		if !there {
			c.add(path, "lacks %s", name)
			continue
		}
		if v == nil && slices.Contains(s.Required, name) {
			c.add(path, "%s is null but required", name)
		}
		c.value(path+"."+name, p, v)
	}
	if s.Values != nil {
		for name, v := range m {
			c.value(path+"."+name, s.Values, v)
		}
		return
	}
	class := ""
	if i := strings.LastIndexByte(path, '<'); i >= 0 {
		class = strings.TrimSuffix(path[i+1:], ">")
	}
	for name := range m {
		if len(s.Properties) > 0 && s.Properties[name] == nil && !slices.Contains(extra[class], name) {
			c.add(path, "has %s, which is not declared", name)
		}
	}
}

func (c *checker) scalar(path string, s *Schema, v any) {
	switch v := v.(type) {
	case string:
		switch {
		case s.Type != "string":
			c.add(path, "the text %.40q is no %s", v, s.Type)
		case len(s.Enum) > 0 && !slices.Contains(s.Enum, v):
			c.add(path, "%q is not declared", v)
		case s.Format == "date-time" && !timeForm.MatchString(v):
			c.add(path, "%q is no UTC time with Z", v)
		case s.Format == "uuid" && !uuidForm.MatchString(v):
			c.add(path, "%q is no uuid", v)
		}
	case json.Number:
		if s.Type != "number" && (s.Type != "integer" || !integerForm.MatchString(v.String())) {
			c.add(path, "the number %s is no %s", v, s.Type)
		}
	case bool:
		if s.Type != "boolean" {
			c.add(path, "%t is no %s", v, s.Type)
		}
	default:
		c.add(path, "%T is no %s", v, s.Type)
	}
}

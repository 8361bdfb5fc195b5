package api

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

//go:embed examples.json
var examplesJSON []byte

// example is a call of an operation as a server answered it; TestExamplesAreTrue writes them and holds the server to them.
// Lists have two entries at most, and what is random, secret or of the moment is replaced.
type example struct {
	Parameters map[string]string          `json:"parameters,omitempty"`
	Request    json.RawMessage            `json:"request,omitempty"`
	Response   json.RawMessage            `json:"response,omitempty"`
	Refusals   map[string]json.RawMessage `json:"refusals,omitempty"` // by status
}

var examples = sync.OnceValue(func() (all map[string]example) {
	if err := json.Unmarshal(examplesJSON, &all); err != nil {
		panic(err)
	}
	return all
})

// commonRefusals are the examples of refusals that are alike for all operations, by status: the first of the examples in
// the order of their names.
func commonRefusals() map[string]*huma.Example {
	out := map[string]*huma.Example{}
	for _, id := range slices.Sorted(maps.Keys(examples())) {
		for status, body := range examples()[id].Refusals {
			if out[status] == nil {
				out[status] = &huma.Example{Summary: id, Value: body}
			}
		}
	}
	for _, p := range []*problem{internalProblem(), unavailableProblem()} {
		p.RequestId = "K7QZ2M4WTX-1"
		out[strconv.Itoa(p.status)] = &huma.Example{Summary: http.StatusText(p.status), Value: p}
	}
	return out
}

// showExamples puts the examples into the document.
func showExamples(doc *huma.OpenAPI) {
	doc.Components.Examples = commonRefusals()
	for _, op := range operationsOf(doc) {
		showExample(doc, op, examples()[op.OperationID])
	}
}

func showExample(doc *huma.OpenAPI, op *huma.Operation, e example) {
	for _, p := range op.Parameters {
		if v, ok := e.Parameters[p.Name]; ok {
			p.Example = parameterExample(p.Schema, v)
		}
	}
	if media := mediaOf(op.RequestBody); media != nil && e.Request != nil {
		media.Example = e.Request
	}
	if answer := op.Responses["200"]; op.OperationID == "StreamEvents" { // huma does not see what a stream sends
		answer.Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}, Example: e.Response}}
	}
	for status, answer := range op.Responses {
		media := answer.Content["application/json"]
		switch own := e.Refusals[status]; {
		case media == nil:
		case status[0] == '2':
			showAnswer(doc, op, media, e)
		case own != nil:
			media.Example = own
		case doc.Components.Examples[status] != nil:
			media.Examples = map[string]*huma.Example{"refused": {Ref: "#/components/examples/" + status}}
		}
	}
}

// showAnswer shows what a call was answered. An answer with references of its own is left where it is served: readers of
// the document would look them up here.
func showAnswer(doc *huma.OpenAPI, op *huma.Operation, media *huma.MediaType, e example) {
	if !bytes.Contains(e.Response, []byte(`"$ref"`)) {
		media.Example = e.Response
		return
	}
	at := op.Path
	for name, v := range e.Parameters {
		at = strings.ReplaceAll(at, "{"+name+"}", v)
	}
	for _, s := range doc.Servers {
		at = s.URL + at
	}
	media.Examples = map[string]*huma.Example{"served": {ExternalValue: at}}
}

func mediaOf(body *huma.RequestBody) *huma.MediaType {
	if body == nil {
		return nil
	}
	return body.Content["application/json"]
}

// parameterExample is a parameter's value as its schema has it.
func parameterExample(s *huma.Schema, value string) any {
	switch s.Type {
	case huma.TypeInteger, huma.TypeNumber, huma.TypeBoolean:
		return json.RawMessage(value)
	case huma.TypeArray:
		return []any{parameterExample(s.Items, value)}
	}
	return value
}

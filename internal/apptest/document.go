package apptest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
)

// Documented is what the OpenAPI document says of an operation.
type Documented struct {
	OperationID string                     `json:"operationId"`
	Responses   map[string]json.RawMessage `json:"responses"`
	Events      []string                   `json:"x-comanda-events"`
}

var document struct {
	once       sync.Once
	operations map[string]Documented
}

// Document is the OpenAPI document's operations by id, read once for all kits of the process.
func (k *Kit) Document() map[string]Documented {
	k.Helper()
	document.once.Do(func() {
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodGet, "https://comanda.test/openapi.json", nil)
		k.API.ServeHTTP(w, r)
		var doc struct {
			Paths map[string]map[string]Documented
		}
		k.Must(json.Unmarshal(w.Body.Bytes(), &doc))
		document.operations = map[string]Documented{}
		for _, methods := range doc.Paths {
			for _, op := range methods {
				document.operations[op.OperationID] = op
			}
		}
	})
	return document.operations
}

// undocumented lists what a call did that the document does not say of its operation: statuses and events.
func (k *Kit) undocumented(status int, events []string) (out []string) {
	k.Helper()
	op, served := k.Document()[k.calls.operation]
	if !served {
		return nil
	}
	if op.Responses[strconv.Itoa(status)] == nil {
		out = append(out, fmt.Sprintf("the document has no %d of %s", status, op.OperationID))
	}
	for _, e := range events {
		if !slices.Contains(op.Events, e) {
			out = append(out, fmt.Sprintf("the document does not say that %s causes %s", op.OperationID, e))
		}
	}
	return out
}

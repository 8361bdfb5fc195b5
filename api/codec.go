package api

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"sync"

	"github.com/danielgtaylor/huma/v2"
)

// This file is the codec seam: the only place of the door that encodes and decodes JSON.

var jsonFormat = huma.Format{Marshal: writeJSON, Unmarshal: json.Unmarshal}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writeJSON encodes v whole before it writes the first byte, so that a value that cannot be encoded is still answered
// with a clean 500: it panics then, and the panic is recovered at the door.
func writeJSON(w io.Writer, v any) error {
	if s, ok := v.(stored); ok {
		_, err := w.Write(s.bytes())
		return ignoreGone(err)
	}
	b := buffers.Get().(*bytes.Buffer)
	defer func() {
		if b.Cap() <= 1<<20 {
			b.Reset()
			buffers.Put(b)
		}
	}()
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err)
	}
	_, err := w.Write(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
	return ignoreGone(err)
}

// ignoreGone drops a write error: the client is gone, and nobody is left to tell.
func ignoreGone(error) error { return nil }

// Stored is a body that is encoded already, such as an order's snapshot: its bytes are sent as they are, and the
// document shows T. Make it with [StoredBody] or [StoredResult].
type Stored[T any] struct{ b []byte }

// StoredBody is a whole body.
func StoredBody[T any](b []byte) Stored[T] { return Stored[T]{b} }

// StoredData wraps a stored document in {"Data":…}; T is the envelope, such as wire.Result[wire.Order].
func StoredData[T any](doc []byte) Stored[T] {
	b := make([]byte, 0, len(doc)+9)
	b = append(b, `{"Data":`...)
	b = append(b, doc...)
	return Stored[T]{append(b, '}')}
}

// Schema implements huma.SchemaProvider: the schema of T.
func (Stored[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

func (s Stored[T]) bytes() []byte { return s.b }

type stored interface{ bytes() []byte }

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

package api

import (
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// Optional is a query parameter that may be absent, where absent and zero differ: huma has no pointers there.
type Optional[T any] struct {
	Value T
	Set   bool
}

// Ptr returns the value, or nil when the parameter was absent.
func (o Optional[T]) Ptr() *T {
	if !o.Set {
		return nil
	}
	return &o.Value
}

// Receiver implements huma.ParamWrapper.
func (o *Optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet implements huma.ParamReactor.
func (o *Optional[T]) OnParamSet(set bool, _ any) { o.Set = set }

// Schema implements huma.SchemaProvider: the schema of the value.
func (o Optional[T]) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[T](), true, "")
}

func (o *Optional[T]) valueType() reflect.Type { return reflect.TypeFor[T]() }

type optional interface{ valueType() reflect.Type }

func baseName(tag string) string {
	name, _, _ := strings.Cut(tag, ",")
	return name
}

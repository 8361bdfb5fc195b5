package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comanda/webhook"
	"comanda/wire"
)

// newRegistry makes the schemas' registry: names as the contract has them, the wire's value types as what they are on
// the wire, every Go int an int32 as the contract's ids and counts are.
func newRegistry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", schemaName)
	r.RegisterTypeAlias(reflect.TypeFor[wire.Decimal](), reflect.TypeFor[float64]())
	r.RegisterTypeAlias(reflect.TypeFor[wire.Time](), reflect.TypeFor[timeSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[wire.UUID](), reflect.TypeFor[uuidSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[webhook.NullableLegacySign](), reflect.TypeFor[legacySignSchema]())
	r.RegisterTypeAlias(reflect.TypeFor[int](), reflect.TypeFor[int32]())
	return r
}

type timeSchema struct{}

// Schema implements huma.SchemaProvider.
func (timeSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

type uuidSchema struct{}

// Schema implements huma.SchemaProvider.
func (uuidSchema) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid"}
}

// schemaName names a type as the contract does: wire.Result[wire.Order] is RestApiResultOrder, and so on.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[problem]():
		return "RestApiErrorResult"
	case reflect.TypeFor[fieldError]():
		return "ValidationErrorResult"
	}
	generic, _, isGeneric := strings.Cut(t.Name(), "[")
	if !isGeneric || t.PkgPath() != reflect.TypeFor[wire.Time]().PkgPath() {
		return huma.DefaultSchemaNamer(t, hint)
	}
	data, ok := t.FieldByName("Data")
	if !ok {
		return huma.DefaultSchemaNamer(t, hint)
	}
	switch generic {
	case "Page":
		return "RestApiPaginationResult" + schemaName(data.Type.Elem(), "")
	case "Result":
		return resultName(data.Type)
	}
	return huma.DefaultSchemaNamer(t, hint)
}

func resultName(t reflect.Type) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.String:
		return "RestApiStringArrayResult"
	case t.Kind() == reflect.Slice:
		return "RestApiArrayResult" + schemaName(t.Elem(), "")
	case t.Kind() == reflect.String:
		return "RestApiStringResult"
	case t.Kind() == reflect.Int:
		return "RestApiIntegerResult"
	}
	return "RestApiResult" + schemaName(t, "")
}

// finishSchemas takes out of the generated schemas what huma assumes and the contract does not: closed objects, and null
// for everything that is a pointer in Go. A member is nullable when its tag says so; null is then one of its values, of
// which the contract says nothing.
func finishSchemas(r huma.Registry) {
	ofContract := reflect.TypeFor[wire.Order]().PkgPath()
	for name, s := range r.Map() {
		if open, ok := s.AdditionalProperties.(bool); ok && !open {
			s.AdditionalProperties = nil
		}
		t := r.TypeFromRef("#/components/schemas/" + name)
		if _, isEvent := reflect.New(t).Interface().(interface{ Base() *wire.EventBase }); isEvent { // the log puts it in front
			s.Properties["Position"] = &huma.Schema{Type: huma.TypeInteger, Format: "int32"}
		}
		for _, f := range reflect.VisibleFields(t) {
			member := baseName(f.Tag.Get("json"))
			if member == "" {
				member = f.Name
			}
			if p := s.Properties[member]; p != nil {
				p.Nullable = f.Tag.Get("nullable") == "true"
				if p.Nullable && p.Enum != nil && !slices.Contains(p.Enum, nil) && t.PkgPath() != ofContract {
					p.Enum = append(slices.Clip(p.Enum), nil)
				}
			}
		}
	}
}

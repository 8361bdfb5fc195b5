// Package wire is the contract's vocabulary as Go types: one struct per schema of the v1.0 contract that a served
// operation or an event can reach, in the contract's own property order, spelling mistakes included (TableServiceCatagory,
// FinanceManger). It has no behaviour beyond how a value is written.
//
// The structs are generated from api/testdata/contract (types_gen.go, enums_gen.go, events_gen.go); this file's
// neighbours hold what the schemas cannot say: [Time], [Decimal], [UUID], the envelopes and [EventBase].
//
// How a property becomes a field:
//
//   - Every declared property is written, null included; nothing is omitted.
//   - A property that the contract calls nullable is a pointer.
//   - In a schema that a request body can reach, every optional scalar is a pointer, so that "absent" and "zero" differ.
//   - number → [Decimal] (exact decimal text, never a float), except coordinates; date-time → [Time]; uuid → [UUID].
//   - An enum is a string type with its declared values; unknown values are refused at the door, not here.
package wire

//go:generate go run ./internal/gen

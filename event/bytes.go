package event

import (
	"strconv"

	"comanda/wire"
)

// Flat returns the bytes that are sent as the event: the stored body with its Position in front. They are frozen: a
// replay sends the same ones.
func (e Event) Flat() []byte { return e.appendFlat(make([]byte, 0, len(e.Body)+32)) }

func (e Event) appendFlat(b []byte) []byte {
	b = append(b, `{"Position":`...)
	b = strconv.AppendInt(b, e.Position, 10)
	if len(e.Body) > 2 {
		b = append(b, ',')
	}
	return append(b, e.Body[1:]...)
}

// Envelope returns the flat event in the wrapper {Type, CreateTime, Body} that live receivers get, frozen alike.
func (e Event) Envelope() []byte {
	b := appendHead(make([]byte, 0, len(e.Body)+len(e.Name)+96), e.Name, wire.At(e.Shown).Format())
	return append(e.appendFlat(b), '}')
}

// Wrap is the envelope around a flat event, whose name and CreateTime the caller has read from it.
func Wrap(name, created string, flat []byte) []byte {
	b := appendHead(make([]byte, 0, len(flat)+len(name)+96), name, created)
	return append(append(b, flat...), '}')
}

func appendHead(b []byte, name, created string) []byte {
	b = append(b, `{"Type":"`...)
	b = append(b, name...)
	b = append(b, `","CreateTime":"`...)
	b = append(b, created...)
	return append(b, `","Body":`...)
}

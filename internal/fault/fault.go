// Package fault is the one error type that crosses package borders inside Comanda. Business code says what kind of fault
// it is and how to mend it; each door maps the kind to its own status. Any other error is an internal fault, and its text
// never leaves the process.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says who is at fault and what can be done about it.
type Kind int

// The kinds, with the HTTP status that the API door answers.
const (
	Internal        Kind = iota // 500: ours; logged, never described to the caller
	Invalid                     // 400: a field or parameter is wrong
	Unauthenticated             // 401: no caller, or one we do not know
	Forbidden                   // 403: a known caller without the right
	NotFound                    // 404
	Conflict                    // 409: the state moved or the thing is there already
	Gone                        // 410
	TooLarge                    // 413
	Unprocessable               // 422: an idempotency key used with another body
	TooMany                     // 429: see RetryAfter
	Unavailable                 // 503: repeat later; the outcome may be unknown
)

// Field names one wrong member or parameter (by its wire name) and what is wrong with it.
type Field struct {
	Name    string
	Message string
}

// Error is a fault that may be shown to a caller. Message says what is wrong, Mend how to put it right.
type Error struct {
	Kind       Kind
	Message    string
	Mend       string
	Fields     []Field
	RetryAfter time.Duration
	// Data is an answer that goes with the refusal, such as the new quote of a moved price; doors write it under Data.
	Data any
}

func (e *Error) Error() string {
	if e.Mend != "" {
		return e.Message + " " + e.Mend
	}
	return e.Message
}

// New makes a fault; message is a whole sentence.
func New(k Kind, message string) *Error { return &Error{Kind: k, Message: message} }

// Newf makes a fault with a formatted sentence.
func Newf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Message: fmt.Sprintf(format, args...)}
}

// BadField is an Invalid fault about one field: what is wrong and how to mend it, as one text.
func BadField(name, format string, args ...any) *Error {
	m := fmt.Sprintf(format, args...)
	return &Error{Kind: Invalid, Message: name + ": " + m, Fields: []Field{{name, m}}}
}

// With adds the sentence that says how to mend the fault.
func (e *Error) With(mend string) *Error { e.Mend = mend; return e }

// MaxFields is how many wrong fields one answer names: who sends more has one mistake many times.
const MaxFields = 100

// maxFieldName bounds the name of a wrong field in bytes, because a caller can make up names where a map is expected.
const maxFieldName = 200

// Collector gathers the wrong fields of one request so that the caller hears of all of them at once, up to [MaxFields];
// of the rest it keeps only the number, so that the answer does not grow with what was sent.
type Collector struct {
	fields []Field
	rest   int
}

// Add notes a wrong field.
func (c *Collector) Add(name, format string, args ...any) {
	if c.Full() {
		c.rest++
		return
	}
	if len(name) > maxFieldName {
		name = strings.ToValidUTF8(name[:maxFieldName], "") + "…"
	}
	c.fields = append(c.fields, Field{name, fmt.Sprintf(format, args...)})
}

// Full says that no more fields are kept, so that there is no point in looking for more.
func (c *Collector) Full() bool { return len(c.fields) >= MaxFields }

// Err is nil when nothing was noted, else one Invalid fault that names every field that was kept.
func (c *Collector) Err() error {
	if len(c.fields) == 0 {
		return nil
	}
	msg := c.fields[0].Name + ": " + c.fields[0].Message
	switch n := len(c.fields) - 1 + c.rest; {
	case c.Full():
		msg += fmt.Sprintf(" (and at least %d more, see the first %d in Errors)", n, MaxFields)
	case n > 0:
		msg += fmt.Sprintf(" (and %d more, see Errors)", n)
	}
	return &Error{Kind: Invalid, Message: msg, Fields: c.fields}
}

// KindOf returns the kind of the first fault in err's chain, Internal when there is none.
func KindOf(err error) Kind {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

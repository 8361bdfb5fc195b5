package event

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"

	"comanda/internal/db"
	"comanda/internal/fault"
)

// Cursor says how far a reader outside has come: a position and the end of that event's id, which tells whether the log
// still holds the history that the reader saw. The zero Cursor stands before the first event.
type Cursor struct {
	Position int64
	suffix   [suffixLen]byte
}

// suffixLen bytes of a UUIDv7's random end.
const suffixLen = 6

// Oldest goes with a Gone fault: from where the log can still be read.
type Oldest struct {
	Position int64  `json:"OldestPosition"` // of the oldest event that is kept, 0 when there is none
	Cursor   string `json:"OldestCursor"`   // reads on after that event
}

// Cursor returns the cursor that stands after e.
func (e Event) Cursor() Cursor { return Cursor{e.Position, suffixOf(e.ID)} }

func suffixOf(id string) (s [suffixLen]byte) {
	digits := strings.ReplaceAll(id, "-", "")
	if len(digits) >= 2*suffixLen {
		_, _ = hex.Decode(s[:], []byte(digits[len(digits)-2*suffixLen:]))
	}
	return s
}

// String returns the cursor's text, which says nothing to whoever holds it.
func (c Cursor) String() string {
	b := binary.AppendUvarint(make([]byte, 0, 16), uint64(c.Position))
	return base64.RawURLEncoding.EncodeToString(append(b, c.suffix[:]...))
}

// ParseCursor reads a cursor's text; field is the wire name to blame. Empty text is the zero Cursor.
func ParseCursor(field, text string) (Cursor, error) {
	if text == "" {
		return Cursor{}, nil
	}
	bad := fault.BadField(field, "%.40q is not a cursor: send one that this API returned, or none to read from the beginning", text)
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return Cursor{}, bad
	}
	pos, n := binary.Uvarint(raw)
	if n <= 0 || pos > 1<<62 || len(raw) != n+suffixLen {
		return Cursor{}, bad
	}
	c := Cursor{Position: int64(pos), suffix: [suffixLen]byte(raw[n:])}
	if c.String() != text { // a longer spelling of the same number
		return Cursor{}, bad
	}
	return c, nil
}

// Resolve returns the position after which the holder of a cursor reads on. A cursor that the stored log does not bear
// out (after a restore or a failover, beyond the head, or deleted by retention) is a Gone fault with Data Oldest.
func Resolve(tx *db.Tx, brand int, c Cursor) (int64, error) {
	oldest, err := OldestKept(tx, brand)
	if err != nil {
		return 0, err
	}
	gone := &fault.Error{
		Kind: fault.Gone, Message: "This cursor points at an event that the log does not hold (any more).",
		Mend: "Read on with oldest in place of the cursor, and fetch what you keep of earlier events again.", Data: oldest,
	}
	if c.Position == 0 {
		if c != (Cursor{}) || oldest.Position > 1 {
			return 0, gone
		}
		return 0, nil
	}
	var id string
	err = tx.QueryRow(sqlIDAt, brand, c.Position).Scan(&id)
	if errors.Is(err, db.ErrNoRows) || err == nil && suffixOf(id) != c.suffix {
		return 0, gone
	}
	return c.Position, err
}

// OldestKept tells from where a brand's log can still be read.
func OldestKept(tx *db.Tx, brand int) (Oldest, error) {
	var e Event
	err := tx.QueryRow(sqlOldest, brand).Scan(&e.Position, &e.ID)
	if errors.Is(err, db.ErrNoRows) {
		return Oldest{Cursor: Cursor{}.String()}, nil
	}
	return Oldest{e.Position, e.Cursor().String()}, err
}

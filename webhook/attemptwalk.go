package webhook

import (
	"cmp"
	"encoding/base64"
	"encoding/binary"
	"log/slog"
	"math"
	"slices"
	"strings"

	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

// headsAtOnce is how many heads of blocks a walk reads at once.
const headsAtOnce = 100

// attemptID names an attempt of a subscription: when it began, its event's position, its block, its place there. Newer
// ones are greater.
type attemptID struct {
	at, position, last, salt, index int64
}

func (a attemptID) compare(b attemptID) int {
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.position, b.position), cmp.Compare(a.last, b.last), cmp.Compare(a.salt, b.salt), cmp.Compare(a.index, b.index))
}

// String is text that no command line takes for a flag: it begins with a letter.
func (a attemptID) String() string {
	var raw []byte
	for _, n := range []int64{a.last, a.last - a.at, a.position, a.salt, a.index} {
		raw = binary.AppendVarint(raw, n)
	}
	return attemptPrefix + base64.RawURLEncoding.EncodeToString(raw)
}

const attemptPrefix = "a"

// parseAttemptID reads an id's text; field is the wire name to blame.
func parseAttemptID(field, text string) (a attemptID, err error) {
	bad := fault.BadField(field, "%.40q is no id of an attempt: send the AttemptId of one that was listed", text)
	rest, ours := strings.CutPrefix(text, attemptPrefix)
	raw, err := base64.RawURLEncoding.DecodeString(rest)
	if err != nil || !ours {
		return a, bad
	}
	var before int64
	for _, n := range []*int64{&a.last, &before, &a.position, &a.salt, &a.index} {
		value, size := binary.Varint(raw)
		if size <= 0 {
			return a, bad
		}
		*n, raw = value, raw[size:]
	}
	a.at = a.last - before
	if len(raw) > 0 || a.String() != text {
		return a, bad
	}
	return a, nil
}

// found is an attempt that a walk came to.
type found struct {
	kept
	id   attemptID
	kind string
}

// walk goes through attempts of a subscription that began in a time, the newest first. It decodes a block only when one of
// its attempts may be the next.
type walk struct {
	tx       *db.Tx
	sub      int
	from, to int64 // microseconds, both included
	before   attemptID
	failed   bool
	position int64 // 0 = of any
	eventID  string
	kind     string

	heads []block // read ahead
	ended bool    // there are no more heads
	after block   // the last head that was read
	ahead []found // decoded, the newest last
}

// newWalk is a walk over everything.
func newWalk(tx *db.Tx, sub int) *walk {
	return &walk{
		tx: tx, sub: sub, to: math.MaxInt64, before: attemptID{at: math.MaxInt64},
		after: block{last: math.MaxInt64, salt: math.MaxInt64},
	}
}

// head is the next block that is not decoded, nil when there is none.
func (k *walk) head() (*block, error) {
	if len(k.heads) > 0 || k.ended {
		return first(k.heads), nil
	}
	rows, err := k.tx.Query(sqlBlocks, k.sub, k.from, min(k.to, k.before.at), k.after.last, k.after.salt, k.kind,
		flag(k.failed), k.position, headsAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var b block
		if err := rows.Scan(&b.last, &b.salt, &b.first, &b.count, &b.failed, &b.kind); err != nil {
			return nil, err
		}
		k.heads = append(k.heads, b)
	}
	k.ended = len(k.heads) < headsAtOnce
	if n := len(k.heads); n > 0 {
		k.after = k.heads[n-1]
	}
	return first(k.heads), rows.Err()
}

func first(heads []block) *block {
	if len(heads) == 0 {
		return nil
	}
	return &heads[0]
}

// next returns the next attempt, nil after the last one.
func (k *walk) next() (*found, error) {
	for {
		h, err := k.head()
		if err != nil {
			return nil, err
		}
		n := len(k.ahead)
		if n > 0 && (h == nil || h.last < k.ahead[n-1].id.at) {
			f := k.ahead[n-1]
			k.ahead = k.ahead[:n-1]
			return &f, nil
		}
		if h == nil {
			return nil, nil
		}
		if err := k.decode(*h); err != nil {
			return nil, err
		}
		k.heads = k.heads[1:]
	}
}

// decode adds the attempts of a block that are looked for. One that cannot be read is left out: the log is a help.
func (k *walk) decode(h block) error {
	var body []byte
	if err := k.tx.QueryRow(sqlBlock, k.sub, h.last, h.salt).Scan(&body, &h.kind); err != nil {
		return err
	}
	all, err := decodeBlock(body)
	if err != nil {
		slog.Warn("webhook: a block of attempts is left out", "subscription", k.sub, "last", h.last, "salt", h.salt, "error", err)
		return nil
	}
	for i, a := range all {
		at := clock.Micros(a.at)
		f := found{kept: a, kind: h.kind, id: attemptID{at, a.position, h.last, h.salt, int64(i)}}
		if at >= k.from && at <= k.to && f.id.compare(k.before) < 0 && (!k.failed || !a.received()) &&
			(k.position == 0 || a.position == k.position) && (k.eventID == "" || a.eventID == k.eventID) {
			k.ahead = append(k.ahead, f)
		}
	}
	slices.SortFunc(k.ahead, func(x, y found) int { return x.id.compare(y.id) })
	return nil
}

// skip passes over n attempts; whole blocks that no other one overlaps are not decoded. Only for a walk without filters.
func (k *walk) skip(n int) error {
	for n > 0 {
		h, err := k.head()
		if err != nil {
			return err
		}
		if len(k.ahead) == 0 && h != nil && h.count <= n && h.first >= k.from && h.last <= k.to && (len(k.heads) > 1 && k.heads[1].last < h.first || len(k.heads) == 1 && k.ended) {
			n -= h.count
			k.heads = k.heads[1:]
			continue
		}
		f, err := k.next()
		if err != nil || f == nil {
			return err
		}
		n--
	}
	return nil
}

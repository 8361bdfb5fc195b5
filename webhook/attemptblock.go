package webhook

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"comanda/internal/clock"
)

// The bounds of a block.
const (
	blockRaw  = 1 << 20      // a block is closed when its attempts take more, before compression
	maxRaw    = 2 * blockRaw // more is no block of ours
	blockForm = 1            // the first byte: how the rest is to be read
	rowBytes  = 256          // about what a row takes beside its body
	maxCount  = maxRaw / 16  // an attempt takes more bytes than this bound implies
)

var errBlock = errors.New("webhook: a block of the attempt log cannot be read")

// kept is one attempt as a block holds it.
type kept struct {
	at, created time.Time // the attempt began, the event was made
	position    int64
	number      int
	owner       int
	status      int // 0 = no answer
	duration    time.Duration
	timings     timings
	eventID     string
	name        string
	version     string
	url         string
	reason      string // why there was no answer
	request     string // header lines
	response    string // header lines
	body        string // raw bytes
}

// received reports whether the endpoint took the event.
func (k *kept) received() bool { return k.status >= 200 && k.status <= 299 }

// asKept is an attempt as it goes into a block.
func (l *logged) asKept() kept {
	s := l.sub
	k := kept{
		at: l.at, created: l.created, position: l.position, number: l.number, owner: s.Owner, status: l.status,
		duration: l.duration, timings: l.timings, eventID: l.eventID, name: l.name, version: s.Version, url: s.CallbackURL,
		request: requestText(l.request), response: headerText(l.header), body: string(l.body),
	}
	if l.err != nil && l.status == 0 {
		k.reason = reason(l.err)
	}
	return k
}

// blockCode writes attempts one after the other. A text that is the same as in the attempt before takes one byte.
type blockCode struct {
	raw  []byte
	last codeState
	n    int
	z    *flate.Writer
}

// codeState is what the next attempt is compared with; the writer and the reader keep it alike.
type codeState struct {
	at, position      int64
	texts             [6]string
	request, response []string
}

func (c *blockCode) number(n int64) { c.raw = binary.AppendVarint(c.raw, n) }

func (c *blockCode) text(last *string, s string) {
	if s == *last {
		c.raw = append(c.raw, 0)
		return
	}
	c.raw = binary.AppendUvarint(c.raw, uint64(len(s))+1)
	c.raw = append(c.raw, s...)
	*last = s
}

func (c *blockCode) lines(last *[]string, s string) {
	n := strings.Count(s, "\r\n")
	c.raw = binary.AppendUvarint(c.raw, uint64(n))
	for i := range n {
		line, rest, _ := strings.Cut(s, "\r\n")
		if i == len(*last) {
			*last = append(*last, "")
		}
		c.text(&(*last)[i], line)
		s = rest
	}
}

func (c *blockCode) add(k *kept) {
	at := clock.Micros(k.at)
	c.number(at - c.last.at)
	c.number(k.position - c.last.position)
	c.last.at, c.last.position = at, k.position
	c.number(at - clock.Micros(k.created))
	for _, n := range []int64{
		int64(k.number), int64(k.owner), int64(k.status), k.duration.Microseconds(), k.timings.dns.Microseconds(),
		k.timings.connect.Microseconds(), k.timings.tls.Microseconds(), k.timings.firstByte.Microseconds(), flag(k.timings.reused),
	} {
		c.number(n)
	}
	for i, s := range []string{k.eventID, k.name, k.version, k.url, k.reason, k.body} {
		c.text(&c.last.texts[i], s)
	}
	c.lines(&c.last.request, k.request)
	c.lines(&c.last.response, k.response)
	c.n++
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// close returns the block and begins a new one.
func (c *blockCode) close() []byte {
	var out bytes.Buffer
	out.WriteByte(blockForm)
	if c.z == nil {
		c.z, _ = flate.NewWriter(&out, flate.BestSpeed) // the level is a valid one
	} else {
		c.z.Reset(&out)
	}
	_, _ = c.z.Write(binary.AppendUvarint(nil, uint64(c.n))) // a buffer takes everything
	_, _ = c.z.Write(c.raw)
	_ = c.z.Close()
	c.raw, c.last, c.n = c.raw[:0], codeState{}, 0
	return out.Bytes()
}

// blockText reads what blockCode wrote. After the first mistake everything is zero.
type blockText struct {
	rest string
	bad  bool
}

func (r *blockText) unsigned() uint64 {
	var n uint64
	for shift := 0; shift < 64; shift += 7 {
		if r.rest == "" {
			break
		}
		b := r.rest[0]
		r.rest = r.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
	r.bad, r.rest = true, ""
	return 0
}

func (r *blockText) number() int64 {
	n := r.unsigned()
	return int64(n>>1) ^ -int64(n&1)
}

func (r *blockText) text(last *string) string {
	n := r.unsigned()
	switch {
	case n == 0:
		return *last
	case n-1 > uint64(len(r.rest)):
		r.bad, r.rest = true, ""
		return ""
	}
	*last, r.rest = r.rest[:n-1], r.rest[n-1:]
	return *last
}

// lines reads header lines; total bounds what a block that is not ours could make of few bytes.
func (r *blockText) lines(last *[]string, total *int) string {
	n := r.unsigned()
	if n > uint64(len(r.rest)) {
		r.bad = true
		return ""
	}
	var b strings.Builder
	for i := range int(n) {
		if i == len(*last) {
			*last = append(*last, "")
		}
		line := r.text(&(*last)[i])
		if *total += len(line) + 2; r.bad || b.Len()+len(line) > maxRaw || *total > 16*maxRaw {
			r.bad = true
			return ""
		}
		b.WriteString(line)
		b.WriteString("\r\n")
	}
	return b.String()
}

// decodeBlock returns the attempts of a block in the order in which they began.
func decodeBlock(body []byte) ([]kept, error) {
	if len(body) == 0 || body[0] != blockForm {
		return nil, errBlock
	}
	var raw strings.Builder
	n, err := io.Copy(&raw, io.LimitReader(flate.NewReader(bytes.NewReader(body[1:])), maxRaw+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBlock, err)
	}
	r := &blockText{rest: raw.String(), bad: n > maxRaw}
	count := r.unsigned()
	if count > maxCount {
		return nil, errBlock
	}
	var last codeState
	var out []kept
	total := 0
	for range count {
		k := r.kept(&last, &total)
		if r.bad {
			return nil, errBlock
		}
		out = append(out, k)
	}
	if r.bad || r.rest != "" {
		return nil, errBlock
	}
	return out, nil
}

func (r *blockText) kept(last *codeState, total *int) (k kept) {
	last.at += r.number()
	last.position += r.number()
	k.at, k.position = clock.FromMicros(last.at), last.position
	k.created = clock.FromMicros(last.at - r.number())
	k.number, k.owner, k.status = int(r.number()), int(r.number()), int(r.number())
	for _, d := range []*time.Duration{&k.duration, &k.timings.dns, &k.timings.connect, &k.timings.tls, &k.timings.firstByte} {
		*d = time.Duration(r.number()) * time.Microsecond
	}
	k.timings.reused = r.number() != 0
	for i, s := range []*string{&k.eventID, &k.name, &k.version, &k.url, &k.reason, &k.body} {
		*s = r.text(&last.texts[i])
	}
	k.request = r.lines(&last.request, total)
	k.response = r.lines(&last.response, total)
	return k
}

package requestlog

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"io"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// maxBlock bounds what a block takes before compression when it is read.
const maxBlock = 16 << 20

// block collects the requests of a brand for one row, in the order in which they were answered.
type block struct {
	of       whose
	requests []Request
}

// whose requests a block has: of a brand, and of somebody whom it knows or not.
type whose struct {
	brand     int
	strangers bool
}

func (b *block) add(r Request) { b.requests = append(b.requests, r) }

// insert is the statement that stores the block.
func (b *block) insert() (db.Stmt, error) {
	var body bytes.Buffer
	z, err := flate.NewWriter(&body, flate.BestSpeed)
	if err != nil {
		return db.Stmt{}, err
	}
	if err := json.NewEncoder(z).Encode(b.requests); err != nil {
		return db.Stmt{}, err
	}
	if err := z.Close(); err != nil {
		return db.Stmt{}, err
	}
	var process string
	var low, high, first, last, refused, failed int64
	for i, r := range b.requests {
		p, n, _ := parseID(r.ID)
		end := clock.Micros(r.At.Add(r.Duration))
		if i == 0 {
			process, low, high, first, last = p, n, n, clock.Micros(r.At), end
		}
		switch r.Status / 100 {
		case 4:
			refused++
		case 5:
			failed++
		}
		low, high, first, last = min(low, n), max(high, n), min(first, clock.Micros(r.At)), max(last, end)
	}
	return db.Stmt{SQL: sqlInsert, Args: []any{
		b.of.brand, last, process, low, high, first, body.Len() + rowBytes, body.Bytes(), b.of.strangers, len(b.requests), refused, failed,
	}}, nil
}

// decode reads the requests of a block.
func decode(body []byte) (out []Request, err error) {
	err = json.NewDecoder(io.LimitReader(flate.NewReader(bytes.NewReader(body)), maxBlock)).Decode(&out)
	return out, err
}

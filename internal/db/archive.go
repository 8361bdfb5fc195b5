package db

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"
)

// An archive holds all tables of a database in a form that either engine restores. It is gzip'd JSON, one value a line:
//
//	{"comanda":"backup","version":1,"engine":"sqlite","created":"…","migrations":["0001_log", …]}
//	{"table":"brands","columns":["id","app_id", …]}
//	[7,"pizzeria", …]          one line per row; then the next table
//	{"tables":31,"rows":18250} the end: without it the archive is cut off
//
// In a row, integers are JSON numbers of 64 bits, text is a string, booleans are true and false. What JSON cannot carry
// exactly is an object: {"b":base64} bytes, {"t":base64} text that is not UTF-8, {"f":decimal} a float.
const (
	archiveKind    = "backup"
	archiveVersion = 1
)

type archiveHeader struct {
	Comanda    string    `json:"comanda"`
	Version    int       `json:"version"`
	Engine     string    `json:"engine"`
	Created    time.Time `json:"created"`
	Migrations []string  `json:"migrations"`
}

type archiveTable struct {
	Table   string   `json:"table"`
	Columns []string `json:"columns"`
}

type archiveEnd struct {
	Tables int   `json:"tables"`
	Rows   int64 `json:"rows"`
}

var errCutOff = errors.New("the archive is cut off or damaged: its end is missing")

// archiveWriter writes an archive row by row.
type archiveWriter struct {
	gzip *gzip.Writer
	out  *bufio.Writer
	line []byte
	end  archiveEnd
}

func newArchiveWriter(w io.Writer, h archiveHeader) (*archiveWriter, error) {
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	a := &archiveWriter{gzip: z, out: bufio.NewWriterSize(z, 1<<16)}
	h.Comanda, h.Version = archiveKind, archiveVersion
	return a, a.json(h)
}

func (a *archiveWriter) json(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = a.out.Write(append(raw, '\n'))
	return err
}

func (a *archiveWriter) table(name string, columns []string) error {
	a.end.Tables++
	return a.json(archiveTable{name, columns})
}

func (a *archiveWriter) row(values []any) error {
	a.end.Rows++
	b := append(a.line[:0], '[')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := v.(type) {
		case nil:
			b = append(b, "null"...)
		case bool:
			b = strconv.AppendBool(b, v)
		case int64:
			b = strconv.AppendInt(b, v, 10)
		case float64:
			b = append(strconv.AppendFloat(append(b, `{"f":"`...), v, 'g', -1, 64), `"}`...)
		case []byte:
			b = append(base64.StdEncoding.AppendEncode(append(b, `{"b":"`...), v), `"}`...)
		case string:
			if !utf8.ValidString(v) {
				b = append(base64.StdEncoding.AppendEncode(append(b, `{"t":"`...), []byte(v)), `"}`...)
				break
			}
			raw, err := json.Marshal(v)
			if err != nil {
				return err
			}
			b = append(b, raw...)
		default:
			return fmt.Errorf("a value of type %T cannot be archived", v)
		}
	}
	a.line = append(b, ']', '\n')
	_, err := a.out.Write(a.line)
	return err
}

func (a *archiveWriter) close() error {
	if err := a.json(a.end); err != nil {
		return err
	}
	if err := a.out.Flush(); err != nil {
		return err
	}
	return a.gzip.Close()
}

// archiveReader reads an archive row by row.
type archiveReader struct {
	header archiveHeader
	lines  *bufio.Reader
	next   []byte // the line that ended the last table
	seen   archiveEnd
}

func newArchiveReader(r io.Reader) (*archiveReader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, errors.New("this is not a backup made by Comanda: it is not compressed as one")
	}
	a := &archiveReader{lines: bufio.NewReaderSize(z, 1<<16)}
	line, err := a.line()
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(line, &a.header); err != nil || a.header.Comanda != archiveKind {
		return nil, errors.New("this is not a backup made by Comanda: its first line does not say so")
	}
	if a.header.Version != archiveVersion {
		return nil, fmt.Errorf("the backup has format version %d, this Comanda reads version %d; use the Comanda that made it", a.header.Version, archiveVersion)
	}
	a.next, err = a.line()
	return a, err
}

func (a *archiveReader) line() ([]byte, error) {
	line, err := a.lines.ReadBytes('\n')
	if err != nil {
		return nil, errors.Join(errCutOff, err)
	}
	return line, nil
}

// table returns the next table, or nil at the end of a whole archive.
func (a *archiveReader) table() (*archiveTable, error) {
	var t archiveTable
	if err := json.Unmarshal(a.next, &t); err != nil {
		return nil, errors.Join(errCutOff, err)
	}
	if t.Table != "" {
		a.seen.Tables++
		return &t, nil
	}
	var end archiveEnd
	if err := json.Unmarshal(a.next, &end); err != nil || end != a.seen {
		return nil, fmt.Errorf("%w (it announces %d tables and %d rows, %d and %d were found)", errCutOff, end.Tables, end.Rows, a.seen.Tables, a.seen.Rows)
	}
	if _, err := a.lines.ReadByte(); !errors.Is(err, io.EOF) { // also has the checksum compared
		return nil, errors.Join(errCutOff, err)
	}
	return nil, nil
}

// row returns the next row of the table, or nil behind the last.
func (a *archiveReader) row() ([]any, error) {
	line, err := a.line()
	if err != nil {
		return nil, err
	}
	if line[0] != '[' {
		a.next = line
		return nil, nil
	}
	a.seen.Rows++
	var out []any
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	if err := d.Decode(&out); err != nil {
		return nil, errors.Join(errCutOff, err)
	}
	for i, v := range out {
		switch v := v.(type) {
		case json.Number:
			if out[i], err = v.Int64(); err != nil {
				return nil, err
			}
		case map[string]any:
			if out[i], err = special(v); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

func special(v map[string]any) (any, error) {
	for kind, text := range v {
		s, ok := text.(string)
		if !ok || len(v) != 1 {
			break
		}
		switch kind {
		case "b":
			return base64.StdEncoding.DecodeString(s)
		case "t":
			raw, err := base64.StdEncoding.DecodeString(s)
			return string(raw), err
		case "f":
			return strconv.ParseFloat(s, 64)
		}
	}
	return nil, fmt.Errorf("the archive holds a value %v that this Comanda does not know", v)
}

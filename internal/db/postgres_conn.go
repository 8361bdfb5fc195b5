package db

import (
	"context"
	"database/sql/driver"
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"
)

// pgConnector opens connections that send BEGIN together with the first statement.
type pgConnector struct{ driver.Connector }

func (c pgConnector) Connect(ctx context.Context) (driver.Conn, error) {
	inner, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &pgConn{Conn: inner.(*stdlib.Conn)}, nil
}

// pgConn is pgx's connection for database/sql, but for BEGIN: it travels with the first statement in one pipelined
// batch, which saves a round trip per transaction.
type pgConn struct {
	*stdlib.Conn
	begin string // not sent yet
}

func (c *pgConn) dead() bool { return c.Conn.Conn().IsClosed() }

// ExecContext implements driver.ExecerContext.
func (c *pgConn) ExecContext(ctx context.Context, query string, named []driver.NamedValue) (driver.Result, error) {
	if c.begin == "" {
		tag, err := c.Conn.Conn().Exec(ctx, query, arguments(named)...)
		return driver.RowsAffected(tag.RowsAffected()), err
	}
	results, err := c.sendBegin(ctx, query, named)
	if err != nil {
		return nil, err
	}
	tag, err := results.Exec()
	if closing := results.Close(); err == nil {
		err = closing
	}
	return driver.RowsAffected(tag.RowsAffected()), err
}

// QueryContext implements driver.QueryerContext.
func (c *pgConn) QueryContext(ctx context.Context, query string, named []driver.NamedValue) (driver.Rows, error) {
	r := &pgRows{}
	var err error
	if c.begin == "" {
		r.rows, err = c.Conn.Conn().Query(ctx, query, arguments(named)...)
	} else {
		if r.batch, err = c.sendBegin(ctx, query, named); err == nil {
			r.rows, err = r.batch.Query()
		}
	}
	if err == nil {
		// The first row is fetched here, so that an error of the statement is one of the call.
		r.first = r.rows.Next()
		err = r.rows.Err()
	}
	if err != nil {
		_ = r.Close()
		return nil, err
	}
	r.fetched = true
	r.fields = r.rows.FieldDescriptions()
	return r, nil
}

// sendBegin sends BEGIN and a statement, and returns the results at the statement's.
func (c *pgConn) sendBegin(ctx context.Context, query string, named []driver.NamedValue) (pgx.BatchResults, error) {
	batch := &pgx.Batch{}
	batch.Queue(c.begin)
	batch.Queue(query, arguments(named)...)
	results := c.Conn.Conn().SendBatch(ctx, batch)
	if _, err := results.Exec(); err != nil {
		_ = results.Close()
		return nil, err
	}
	c.begin = ""
	return results, nil
}

func arguments(named []driver.NamedValue) []any {
	out := make([]any, len(named))
	for i, v := range named {
		out[i] = v.Value
	}
	return out
}

// pgRows turns pgx's rows into those of database/sql.
type pgRows struct {
	rows    pgx.Rows
	batch   pgx.BatchResults // not nil: ends with the rows
	fields  []pgconn.FieldDescription
	fetched bool // the next row has been fetched; first says whether there is one
	first   bool
}

func (r *pgRows) Columns() []string {
	out := make([]string, len(r.fields))
	for i, f := range r.fields {
		out[i] = f.Name
	}
	return out
}

func (r *pgRows) Close() (err error) {
	if r.rows != nil {
		r.rows.Close()
	}
	if r.batch != nil {
		err = r.batch.Close()
		r.batch = nil
	}
	return err
}

func (r *pgRows) Next(dest []driver.Value) error {
	more := r.first
	if r.fetched {
		r.fetched = false
	} else {
		more = r.rows.Next()
	}
	if !more {
		if err := r.rows.Err(); err != nil {
			return err
		}
		return io.EOF
	}
	for i, raw := range r.rows.RawValues() {
		v, err := r.value(i, raw)
		if err != nil {
			return fmt.Errorf("column %s: %w", r.fields[i].Name, err)
		}
		dest[i] = v
	}
	return nil
}

// value decodes the types that the schema uses, and leaves others, such as the numeric of a sum, to pgx. Bytes are
// valid until the next row: database/sql copies them.
func (r *pgRows) value(i int, raw []byte) (driver.Value, error) {
	if raw == nil {
		return nil, nil
	}
	switch f := &r.fields[i]; {
	case f.DataTypeOID == pgtype.TextOID, f.DataTypeOID == pgtype.VarcharOID, f.DataTypeOID == pgtype.NameOID:
		return string(raw), nil
	case f.Format != pgx.BinaryFormatCode:
	case f.DataTypeOID == pgtype.Int4OID && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil
	case f.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), nil
	case f.DataTypeOID == pgtype.BoolOID && len(raw) == 1:
		return raw[0] == 1, nil
	case f.DataTypeOID == pgtype.ByteaOID:
		return raw, nil
	case f.DataTypeOID == pgtype.Float8OID && len(raw) == 8:
		return math.Float64frombits(binary.BigEndian.Uint64(raw)), nil
	}
	values, err := r.rows.Values()
	if err != nil {
		return nil, err
	}
	switch v := values[i].(type) {
	case driver.Valuer:
		return v.Value()
	case int16:
		return int64(v), nil
	case int32:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case string, []byte, int64, float64, bool:
		return v, nil
	default:
		return fmt.Sprint(v), nil
	}
}

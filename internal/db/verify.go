package db

import (
	"context"
	"errors"
	"fmt"
)

// Verified says what Verify looked at.
type Verified struct {
	Tables int
	Brands int   // with a log
	Events int64 // in all logs
}

// Verify checks the whole database in one snapshot: SQLite's own integrity check; that each brand's log is free of gaps
// and ends at its head; that no follower is ahead of it; and that every row's brand is there. The error names every
// problem found.
func (d *DB) Verify(ctx context.Context) (Verified, error) {
	var out Verified
	var problems []error
	err := d.engine.export(ctx, func(tx *Tx) error {
		out, problems = Verified{}, nil
		found := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
		if d.Engine() == "sqlite" {
			if err := verifySQLite(tx, found); err != nil {
				return err
			}
		}
		if err := verifyLog(tx, &out, found); err != nil {
			return err
		}
		return verifyBrands(tx, d.Engine(), &out, found)
	})
	if err != nil {
		return out, fmt.Errorf("verify: %w", err)
	}
	return out, errors.Join(problems...)
}

func verifySQLite(tx *Tx, found func(string, ...any)) error {
	rows, err := tx.Query("pragma integrity_check")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		if text != "ok" {
			found("SQLite integrity check: %s", text)
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

func verifyLog(tx *Tx, out *Verified, found func(string, ...any)) error {
	rows, err := tx.Query(sqlVerifyLogs)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var brand, head, count, first, last int64
		if err := rows.Scan(&brand, &head, &count, &first, &last); err != nil {
			return err
		}
		out.Brands++
		out.Events += count
		// Retention takes events from the low end, so the first may be any, and there may be none.
		if count > 0 && (last != head || count != last-first+1) {
			found("log of brand %d: %d events from position %d to %d, head %d", brand, count, first, last, head)
		}
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for _, check := range []struct{ query, problem string }{
		{sqlVerifyHeadless, "%d events of brands without a log head"},
		{sqlVerifyFollowers, "%d followers are ahead of their log"},
	} {
		var n int64
		if err := tx.QueryRow(check.query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			found(check.problem, n)
		}
	}
	return nil
}

// verifyBrands looks at each table with a brand_id; 0 stands for no brand.
func verifyBrands(tx *Tx, engine string, out *Verified, found func(string, ...any)) error {
	tables, err := readTables(tx, engine)
	if err != nil {
		return err
	}
	out.Tables = len(tables)
	for _, t := range tables {
		if t.types["brand_id"] == "" {
			continue
		}
		var n int64
		query := "select count(*) from " + quoted(t.name) + " where brand_id <> 0 and brand_id not in (select id from brands)"
		if err := tx.QueryRow(query).Scan(&n); err != nil {
			return err
		}
		if n > 0 {
			found("table %s: %d rows of brands that do not exist", t.name, n)
		}
	}
	return nil
}

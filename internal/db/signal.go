package db

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
)

// Signals is a connection of its own, outside the pool, for NOTIFY and LISTEN: hints between nodes that may be lost.
// It is for one goroutine.
type Signals struct{ conn *pgx.Conn }

// OpenSignals connects; it listens on channel unless that is empty. SQLite has one process and no signals.
func (d *DB) OpenSignals(ctx context.Context, channel string) (*Signals, error) {
	if d.url == "" {
		return nil, errors.New("db: signals between nodes exist on PostgreSQL only")
	}
	c, err := pgx.Connect(ctx, d.url)
	if err != nil {
		return nil, err
	}
	if channel != "" {
		if _, err := c.Exec(ctx, "listen "+pgx.Identifier{channel}.Sanitize()); err != nil {
			_ = c.Close(ctx)
			return nil, err
		}
	}
	return &Signals{c}, nil
}

// Send notifies every listener of a channel. A payload stays under 8,000 bytes.
func (s *Signals) Send(ctx context.Context, channel, payload string) error {
	_, err := s.conn.Exec(ctx, postgresNotify, channel, payload)
	return err
}

// Receive waits for the next payload. After an error the connection is to be closed.
func (s *Signals) Receive(ctx context.Context) (string, error) {
	n, err := s.conn.WaitForNotification(ctx)
	if err != nil {
		return "", err
	}
	return n.Payload, nil
}

// Close closes the connection.
func (s *Signals) Close() { _ = s.conn.Close(context.Background()) }

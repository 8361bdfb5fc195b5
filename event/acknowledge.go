package event

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Acknowledged is what became of ack ids, each once.
type Acknowledged struct {
	Done    []string
	Unknown []string // not of a lease that this consumer has now
}

// Ack settles messages. An id whose message is settled already is Done again; one of another consumer, or of a lease that
// ended and was given to somebody anew, is Unknown and changes nothing. A lease that ended may be acknowledged as long as
// its message is not out again.
func (l *Log) Ack(ctx context.Context, k ConsumerKey, ids []string) (Acknowledged, error) {
	return l.onLeases(ctx, k, ids, true, func(tx *db.Tx, consumer int, a lent) error {
		l.Then(tx, db.Stmt{SQL: sqlDeleteMessage, Args: []any{consumer, a.position, a.attempt}})
		return nil
	})
}

// Extend lets messages be out for d from now on; with 0 they come again at once. Ids are judged as by Ack, but a settled
// message is Unknown.
func (l *Log) Extend(ctx context.Context, k ConsumerKey, ids []string, d time.Duration) (Acknowledged, error) {
	return l.onLeases(ctx, k, ids, false, func(tx *db.Tx, consumer int, a lent) error {
		l.Then(tx, db.Stmt{SQL: sqlLeaseMessage, Args: []any{consumer, a.position, a.attempt, clock.Micros(clock.Now().Add(d))}})
		return nil
	})
}

// onLeases sorts ids and does something to the leases that they name. settled says whether ids of settled messages are done.
func (l *Log) onLeases(ctx context.Context, k ConsumerKey, ids []string, settled bool, do func(*db.Tx, int, lent) error) (out Acknowledged, err error) {
	err = l.db.Write(ctx, func(tx *db.Tx) error {
		out = Acknowledged{Done: []string{}, Unknown: []string{}}
		c, err := lockConsumer(tx, k)
		if err != nil {
			return err
		}
		rows, err := messages(tx, c.id)
		if err != nil {
			return err
		}
		attempts := make(map[int64]int, len(rows))
		for _, m := range rows {
			attempts[m.position] = m.attempt
		}
		seen := make(map[string]bool, len(ids))
		for _, id := range ids {
			if seen[id] {
				continue
			}
			seen[id] = true
			a, ok := parseAckID(c.secret, id)
			attempt, has := attempts[a.position]
			switch {
			case ok && has && attempt == a.attempt:
				out.Done = append(out.Done, id)
				if err := do(tx, c.id, a); err != nil {
					return err
				}
			case ok && !has && settled && a.position <= c.cursor:
				out.Done = append(out.Done, id)
			default:
				out.Unknown = append(out.Unknown, id)
			}
		}
		return nil
	})
	return out, err
}

// lent is what an ack id names: the attempt-th lease of the event at a position.
type lent struct {
	position int64
	attempt  int
}

// An ack id is position and attempt, signed with the consumer's secret: nobody makes one up, and none is stored.
const ackMAC = 9

func ackID(secret string, position int64, attempt int) string {
	b := binary.AppendUvarint(make([]byte, 0, 24), uint64(position))
	b = binary.AppendUvarint(b, uint64(attempt))
	return base64.RawURLEncoding.EncodeToString(append(b, ackSign(secret, b)...))
}

func ackSign(secret string, b []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(b)
	return mac.Sum(nil)[:ackMAC]
}

func parseAckID(secret, id string) (a lent, ok bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(id)
	if err != nil || len(raw) <= ackMAC {
		return a, false
	}
	b := raw[:len(raw)-ackMAC]
	if !hmac.Equal(ackSign(secret, b), raw[len(raw)-ackMAC:]) {
		return a, false
	}
	position, n := binary.Uvarint(b)
	attempt, m := binary.Uvarint(b[max(n, 0):])
	return lent{int64(position), int(attempt)}, n > 0 && m > 0
}

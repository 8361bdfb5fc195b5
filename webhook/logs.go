package webhook

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// Range is one page (from 1 on) of what began from Start to End, both included.
type Range struct {
	Start, End  time.Time
	Page, Limit int
}

// Logs returns delivery attempts of a subscription, newest first, and how many the range has. RequestBody is empty when
// the brand's log no longer has the event.
func (w *Webhooks) Logs(ctx context.Context, c *account.Caller, appID, oauthAppID string, id int, r Range) ([]wire.WebhookLog, int, error) {
	b, s, err := w.open(ctx, c, appID, oauthAppID, id)
	if err != nil {
		return nil, 0, err
	}
	if r.End.Before(r.Start) {
		return nil, 0, fault.BadField("end", "is before start. Give the later instant as end.")
	}
	var out []wire.WebhookLog
	total := 0
	from, to := clock.Micros(r.Start), clock.Micros(r.End)
	err = w.db.Read(ctx, func(tx *db.Tx) (err error) {
		if total, err = countAttempts(tx, s.ID, from, to); err != nil {
			return err
		}
		k := newWalk(tx, s.ID)
		k.from, k.to = from, to
		out = []wire.WebhookLog{}
		if err := k.skip((r.Page - 1) * r.Limit); err != nil {
			return err
		}
		for len(out) < r.Limit {
			f, err := k.next()
			if err != nil || f == nil {
				return err
			}
			l := logOf(f)
			if l.RequestBody, err = sentBody(tx, b.ID, &f.kept); err != nil {
				return err
			}
			out = append(out, l)
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: logs: %w", err)
	}
	return out, total, nil
}

// countAttempts counts the attempts of a subscription that began in a time.
func countAttempts(tx *db.Tx, sub int, from, to int64) (int, error) {
	total := 0
	if err := tx.QueryRow(sqlCountWithin, sub, from, to).Scan(&total); err != nil {
		return 0, err
	}
	rows, err := tx.Query(sqlBlocksAcross, sub, from, to)
	if err != nil {
		return 0, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return 0, err
		}
		all, _ := decodeBlock(body) // the walk tells of one that cannot be read
		for i := range all {
			if at := clock.Micros(all[i].at); at >= from && at <= to {
				total++
			}
		}
	}
	return total, rows.Err()
}

// sentBody is the body that an attempt sent, from the event; empty when the log no longer has it.
func sentBody(tx *db.Tx, brand int, k *kept) (string, error) {
	events, err := event.Read(tx, brand, k.position-1, 1)
	if err != nil || len(events) == 0 || events[0].Position != k.position || events[0].ID != k.eventID {
		return "", err
	}
	return string(bodyOf(&events[0], k.version)), nil
}

// logOf is an attempt as the contract shows it, without the body that was sent.
func logOf(f *found) wire.WebhookLog {
	l := wire.WebhookLog{
		FlipdishWebhookId: wire.UUID(f.eventID), WebhookEventName: f.name, Version: f.version, RetryCount: f.number - 1,
		WebhookSubscriptionOwnerUserId: f.owner, WebhookSubscriptionCallbackUrl: f.url, RequestHeaders: f.request,
		EventCreated: wire.At(f.created).Format(), WebhookTriggered: wire.At(f.at).Format(), Duration: durationText(f.duration),
		ResponseHeaders: f.response, ResponseBody: clean(f.body), HttpResponseStatus: "No answer: " + f.reason,
	}
	if f.status != 0 {
		l.HttpResponseStatusCode = strconv.Itoa(f.status)
		l.HttpResponseStatus = http.StatusText(f.status)
	}
	return l
}

// durationText writes a duration as hours:minutes:seconds with microseconds: 00:00:01.250000.
func durationText(d time.Duration) string {
	us := d.Microseconds()
	return fmt.Sprintf("%02d:%02d:%02d.%06d", us/3_600_000_000, us/60_000_000%60, us/1_000_000%60, us%1_000_000)
}

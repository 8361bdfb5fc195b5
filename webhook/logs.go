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
	err = w.db.Read(ctx, func(tx *db.Tx) error {
		if err := tx.QueryRow(sqlCountAttempts, s.ID, from, to).Scan(&total); err != nil {
			return err
		}
		positions, err := scanAttempts(tx, s, from, to, r.Limit, (r.Page-1)*r.Limit, &out)
		if err != nil {
			return err
		}
		for i := range out {
			events, err := event.Read(tx, b.ID, positions[i]-1, 1)
			if err != nil {
				return err
			}
			if len(events) == 1 && events[0].Position == positions[i] && events[0].ID == string(out[i].FlipdishWebhookId) {
				out[i].RequestBody = string(bodyOf(&events[0], out[i].Version))
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("webhook: logs: %w", err)
	}
	return out, total, nil
}

func scanAttempts(tx *db.Tx, s *Subscription, from, to int64, limit, offset int, out *[]wire.WebhookLog) (positions []int64, err error) {
	rows, err := tx.Query(sqlAttempts, s.ID, from, to, limit, offset)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	*out = []wire.WebhookLog{}
	for rows.Next() {
		var l wire.WebhookLog
		var triggered, position, created, took int64
		var number, status int
		var body []byte
		var reason string
		err := rows.Scan(&triggered, &position, &number, &l.FlipdishWebhookId, &l.WebhookEventName, &created, &l.Version,
			&l.WebhookSubscriptionOwnerUserId, &l.WebhookSubscriptionCallbackUrl, &l.RequestHeaders, &status, &l.ResponseHeaders,
			&body, &took, &reason)
		if err != nil {
			return nil, err
		}
		l.EventCreated = wire.At(clock.FromMicros(created)).Format()
		l.WebhookTriggered = wire.At(clock.FromMicros(triggered)).Format()
		l.Duration = durationText(time.Duration(took) * time.Microsecond)
		l.RetryCount = number - 1
		l.ResponseBody = clean(string(body))
		if status != 0 {
			l.HttpResponseStatusCode = strconv.Itoa(status)
			l.HttpResponseStatus = http.StatusText(status)
		} else {
			l.HttpResponseStatus = "No answer: " + reason
		}
		*out = append(*out, l)
		positions = append(positions, position)
	}
	return positions, rows.Err()
}

// durationText writes a duration as hours:minutes:seconds with microseconds: 00:00:01.250000.
func durationText(d time.Duration) string {
	us := d.Microseconds()
	return fmt.Sprintf("%02d:%02d:%02d.%06d", us/3_600_000_000, us/60_000_000%60, us/1_000_000%60, us%1_000_000)
}

package webhook

import (
	"context"
	"fmt"
	"log/slog"

	"comanda/account"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/wire"
)

const goneReason = "The endpoint answered 410 Gone."

// leave disables the subscription once its endpoint has said that it is gone for good.
func (p *pump) leave(ctx context.Context) {
	p.mu.Lock()
	gone, sub := p.s.gone && !p.over && !p.reload && !clock.Now().Before(p.left), p.s.sub
	p.mu.Unlock()
	if !gone {
		return
	}
	done, err := p.d.w.disableGone(ctx, p.d.lease, sub)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case err != nil:
		slog.Warn("webhook: an endpoint that is gone could not be disabled", "subscription", p.id, "again in", retryGap, "error", err)
		p.left = clock.Now().Add(retryGap)
	case done:
		p.over = true
	default: // a person changed it meanwhile: what they say counts
		p.reload = true
	}
}

// disableGone disables a subscription as it was loaded; false means that somebody changed it first.
func (w *Webhooks) disableGone(ctx context.Context, lease *event.Lease, sub *Subscription) (done bool, err error) {
	s := *sub
	s.Enabled = false
	err = w.db.Write(ctx, func(tx *db.Tx) error {
		done = false
		if err := lease.Guard(tx); err != nil {
			return err
		}
		n, err := tx.Exec(sqlDisableGone, s.ID, s.Revision)
		if err != nil || n == 0 {
			return err
		}
		done = true
		if err := w.restart(tx, &s, goneReason); err != nil {
			return err
		}
		var since, from, to int64
		if err := tx.QueryRow(sqlDisabled, s.ID).Scan(&since, new(string), &from, &to); err != nil {
			return err
		}
		b, err := w.accounts.LoadBrand(tx, s.Brand)
		if err != nil {
			return err
		}
		rec, err := record(b, &account.Caller{Kind: account.System}, &s, &wire.WebhookSubscriptionDisabledEvent{
			ReplayFrom:  from,
			Description: fmt.Sprintf("Webhook subscription %d was disabled because its endpoint answered 410 Gone.", s.ID),
		})
		if err != nil {
			return err
		}
		w.log.Append(tx, rec)
		err = w.accounts.MailMember(tx, s.Brand, s.Owner, fmt.Sprintf("A webhook of %s was disabled", b.Name), fmt.Sprintf(goneText, s.name(), b.Name, from))
		if err != nil {
			return err
		}
		return w.touch(tx, s.ID)
	})
	return done && err == nil, err
}

const goneText = `Hello,

The webhook %s of %s was disabled: its endpoint answered 410 Gone, which means that it is not there any more.

What waited was dropped. If this was a mistake, enable the subscription again. It then receives what happens from that
moment on; what happened before can be replayed, from position %d.
`

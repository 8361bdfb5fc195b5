package notice

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"comanda/account"
	"comanda/customer"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/mail"
	"comanda/order"
	"comanda/store"
	"comanda/wire"
)

// The kinds of notices, by the event that each follows.
var (
	created  = (*wire.OrderCreatedEvent)(nil).Name()
	accepted = (*wire.OrderAcceptedEvent)(nil).Name()
	rejected = (*wire.OrderRejectedEvent)(nil).Name()
	refunded = (*wire.OrderRefundedEvent)(nil).Name()
	redacted = (*wire.CustomerRedactedEvent)(nil).Name()
)

// news is how long each kind is worth telling: after that its customer knows, or it is no use to them any more.
var news = map[string]time.Duration{created: time.Hour, accepted: time.Hour, rejected: 12 * time.Hour, refunded: 24 * time.Hour}

// handle makes messages of events, and has them stored.
func (n *Notices) handle(ctx context.Context, id int, events []event.Event) (func(tx *db.Tx) error, error) {
	told := slices.DeleteFunc(slices.Clone(events), func(e event.Event) bool { return news[e.Name] == 0 && e.Name != redacted })
	if len(told) == 0 {
		return nil, nil
	}
	brand, err := n.accounts.Brand(ctx, id)
	if err != nil {
		return nil, err
	}
	to, err := n.addressees(ctx, brand, told)
	if err != nil {
		return nil, err
	}
	var messages []mail.Message
	stores := map[int]*store.Store{}
	for i, e := range told {
		good := news[e.Name] - clock.Now().Sub(e.Created)
		if to[i].Order == 0 || good <= 0 {
			continue
		}
		if stores[e.Store] == nil {
			if stores[e.Store], err = n.stores.Load(ctx, e.Store); err != nil {
				return nil, err
			}
		}
		m, ok, err := write(e, brand, stores[e.Store], to[i])
		if err != nil {
			return nil, fmt.Errorf("notice: of %s %s: %w", e.Name, e.ID, err)
		}
		if ok {
			m.About, m.Good = customer.Subject(to[i].Customer), good
			messages = append(messages, m)
		}
	}
	return func(tx *db.Tx) error {
		if err := n.put(tx, brand, messages); err != nil {
			return err
		}
		for _, e := range told {
			if err := n.passed(tx, e); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

// passed settles what is about an event beside its message. Who is erased while their message is made is found by the event that
// reports it: that comes later in the log.
func (n *Notices) passed(tx *db.Tx, e event.Event) error {
	switch {
	case e.Name == redacted:
		return n.outbox.Withdraw(tx, e.Subject)
	case mayBeQuiet(e):
		return order.Passed(tx, e.ID)
	}
	return nil
}

func mayBeQuiet(e event.Event) bool { return e.Name == rejected || e.Name == refunded }

// addressees are those who are to be told of each event; without an order where nobody is.
func (n *Notices) addressees(ctx context.Context, brand account.Brand, events []event.Event) ([]order.Addressee, error) {
	var out []order.Addressee
	return out, n.db.Read(ctx, func(tx *db.Tx) error {
		out = make([]order.Addressee, len(events))
		for i, e := range events {
			if e.Name == redacted {
				continue
			}
			if mayBeQuiet(e) {
				if quiet, err := order.Quiet(tx, e.ID); quiet || err != nil {
					if err != nil {
						return err
					}
					continue
				}
			}
			to, tell, err := order.ToTell(tx, brand.ID, e.Subject)
			if err != nil {
				return err
			}
			if tell && stands(e.Name, to.State) {
				out[i] = to
			}
		}
		return nil
	})
}

// stands reports whether what an event tells is still so: what has happened since is told by another.
func stands(name string, now wire.OrderState) bool {
	switch name {
	case created:
		return now == wire.OrderStateReadyToProcess
	case accepted:
		return now == wire.OrderStateAcceptedByRestaurant || now == wire.OrderStateDispatched || now == wire.OrderStateDelivered
	}
	return true
}

// write makes the message about an event: for who gave an address a mail, else a text message. It is false for one that
// another event tells as well: a rejection tells what it hands back.
func write(e event.Event, brand account.Brand, s *store.Store, to order.Addressee) (m mail.Message, tell bool, err error) {
	l := letter{order: to.Order, brand: brand.Name, store: s.Name, phone: phoneOf(s.Wire().PhoneNumber), in: s.Location(), now: e.Shown}
	byMail := to.Email != ""
	if byMail || e.Name != created { // what comes first, and most often, needs nothing of the event
		if err := json.Unmarshal(e.Body, &l.body); err != nil {
			return m, false, err
		}
	}
	if state := l.Order.OrderState; e.Name == refunded && (state == wire.OrderStateRejectedAfterBeingAccepted || state == wire.OrderStateRejectedByFlipdish) {
		return m, false, nil
	}
	said, err := l.say(e.Name)
	if err != nil {
		return m, false, err
	}
	if byMail {
		return mail.Message{To: to.Email, Subject: said.subject, Text: l.mail(said)}, true, nil
	}
	return mail.Message{Phone: to.Phone, Text: l.text(said)}, true, nil
}

// put puts messages, but for those that are too many.
func (n *Notices) put(tx *db.Tx, brand account.Brand, messages []mail.Message) error {
	if brand.Sandbox {
		tx.AfterCommit(func() { n.keep(messages) })
		return nil
	}
	withheld, err := n.withhold(tx, brand, messages)
	if err != nil {
		return err
	}
	for i, m := range messages {
		if withheld[i] {
			continue
		}
		if err := n.outbox.Put(tx, m); err != nil {
			return err
		}
	}
	tx.AfterCommit(func() {
		n.sent.Add(int64(len(messages) - len(withheld)))
		n.withheld.Add(int64(len(withheld)))
	})
	return nil
}

// keep hands the messages of a sandbox to its mailbox.
func (n *Notices) keep(messages []mail.Message) {
	for _, m := range messages {
		if err := n.Sandbox.Send(context.Background(), m); err != nil {
			slog.Warn("a sandbox's notice was not kept", "error", err)
		}
	}
}

// withhold counts messages against their allowances and tells which are too many. Counts are taken in the sequence that
// [mail.Outbox.Spend] asks for: recipients in their order, the brand, all.
func (n *Notices) withhold(tx *db.Tx, brand account.Brand, messages []mail.Message) (map[int]bool, error) {
	withheld := map[int]bool{}
	turns := make([]int, len(messages))
	for i := range turns {
		turns[i] = i
	}
	recipient := func(i int) string { return messages[i].To + messages[i].Phone }
	slices.SortStableFunc(turns, func(a, b int) int { return cmp.Compare(recipient(a), recipient(b)) })
	var texts []int
	for _, i := range turns {
		ok, err := n.outbox.Spend(tx, "notices to "+recipient(i), toOne)
		switch {
		case err != nil:
			return nil, err
		case !ok:
			withheld[i] = true
		case messages[i].Phone != "":
			texts = append(texts, i)
		}
	}
	texts, err := n.afford(tx, brand, fmt.Sprintf("texts of brand %d", brand.ID), n.TextsOfBrand, texts, withheld)
	if err == nil {
		_, err = n.afford(tx, brand, "texts of all brands", n.TextsOfAll, texts, withheld)
	}
	return withheld, err
}

// afford counts text messages against a day's allowance, and returns those that are within. That it is used up is told once.
func (n *Notices) afford(tx *db.Tx, brand account.Brand, of string, most int, texts []int, withheld map[int]bool) (within []int, err error) {
	for _, i := range texts {
		ok := false
		if most > 0 {
			if ok, err = n.outbox.Spend(tx, of, mail.Allowance{Most: most, Per: day}); err != nil {
				return nil, err
			}
		}
		if ok {
			within = append(within, i)
		} else {
			withheld[i] = true
		}
	}
	if len(within) == len(texts) || most <= 0 {
		return within, nil
	}
	first, err := n.outbox.Spend(tx, of+" are used up", mail.Allowance{Most: 1, Per: day})
	if err != nil || !first {
		return within, err
	}
	tx.AfterCommit(func() { slog.Warn("the text messages of a day are used up", "allowance", of, "most", most) })
	return within, n.accounts.MailOwners(tx, brand.ID, "Your customers get no more text messages today", fmt.Sprintf(
		"All the text messages that may be sent today, until midnight UTC, have been sent. Customers of %s who gave only a phone number are not told "+
			"how their orders go until then; those who gave an e-mail address are.\n\n"+
			"If it was no busy day, look through the orders: somebody may be placing them with the numbers of others.\n\n%s", brand.Name, brand.Name))
}

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

// notice is what a customer would be told because of an event.
type notice struct {
	event, kind string
	order       int
	after       wire.OrderState // the order's, by the event
	good        time.Duration   // how long it is still news; 0 or less = it is not
	words       words
}

// handle makes notices of events.
func (n *Notices) handle(ctx context.Context, id int, events []event.Event) (func(tx *db.Tx) error, error) {
	var all []notice
	var erased []string
	brand, err := n.accounts.Brand(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Name == redacted {
			erased = append(erased, e.Subject)
		}
		if _, told := news[e.Name]; !told {
			continue
		}
		one, err := n.notice(ctx, brand, e)
		if err != nil {
			return nil, fmt.Errorf("notice: of %s %s: %w", e.Name, e.ID, err)
		}
		all = append(all, one)
	}
	if len(all)+len(erased) == 0 {
		return nil, nil
	}
	return func(tx *db.Tx) error {
		if err := n.tell(tx, brand, all); err != nil {
			return err
		}
		for _, who := range erased {
			if err := n.outbox.Withdraw(tx, who); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func (n *Notices) notice(ctx context.Context, brand account.Brand, e event.Event) (notice, error) {
	l := letter{brand: brand.Name, now: e.Shown}
	if err := json.Unmarshal(e.Body, &l.body); err != nil {
		return notice{}, err
	}
	out := notice{
		event: e.ID, kind: e.Name, order: l.Order.OrderId, after: l.Order.OrderState, good: news[e.Name] - clock.Now().Sub(e.Created),
	}
	if l.Order.ChannelOrderId != "" { // who sold it tells its customer
		out.good = 0
	}
	if out.good <= 0 {
		return out, nil
	}
	s, err := n.stores.Load(ctx, e.Store)
	if err != nil {
		return out, err
	}
	l.phone, l.in = phoneOf(s.Wire().PhoneNumber), s.Location()
	out.words, err = l.write(e.Name)
	return out, err
}

// stands reports whether what is told is still so, and is not told by another notice: what has happened since is told next.
func (x *notice) stands(now wire.OrderState) bool {
	switch x.kind {
	case created:
		return now == wire.OrderStateReadyToProcess
	case accepted:
		return now == wire.OrderStateAcceptedByRestaurant || now == wire.OrderStateDispatched || now == wire.OrderStateDelivered
	case refunded: // a rejection tells what it hands back
		return x.after != wire.OrderStateRejectedAfterBeingAccepted && x.after != wire.OrderStateRejectedByFlipdish
	}
	return true
}

// tell puts the messages of notices whose customers are to be told.
func (n *Notices) tell(tx *db.Tx, brand account.Brand, all []notice) error {
	var messages []mail.Message
	for i := range all {
		x := &all[i]
		to, tell, err := order.ToTell(tx, brand.ID, x.order, x.event)
		if err != nil {
			return err
		}
		if tell && x.good > 0 && x.stands(to.State) {
			messages = append(messages, x.words.message(to, x.good))
		}
	}
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
		n.put.Add(int64(len(messages) - len(withheld)))
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

// message is for who gave an address a mail, else a text message.
func (w words) message(to order.Addressee, good time.Duration) mail.Message {
	m := mail.Message{About: customer.Subject(to.Customer), Good: good}
	if to.Email != "" {
		m.To, m.Subject, m.Text = to.Email, w.subject, w.mail
	} else {
		m.Phone, m.Text = to.Phone, w.text
	}
	return m
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

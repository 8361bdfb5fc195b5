package order

import (
	"context"
	"errors"

	"comanda/internal/db"
	"comanda/payment"
	"comanda/wire"
)

// Edge is a line of the transition table, for tests.
type Edge struct {
	Do       string
	From, To wire.OrderState
	Events   []string
}

// Edges is the transition table.
func Edges() (out []Edge) {
	for _, e := range edges {
		out = append(out, Edge{string(e.do), e.from, e.to, e.events})
	}
	return out
}

// CheckSize is what a document of n bytes is told at placing.
var CheckSize = checkSize

// TimeOut rejects an order as if its deadline had come.
func (o *Orders) TimeOut(ctx context.Context, id int) error { return o.come(ctx, id, rejectUnanswered) }

// come does what an order's deadline of a kind is for; one that has none is asked all the same.
func (o *Orders) come(ctx context.Context, id int, kind deadlineKind) error {
	d := &due{order: id, kind: kind}
	err := o.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlDeadline, id, string(kind)).Scan(&d.at) })
	if err != nil && !errors.Is(err, db.ErrNoRows) {
		return err
	}
	return o.meet(ctx, d)
}

// MailOfDispute is what the owners of a brand are told of a stage of a dispute.
func MailOfDispute(of *payment.Payment, d payment.Dispute) (subject, text string) {
	return failed{dispute: d, why: d.Reason}.mail(of, "Bella")
}

package order

import (
	"context"
	"fmt"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// Rating is the body of a rating.
type Rating struct {
	Rating int `json:"Rating" format:"int32" minimum:"1" maximum:"5" doc:"From 1, poor, to 5, excellent."`
}

// Rate sets the rating of an order that its customer names by tracking token, from its acceptance on, and returns the
// order's document. It may be changed.
func (o *Orders) Rate(ctx context.Context, caller *account.Caller, appID, token string, in Rating) ([]byte, error) {
	id, err := o.byToken(ctx, appID, token)
	if err != nil {
		return nil, err
	}
	if in.Rating < 1 || in.Rating > 5 {
		return nil, fault.BadField("Rating", "must be from 1 to 5")
	}
	return o.change(ctx, caller, id, change{
		do: rate, operation: "RateOrder", input: in,
		apply: func(m *moving) error {
			if m.order.UserRating != nil && *m.order.UserRating == in.Rating {
				m.asItIs = true
				return nil
			}
			m.order.UserRating = &in.Rating
			m.events = append(m.events, &wire.OrderRatingUpdatedEvent{
				Rating: &in.Rating, NewUserRating: in.Rating,
				Description: m.sentence("rated", fmt.Sprintf(" %d of 5", in.Rating)),
			})
			return nil
		},
	})
}

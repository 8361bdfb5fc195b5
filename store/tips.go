package store

import (
	"context"
	"fmt"
	"reflect"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

const (
	maxTipPercentages = 10
	// The bounds of a batching interval, in seconds, and what it is where nobody chose.
	leastBatchInterval, mostBatchInterval, batchInterval = 30, 24 * 60 * 60, 300
)

// SetTips changes the members of the tip settings that are given. With Percentages comes DefaultPercentage, whose nil is
// none then. IsEnabled is the store's switch TipsEnabled.
func (s *Stores) SetTips(ctx context.Context, c *account.Caller, id int, in wire.UpdateTipConfiguration) (wire.TipConfiguration, error) {
	st, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		tips := old.Tips()
		set := func(to *bool, v *bool) {
			if v != nil {
				*to = *v
			}
		}
		set(&tips.IsEnabled, in.IsEnabled)
		set(&tips.AllowCustomTips, in.AllowCustomTips)
		set(&tips.AllowRoundUp, in.AllowRoundUp)
		set(&tips.AllowEmojis, in.AllowEmojis)
		if in.Percentages != nil {
			tips.Percentages, tips.DefaultPercentage = in.Percentages, nil
		}
		if in.DefaultPercentage != nil {
			tips.DefaultPercentage = in.DefaultPercentage
		}
		if err := checkTips(&tips); err != nil {
			return nil, err
		}
		if reflect.DeepEqual(tips, old.Tips()) {
			return nil, nil
		}
		doc.Tips, doc.Store.TipsEnabled = tips, tips.IsEnabled
		return []eventOf{func(st *Store, base wire.EventBase) wire.Event {
			return &wire.StoreTipUpdatedEvent{
				EventBase: base, StoreId: st.ID, User: c.EventUser(),
				Description: fmt.Sprintf("%s changed the tips of the store %s.", c.EventName(), st.Name),
				Config: &wire.UpdateTipConfiguration{
					IsEnabled: &tips.IsEnabled, AllowCustomTips: &tips.AllowCustomTips, AllowRoundUp: &tips.AllowRoundUp,
					AllowEmojis: &tips.AllowEmojis, Percentages: tips.Percentages, DefaultPercentage: tips.DefaultPercentage,
				},
			}
		}}, nil
	})
	if err != nil {
		return wire.TipConfiguration{}, err
	}
	return st.Tips(), nil
}

// checkTips wants percentages that rise, and one of them as the default, and writes them in their shortest form.
func checkTips(t *wire.TipConfiguration) error {
	var c fault.Collector
	if len(t.Percentages) > maxTipPercentages {
		c.Add("Percentages", "%d percentages are allowed, these are %d", maxTipPercentages, len(t.Percentages))
		return c.Err()
	}
	rates := make([]money.Rate, len(t.Percentages))
	shortest := make([]wire.Decimal, len(t.Percentages))
	for i, p := range t.Percentages {
		at := fmt.Sprintf("Percentages[%d]", i)
		r, err := money.ParseRate(p)
		switch {
		case err != nil:
			c.Add(at, "%s", err)
		case r == 0 || r > money.Whole:
			c.Add(at, "%.20s is not above 0 and at most 100", p)
		case i > 0 && r <= rates[i-1]:
			c.Add(at, "%.20s does not rise: write the percentages from the smallest on, each once", p)
		}
		rates[i], shortest[i] = r, r.Decimal()
	}
	t.Percentages = shortest
	if t.DefaultPercentage != nil {
		r, err := money.ParseRate(*t.DefaultPercentage)
		found := false
		for _, one := range rates {
			found = found || one == r
		}
		if err != nil || !found {
			c.Add("DefaultPercentage", "%.20s is none of Percentages", *t.DefaultPercentage)
		}
		t.DefaultPercentage = wire.P(r.Decimal())
	}
	return c.Err()
}

// Batching is whether and how long a store waits to send orders out together.
func (s *Store) Batching() wire.OrderBatchingConfiguration {
	b := s.doc.Batching
	if b.BatchIntervalInSeconds == 0 {
		b.BatchIntervalInSeconds = batchInterval
	}
	return b
}

// SetBatching changes the members of the batching settings that are given.
func (s *Stores) SetBatching(ctx context.Context, c *account.Caller, id int, in wire.SetOrderBatchingConfiguration) error {
	var faults fault.Collector
	between(&faults, "BatchIntervalInSeconds", in.BatchIntervalInSeconds, leastBatchInterval, mostBatchInterval)
	if err := faults.Err(); err != nil {
		return err
	}
	_, err := s.change(ctx, c, id, func(old *Store, doc *document) ([]eventOf, error) {
		b := old.Batching()
		if in.BatchIntervalInSeconds != nil {
			b.BatchIntervalInSeconds = *in.BatchIntervalInSeconds
		}
		if in.Enabled != nil {
			b.IsEnabled = *in.Enabled
		}
		if b == old.Batching() {
			return nil, nil
		}
		doc.Batching = b
		return []eventOf{updated(c, "changed how the store %s sends orders out together: "+
			map[bool]string{true: "every %d seconds", false: "not at all (%d seconds)"}[b.IsEnabled], b.BatchIntervalInSeconds)}, nil
	})
	return err
}

package order

import (
	"context"
	"encoding/json"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// EndOfDay sums up what a store sold on one local day of its zone: the day that date falls in, where midnight UTC stands
// for the bare date, or today when date is zero. It counts the orders placed that day that the store accepted; what was
// refunded, what a bank took back and what could not be taken from a card is taken off the values, not off the counts. Right: ReadOrders on the store.
func (o *Orders) EndOfDay(ctx context.Context, caller *account.Caller, storeID int, date time.Time) (wire.StoreEndOfDayReport, error) {
	s, err := o.stores.Load(ctx, storeID)
	if err == nil {
		err = caller.Require(account.ReadOrders, s.Brand, s.ID)
	}
	if fault.KindOf(err) == fault.NotFound { // the same for a store that is not there and one of others
		return wire.StoreEndOfDayReport{}, fault.Newf(fault.NotFound, "There is no store %d within your reach.", storeID)
	}
	if err != nil {
		return wire.StoreEndOfDayReport{}, err
	}
	if y, m, d := date.UTC().Date(); date.Equal(time.Date(y, m, d, 0, 0, 0, 0, time.UTC)) && !date.IsZero() {
		date = time.Date(y, m, d, 12, 0, 0, 0, s.Location())
	}
	if date.IsZero() {
		brand, err := o.accounts.Brand(ctx, s.Brand)
		if err != nil {
			return wire.StoreEndOfDayReport{}, err
		}
		date = brand.Now()
	}
	y, m, day := date.In(s.Location()).Date()
	from := time.Date(y, m, day, 0, 0, 0, 0, s.Location())
	to := time.Date(y, m, day+1, 0, 0, 0, 0, s.Location())
	var collected, delivered sales
	err = o.db.Read(ctx, func(tx *db.Tx) error {
		collected, delivered = sales{}, sales{}
		rows, err := tx.Query(sqlDay, s.Brand, s.ID, clock.Micros(from), clock.Micros(to))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			var has money.Amount
			var doc []byte
			if err := rows.Scan(&has, &doc); err != nil {
				return err
			}
			var order struct {
				DeliveryType       wire.DeliveryType
				PaymentAccountType wire.PaymentAccountType
				DeliveryAmount     wire.Decimal
			}
			if err := json.Unmarshal(doc, &order); err != nil {
				return err
			}
			fee, err := money.Parse(order.DeliveryAmount, s.Currency)
			if err != nil {
				return err
			}
			to := &collected
			if order.DeliveryType == wire.DeliveryTypeDelivery {
				to = &delivered
			}
			to.add(order.PaymentAccountType == wire.PaymentAccountTypeCash, max(0, has), fee)
		}
		return rows.Err()
	})
	if err != nil {
		return wire.StoreEndOfDayReport{}, err
	}
	d := func(a money.Amount) wire.Decimal { return a.Decimal(s.Currency) }
	c, v := collected, delivered
	cash, online := c.cash.plus(v.cash), c.online.plus(v.online)
	all := cash.plus(online)
	return wire.StoreEndOfDayReport{
		StoreId: s.ID, StoreName: s.Name, Currency: wire.Currency(s.Currency),
		OrderCount: all.count, OrderValue: d(all.value), OrderValueExcludingDeliveryFees: d(all.value - all.fees),
		CollectionOrderCount: c.cash.count + c.online.count, CollectionCashOrderCount: c.cash.count, CollectionPaidOnlineOrderCount: c.online.count,
		CollectionOrderValue: d(c.cash.value + c.online.value), CollectionCashOrderValue: d(c.cash.value), CollectionPaidOnlineOrderValue: d(c.online.value),
		DeliveryOrderCount: v.cash.count + v.online.count, DeliveryCashOrderCount: v.cash.count, DeliveryPaidOnlineOrderCount: v.online.count,
		DeliveryOrderValue: d(v.cash.value + v.online.value), DeliveryCashOrderValue: d(v.cash.value), DeliveryPaidOnlineOrderValue: d(v.online.value),
		PaidOnlineOrderCount: online.count, CashOrderCount: cash.count, PaidOnlineOrderValue: d(online.value), CashOrderValue: d(cash.value),
		PaidOnlineOrderValueExcludingDeliveryFees: d(online.value - online.fees), CashOrderValueExcludingDeliveryFees: d(cash.value - cash.fees),
		StartTime: wire.At(from), EndTime: wire.At(to),
	}, nil
}

// sales are one delivery type's orders of a day.
type sales struct{ cash, online tally }

type tally struct {
	count       int
	value, fees money.Amount // fees are the delivery fees within value
}

func (s *sales) add(cash bool, value, fee money.Amount) {
	t := &s.online
	if cash {
		t = &s.cash
	}
	*t = t.plus(tally{1, value, min(fee, value)}) // a refund takes the fee last
}

func (t tally) plus(u tally) tally {
	return tally{t.count + u.count, t.value + u.value, t.fees + u.fees}
}

package order

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"comanda/account"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// Receipt is what is printed of an order: its snapshot, its times on the store's wall clock and who sold it. The taxes are
// those of the stored calculation. The caller needs ReadOrders.
func (o *Orders) Receipt(ctx context.Context, caller *account.Caller, id int) (*wire.GetReceiptByOrderIdQueryResponse, error) {
	r, err := o.read(ctx, caller, id)
	if err != nil {
		return nil, err
	}
	order, err := documentOf(r)
	if err != nil {
		return nil, err
	}
	var c Calculation
	if err := json.Unmarshal(r.calculation, &c); err != nil {
		return nil, fmt.Errorf("order: calculation of %d: %w", id, err)
	}
	s, err := o.stores.Load(ctx, r.store)
	if err != nil {
		return nil, err
	}
	items, err := printed(order, r.currency)
	if err != nil {
		return nil, fmt.Errorf("order: receipt of %d: %w", id, err)
	}
	deposits, err := depositsOf(order, r.currency)
	if err != nil {
		return nil, fmt.Errorf("order: receipt of %d: %w", id, err)
	}
	previous := &wire.PreviousOrder{
		DeliveryType: string(order.DeliveryType), PaymentAccountType: string(order.PaymentAccountType),
		OrderId: id, ReceiptCode: order.ReceiptCode, RestaurantName: order.Store.Name, LocalOrderId: order.LocalOrderId,
		TableServiceCategory: string(wire.V(order.TableServiceCatagory)), PickupLocationOptionValue: order.DropOffLocation,
		CustomerName: order.Customer.Name, PhoneNumberInternationalFormatString: order.Customer.PhoneNumber,
		Currency: wire.Currency(r.currency), ProcessingFee: order.ProcessingFee,
		ServiceChargePercentage: order.ServiceChargePercentage, ServiceChargeAmount: order.ServiceChargeAmount,
		TipAmount: order.TipAmount, DeliveryAmount: order.DeliveryAmount, DepositReturnFeeAmount: order.TotalDepositReturnFeeAmount,
		TotalTax: order.TotalTax, TotalAmount: order.Amount, Items: items, TaxRates: []wire.TaxRate{}, WhiteLabelId: r.brand,
	}
	if to := order.DeliveryLocation; to != nil {
		previous.DeliveryLocationAddressString, previous.DeliveryInstructions = to.PrettyAddressString, to.DeliveryInstructions
	}
	for _, t := range c.TaxItems {
		previous.TaxRates = append(previous.TaxRates, wire.TaxRate{Name: t.Name, Percentage: t.Rate, Total: t.Amount})
	}
	return &wire.GetReceiptByOrderIdQueryResponse{
		PreviousOrder: previous, DepositReturnFeesSummary: deposits,
		TsRequestedForLocal: wallTime(order.RequestedForTime.Time, s), TsOrderPlacedLocal: wallTime(order.PlacedTime.Time, s),
		LogoUrl: s.Wire().LogoUrl, Address: order.Store.PrettyAddress, VatNumber: order.Store.TaxId,
		PaymentMethodDescription: order.PaymentAccountDescription, CountryCode: order.Store.CountryCode,
	}, nil
}

// wallTime is what the clock on a store's wall showed at an instant, in the contract's form, which has no zone for it.
func wallTime(t time.Time, s *store.Store) wire.Time {
	y, m, d := t.In(s.Location()).Date()
	h, min, sec := t.In(s.Location()).Clock()
	return wire.At(time.Date(y, m, d, h, min, sec, 0, time.UTC))
}

// printed are the units of an order as a receipt shows them: an option has no tax of its own there, so that it is in its
// item's.
func printed(o *wire.Order, currency string) ([]wire.PreviousOrderItem, error) {
	out := make([]wire.PreviousOrderItem, len(o.OrderItems))
	for i, it := range o.OrderItems {
		tax, err := money.Parse(it.TaxAmount, currency)
		if err != nil {
			return nil, err
		}
		options := make([]wire.PreviousOrderItemOption, len(it.OrderItemOptions))
		for j, op := range it.OrderItemOptions {
			more, err := money.Parse(op.TaxAmount, currency)
			if err != nil {
				return nil, err
			}
			tax += more
			options[j] = wire.PreviousOrderItemOption{Name: op.Name, DepositReturnFee: depositOr0(op.DepositReturnFee)}
		}
		out[i] = wire.PreviousOrderItem{
			MenuSectionDisplayOrder: it.MenuSectionDisplayOrder, MenuSectionName: it.MenuSectionName, Name: it.Name,
			PriceIncludingOptionSetItems: it.PriceIncludingOptionSetItems, DepositReturnFee: depositOr0(it.DepositReturnFee),
			TaxAmount: tax.Decimal(currency), PreviousOrderItemOptions: options,
		}
	}
	return out, nil
}

func depositOr0(d *wire.Decimal) wire.Decimal {
	if d == nil {
		return "0"
	}
	return *d
}

// depositsOf counts the deposits of an order, the smallest first.
func depositsOf(o *wire.Order, currency string) ([]wire.DepositReturnFeesSummary, error) {
	count := map[money.Amount]int{}
	add := func(d *wire.Decimal) error {
		fee, err := money.Parse(depositOr0(d), currency)
		if fee != 0 {
			count[fee]++
		}
		return err
	}
	for _, it := range o.OrderItems {
		if err := add(it.DepositReturnFee); err != nil {
			return nil, err
		}
		for _, op := range it.OrderItemOptions {
			if err := add(op.DepositReturnFee); err != nil {
				return nil, err
			}
		}
	}
	out := []wire.DepositReturnFeesSummary{}
	for _, fee := range slices.Sorted(maps.Keys(count)) {
		out = append(out, wire.DepositReturnFeesSummary{
			Count: count[fee], Fee: fee.Decimal(currency), Total: (fee * money.Amount(count[fee])).Decimal(currency),
		})
	}
	return out, nil
}

package webhook

import (
	"comanda/wire"
)

// sampleStates are the states that an order has when an event about it is sent; created is the rule.
var sampleStates = map[string]wire.OrderState{
	"order.accepted":       wire.OrderStateAcceptedByRestaurant,
	"order.dispatched":     wire.OrderStateDispatched,
	"order.rejected":       wire.OrderStateRejectedByStore,
	"order.refunded":       wire.OrderStateAcceptedAndRefunded,
	"order.tip.updated":    wire.OrderStateAcceptedByRestaurant,
	"order.rating.updated": wire.OrderStateDelivered,
}

// settleOrder makes the filled members of an order agree with each other and with the event that shows it: a cash
// delivery of one pizza with an extra, whose amounts add up.
func settleOrder(o *wire.Order, eventName string) {
	o.OrderState = wire.OrderStateReadyToProcess
	if state, ok := sampleStates[eventName]; ok {
		o.OrderState = state
	}
	o.Voucher, o.MaskedPhoneNumber, o.DropOffLocationId, o.Channel, o.OrderDropOffLocation = nil, nil, nil, nil, nil
	o.FulfillmentStatus, o.OrderBatchInfo, o.CreatedCampaignVoucherId, o.DriverId, o.UserRating = nil, nil, nil, nil, nil
	o.TableServiceCatagory, o.DropOffLocation, o.ChannelOrderId, o.ChannelOrderDisplayId = nil, "", "", ""
	o.Fees = &wire.FeeSummary{}
	item := &o.OrderItems[0]
	item.Price, item.PriceIncludingOptionSetItems, item.TaxAmount = "12.50", "14.00", "1.66"
	option := &item.OrderItemOptions[0]
	option.Name, option.Price, option.TaxAmount = "Extra basil", "1.50", "0.18"
	o.TaxItems[0].Amount = "1.66"
	o.OrderItemsAmount, o.DeliveryAmount, o.TipAmount, o.Amount, o.TotalTax = "14.00", "2.50", "2.00", "18.50", "1.66"
	o.ProcessingFee, o.ServiceChargeAmount, o.ServiceChargePercentage, o.RefundedAmount = "0", "0", "0", nil
	o.PaymentAccountDescription, o.PaymentStatus = "", wire.PaymentStatusUnpaid
	o.RejectionReason, o.RejectedByUserId = nil, nil
	o.ReceiptCode = o.OrderTrackingCode
	switch eventName {
	case "order.created":
		o.AcceptedFor = nil
	case "order.rejected":
		o.AcceptedFor = nil
		o.RejectionReason, o.RejectedByUserId = wire.P(wire.RejectReasonTooBusy), wire.P(1001)
	case "order.refunded":
		o.RefundedAmount, o.PaymentStatus = wire.P[wire.Decimal]("5.00"), wire.PaymentStatusPartiallyRefunded
	case "order.rating.updated":
		o.UserRating = wire.P(5)
	}
}

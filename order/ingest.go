package order

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/fault"
	"comanda/internal/idempotency"
	"comanda/menu"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// The limits of what a channel attaches to a line.
const (
	maxMetadata      = 20 // pairs
	maxMetadataKey   = 100
	maxMetadataValue = 500
	maxMetadataBytes = 64 << 10 // of all units of an order together, as JSON
	// maxChannelAge is how old an order may be when it is submitted: food of yesterday is not wanted any more.
	maxChannelAge = 24 * time.Hour
)

// Submit places an order that another channel has sold, at the prices that it was sold for. A repeat under its ChannelOrderId
// by the same caller is the same order for good, and is answered with the same bytes. Right: EditOrders on the store.
func (o *Orders) Submit(ctx context.Context, caller *account.Caller, appID string, in wire.OrderIngestSubmitOrderRequest) ([]byte, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.EditOrders)
	if err != nil {
		return nil, err
	}
	if err := caller.Require(account.EditOrders, brand.ID, in.StoreId); err != nil {
		return nil, asIngested(hiddenStore(in.StoreId, err))
	}
	if id := in.ChannelOrderId; id == "" || len(id) > idempotency.MaxKey || strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fault.BadField("ChannelOrderId", "give the channel's own id of the order, of at most %d visible ASCII characters, so that a repeat is not another order", idempotency.MaxKey)
	}
	body, err := json.Marshal(&in)
	if err != nil {
		return nil, err
	}
	p := &placing{o: o, brand: brand, caller: caller}
	p.claim, err = idempotency.Prepare(idempotency.Request{
		Brand: brand.ID, Principal: caller.Principal(), Operation: "SubmitOrder", Key: in.ChannelOrderId, Body: body, Forever: true,
	})
	if err != nil {
		return nil, err
	}
	answer, err := p.once(ctx, func() (err error) {
		if err := checkIngested(&in, brand); err != nil {
			return err
		}
		p.basket, err = o.sold(ctx, brand, &in)
		return err
	})
	if fault.KindOf(err) == fault.Unprocessable {
		err = &fault.Error{
			Kind: fault.Unprocessable, Message: "An order with this ChannelOrderId was submitted before, and was another one.",
			Mend:   "Repeat an order with exactly the same content; give another one a ChannelOrderId of its own.",
			Fields: []fault.Field{{Name: "ChannelOrderId", Message: "is that of another order"}},
		}
	}
	return answer, asIngested(err)
}

func hiddenStore(id int, err error) error {
	if fault.KindOf(err) == fault.NotFound {
		return noStore(id)
	}
	return err
}

// checkIngested looks at what needs neither store nor menu and is not looked at by [Basket.check].
func checkIngested(in *wire.OrderIngestSubmitOrderRequest, brand account.Brand) error {
	var c fault.Collector
	checkText(&c, "ChannelPublicOrderId", wire.V(in.ChannelPublicOrderId), maxName, false)
	if in.AppType != nil && !slices.Contains(in.AppType.Values(), string(*in.AppType)) {
		c.Add("AppType", "must be one of %s", strings.Join(in.AppType.Values(), ", "))
	}
	if at := in.OrderDateUtc; at != nil && !brand.Sandbox { // whose clock is where its developer puts it
		switch now := clock.Now(); {
		case at.After(now.Add(maxChannelAge)):
			c.Add("OrderDateUtc", "is to come; give the time when the customer ordered, in UTC")
		case at.Before(now.Add(-maxChannelAge)):
			c.Add("OrderDateUtc", "is more than a day ago; ask the customer whether the order is still wanted")
		}
	}
	if in.PaymentInfo == nil {
		c.Add("PaymentInfo", "say whether the order is paid")
	} else {
		checkText(&c, "PaymentInfo.PaymentType", wire.V(in.PaymentInfo.PaymentType), maxName, false)
	}
	if in.FulfillmentInfo == nil {
		c.Add("FulfillmentInfo", "say how the customer gets the order")
	}
	if in.Contact == nil {
		c.Add("Contact", "give a PhoneNumber or an Email, so that the store can reach the customer")
	}
	if in.Cart == nil {
		c.Add("Cart", "say what was sold")
	} else if n := len(in.Cart.LineItems); n == 0 || n > MaxLines {
		c.Add("Cart.LineItems", "from 1 to %d lines are allowed", MaxLines)
	}
	return c.Err()
}

// sold makes the basket of an order that was sold elsewhere.
func (o *Orders) sold(ctx context.Context, brand account.Brand, in *wire.OrderIngestSubmitOrderRequest) (*Basket, error) {
	s, err := o.shop(ctx, brand, in.StoreId)
	if err != nil {
		return nil, err
	}
	if s.MenuID == 0 {
		return nil, fault.Newf(fault.Conflict, "%s has no menu yet.", s.Name).With("Submit the order again when it has one.")
	}
	m, err := o.menus.Load(ctx, s.MenuID)
	if err != nil {
		return nil, err
	}
	r := ingestReader{store: s, menu: m, sale: &sale{in: in}}
	b := &Basket{
		StoreId: in.StoreId, DeliveryType: in.FulfillmentInfo.DispatchType, RequestedForTime: in.FulfillmentInfo.RequestedForUtc,
		Contact: &Contact{
			Name:        wire.P(strings.TrimSpace(wire.V(in.Contact.FirstName) + " " + wire.V(in.Contact.LastName))),
			PhoneNumber: in.Contact.PhoneNumber, EmailAddress: in.Contact.Email,
		},
		Payment: &Payment{Method: Cash}, sale: r.sale,
	}
	if in.PaymentInfo.Paid {
		b.Payment.Method = byChannel
	}
	if c := wire.V(in.CurrencyCode); c != "" && string(c) != s.Currency {
		r.Add("CurrencyCode", "%s sells in %s", s.Name, s.Currency)
	}
	r.lines(b)
	r.money(b)
	b.DeliveryLocation = locationOf(in.FulfillmentInfo.Location)
	return b, r.Err()
}

// ingestReader reads an order of a channel against the menu that it was sold from.
type ingestReader struct {
	fault.Collector
	store *store.Store
	menu  *menu.Menu
	sale  *sale

	attached int // bytes of metadata so far
}

func (r *ingestReader) lines(b *Basket) {
	var notes []string
	for i := range r.sale.in.Cart.LineItems {
		in := &r.sale.in.Cart.LineItems[i]
		name := at("Cart.LineItems[%d]", i)
		quantity := 1
		if in.Quantity != nil {
			quantity = *in.Quantity
		}
		entry, line := BasketItem{Quantity: quantity}, soldLine{r.sold(name, in.Price, in.Metadata), map[wire.UUID]sold{}}
		checkText(&r.Collector, name+".Notes", wire.V(in.Notes), MaxChefNote, true)
		checkText(&r.Collector, name+".Name", wire.V(in.Name), maxAddressField, false)
		if entry.MenuItemPublicId = r.found(name, in.Id, in.ExternalId, r.menu.PublicItem, func(p wire.UUID) bool { return r.menu.Item(p) != nil }); entry.MenuItemPublicId == "" {
			continue
		}
		if note := strings.TrimSpace(wire.V(in.Notes)); note != "" {
			notes = append(notes, fmt.Sprintf("%d × %s: %s", quantity, r.menu.Item(entry.MenuItemPublicId).Name, note))
		}
		for k := range in.Options {
			o := &in.Options[k]
			field := fmt.Sprintf("%s.Options[%d]", name, k)
			option := r.found(field, o.Id, o.ExternalId, r.menu.PublicOption, func(p wire.UUID) bool { return r.menu.Option(p) != nil })
			entry.Options = append(entry.Options, BasketOption{option})
			line.options[option] = r.sold(field, o.Price, o.Metadata)
		}
		if r.attached += max(quantity, 0) * line.attached(); r.attached > maxMetadataBytes {
			r.Add(name+".Metadata", "all units of the order together can have %d bytes of metadata; attach less", maxMetadataBytes)
			return
		}
		b.Items = append(b.Items, entry)
		r.sale.lines = append(r.sale.lines, line)
	}
	if len(notes) > 0 {
		b.ChefNote = wire.P(strings.Join(notes, "\n"))
	}
}

// found is the PublicId of an item or an option by either of its ids; empty when the menu has none, which is noted.
func (r *ingestReader) found(name string, id *int, external *string, byID func(id int) wire.UUID, has func(public wire.UUID) bool) wire.UUID {
	public := canonical(wire.UUID(wire.V(external)))
	switch {
	case id != nil:
		if of := byID(*id); of != "" && (public == "" || of == public) {
			return of
		}
		r.Add(name+".Id", "the menu of store %d has none with that Id; read the menu again", r.store.ID)
	case public == "":
		r.Add(name+".Id", "say which one of the store's menu it is, by Id or by ExternalId")
	case has(public):
		return public
	default:
		r.Add(name+".ExternalId", "the menu of store %d has none with that PublicId; read the menu again", r.store.ID)
	}
	return ""
}

func (r *ingestReader) sold(name string, p *wire.IngestPrice, metadata map[string]string) sold {
	if len(metadata) > maxMetadata {
		r.Add(name+".Metadata", "at most %d pairs are allowed", maxMetadata)
		return sold{}
	}
	for k, v := range metadata {
		if k == "" || utf8.RuneCountInString(k) > maxMetadataKey {
			r.Add(name+".Metadata", "keys have from 1 to %d characters", maxMetadataKey)
		}
		checkText(&r.Collector, name+".Metadata", k+v, maxMetadataKey+maxMetadataValue, true)
	}
	out := sold{metadata: metadata}
	out.price, _ = r.price(name+".Price", p)
	return out
}

func (r *ingestReader) price(name string, p *wire.IngestPrice) (amount, tax *money.Amount) {
	if p == nil {
		return nil, nil
	}
	return r.amount(name+".Amount", p.Amount), r.amount(name+".Tax", p.Tax)
}

func (r *ingestReader) amount(name string, d *wire.Decimal) *money.Amount {
	if d == nil {
		return nil
	}
	a := amountIn(&r.Collector, name, d, r.store.Currency)
	return &a
}

// money reads what belongs to the order as a whole.
func (r *ingestReader) money(b *Basket) {
	in := r.sale.in
	r.sale.cart, r.sale.tax = r.price("Cart.CartAmount", in.Cart.CartAmount)
	r.sale.fee, _ = r.price("FulfillmentInfo.DispatchAmount", in.FulfillmentInfo.DispatchAmount)
	if b.DeliveryType == wire.DeliveryTypePickup && r.sale.fee != nil && *r.sale.fee != 0 {
		r.Add("FulfillmentInfo.DispatchAmount.Amount", "a pickup has no delivery fee; leave it out")
	}
	tip, tax := r.price("Cart.Tip", in.Cart.Tip)
	if tax != nil && *tax != 0 {
		r.Add("Cart.Tip.Tax", "a tip is not taxed")
	}
	whole := r.amount("TipAmount", in.TipAmount)
	if whole != nil && tip != nil && *whole != *tip {
		r.Add("TipAmount", "is not the Amount of Cart.Tip; give one of them")
	}
	if whole == nil {
		whole = tip
	}
	if whole != nil {
		b.TipAmount = wire.P(whole.Decimal(r.store.Currency))
	}
}

func locationOf(l *wire.IngestLocation) *wire.DeliveryLocation {
	if l == nil {
		return nil
	}
	return &wire.DeliveryLocation{
		Building: wire.V(l.AddressLine2), Street: wire.V(l.AddressLine1), Town: wire.V(l.City), PostCode: wire.V(l.PostalCode),
		PrettyAddressString: wire.V(l.FormattedAddress), DeliveryInstructions: wire.V(l.Notes), Coordinates: l.Coordinates,
	}
}

// ingestNames are the members of a basket by their names in an order that a channel submits.
var ingestNames = strings.NewReplacer(
	".MenuItemPublicId", ".Id", ".MenuItemOptionPublicId", ".Id",
	"RequestedForTime", "FulfillmentInfo.RequestedForUtc",
	"DeliveryLocation.Building", "FulfillmentInfo.Location.AddressLine2",
	"DeliveryLocation.Street", "FulfillmentInfo.Location.AddressLine1",
	"DeliveryLocation.Town", "FulfillmentInfo.Location.City",
	"DeliveryLocation.PostCode", "FulfillmentInfo.Location.PostalCode",
	"DeliveryLocation.PrettyAddressString", "FulfillmentInfo.Location.FormattedAddress",
	"DeliveryLocation.DeliveryInstructions", "FulfillmentInfo.Location.Notes",
	"DeliveryLocation", "FulfillmentInfo.Location",
	"DeliveryType", "FulfillmentInfo.DispatchType",
	"Contact.Name", "Contact.FirstName", "Contact.EmailAddress", "Contact.Email",
	"ChefNote", "Cart.LineItems.Notes", "Payment.Method", "PaymentInfo.Paid",
)

// asIngested names the members of a refused basket as the channel knows them.
func asIngested(err error) error {
	var f *fault.Error
	if !errors.As(err, &f) {
		return err
	}
	rename := func(s string) string {
		if strings.HasPrefix(s, "Items") {
			s = "Cart.Line" + s
		}
		return ingestNames.Replace(s)
	}
	told := *f
	told.Message, told.Mend = rename(f.Message), rename(f.Mend)
	told.Fields = slices.Clone(f.Fields)
	for i := range told.Fields {
		told.Fields[i].Name, told.Fields[i].Message = rename(f.Fields[i].Name), rename(f.Fields[i].Message)
	}
	return &told
}

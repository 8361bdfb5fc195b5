package voucher

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/customer"
	"comanda/event"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/store"
	"comanda/wire"
)

// codeSigns are the signs of a code that is made up: none that people mix up.
const (
	codeSigns  = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
	codeLength = 10
)

func newCode() string {
	b := make([]byte, codeLength)
	_, _ = rand.Read(b) // never fails
	for i := range b {
		b[i] = codeSigns[int(b[i])%len(codeSigns)]
	}
	return string(b)
}

// Create makes a voucher of a brand. Without a code it gets one that cannot be guessed; a code that another voucher of the
// brand has is a Conflict. Right: EditVouchers; who has it for some stores only makes vouchers for these.
func (vs *Vouchers) Create(ctx context.Context, c *account.Caller, appID string, in wire.CreateVoucher) (*wire.VoucherWithStats, error) {
	brand, err := vs.accounts.Open(ctx, c, appID, account.EditVouchers)
	if err != nil {
		return nil, err
	}
	doc := newDocument(brand, &in)
	if doc.Code == "" {
		doc.Code = newCode()
	}
	if err := vs.check(ctx, brand.ID, doc); err != nil {
		return nil, err
	}
	if err := mayBind(c, brand.ID, doc.Stores); err != nil {
		return nil, err
	}
	id, err := vs.db.NextID(ctx, "vouchers")
	if err != nil {
		return nil, fmt.Errorf("voucher: create: %w", err)
	}
	doc.VoucherId = id
	if doc.PromotionDetails != nil {
		doc.PromotionDetails.PromotionId = id // one promotion a voucher, so they share the number
	}
	v, err := Voucher{ID: id, Brand: brand.ID}.of(doc)
	if err != nil {
		return nil, err
	}
	if err := vs.checkCustomer(ctx, v); err != nil {
		return nil, err
	}
	if n := doc.CreditNoteDetails; n != nil {
		v.Credit = amount(new(fault.Collector), "", n.RemainingCredit, doc.Currency, 0)
	}
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, err
	}
	w, err := vs.show(ctx, brand, v)
	if err != nil {
		return nil, err
	}
	rec, err := record(brand, c, v, &wire.VoucherCreatedEvent{
		VoucherId: id, User: c.EventUser(), Voucher: &w,
		Description: fmt.Sprintf("%s created the voucher %s: %s.", c.EventName(), v.Code, v.says()),
	})
	if err != nil {
		return nil, err
	}
	err = vs.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlInsert, v.ID, v.Brand, v.Code, string(v.Kind), string(v.SubKind), v.Customer, join(v.Stores), join(v.Channels),
			v.Automatic, v.Enabled, clock.Micros(v.Starts), clock.Micros(v.Expires), v.MostUses, int64(v.Credit), string(raw))
		if err != nil {
			return err
		}
		if n == 0 {
			return codeTaken(v.Code)
		}
		vs.forget(tx)
		vs.log.Append(tx, rec)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("voucher: create: %w", err)
	}
	return withStats(w, stats{})
}

func codeTaken(code string) error {
	return &fault.Error{
		Kind: fault.Conflict, Message: fmt.Sprintf("Another voucher of the brand has the code %s.", code),
		Mend:   "Choose another code, or leave Code out to get one.",
		Fields: []fault.Field{{Name: "Code", Message: "is another voucher's"}},
	}
}

// newDocument is what a request asks for, with what it leaves out.
func newDocument(brand account.Brand, in *wire.CreateVoucher) *wire.Voucher {
	or := func(p *bool, absent bool) bool {
		if p == nil {
			return absent
		}
		return *p
	}
	doc := &wire.Voucher{
		VoucherType: wire.V(in.VoucherType), CreditNoteDetails: in.CreditNoteDetails, LumpDiscountDetails: in.LumpDiscountDetails,
		PercentDiscountDetails: in.PercentDiscountDetails, Code: CanonicalCode(wire.V(in.Code)), Description: wire.V(in.Description),
		Stores: slices.Clone(in.Stores), ValidOnOrdersOver: "0", TakesPriority: or(in.TakesPriority, false), IsEnabled: or(in.IsEnabled, true),
		IsAutomaticallyApplied: or(in.IsAutomaticallyApplied, false), IncludeDeliveryFee: or(in.IncludeDeliveryFee, false),
		IsValidForDeliveryOrders: or(in.IsValidForDeliveryOrders, true), IsValidForPickupOrders: or(in.IsValidForPickupOrders, true),
		IsValidForOrdersPayedOnline: or(in.IsValidForOrdersPayedOnline, true), IsValidForOrdersPayedByCash: or(in.IsValidForOrdersPayedByCash, true),
		IsValidForFirstOrderOnly: or(in.IsValidForFirstOrderOnly, false), IsValidOncePerCustomer: or(in.IsValidOncePerCustomer, false),
		IsValidOnlyOnce: or(in.IsValidOnlyOnce, false), IsDiscoverable: or(in.IsDiscoverable, false), ForceDiscount: or(in.ForceDiscount, false),
		StartDate: wire.At(brand.Now()), ExpiryDate: wire.At(forever), ChannelRestrictions: slices.Clone(in.ChannelRestrictions),
		ValidityPeriods: append([]wire.ValidityPeriod{}, in.ValidityPeriods...), VoucherSubType: wire.VoucherSubTypeNone,
		CustomerId: in.CustomerId, MaxRedemptions: in.MaxRedemptions,
	}
	if in.Promotion != nil {
		doc.PromotionDetails = &wire.PromotionDetails{Name: wire.V(in.Promotion.Name), PromotionAwards: awards(in.Promotion.MenuItemPublicIds)}
	}
	if in.ValidOnOrdersOver != nil {
		doc.ValidOnOrdersOver = *in.ValidOnOrdersOver
	}
	if in.StartDate != nil {
		doc.StartDate = *in.StartDate
	}
	if in.ExpiryDate != nil {
		doc.ExpiryDate = *in.ExpiryDate
	}
	if in.VoucherSubType != nil {
		doc.VoucherSubType = *in.VoucherSubType
	}
	return doc
}

func awards(items []wire.UUID) []wire.PromotionAward {
	out := make([]wire.PromotionAward, len(items))
	for i, id := range items {
		out[i] = wire.PromotionAward{MenuItemPublicId: id}
	}
	return out
}

// check judges a document against the stores of its brand.
func (vs *Vouchers) check(ctx context.Context, brand int, doc *wire.Voucher) error {
	all, err := vs.stores.OfBrand(ctx, brand)
	if err != nil {
		return err
	}
	currencies, err := vs.stores.Currencies(ctx, brand)
	if err != nil {
		return err
	}
	byID := map[int]*store.Store{}
	for _, s := range all {
		byID[s.ID] = s
	}
	return check(doc, byID, currencies)
}

// checkCustomer refuses a voucher for a customer whom the brand does not have.
func (vs *Vouchers) checkCustomer(ctx context.Context, v *Voucher) error {
	return vs.db.Read(ctx, func(tx *db.Tx) error { return isCustomer(tx, "CustomerId", v.Brand, v.Customer) })
}

// isCustomer refuses the id of nobody; 0 is everybody.
func isCustomer(tx *db.Tx, field string, brand, id int) error {
	if id == 0 {
		return nil
	}
	there, err := customer.Exists(tx, brand, id)
	if err == nil && !there {
		err = fault.BadField(field, "the brand has no customer %d", id)
	}
	return err
}

// mayBind refuses a caller who has some stores only and asks for a voucher that holds in others.
func mayBind(c *account.Caller, brand int, stores []int) error {
	g, ok := c.GrantOn(brand)
	if !ok || g.Stores == nil {
		return nil
	}
	outside := len(stores) == 0 || slices.ContainsFunc(stores, func(id int) bool { return !slices.Contains(g.Stores, id) })
	if outside {
		return fault.New(fault.Forbidden, "Your access is for some stores of the brand only, and this voucher holds in others too.").
			With("Name only stores within your reach in Stores, or ask an owner of the brand.")
	}
	return nil
}

// record makes the log's record of an event about a voucher.
func record(brand account.Brand, c *account.Caller, v *Voucher, body wire.Event) (event.Record, error) {
	body.Base().IpAddress = c.EventIP()
	only := 0
	if len(v.Stores) == 1 {
		only = v.Stores[0]
	}
	return event.Encode(event.New{
		Brand: brand.ID, AppID: brand.AppID, Subject: fmt.Sprintf("voucher/%d", v.ID), Store: only, Time: brand.Now(),
		Request: c.Request, Body: body,
	})
}

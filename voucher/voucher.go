package voucher

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// Voucher is a voucher as it was read. It never changes.
type Voucher struct {
	ID, Brand, Version int
	Code               string // in upper case
	Kind               wire.VoucherType
	SubKind            wire.VoucherSubType
	Customer           int   // whose it is; 0 = everybody's
	Stores             []int // where it holds; none = in every store
	Channels           []wire.ChannelRestrictions
	Automatic, Enabled bool
	Starts, Expires    time.Time
	MostUses, Used     int          // 0 = any number; those that are taken
	Credit             money.Amount // what is left of a credit note

	doc     wire.Voucher
	periods store.Week
}

// forever is the ExpiryDate of a voucher that was given none.
var forever = time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)

// scanner is a row of vouchers.
type scanner interface{ Scan(to ...any) error }

// scan reads a row of columns.
func scan(row scanner) (*Voucher, error) {
	v := new(Voucher)
	var stores, channels string
	var starts, expires int64
	var doc []byte
	err := row.Scan(&v.ID, &v.Brand, &v.Code, &v.Kind, &v.SubKind, &v.Customer, &stores, &channels, &v.Automatic, &v.Enabled,
		&starts, &expires, &v.MostUses, &v.Version, &v.Used, &v.Credit, &doc)
	if err != nil {
		return nil, err
	}
	v.Starts, v.Expires = clock.FromMicros(starts), clock.FromMicros(expires)
	for _, s := range split(stores) {
		id, err := strconv.Atoi(s)
		if err != nil {
			return nil, fmt.Errorf("voucher: stores of %d: %w", v.ID, err)
		}
		v.Stores = append(v.Stores, id)
	}
	for _, c := range split(channels) {
		v.Channels = append(v.Channels, wire.ChannelRestrictions(c))
	}
	if err := json.Unmarshal(doc, &v.doc); err != nil {
		return nil, fmt.Errorf("voucher: document of %d: %w", v.ID, err)
	}
	v.periods, err = weekOf(v.doc.ValidityPeriods)
	return v, err
}

// of makes the next version of a voucher from its document.
func (v Voucher) of(doc *wire.Voucher) (*Voucher, error) {
	v.doc = *doc
	v.Code, v.Kind, v.SubKind, v.Customer = doc.Code, doc.VoucherType, doc.VoucherSubType, wire.V(doc.CustomerId)
	v.Stores, v.Channels = doc.Stores, doc.ChannelRestrictions
	v.Automatic, v.Enabled = doc.IsAutomaticallyApplied, doc.IsEnabled
	v.Starts, v.Expires = doc.StartDate.Time, doc.ExpiryDate.Time
	v.MostUses = wire.V(doc.MaxRedemptions)
	if doc.IsValidOnlyOnce {
		v.MostUses = 1
	}
	v.Version++
	var err error
	v.periods, err = weekOf(doc.ValidityPeriods)
	return &v, err
}

// join writes what a voucher is bound to as a column does; split reads it.
func join[T any](all []T) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(',')
	for _, one := range all {
		fmt.Fprintf(&b, "%v,", one)
	}
	return b.String()
}

func split(column string) []string {
	return strings.FieldsFunc(column, func(r rune) bool { return r == ',' })
}

// Status is what the contract calls the voucher at a time of its brand.
func (v *Voucher) Status(now time.Time) wire.VoucherStatus {
	switch {
	case !v.Enabled:
		return wire.VoucherStatusDisabled
	case v.MostUses > 0 && v.Used >= v.MostUses, v.Kind == wire.VoucherTypeCreditNote && v.Credit <= 0:
		return wire.VoucherStatusUsed
	case !now.Before(v.Expires):
		return wire.VoucherStatusExpired
	case now.Before(v.Starts):
		return wire.VoucherStatusNotYetValid
	default:
		return wire.VoucherStatusValid
	}
}

// HoldsIn reports whether the voucher holds in a store.
func (v *Voucher) HoldsIn(store int) bool {
	return len(v.Stores) == 0 || slices.Contains(v.Stores, store)
}

// Currency is that of the voucher's amounts.
func (v *Voucher) Currency() string { return string(v.doc.Currency) }

// wire is the voucher as the contract shows it at a time, with the names of its stores.
func (v *Voucher) wire(now time.Time, names []string) wire.Voucher {
	w := v.doc
	w.VoucherId, w.Status, w.StoreNames = v.ID, v.Status(now), names
	if w.CreditNoteDetails != nil {
		w.CreditNoteDetails = &wire.CreditNoteDetails{RemainingCredit: wire.P(v.Credit.Decimal(v.Currency()))}
	}
	return w
}

func (v *Voucher) summary(now time.Time, names []string) wire.VoucherSummary {
	return wire.VoucherSummary{
		VoucherId: v.ID, Code: v.Code, Status: v.Status(now), VoucherType: v.Kind, VoucherSubType: v.SubKind,
		Description: v.doc.Description, IsEnabled: v.Enabled, StoreNames: names, IsAvailableOnAllStores: len(v.Stores) == 0,
	}
}

// says is what the voucher gives, in words: 10 % off.
func (v *Voucher) says() string {
	d := &v.doc
	switch v.Kind {
	case wire.VoucherTypePercentageDiscount:
		return fmt.Sprintf("%d %% off", wire.V(d.PercentDiscountDetails.PercentageDiscount))
	case wire.VoucherTypeLumpDiscount:
		return fmt.Sprintf("%s %s off", wire.V(d.LumpDiscountDetails.DiscountAmount), d.Currency)
	case wire.VoucherTypeCreditNote:
		return fmt.Sprintf("a credit of %s %s", v.Credit.Decimal(v.Currency()), d.Currency)
	case wire.VoucherTypeAddItem:
		return "a free item: " + d.PromotionDetails.Name
	default:
		return "free delivery"
	}
}

package voucher

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"comanda/internal/fault"
	"comanda/money"
	"comanda/store"
	"comanda/wire"
)

// The limits of one voucher.
const (
	MaxCode        = 50 // characters, as all text limits
	maxDescription = 500
	maxName        = 100
	maxAwards      = 50
	maxStores      = 1000
	maxInt         = 1<<31 - 1
)

// CanonicalCode is a code as it is stored and compared: people write it in any case.
func CanonicalCode(code string) string { return strings.ToUpper(strings.TrimSpace(code)) }

// isCode reports whether a text could be a code at all: letters, digits and - _ . between them.
func isCode(s string) bool {
	if s == "" || len(s) > MaxCode {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-_.", rune(c)) {
			return false
		}
	}
	return strings.Trim(s, ".") != "" // . and .. mean something in a path
}

// check judges and normalises a whole document, new or changed. stores are all of the brand by id.
func check(doc *wire.Voucher, stores map[int]*store.Store, currencies []string) error {
	c := &fault.Collector{}
	checkKind(c, doc)
	doc.Code = CanonicalCode(doc.Code)
	if !isCode(doc.Code) {
		c.Add("Code", "write 1 to %d letters and digits, with - _ . between them if you like", MaxCode)
	}
	checkText(c, "Description", &doc.Description, maxDescription)
	checkStores(c, doc, stores)
	checkCurrency(c, doc, stores, currencies)
	amount(c, "ValidOnOrdersOver", &doc.ValidOnOrdersOver, doc.Currency, 0)
	checkUse(c, doc)
	readPeriods(c, doc.ValidityPeriods)
	return c.Err()
}

// checkKind judges what only vouchers of one type have; what belongs to the others is dropped.
func checkKind(c *fault.Collector, doc *wire.Voucher) {
	percent, lump, credit, promotion := doc.PercentDiscountDetails, doc.LumpDiscountDetails, doc.CreditNoteDetails, doc.PromotionDetails
	doc.PercentDiscountDetails, doc.LumpDiscountDetails, doc.CreditNoteDetails, doc.PromotionDetails = nil, nil, nil, nil
	switch doc.VoucherType {
	case wire.VoucherTypePercentageDiscount:
		if percent == nil {
			percent = new(wire.PercentDiscountDetails)
		}
		if n := wire.V(percent.PercentageDiscount); n < 1 || n > 100 {
			c.Add("PercentDiscountDetails.PercentageDiscount", "must be from 1 to 100")
		}
		doc.PercentDiscountDetails = percent
	case wire.VoucherTypeLumpDiscount:
		if lump == nil || lump.DiscountAmount == nil {
			lump = &wire.LumpDiscountDetails{DiscountAmount: wire.P(wire.Decimal("0"))}
		}
		doc.LumpDiscountDetails = lump
	case wire.VoucherTypeCreditNote:
		if credit == nil || credit.RemainingCredit == nil {
			credit = &wire.CreditNoteDetails{RemainingCredit: wire.P(wire.Decimal("0"))}
		}
		doc.CreditNoteDetails = credit
	case wire.VoucherTypeAddItem:
		if promotion == nil {
			promotion = new(wire.PromotionDetails)
		}
		checkPromotion(c, promotion)
		doc.PromotionDetails = promotion
	case wire.VoucherTypeFreeDelivery:
	default:
		c.Add("VoucherType", "must be one of %s", strings.Join(doc.VoucherType.Values(), ", "))
	}
}

func checkPromotion(c *fault.Collector, p *wire.PromotionDetails) {
	checkText(c, "Promotion.Name", &p.Name, maxName)
	if p.Name == "" {
		c.Add("Promotion.Name", "a free item needs a name that diners see")
	}
	if n := len(p.PromotionAwards); n == 0 || n > maxAwards {
		c.Add("Promotion.MenuItemPublicIds", "name 1 to %d menu items, of which one is free", maxAwards)
		return
	}
	seen := map[wire.UUID]bool{}
	for i := range p.PromotionAwards {
		a, at := &p.PromotionAwards[i], fmt.Sprintf("Promotion.MenuItemPublicIds[%d]", i)
		u, err := uuid.Parse(string(a.MenuItemPublicId))
		if err != nil {
			c.Add(at, "%.40q is not the PublicId of a menu item", string(a.MenuItemPublicId))
			continue
		}
		a.MenuItemPublicId, a.PromotionAwardId = wire.UUID(u.String()), i+1
		if seen[a.MenuItemPublicId] {
			c.Add(at, "stands here twice")
		}
		seen[a.MenuItemPublicId] = true
	}
}

func checkStores(c *fault.Collector, doc *wire.Voucher, stores map[int]*store.Store) {
	if len(doc.Stores) > maxStores {
		c.Add("Stores", "at most %d are allowed; name none where it holds in all", maxStores)
		return
	}
	for i, id := range doc.Stores {
		if stores[id] == nil {
			c.Add(fmt.Sprintf("Stores[%d]", i), "the brand has no store %d", id)
		}
	}
	slices.Sort(doc.Stores)
	doc.Stores = slices.Compact(doc.Stores)
	if doc.Stores == nil {
		doc.Stores = []int{}
	}
}

// checkCurrency finds the one currency of the voucher's stores. A voucher without amounts may hold in stores of several.
func checkCurrency(c *fault.Collector, doc *wire.Voucher, stores map[int]*store.Store, currencies []string) {
	found := slices.Clone(currencies)
	if len(doc.Stores) > 0 {
		found = nil
		for _, id := range doc.Stores {
			if s := stores[id]; s != nil {
				found = append(found, s.Currency)
			}
		}
	}
	slices.Sort(found)
	found = slices.Compact(found)
	if len(found) == 0 {
		found = []string{string(wire.CurrencyEUR)} // nothing is sold yet; a store group will bring the currency
	}
	if !slices.Contains(found, string(doc.Currency)) {
		doc.Currency = wire.Currency(found[0])
	}
	if len(found) > 1 && hasAmounts(doc) {
		c.Add("Stores", "its amounts need one currency, and these stores sell in %s: name stores of one", strings.Join(found, ", "))
	}
}

// hasAmounts reports whether the voucher says any amount of money.
func hasAmounts(doc *wire.Voucher) bool {
	return doc.LumpDiscountDetails != nil || doc.CreditNoteDetails != nil || !zero(doc.ValidOnOrdersOver) ||
		doc.PercentDiscountDetails != nil && doc.PercentDiscountDetails.MaxDiscountAmount != nil
}

func zero(d wire.Decimal) bool { return strings.Trim(string(d), "0.") == "" }

// amount reads an amount of the voucher's currency and writes it back as the wire does.
func amount(c *fault.Collector, name string, d *wire.Decimal, currency wire.Currency, least money.Amount) money.Amount {
	a, err := money.Parse(*d, string(currency))
	switch {
	case err != nil:
		c.Add(name, "%s", err)
	case a < least && least == 0:
		c.Add(name, "must be 0 or more")
	case a < least:
		c.Add(name, "must be more than 0")
	}
	*d = a.Decimal(string(currency))
	return a
}

// checkUse judges amounts, times and conditions.
func checkUse(c *fault.Collector, doc *wire.Voucher) {
	if p := doc.PercentDiscountDetails; p != nil && p.MaxDiscountAmount != nil {
		amount(c, "PercentDiscountDetails.MaxDiscountAmount", p.MaxDiscountAmount, doc.Currency, 1)
	}
	if l := doc.LumpDiscountDetails; l != nil {
		amount(c, "LumpDiscountDetails.DiscountAmount", l.DiscountAmount, doc.Currency, 1)
	}
	if n := doc.CreditNoteDetails; n != nil {
		amount(c, "CreditNoteDetails.RemainingCredit", n.RemainingCredit, doc.Currency, 1)
	}
	if !slices.Contains(doc.VoucherSubType.Values(), string(doc.VoucherSubType)) {
		c.Add("VoucherSubType", "must be one of %s", strings.Join(doc.VoucherSubType.Values(), ", "))
	}
	if !doc.StartDate.Before(doc.ExpiryDate.Time) || doc.ExpiryDate.After(forever) {
		c.Add("ExpiryDate", "must come after StartDate, in the year 9999 at the latest")
	}
	if n := wire.V(doc.MaxRedemptions); n < 0 || n > maxInt {
		c.Add("MaxRedemptions", "must be from 1 to %d, or 0 for no limit", maxInt)
	} else if n == 0 {
		doc.MaxRedemptions = nil
	}
	if n := wire.V(doc.CustomerId); n < 0 || n > maxInt {
		c.Add("CustomerId", "must be the id of a customer, or 0 for everybody")
	} else if n == 0 {
		doc.CustomerId = nil
	}
	switch {
	case !doc.IsValidForDeliveryOrders && !doc.IsValidForPickupOrders:
		c.Add("IsValidForDeliveryOrders", "a voucher that is valid neither for deliveries nor for pickups can never be used: set this or IsValidForPickupOrders")
	case doc.VoucherType == wire.VoucherTypeFreeDelivery && !doc.IsValidForDeliveryOrders:
		c.Add("IsValidForDeliveryOrders", "free delivery is for deliveries")
	}
	if !doc.IsValidForOrdersPayedByCash && !doc.IsValidForOrdersPayedOnline {
		c.Add("IsValidForOrdersPayedByCash", "a voucher that is valid for no way to pay can never be used: set this or IsValidForOrdersPayedOnline")
	}
	checkChannels(c, doc)
}

func checkChannels(c *fault.Collector, doc *wire.Voucher) {
	known := wire.ChannelRestrictions("").Values()
	for i, ch := range doc.ChannelRestrictions {
		if !slices.Contains(known, string(ch)) {
			c.Add(fmt.Sprintf("ChannelRestrictions[%d]", i), "%.20q is no channel: write one of %s", ch, strings.Join(known, ", "))
		}
	}
	doc.ChannelRestrictions = slices.Compact(slices.Sorted(slices.Values(doc.ChannelRestrictions)))
	if doc.ChannelRestrictions == nil {
		doc.ChannelRestrictions = []wire.ChannelRestrictions{}
	}
}

// checkText trims a text of one line and bounds it.
func checkText(c *fault.Collector, name string, text *string, most int) {
	*text = strings.TrimSpace(*text)
	if !utf8.ValidString(*text) || strings.ContainsFunc(*text, unicode.IsControl) {
		c.Add(name, "control characters are not allowed")
	}
	if utf8.RuneCountInString(*text) > most {
		c.Add(name, "at most %d characters are allowed", most)
	}
}

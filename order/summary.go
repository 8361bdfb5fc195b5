package order

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

// SummaryFilter says which orders a list of summaries is about. Zero members do not filter.
type SummaryFilter struct {
	Filter
	Search      string // a part of the id, of the tracking code, or of the customer's name, phone number or e-mail address
	Channels    []string
	IDs         []int
	ByRequested bool // the latest RequestedForTime first, in place of the newest
}

// Bounds of a list of summaries.
const (
	wantedChannels = 12
	maxSearched    = 100
	maxSummaryIDs  = 1000
	// kitchenOrders bounds what one kitchen looks at.
	kitchenOrders = 500
)

// Summaries returns the page-th page (from 1 on) of limit orders of a brand in short form, and how many there are in all. The
// caller needs ReadOrders.
func (o *Orders) Summaries(ctx context.Context, caller *account.Caller, appID string, f SummaryFilter, page, limit int) (int, []wire.OrderSummary, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return 0, nil, err
	}
	if err := f.check(page, limit); err != nil {
		return 0, nil, err
	}
	stores, some := storesOf(caller, brand.ID, f.Stores)
	if !some {
		return 0, []wire.OrderSummary{}, nil
	}
	from, to := f.span()
	args := []any{brand.ID, stores, from, to, listOf(f.States), listOf(f.IDs), listOf(f.Channels), pattern(fold(f.Search)), pattern(strings.ToLower(f.Search))}
	query := sqlSummariesByTime
	if f.ByRequested {
		query = sqlSummariesByRequest
	}
	if page > maxID/limit {
		page = maxID / limit
	}
	var n int
	var docs [][]byte
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		if err := tx.QueryRow(sqlCountSummaries, args...).Scan(&n); err != nil {
			return err
		}
		docs, err = documents(tx, query, append(slices.Clone(args), limit, (page-1)*limit)...)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	out := make([]wire.OrderSummary, len(docs))
	for i, doc := range docs {
		var order wire.Order
		if err := json.Unmarshal(doc, &order); err != nil {
			return 0, nil, fmt.Errorf("order: summary: %w", err)
		}
		out[i] = summaryOf(&order)
	}
	return n, out, nil
}

func (f *SummaryFilter) check(page, limit int) error {
	var c fault.Collector
	if page < 1 {
		c.Add("page", "must be 1 or more")
	}
	if limit < 1 {
		c.Add("limit", "must be 1 or more")
	}
	if !f.To.IsZero() && f.To.Before(f.From) {
		c.Add("to", "is before from")
	}
	if len(f.Channels) > wantedChannels {
		c.Add("channels", "name each channel once")
	}
	if len(f.IDs) > maxSummaryIDs {
		c.Add("orderIds", "at most %d are allowed", maxSummaryIDs)
	}
	checkText(&c, "searchQuery", f.Search, maxSearched, false)
	return c.Err()
}

// Kitchen lists what the kitchens of a brand are to make now: accepted orders, a pre-order from its lead time before the time
// it is wanted for on, and first what was to be begun first. The caller needs ReadOrders.
func (o *Orders) Kitchen(ctx context.Context, caller *account.Caller, appID string, stores []int) (docs [][]byte, err error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.ReadOrders)
	if err != nil {
		return nil, err
	}
	filter, some := storesOf(caller, brand.ID, stores)
	if !some {
		return nil, nil
	}
	err = o.db.Read(ctx, func(tx *db.Tx) (err error) {
		docs, err = documents(tx, sqlKitchen, brand.ID, filter, clock.Micros(brand.Now()), kitchenOrders)
		return err
	})
	return docs, err
}

// storesOf makes the store filter of a query about one brand; some is false when the caller reaches none of the wanted ones.
func storesOf(caller *account.Caller, brand int, wanted []int) (filter string, some bool) {
	g, _ := caller.GrantOn(brand) // none for System, which reaches all
	return within(g.Stores, wanted)
}

// documents reads the stored bytes that a query finds.
func documents(tx *db.Tx, query string, args ...any) (out [][]byte, err error) {
	rows, err := tx.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, rows.Err()
}

// listOf writes wanted values as ",a,b,"; none is empty.
func listOf[T any](values []T) string {
	if len(values) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteByte(',')
	for _, v := range values {
		fmt.Fprint(&b, v)
		b.WriteByte(',')
	}
	return b.String()
}

var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// pattern finds a text anywhere, whatever signs it has; empty finds all.
func pattern(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	return "%" + literal.Replace(text) + "%"
}

// fold makes texts the same that differ in case or accents only, so that "zoe" finds Zoë.
func fold(text string) string {
	var out strings.Builder
	for _, r := range norm.NFD.String(text) {
		if !unicode.Is(unicode.Mn, r) {
			out.WriteRune(unicode.ToLower(r))
		}
	}
	return out.String()
}

func summaryOf(o *wire.Order) wire.OrderSummary {
	return wire.OrderSummary{
		OrderId: o.OrderId, DeliveryType: o.DeliveryType, PickupLocationType: o.PickupLocationType, TableServiceCatagory: o.TableServiceCatagory,
		OrderState: o.OrderState, RequestedForTime: o.RequestedForTime, StoreName: o.Store.Name, StoreIanaTimeZone: o.Store.StoreIanaTimezone,
		CustomerName: o.Customer.Name, CustomerPhoneNumber: o.Customer.PhoneNumber,
		Amount: o.Amount, RefundedAmount: cmp.Or(wire.V(o.RefundedAmount), "0"), PaymentAccountType: o.PaymentAccountType, PaymentStatus: o.PaymentStatus,
		Currency: o.Store.Currency, AppType: o.AppType, LocalOrderId: o.LocalOrderId,
		DropOffLocationId: o.DropOffLocationId, DropOffLocation: o.DropOffLocation, AcceptedFor: o.AcceptedFor, Channel: o.Channel,
		InFraudZone: o.InFraudZone, UnusualHighValueOrder: o.UnusualHighValueOrder,
		ChannelOrderId: o.ChannelOrderId, ChannelOrderDisplayId: o.ChannelOrderDisplayId, OrderDropOffLocation: o.OrderDropOffLocation,
		OrderBatchInfo: o.OrderBatchInfo, DeliveryLocation: o.DeliveryLocation,
	}
}

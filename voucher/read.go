package voucher

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/money"
	"comanda/wire"
)

// load reads a voucher by its id; ErrNoRows when there is none.
func load(tx *db.Tx, id int) (*Voucher, error) {
	if id <= 0 || id > maxInt {
		return nil, db.ErrNoRows
	}
	return scan(tx.QueryRow(sqlVoucher, id))
}

// open loads a voucher for a caller who needs a right on it. One that holds in no store of a caller's is not there for them.
func (vs *Vouchers) open(ctx context.Context, c *account.Caller, id int, r account.Right) (*Voucher, account.Brand, error) {
	var v *Voucher
	err := vs.db.Read(ctx, func(tx *db.Tx) (err error) {
		v, err = load(tx, id)
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		return nil, account.Brand{}, missing(id)
	}
	if err != nil {
		return nil, account.Brand{}, fmt.Errorf("voucher: %d: %w", id, err)
	}
	if err := c.Require(r, v.Brand, 0); err != nil {
		if fault.KindOf(err) == fault.NotFound {
			err = missing(id)
		}
		return nil, account.Brand{}, err
	}
	if !v.within(c) {
		return nil, account.Brand{}, missing(id)
	}
	if r == account.EditVouchers {
		if err := mayBind(c, v.Brand, v.Stores); err != nil {
			return nil, account.Brand{}, err
		}
	}
	brand, err := vs.accounts.Brand(ctx, v.Brand)
	return v, brand, err
}

// openIn is open of a voucher in the path of a brand.
func (vs *Vouchers) openIn(ctx context.Context, c *account.Caller, appID string, id int, r account.Right) (*Voucher, account.Brand, error) {
	brand, err := vs.accounts.Open(ctx, c, appID, r)
	if err != nil {
		return nil, brand, err
	}
	v, of, err := vs.open(ctx, c, id, r)
	if err == nil && of.ID != brand.ID {
		err = missing(id)
	}
	return v, brand, err
}

// within reports whether a caller with some stores only has one in which the voucher holds.
func (v *Voucher) within(c *account.Caller) bool {
	g, _ := c.GrantOn(v.Brand) // none for System, which reaches all
	return g.Stores == nil || slices.ContainsFunc(g.Stores, v.HoldsIn)
}

func missing(id int) *fault.Error {
	return fault.Newf(fault.NotFound, "There is no voucher %d within your reach.", id)
}

// show is the voucher as the contract shows it now.
func (vs *Vouchers) show(ctx context.Context, brand account.Brand, v *Voucher) (wire.Voucher, error) {
	names, err := vs.names(ctx, v.Stores)
	return v.wire(brand.Now(), names), err
}

func (vs *Vouchers) names(ctx context.Context, stores []int) ([]string, error) {
	out := make([]string, len(stores))
	for i, id := range stores {
		s, err := vs.stores.Load(ctx, id)
		if err != nil {
			return nil, err
		}
		out[i] = s.Name
	}
	return out, nil
}

// Get returns a voucher with how it was used. Right: ReadVouchers.
func (vs *Vouchers) Get(ctx context.Context, c *account.Caller, id int) (*wire.VoucherWithStats, error) {
	v, brand, err := vs.open(ctx, c, id, account.ReadVouchers)
	if err != nil {
		return nil, err
	}
	return vs.whole(ctx, brand, v)
}

// whole is a voucher with how it was used.
func (vs *Vouchers) whole(ctx context.Context, brand account.Brand, v *Voucher) (*wire.VoucherWithStats, error) {
	w, err := vs.show(ctx, brand, v)
	if err != nil {
		return nil, err
	}
	s := stats{currency: v.Currency()}
	err = vs.db.Read(ctx, func(tx *db.Tx) error {
		return tx.QueryRow(sqlStats, v.ID).Scan(&s.uses, &s.customers, &s.ordered, &s.discounted, &s.orders)
	})
	if err != nil {
		return nil, fmt.Errorf("voucher: stats of %d: %w", v.ID, err)
	}
	return withStats(w, s)
}

// Find returns a voucher of a brand by its code, in any case. Right: ReadVouchers.
func (vs *Vouchers) Find(ctx context.Context, c *account.Caller, appID, code string) (*wire.Voucher, error) {
	brand, err := vs.accounts.Open(ctx, c, appID, account.ReadVouchers)
	if err != nil {
		return nil, err
	}
	v, err := vs.ByCode(ctx, brand.ID, code)
	if err != nil {
		return nil, err
	}
	if v == nil || !v.within(c) {
		return nil, fault.Newf(fault.NotFound, "There is no voucher with the code %.60q within your reach.", code)
	}
	w, err := vs.show(ctx, brand, v)
	return &w, err
}

// ByCode returns a brand's voucher by its code, for other business code: no caller is asked for. It is nil when there is
// none.
func (vs *Vouchers) ByCode(ctx context.Context, brand int, code string) (v *Voucher, err error) {
	code = CanonicalCode(code)
	if !isCode(code) {
		return nil, nil
	}
	err = vs.db.Read(ctx, func(tx *db.Tx) (err error) {
		v, err = scan(tx.QueryRow(sqlByCode, brand, code))
		return err
	})
	if errors.Is(err, db.ErrNoRows) {
		vs.codes.Remove(codeKey{brand, code})
		return nil, nil
	}
	if err == nil && v.Kind != wire.VoucherTypeCreditNote {
		vs.codes.Add(codeKey{brand, code}, v)
	}
	return v, err
}

// Remembered is a brand's voucher by its code as this process saw it last; nil when it has not. Whoever takes a use of it learns
// from [Vouchers.Take] whether it is still so.
func (vs *Vouchers) Remembered(brand int, code string) *Voucher {
	v, _ := vs.codes.Get(codeKey{brand, CanonicalCode(code)})
	return v
}

// Automatic are a brand's vouchers that are applied without a code, for other business code: no caller is asked for. When they
// may be remembered, what happened to them on another node within the last second may be missing.
func (vs *Vouchers) Automatic(ctx context.Context, brand account.Brand, remembered bool) ([]*Voucher, error) {
	now := brand.Now()
	read := func() ([]*Voucher, error) {
		return vs.query(ctx, func(*Voucher) bool { return true }, sqlAutomatic, brand.ID, clock.Micros(now))
	}
	if !remembered {
		return read()
	}
	return vs.automatic.Load(automaticKey{brand.ID, now.Unix()}, read)
}

// forget drops what this process remembers of the vouchers that are applied without a code, when a change of one is committed.
func (vs *Vouchers) forget(tx *db.Tx) {
	tx.AfterCommit(func() { vs.automatic.Clear(func([]*Voucher) bool { return true }) })
}

// Filter narrows a list of vouchers; of each member any value will do, and an empty one asks for nothing.
type Filter struct {
	Codes    []string // parts of the code, in any case
	Statuses []wire.VoucherStatus
	Kinds    []wire.VoucherType
	SubKinds []wire.VoucherSubType
	Stores   []int                      // it holds in one of them
	Channels []wire.ChannelRestrictions // it holds in one of them
}

func (f *Filter) holds(v *Voucher, now time.Time) bool {
	return among(f.Codes, func(s string) bool { return strings.Contains(v.Code, CanonicalCode(s)) }) &&
		among(f.Statuses, func(s wire.VoucherStatus) bool { return v.Status(now) == s }) &&
		among(f.Kinds, func(k wire.VoucherType) bool { return v.Kind == k }) &&
		among(f.SubKinds, func(k wire.VoucherSubType) bool { return v.SubKind == k }) &&
		among(f.Stores, v.HoldsIn) &&
		among(f.Channels, v.holdsOn)
}

func among[T any](wanted []T, is func(T) bool) bool {
	return len(wanted) == 0 || slices.ContainsFunc(wanted, is)
}

// List returns a page of a brand's vouchers in short form, newest first; pages count from 1. total counts all that the
// filter lets pass. Right: ReadVouchers; who has it for some stores sees those that hold in one of them.
func (vs *Vouchers) List(ctx context.Context, c *account.Caller, appID string, f Filter, page, limit int) (out []wire.VoucherSummary, total int, err error) {
	brand, err := vs.accounts.Open(ctx, c, appID, account.ReadVouchers)
	if err != nil {
		return nil, 0, err
	}
	now := brand.Now()
	all, err := vs.query(ctx, func(v *Voucher) bool { return v.within(c) && f.holds(v, now) }, sqlOfBrand, brand.ID)
	if err != nil {
		return nil, 0, err
	}
	start := len(all)
	if page-1 <= len(all)/limit {
		start = min((page-1)*limit, len(all))
	}
	out, err = vs.summaries(ctx, all[start:min(start+limit, len(all))], now)
	return out, len(all), err
}

// OfCustomer lists the vouchers that are one customer's, newest first. Right: ReadVouchers.
func (vs *Vouchers) OfCustomer(ctx context.Context, c *account.Caller, appID string, customer int) ([]wire.VoucherSummary, error) {
	brand, err := vs.accounts.Open(ctx, c, appID, account.ReadVouchers)
	if err != nil {
		return nil, err
	}
	if customer <= 0 {
		return nil, fault.BadField("customerId", "must be the id of a customer")
	}
	all, err := vs.query(ctx, func(v *Voucher) bool { return v.within(c) }, sqlOfPerson, brand.ID, customer)
	if err != nil {
		return nil, err
	}
	return vs.summaries(ctx, all, brand.Now())
}

// query lists the vouchers of a statement that keep lets pass.
func (vs *Vouchers) query(ctx context.Context, keep func(*Voucher) bool, query string, args ...any) (out []*Voucher, err error) {
	err = vs.db.Read(ctx, func(tx *db.Tx) error {
		out = nil
		rows, err := tx.Query(query, args...)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return err
			}
			if keep(v) {
				out = append(out, v)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("voucher: list: %w", err)
	}
	return out, nil
}

func (vs *Vouchers) summaries(ctx context.Context, all []*Voucher, now time.Time) ([]wire.VoucherSummary, error) {
	out := make([]wire.VoucherSummary, len(all))
	for i, v := range all {
		names, err := vs.names(ctx, v.Stores)
		if err != nil {
			return nil, err
		}
		out[i] = v.summary(now, names)
	}
	return out, nil
}

// Periods are the weekly hours in which a voucher holds; none is always. Right: ReadVouchers.
func (vs *Vouchers) Periods(ctx context.Context, c *account.Caller, appID string, id int) ([]wire.ValidityPeriod, error) {
	v, _, err := vs.openIn(ctx, c, appID, id, account.ReadVouchers)
	if err != nil {
		return nil, err
	}
	return v.doc.ValidityPeriods, nil
}

// stats are how a voucher was used.
type stats struct {
	currency            string
	uses, customers     int
	orders              int
	ordered, discounted money.Amount
}

// withStats adds how a voucher was used to what it is. The contract's two classes have the same members otherwise.
func withStats(w wire.Voucher, s stats) (*wire.VoucherWithStats, error) {
	if s.currency == "" {
		s.currency = string(w.Currency)
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	out := new(wire.VoucherWithStats)
	if err := json.Unmarshal(raw, out); err != nil {
		return nil, err
	}
	average := money.Amount(0)
	if s.orders > 0 {
		average = (s.ordered + money.Amount(s.orders)/2) / money.Amount(s.orders)
	}
	d := func(a money.Amount) *wire.Decimal { return wire.P(a.Decimal(s.currency)) }
	out.TotalUsed, out.TotalCustomers = &s.uses, &s.customers
	out.TotalAmountFromOrders, out.TotalDiscounted, out.AverageOrderSize = d(s.ordered), d(s.discounted), d(average)
	return out, nil
}

// The bounds of a list of data points.
const (
	usualPoints = 30
	mostPoints  = 366
)

// Aggregate is how long a period of Uses is.
type Aggregate string

// The periods of Uses.
const (
	Daily   Aggregate = "Daily"
	Weekly  Aggregate = "Weekly"
	Monthly Aggregate = "Monthly"
)

// Values implements the enumeration of a parameter.
func (Aggregate) Values() []string { return []string{string(Daily), string(Weekly), string(Monthly)} }

// begin is the start of the period that is n periods before that of t, in UTC; weeks begin on Monday.
func (a Aggregate) begin(t time.Time, n int) time.Time {
	y, m, d := t.UTC().Date()
	switch a {
	case Monthly:
		m, d = m-time.Month(n), 1
	case Weekly:
		d -= (int(t.UTC().Weekday())+6)%7 + 7*n
	default:
		d -= n
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// Uses counts the uses of a voucher per day, week or month: the last periods up to a limit, the oldest first, that of now
// included. Without a limit it is the usual number. Right: ReadVouchers.
func (vs *Vouchers) Uses(ctx context.Context, c *account.Caller, id int, by Aggregate, limit *int) ([]wire.VoucherDataPoint, error) {
	v, brand, err := vs.open(ctx, c, id, account.ReadVouchers)
	if err != nil {
		return nil, err
	}
	var f fault.Collector
	if !slices.Contains(by.Values(), string(by)) {
		f.Add("aggregateDataBy", "must be one of %s", strings.Join(by.Values(), ", "))
	}
	points := usualPoints
	if limit != nil {
		points = *limit
	}
	if points < 1 || points > mostPoints {
		f.Add("dataPointLimit", "must be from 1 to %d", mostPoints)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	now := brand.Now()
	out := make([]wire.VoucherDataPoint, points)
	for i := range out {
		begin := by.begin(now, points-1-i)
		end := by.begin(now, points-2-i)
		out[i] = wire.VoucherDataPoint{PeriodStart: wire.At(begin), PeriodLengthInDays: int(end.Sub(begin).Hours() / 24)}
	}
	err = vs.db.Read(ctx, func(tx *db.Tx) error {
		rows, err := tx.Query(sqlUsesSince, v.ID, clock.Micros(out[0].PeriodStart.Time))
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }()
		counts := make([]int, points)
		for rows.Next() {
			var at int64
			if err := rows.Scan(&at); err != nil {
				return err
			}
			// The last period that has begun by then; one of the future, where a clock was set back, counts to the last.
			n, found := slices.BinarySearchFunc(out, clock.FromMicros(at), func(p wire.VoucherDataPoint, t time.Time) int { return p.PeriodStart.Compare(t) })
			if !found {
				n--
			}
			counts[n]++
		}
		for i := range out {
			out[i].Value = counts[i]
		}
		return rows.Err()
	})
	return out, err
}

package api

import (
	"context"

	"comanda/account"
	"comanda/voucher"
	"comanda/wire"
)

// VoucherPath names a voucher of a brand.
type VoucherPath struct {
	AppPath
	VoucherID int `path:"voucherId"`
}

type vouchersIn struct {
	AppPath
	PageIndex           int                        `query:"pageIndex" default:"1" minimum:"1" doc:"Counted from 1."`
	PageSize            int                        `query:"pageSize" default:"20" minimum:"1" doc:"Entries a page; more than 100 is taken as 100."`
	SearchCodes         []string                   `query:"searchCodes,explode" doc:"Parts of the code, in any case; one of them has to be in it."`
	StatusSearch        []wire.VoucherStatus       `query:"statusSearch,explode"`
	TypeSearch          []wire.VoucherType         `query:"typeSearch,explode"`
	SubTypeSearch       []wire.VoucherSubType      `query:"subTypeSearch,explode"`
	StoreIds            []int                      `query:"storeIds,explode" doc:"Vouchers that hold in one of these stores; those that hold in all stores do."`
	ChannelRestrictions []wire.ChannelRestrictions `query:"channelRestrictions,explode" doc:"Vouchers that hold in one of these channels; those without a restriction do."`
}

type voucherSummariesOut struct {
	Body wire.Page[wire.VoucherSummary]
}

func (s *server) getVouchers(ctx context.Context, c *account.Caller, in *vouchersIn) (*voucherSummariesOut, error) {
	limit := min(in.PageSize, 100)
	page, total, err := s.Vouchers.List(ctx, c, in.AppID, voucher.Filter{
		Codes: in.SearchCodes, Statuses: in.StatusSearch, Kinds: in.TypeSearch, SubKinds: in.SubTypeSearch,
		Stores: in.StoreIds, Channels: in.ChannelRestrictions,
	}, in.PageIndex, limit)
	if err != nil {
		return nil, err
	}
	return &voucherSummariesOut{wire.Page[wire.VoucherSummary]{Page: in.PageIndex, Limit: limit, TotalRecordCount: total, Data: page}}, nil
}

type voucherWithStatsOut struct {
	Body wire.Result[*wire.VoucherWithStats]
}

func answerVoucher(v *wire.VoucherWithStats, err error) (*voucherWithStatsOut, error) {
	if err != nil {
		return nil, err
	}
	return &voucherWithStatsOut{wire.Result[*wire.VoucherWithStats]{Data: v}}, nil
}

type createVoucherIn struct {
	AppPath
	Body wire.CreateVoucher
}

func (s *server) createVoucher(ctx context.Context, c *account.Caller, in *createVoucherIn) (*voucherWithStatsOut, error) {
	return answerVoucher(s.Vouchers.Create(ctx, c, in.AppID, in.Body))
}

type voucherIn struct {
	VoucherID int `path:"voucherId"`
}

func (s *server) getVoucher(ctx context.Context, c *account.Caller, in *voucherIn) (*voucherWithStatsOut, error) {
	return answerVoucher(s.Vouchers.Get(ctx, c, in.VoucherID))
}

type updateVoucherIn struct {
	VoucherID         int                    `path:"voucherId"`
	StoreID           []int                  `query:"storeId,explode" doc:"The same as Stores, and goes before it."`
	PercentValue      Optional[int]          `query:"percentValue" doc:"The percentage of a PercentageDiscount voucher."`
	LumpValue         Optional[wire.Decimal] `query:"lumpValue" doc:"The amount of a LumpDiscount voucher, or what is left of a CreditNote."`
	MaxDiscountAmount Optional[wire.Decimal] `query:"maxDiscountAmount" doc:"The most that a PercentageDiscount voucher takes off; 0 for no limit."`
	Body              wire.UpdateVoucher
}

func (s *server) updateVoucher(ctx context.Context, c *account.Caller, in *updateVoucherIn) (*voucherWithStatsOut, error) {
	if len(in.StoreID) > 0 {
		in.Body.Stores = in.StoreID
	}
	return answerVoucher(s.Vouchers.Update(ctx, c, in.VoucherID, voucher.Change{
		UpdateVoucher: in.Body, Percent: in.PercentValue.Ptr(), Lump: in.LumpValue.Ptr(), MaxDiscount: in.MaxDiscountAmount.Ptr(),
	}))
}

type voucherByCodeIn struct {
	AppPath
	Code string `path:"code" doc:"In any case."`
}

type voucherOut struct{ Body wire.Result[*wire.Voucher] }

func (s *server) getVoucherByCode(ctx context.Context, c *account.Caller, in *voucherByCodeIn) (*voucherOut, error) {
	v, err := s.Vouchers.Find(ctx, c, in.AppID, in.Code)
	if err != nil {
		return nil, err
	}
	return &voucherOut{wire.Result[*wire.Voucher]{Data: v}}, nil
}

type vouchersOfCustomerIn struct {
	AppPath
	CustomerID int `path:"customerId"`
}

type vouchersOfCustomerOut struct {
	Body wire.Result[[]wire.VoucherSummary]
}

func (s *server) getVouchersByCustomer(ctx context.Context, c *account.Caller, in *vouchersOfCustomerIn) (*vouchersOfCustomerOut, error) {
	all, err := s.Vouchers.OfCustomer(ctx, c, in.AppID, in.CustomerID)
	if err != nil {
		return nil, err
	}
	return &vouchersOfCustomerOut{wire.Result[[]wire.VoucherSummary]{Data: all}}, nil
}

type voucherStatsIn struct {
	VoucherID       int               `path:"voucherId"`
	AggregateDataBy voucher.Aggregate `query:"aggregateDataBy" required:"true" doc:"How long a period is; in UTC, weeks begin on Monday."`
	DataPointLimit  Optional[int]     `query:"dataPointLimit" doc:"How many periods, that of now included: 1 to 366, 30 when left out."`
}

type voucherStatsOut struct {
	Body wire.Result[[]wire.VoucherDataPoint]
}

func (s *server) getVoucherStats(ctx context.Context, c *account.Caller, in *voucherStatsIn) (*voucherStatsOut, error) {
	points, err := s.Vouchers.Uses(ctx, c, in.VoucherID, in.AggregateDataBy, in.DataPointLimit.Ptr())
	if err != nil {
		return nil, err
	}
	return &voucherStatsOut{wire.Result[[]wire.VoucherDataPoint]{Data: points}}, nil
}

type voucherUsageIn struct {
	VoucherPath
	Body wire.UpdateVoucherUsage
}

func (s *server) updateVoucherUsage(ctx context.Context, c *account.Caller, in *voucherUsageIn) (*none, error) {
	return &none{}, s.Vouchers.SetUsed(ctx, c, in.AppID, in.VoucherID, in.Body)
}

// validityPeriodsOut has no schema in the contract: the periods as vouchers have them.
type validityPeriodsOut struct {
	Body wire.Result[[]wire.ValidityPeriod]
}

func (s *server) getValidityPeriods(ctx context.Context, c *account.Caller, in *VoucherPath) (*validityPeriodsOut, error) {
	periods, err := s.Vouchers.Periods(ctx, c, in.AppID, in.VoucherID)
	if err != nil {
		return nil, err
	}
	return &validityPeriodsOut{wire.Result[[]wire.ValidityPeriod]{Data: periods}}, nil
}

type setValidityPeriodsIn struct {
	VoucherPath
	Body wire.SetVoucherValidityPeriodsSimplifiedRequest
}

func (s *server) setValidityPeriods(ctx context.Context, c *account.Caller, in *setValidityPeriodsIn) (*none, error) {
	return &none{}, s.Vouchers.SetPeriods(ctx, c, in.AppID, in.VoucherID, in.Body)
}

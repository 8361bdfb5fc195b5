package api

import (
	"context"

	"comanda/account"
	"comanda/wire"
)

// StoreAndType names a store and the delivery type that is meant.
type StoreAndType struct {
	StoreID      int               `path:"storeId"`
	DeliveryType wire.DeliveryType `path:"deliveryType"`
}

type hoursOut struct {
	Body wire.Result[[]wire.BusinessHoursPeriod]
}

func (s *server) getBusinessHours(ctx context.Context, c *account.Caller, in *StoreAndType) (*hoursOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &hoursOut{wire.Result[[]wire.BusinessHoursPeriod]{Data: st.Hours(in.DeliveryType)}}, nil
}

type setHoursIn struct {
	StoreAndType
	Body wire.BusinessHoursPeriodBase
}

type periodOut struct {
	Body wire.Result[*wire.BusinessHoursPeriod]
}

func (s *server) setBusinessHours(ctx context.Context, c *account.Caller, in *setHoursIn) (*periodOut, error) {
	days, err := s.Stores.SetHours(ctx, c, in.StoreID, in.DeliveryType, in.Body)
	if err != nil {
		return nil, err
	}
	return &periodOut{wire.Result[*wire.BusinessHoursPeriod]{Data: &days[0]}}, nil
}

type overridesIn struct {
	StoreID int                 `path:"storeId"`
	After   Optional[wire.Time] `query:"after" doc:"Only those that end after this time."`
	Paging
}

type overridesOut struct {
	Body wire.Page[wire.BusinessHoursOverride]
}

func (s *server) getBusinessHoursOverrides(ctx context.Context, c *account.Caller, in *overridesIn) (*overridesOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	same := func(o wire.BusinessHoursOverride) wire.BusinessHoursOverride { return o }
	return &overridesOut{paged(in.Paging, st.Overrides(in.After.Value.Time), same)}, nil
}

type createOverrideIn struct {
	StoreID int `path:"storeId"`
	Body    wire.BusinessHoursOverrideBase
}

type overrideOut struct {
	Body wire.Result[*wire.BusinessHoursOverride]
}

func (s *server) createBusinessHoursOverride(ctx context.Context, c *account.Caller, in *createOverrideIn) (*overrideOut, error) {
	o, err := s.Stores.AddOverride(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &overrideOut{wire.Result[*wire.BusinessHoursOverride]{Data: o}}, nil
}

type overrideIn struct {
	StoreID    int `path:"storeId"`
	OverrideID int `path:"businessHoursOverrideId"`
}

func (s *server) deleteBusinessHoursOverride(ctx context.Context, c *account.Caller, in *overrideIn) (*defaultOut, error) {
	return said("The weekly hours hold again.", s.Stores.RemoveOverride(ctx, c, in.StoreID, in.OverrideID))
}

type setLeadTimeIn struct {
	StoreID int `path:"storeId"`
	Body    wire.LeadTime
}

func (s *server) setStoreLeadTimes(ctx context.Context, c *account.Caller, in *setLeadTimeIn) (*leadTimesOut, error) {
	times, err := s.Stores.SetLeadTime(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &leadTimesOut{wire.Result[*wire.OrderLeadTimes]{Data: &wire.OrderLeadTimes{LeadTimeMinutes: times}}}, nil
}

type leadTimesOut struct {
	Body wire.Result[*wire.OrderLeadTimes]
}

func (s *server) getStoreLeadTimes(ctx context.Context, c *account.Caller, in *storeIn) (*leadTimesOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &leadTimesOut{wire.Result[*wire.OrderLeadTimes]{Data: &wire.OrderLeadTimes{LeadTimeMinutes: st.LeadTimes()}}}, nil
}

type preOrderConfigOut struct {
	Body wire.Result[wire.PreOrderConfig]
}

func (s *server) getPreOrderConfig(ctx context.Context, c *account.Caller, in *StoreAndType) (*preOrderConfigOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &preOrderConfigOut{wire.Result[wire.PreOrderConfig]{Data: st.PreOrderConfig(in.DeliveryType)}}, nil
}

type setPreOrderIn struct {
	StoreAndType
	Body wire.PreOrderConfig
}

func (s *server) updatePreOrderConfig(ctx context.Context, c *account.Caller, in *setPreOrderIn) (*defaultOut, error) {
	return said("The rules for orders ahead of time are as given.", s.Stores.SetPreOrder(ctx, c, in.StoreID, in.DeliveryType, in.Body))
}

type enablePreOrderIn struct {
	StoreAndType
	Enabled bool `query:"enabled" required:"true"`
}

func (s *server) setPreOrderEnabled(ctx context.Context, c *account.Caller, in *enablePreOrderIn) (*defaultOut, error) {
	return said("Orders ahead of time are switched as asked.", s.Stores.EnablePreOrders(ctx, c, in.StoreID, in.DeliveryType, in.Enabled))
}

type preOrderPreviewIn struct {
	StoreAndType
	LeadTimeMinutes                Optional[int]                          `query:"preOrderConfig.leadTimeMinutes"`
	IntervalMinutes                Optional[int]                          `query:"preOrderConfig.intervalMinutes"`
	MaxOrderAheadDays              Optional[int]                          `query:"preOrderConfig.maxOrderAheadDays"`
	IncludeAsap                    Optional[bool]                         `query:"preOrderConfig.includeAsap"`
	IncludeMoreGranularInitialTime Optional[bool]                         `query:"preOrderConfig.includeMoreGranularInitialTime"`
	CutOffTimePreviousDayBasic     Optional[string]                       `query:"preOrderConfig.cutOffTimePreviousDayBasic"`
	CutOffTimeCurrentDayBasic      Optional[string]                       `query:"preOrderConfig.cutOffTimeCurrentDayBasic"`
	PreOrderTimeDisplayType        Optional[wire.PreOrderTimeDisplayType] `query:"preOrderConfig.preOrderTimeDisplayType"`
	AlwaysAppearOpen               Optional[bool]                         `query:"preOrderConfig.alwaysAppearOpen"`
	RequireExplicitSelectAlways    Optional[bool]                         `query:"preOrderConfig.requireExplicitSelectAlways"`
}

type preOrderTimesOut struct {
	Body wire.Result[[]wire.PreOrderTime]
}

// getPreOrderPreview shows what diners could choose from if the settings were as in the query; what the query leaves out
// is as it is stored.
func (s *server) getPreOrderPreview(ctx context.Context, c *account.Caller, in *preOrderPreviewIn) (*preOrderTimesOut, error) {
	times, err := s.Stores.PreOrderPreview(ctx, c, in.StoreID, in.DeliveryType, wire.PreOrderConfig{
		LeadTimeMinutes: in.LeadTimeMinutes.Ptr(), IntervalMinutes: in.IntervalMinutes.Ptr(), MaxOrderAheadDays: in.MaxOrderAheadDays.Ptr(),
		IncludeAsap: in.IncludeAsap.Ptr(), IncludeMoreGranularInitialTime: in.IncludeMoreGranularInitialTime.Ptr(),
		CutOffTimePreviousDayBasic: in.CutOffTimePreviousDayBasic.Ptr(), CutOffTimeCurrentDayBasic: in.CutOffTimeCurrentDayBasic.Ptr(),
		PreOrderTimeDisplayType: in.PreOrderTimeDisplayType.Ptr(), AlwaysAppearOpen: in.AlwaysAppearOpen.Ptr(),
		RequireExplicitSelectAlways: in.RequireExplicitSelectAlways.Ptr(),
	})
	if err != nil {
		return nil, err
	}
	return &preOrderTimesOut{wire.Result[[]wire.PreOrderTime]{Data: times}}, nil
}

// serviceChargeOut is bare: the contract gives it no envelope.
type serviceChargeOut struct{ Body wire.ServiceCharge }

func (s *server) getStoreServiceCharge(ctx context.Context, c *account.Caller, in *storeIn) (*serviceChargeOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &serviceChargeOut{st.ServiceCharge()}, nil
}

type setServiceChargeIn struct {
	StoreID int `path:"storeId"`
	Body    wire.ServiceCharge
}

type setServiceChargeOut struct {
	Body wire.Result[wire.ServiceCharge]
}

func (s *server) configureStoreServiceCharge(ctx context.Context, c *account.Caller, in *setServiceChargeIn) (*setServiceChargeOut, error) {
	charge, err := s.Stores.SetServiceCharge(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &setServiceChargeOut{wire.Result[wire.ServiceCharge]{Data: charge}}, nil
}

package api

import (
	"context"

	"comanda/account"
	"comanda/store"
	"comanda/wire"
)

type capacityIn struct {
	AppID        string            `path:"appId"`
	StoreID      int               `path:"storeId"`
	DeliveryType wire.DeliveryType `path:"deliveryType"`
}

type capacityOut struct {
	Body wire.Result[*wire.StoreOrderCapacityConfig]
}

func (s *server) getStoreOrderCapacity(ctx context.Context, c *account.Caller, in *capacityIn) (*capacityOut, error) {
	capacity, err := s.Stores.Capacity(ctx, c, in.AppID, in.StoreID, in.DeliveryType)
	if err != nil {
		return nil, err
	}
	return &capacityOut{wire.Result[*wire.StoreOrderCapacityConfig]{Data: capacity}}, nil
}

type setCapacityIn struct {
	AppID        string            `path:"appId"`
	StoreID      int               `path:"storeId"`
	DeliveryType wire.DeliveryType `query:"deliveryType" required:"true"`
	Body         wire.StoreOrderCapacityConfigEditModel
}

func (s *server) updateStoreOrderCapacity(ctx context.Context, c *account.Caller, in *setCapacityIn) (*none, error) {
	return &none{}, s.Stores.SetCapacity(ctx, c, in.AppID, in.StoreID, in.DeliveryType, in.Body.OrderCapacityPeriods)
}

type tipsOut struct {
	Body wire.Result[wire.TipConfiguration]
}

func (s *server) getTips(ctx context.Context, c *account.Caller, in *storeIn) (*tipsOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &tipsOut{wire.Result[wire.TipConfiguration]{Data: st.Tips()}}, nil
}

type setTipsIn struct {
	StoreID int `path:"storeId"`
	Body    wire.UpdateTipConfiguration
}

func (s *server) setTips(ctx context.Context, c *account.Caller, in *setTipsIn) (*tipsOut, error) {
	tips, err := s.Stores.SetTips(ctx, c, in.StoreID, in.Body)
	if err != nil {
		return nil, err
	}
	return &tipsOut{wire.Result[wire.TipConfiguration]{Data: tips}}, nil
}

type batchingOut struct {
	Body wire.Result[wire.OrderBatchingConfiguration]
}

func (s *server) getBatching(ctx context.Context, c *account.Caller, in *storeIn) (*batchingOut, error) {
	st, err := s.Stores.Get(ctx, c, in.StoreID)
	if err != nil {
		return nil, err
	}
	return &batchingOut{wire.Result[wire.OrderBatchingConfiguration]{Data: st.Batching()}}, nil
}

type setBatchingIn struct {
	StoreID int `path:"storeId"`
	Body    wire.SetOrderBatchingConfiguration
}

func (s *server) setBatching(ctx context.Context, c *account.Caller, in *setBatchingIn) (*none, error) {
	return &none{}, s.Stores.SetBatching(ctx, c, in.StoreID, in.Body)
}

type workflowsIn struct {
	AppID string `path:"appId"`
}

type workflowsOut struct {
	Body wire.Result[[]wire.FulfillmentStatesConfigurationSummary]
}

func (s *server) getWorkflows(ctx context.Context, c *account.Caller, in *workflowsIn) (*workflowsOut, error) {
	all, err := s.Stores.Workflows(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &workflowsOut{wire.Result[[]wire.FulfillmentStatesConfigurationSummary]{Data: all}}, nil
}

// workflowOut is bare: the contract gives it no envelope.
type workflowOut struct {
	Body *wire.FulfillmentStatesConfiguration
}

func (s *server) getWorkflowTemplate(ctx context.Context, c *account.Caller, in *workflowsIn) (*workflowOut, error) {
	w, err := s.Stores.WorkflowTemplate(ctx, c, in.AppID)
	if err != nil {
		return nil, err
	}
	return &workflowOut{w}, nil
}

type workflowIn struct {
	AppID    string `path:"appId"`
	ConfigID string `path:"configId"`
}

func (s *server) getWorkflow(ctx context.Context, c *account.Caller, in *workflowIn) (*workflowOut, error) {
	w, err := s.Stores.Workflow(ctx, c, in.AppID, in.ConfigID)
	if err != nil {
		return nil, err
	}
	return &workflowOut{w}, nil
}

type createWorkflowIn struct {
	AppID string `path:"appId"`
	Body  wire.CreateFulfillmentStatesConfiguration
}

type createWorkflowOut struct {
	Body wire.Result[*wire.FulfillmentStatesConfiguration]
}

func (s *server) createWorkflow(ctx context.Context, c *account.Caller, in *createWorkflowIn) (*createWorkflowOut, error) {
	w, err := s.Stores.CreateWorkflow(ctx, c, in.AppID, in.Body)
	if err != nil {
		return nil, err
	}
	return &createWorkflowOut{wire.Result[*wire.FulfillmentStatesConfiguration]{Data: w}}, nil
}

type updateWorkflowIn struct {
	AppID    string `path:"appId"`
	ConfigID string `path:"configId"`
	Body     wire.UpdateFulfillmentStatesConfiguration
}

// updateWorkflow does not heed OverwriteSystemTemplate: the template is the program's.
func (s *server) updateWorkflow(ctx context.Context, c *account.Caller, in *updateWorkflowIn) (*none, error) {
	b := &in.Body
	return &none{}, s.Stores.UpdateWorkflow(ctx, c, in.AppID, in.ConfigID, store.Workflow{
		StoreIds: b.StoreIds, StoreSelectorType: b.StoreSelectorType, States: b.States,
		AutomaticTransitionsEnabled: b.AutomaticTransitionsEnabled, Name: b.Name,
	})
}

type workflowGoneOut struct{ Body wire.Result[string] }

func (s *server) deleteWorkflow(ctx context.Context, c *account.Caller, in *workflowIn) (*workflowGoneOut, error) {
	if err := s.Stores.RemoveWorkflow(ctx, c, in.AppID, in.ConfigID); err != nil {
		return nil, err
	}
	return &workflowGoneOut{wire.Result[string]{Data: in.ConfigID}}, nil
}

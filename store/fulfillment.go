package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/wire"
)

const (
	maxWorkflows = 100 // of a brand
	maxStates    = 50  // of a workflow
)

// Workflow is a new or changed workflow of fulfilment; a nil member of a change stays as it is.
type Workflow = wire.CreateFulfillmentStatesConfiguration

// WorkflowTemplate is the workflow to start from: it is the program's and names no store.
func (s *Stores) WorkflowTemplate(ctx context.Context, c *account.Caller, appID string) (*wire.FulfillmentStatesConfiguration, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.ReadStores)
	if err != nil {
		return nil, err
	}
	return workflowTemplate(brand.AppID), nil
}

func workflowTemplate(appID string) *wire.FulfillmentStatesConfiguration {
	return &wire.FulfillmentStatesConfiguration{
		AppId: appID, Name: "Kitchen to customer", StoreSelectorType: wire.StoreSelectorTypeNone, StoreIds: []int{},
		AutomaticTransitionsEnabled: wire.P(false),
		States: []wire.FulfillmentStatusConfigurationItem{
			state("Preparing", "In the kitchen", []wire.OrderTypes{wire.OrderTypesAll}, "Ready", "OnTheWay"),
			state("Ready", "Ready to be collected", []wire.OrderTypes{wire.OrderTypesCollection, wire.OrderTypesDineIn}, "HandedOver"),
			state("OnTheWay", "On the way", []wire.OrderTypes{wire.OrderTypesDelivery}, "HandedOver"),
			state("HandedOver", "Handed over", []wire.OrderTypes{wire.OrderTypesAll}),
		},
	}
}

// WorkflowOf is the workflow that orders of a store go through: the one that names it, else the brand's first one for all
// stores, else the template.
func (s *Stores) WorkflowOf(ctx context.Context, st *Store) (*wire.FulfillmentStatesConfiguration, error) {
	all, err := s.workflowsOf(ctx, st.Brand)
	if err != nil {
		return nil, err
	}
	for _, w := range all {
		if slices.Contains(w.StoreIds, st.ID) {
			return w, nil
		}
	}
	for _, w := range all {
		if w.StoreSelectorType == wire.StoreSelectorTypeNone {
			return w, nil
		}
	}
	return workflowTemplate(st.AppID), nil
}

func state(id, name string, types []wire.OrderTypes, next ...string) wire.FulfillmentStatusConfigurationItem {
	return wire.FulfillmentStatusConfigurationItem{
		StatusId: &id, StatusName: &name, DisplayName: &name, PublicDescription: &name, Icon: wire.P(""), Image: wire.P(""),
		Enabled: wire.P(true), Internal: wire.P(false), IncludeInReports: wire.P(true), IsCustom: wire.P(false), Communication: wire.P(false),
		ChangeType: wire.P(wire.ChangeTypeManual), OrderTypes: types, NextStatuses: append([]string{}, next...),
		DefaultNextStatus: []wire.NextStatusWithOrderType{},
	}
}

// Workflows lists the workflows of a brand, by id, with the names of their stores.
func (s *Stores) Workflows(ctx context.Context, c *account.Caller, appID string) ([]wire.FulfillmentStatesConfigurationSummary, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.ReadStores)
	if err != nil {
		return nil, err
	}
	all, err := s.workflowsOf(ctx, brand.ID)
	if err != nil {
		return nil, err
	}
	out := make([]wire.FulfillmentStatesConfigurationSummary, len(all))
	for i, w := range all {
		out[i] = wire.FulfillmentStatesConfigurationSummary{
			AppId: w.AppId, ConfigurationUid: w.ConfigurationUid, Name: w.Name, StoreSelectorType: w.StoreSelectorType,
			Stores: []wire.FulfillmentStatesConfiguredStore{},
		}
		for _, id := range w.StoreIds {
			st, err := s.Load(ctx, id)
			if err != nil {
				return nil, err
			}
			out[i].Stores = append(out[i].Stores, wire.FulfillmentStatesConfiguredStore{StoreId: id, Name: st.Name})
		}
	}
	return out, nil
}

// Workflow returns one workflow of a brand.
func (s *Stores) Workflow(ctx context.Context, c *account.Caller, appID, id string) (*wire.FulfillmentStatesConfiguration, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.ReadStores)
	if err != nil {
		return nil, err
	}
	w, _, err := s.loadWorkflow(ctx, brand.ID, id)
	return w, err
}

// CreateWorkflow makes a workflow. A store is named by one workflow at most.
func (s *Stores) CreateWorkflow(ctx context.Context, c *account.Caller, appID string, in Workflow) (*wire.FulfillmentStatesConfiguration, error) {
	brand, err := s.openWhole(ctx, c, appID)
	if err != nil {
		return nil, err
	}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("store: create workflow: %w", err)
	}
	w := &wire.FulfillmentStatesConfiguration{
		AppId: brand.AppID, ConfigurationUid: id.String(), StoreIds: []int{}, StoreSelectorType: wire.StoreSelectorTypeNone,
		AutomaticTransitionsEnabled: wire.P(false),
	}
	if err := s.fillWorkflow(ctx, brand, w, in); err != nil {
		return nil, err
	}
	doc, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("store: create workflow: %w", err)
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		var others int
		if err := tx.QueryRow(sqlCountWorkflows, brand.ID).Scan(&others); err != nil {
			return err
		}
		if others >= maxWorkflows {
			return fault.Newf(fault.Conflict, "The brand has %d workflows, as many as it may.", others).With("Delete one that is not used.")
		}
		if _, err := tx.Exec(sqlInsertWorkflow, w.ConfigurationUid, brand.ID, string(doc)); err != nil {
			return err
		}
		return nameStores(tx, brand.ID, w)
	})
	return w, writeFault("create workflow", err)
}

// UpdateWorkflow changes the members of a workflow that are given.
func (s *Stores) UpdateWorkflow(ctx context.Context, c *account.Caller, appID, id string, in Workflow) error {
	brand, err := s.openWhole(ctx, c, appID)
	if err != nil {
		return err
	}
	for range changeTries {
		w, version, err := s.loadWorkflow(ctx, brand.ID, id)
		if err != nil {
			return err
		}
		if err := s.fillWorkflow(ctx, brand, w, in); err != nil {
			return err
		}
		doc, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("store: change workflow: %w", err)
		}
		err = s.db.Write(ctx, func(tx *db.Tx) error {
			if n, err := tx.Exec(sqlUpdateWorkflow, id, version, string(doc)); err != nil || n == 0 {
				return cmpMoved(err)
			}
			if _, err := tx.Exec(sqlUnnameStores, id); err != nil {
				return err
			}
			return nameStores(tx, brand.ID, w)
		})
		if !errors.Is(err, errMoved) {
			return writeFault("change workflow", err)
		}
	}
	return fault.New(fault.Conflict, "The workflow is being changed by others at this moment.").With("Try again.")
}

// RemoveWorkflow deletes a workflow; its stores are free for another one.
func (s *Stores) RemoveWorkflow(ctx context.Context, c *account.Caller, appID, id string) error {
	brand, err := s.openWhole(ctx, c, appID)
	if err != nil {
		return err
	}
	err = s.db.Write(ctx, func(tx *db.Tx) error {
		n, err := tx.Exec(sqlDeleteWorkflow, id, brand.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return noWorkflow(id)
		}
		_, err = tx.Exec(sqlUnnameStores, id)
		return err
	})
	return writeFault("delete workflow", err)
}

// cmpMoved is err, or errMoved when there is none.
func cmpMoved(err error) error {
	if err == nil {
		return errMoved
	}
	return err
}

// openWhole opens a brand for a caller who may change all its stores.
func (s *Stores) openWhole(ctx context.Context, c *account.Caller, appID string) (account.Brand, error) {
	brand, err := s.accounts.Open(ctx, c, appID, account.EditStores)
	if err != nil {
		return brand, err
	}
	return brand, wholeBrand(c, brand.ID)
}

func (s *Stores) loadWorkflow(ctx context.Context, brand int, id string) (*wire.FulfillmentStatesConfiguration, int, error) {
	var raw []byte
	var version int
	err := s.db.Read(ctx, func(tx *db.Tx) error { return tx.QueryRow(sqlWorkflow, id, brand).Scan(&version, &raw) })
	if errors.Is(err, db.ErrNoRows) {
		return nil, 0, noWorkflow(id)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("store: workflow: %w", err)
	}
	w := new(wire.FulfillmentStatesConfiguration)
	return w, version, json.Unmarshal(raw, w)
}

func (s *Stores) workflowsOf(ctx context.Context, brand int) ([]*wire.FulfillmentStatesConfiguration, error) {
	out, err := documents[wire.FulfillmentStatesConfiguration](ctx, s.db, sqlWorkflows, brand)
	return out, writeFault("workflows", err)
}

// nameStores gives a workflow its stores, and refuses one that another workflow names.
func nameStores(tx *db.Tx, brand int, w *wire.FulfillmentStatesConfiguration) error {
	for _, id := range w.StoreIds {
		n, err := tx.Exec(sqlNameStore, id, brand, w.ConfigurationUid)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.Newf(fault.Conflict, "The store %d has another workflow.", id).With("Take it out of that one first.")
		}
	}
	return nil
}

func noWorkflow(id string) *fault.Error {
	return fault.Newf(fault.NotFound, "There is no workflow %.40q in the brand.", id)
}

// fillWorkflow puts the members that are given into a workflow and checks all of it.
func (s *Stores) fillWorkflow(ctx context.Context, brand account.Brand, w *wire.FulfillmentStatesConfiguration, in Workflow) error {
	if in.Name != nil {
		w.Name = tidy(*in.Name)
	}
	if in.States != nil {
		w.States = in.States
	}
	if in.StoreIds != nil {
		w.StoreIds = slices.Compact(slices.Sorted(slices.Values(in.StoreIds)))
	}
	if in.StoreSelectorType != nil {
		w.StoreSelectorType = *in.StoreSelectorType
	}
	if in.AutomaticTransitionsEnabled != nil {
		w.AutomaticTransitionsEnabled = in.AutomaticTransitionsEnabled
	}
	var c fault.Collector
	checkName(&c, "Name", w.Name, "a workflow")
	oneOf(&c, "StoreSelectorType", &w.StoreSelectorType)
	switch n := len(w.StoreIds); {
	case w.StoreSelectorType == wire.StoreSelectorTypeNone && n > 0:
		c.Add("StoreIds", "a workflow for all stores names none: choose Single or Multiple")
	case w.StoreSelectorType == wire.StoreSelectorTypeSingle && n != 1:
		c.Add("StoreIds", "name one store, these are %d", n)
	case w.StoreSelectorType == wire.StoreSelectorTypeMultiple && n == 0:
		c.Add("StoreIds", "name one store at least")
	}
	if err := s.checkStores(ctx, &c, brand, w.StoreIds); err != nil {
		return err
	}
	checkStates(&c, w.States)
	return c.Err()
}

func (s *Stores) checkStores(ctx context.Context, c *fault.Collector, brand account.Brand, ids []int) error {
	all, err := s.OfBrand(ctx, brand.ID)
	for i, id := range ids {
		if err == nil && !slices.ContainsFunc(all, func(st *Store) bool { return st.ID == id }) {
			c.Add(fmt.Sprintf("StoreIds[%d]", i), "the brand has no store %d that is not archived", id)
		}
	}
	return err
}

// checkStates wants ids that are unique and without blanks, and next states that are there.
func checkStates(c *fault.Collector, states []wire.FulfillmentStatusConfigurationItem) {
	if len(states) == 0 || len(states) > maxStates {
		c.Add("States", "a workflow has from 1 to %d states, this one has %d", maxStates, len(states))
		return
	}
	ids := map[string]bool{}
	for i, st := range states {
		at := fmt.Sprintf("States[%d].", i)
		id := wire.V(st.StatusId)
		switch {
		case id == "" || len(id) > 64 || strings.ContainsAny(id, " \t\r\n"):
			c.Add(at+"StatusId", "%.64q is not an id: write 1 to 64 characters without blanks", id)
		case ids[id]:
			c.Add(at+"StatusId", "%s stands here twice", id)
		}
		ids[id] = true
		checkName(c, at+"StatusName", strings.TrimSpace(wire.V(st.StatusName)), "a state")
		for _, text := range []*string{st.DisplayName, st.Icon, st.PublicDescription, st.Image} {
			if len(wire.V(text)) > 1000 {
				c.Add(at+"StatusId", "a text of the state is longer than 1,000 bytes")
			}
		}
	}
	for i, st := range states {
		at := fmt.Sprintf("States[%d].", i)
		for _, next := range st.NextStatuses {
			if !ids[next] {
				c.Add(at+"NextStatuses", "there is no state %.64q", next)
			}
		}
		for _, d := range st.DefaultNextStatus {
			if !slices.Contains(st.NextStatuses, wire.V(d.NextStatus)) {
				c.Add(at+"DefaultNextStatus", "%.64q is none of NextStatuses", wire.V(d.NextStatus))
			}
		}
	}
}

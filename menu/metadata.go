package menu

import (
	"context"
	"fmt"
	"slices"

	"comanda/account"
	"comanda/internal/fault"
	"comanda/wire"
)

// Entity says whether metadata is an item's or an option's.
type Entity bool

// The two kinds of entity that have metadata.
const (
	ItemEntity   Entity = false
	OptionEntity Entity = true
)

func (e Entity) String() string {
	if e == OptionEntity {
		return "option"
	}
	return "item"
}

// Metadata lists the metadata of an item or option as it stands for a store: the store's own entries, and those for every
// store that it does not replace.
func (m *Menus) Metadata(ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int) ([]wire.Metadata, error) {
	menu, err := m.open(ctx, c, menuID, account.ReadMenus, storeID)
	if err != nil {
		return nil, err
	}
	all, err := menu.metadataOf(kind, id)
	return listed(id, all, storeID), err
}

// MetadataByKey returns one entry of an item or option as it stands for a store.
func (m *Menus) MetadataByKey(ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int, key string) (wire.Metadata, error) {
	all, err := m.Metadata(ctx, c, menuID, kind, id, storeID)
	if err != nil {
		return wire.Metadata{}, err
	}
	if i := slices.IndexFunc(all, func(e wire.Metadata) bool { return e.Key == key }); i >= 0 {
		return all[i], nil
	}
	return wire.Metadata{}, noMetadata(kind, id, key)
}

// FirstMetadata returns the first entry of an item or option as it stands for a store.
func (m *Menus) FirstMetadata(ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int) (wire.Metadata, error) {
	all, err := m.Metadata(ctx, c, menuID, kind, id, storeID)
	if err != nil {
		return wire.Metadata{}, err
	}
	if len(all) == 0 {
		return wire.Metadata{}, fault.Newf(fault.NotFound, "The %s %d has no metadata for this store.", kind, id)
	}
	return all[0], nil
}

// AllMetadata lists the metadata of all items and options as it stands for a store, in menu order.
func (m *Menus) AllMetadata(ctx context.Context, c *account.Caller, menuID, storeID int) (wire.AllMetadataResult, error) {
	out := wire.AllMetadataResult{MenuItemMetadata: []wire.Metadata{}, MenuItemOptionSetItemMetadata: []wire.Metadata{}}
	menu, err := m.open(ctx, c, menuID, account.ReadMenus, storeID)
	if err != nil {
		return out, err
	}
	for _, s := range menu.sections {
		for _, it := range s.Items {
			out.MenuItemMetadata = append(out.MenuItemMetadata, listed(it.MenuItemId, it.Metadata, storeID)...)
			for _, set := range it.Sets {
				for _, o := range set.Options {
					out.MenuItemOptionSetItemMetadata = append(out.MenuItemOptionSetItemMetadata, listed(o.MenuItemOptionSetItemId, o.Metadata, storeID)...)
				}
			}
		}
	}
	return out, nil
}

// SetMetadata writes one entry of an item or option for a store, over the one of the same key if there is one.
func (m *Menus) SetMetadata(ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int, in wire.Metadata) error {
	return m.changeMetadata(ctx, c, menuID, kind, id, storeID, func(d *draft, check *checker, all []wire.CreateMetadata) ([]wire.CreateMetadata, string, error) {
		key, value := check.metadataKey("Key", in.Key), check.metadataValue("Value", in.Value)
		if i := find(all, storeID, key); i >= 0 {
			if wire.V(all[i].Value) == value {
				return nil, "", nil
			}
			all = slices.Delete(all, i, i+1)
		}
		if len(all) >= maxMetadata {
			check.Add("Key", "%d entries are allowed for an %s, and it has them", maxMetadata, kind)
		}
		d.doc.IsIntegrated = d.doc.IsIntegrated || key != AllergensKey
		return append(all, wire.CreateMetadata{StoreId: &storeID, Key: &key, Value: &value}), "set the metadata " + key, nil
	})
}

// DeleteMetadata removes one entry that an item or option has for a store. An entry for every store is not the store's to
// remove.
func (m *Menus) DeleteMetadata(ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int, key string) error {
	return m.changeMetadata(ctx, c, menuID, kind, id, storeID, func(_ *draft, _ *checker, all []wire.CreateMetadata) ([]wire.CreateMetadata, string, error) {
		i := find(all, storeID, key)
		if i < 0 {
			return nil, "", noMetadata(kind, id, key)
		}
		return slices.Delete(all, i, i+1), "removed the metadata " + key, nil
	})
}

// changeMetadata applies an edit to a copy of an entity's metadata. The edit returns the new entries and what it did;
// nothing done changes nothing.
func (m *Menus) changeMetadata(
	ctx context.Context, c *account.Caller, menuID int, kind Entity, id, storeID int,
	edit func(*draft, *checker, []wire.CreateMetadata) ([]wire.CreateMetadata, string, error),
) error {
	return m.changeScope(ctx, c, scope{Part: Part{Menu: menuID}, store: storeID}, func(d *draft, check *checker) error {
		all, err := d.old.metadataOf(kind, id)
		if err != nil {
			return err
		}
		all, did, err := edit(d, check, slices.Clone(all))
		if err != nil || did == "" {
			return err
		}
		d.touch(id)
		if kind == OptionEntity {
			it, o := d.option(id)
			o.Metadata = all
			d.tell(optionUpdated(c, o, fmt.Sprintf("%s %s of the option %s of %s on the menu %s.", c.EventName(), did, o.Name, it.Name, d.doc.Name)))
			return nil
		}
		it := d.item(id)
		it.Metadata = all
		d.tell(itemUpdated(c, it, fmt.Sprintf("%s %s of the item %s on the menu %s.", c.EventName(), did, it.Name, d.doc.Name)))
		return nil
	})
}

func (m *Menu) metadataOf(kind Entity, id int) ([]wire.CreateMetadata, error) {
	if kind == OptionEntity {
		if o := m.byOption[id]; o != nil {
			return o.Metadata, nil
		}
	} else if it := m.byItem[id]; it != nil {
		return it.Metadata, nil
	}
	return nil, fault.Newf(fault.NotFound, "The menu %d has no %s %d.", m.ID, kind, id).With("Numeric ids change; look it up again by its PublicId.")
}

// listed writes what stands for a store, in order of the keys' first appearance.
func listed(id int, all []wire.CreateMetadata, storeID int) []wire.Metadata {
	values := metadataFor(all, storeID)
	out := []wire.Metadata{}
	for _, e := range all {
		key := wire.V(e.Key)
		if value, ok := values[key]; ok {
			out = append(out, wire.Metadata{MenuEntityId: id, Key: key, Value: value})
			delete(values, key)
		}
	}
	return out
}

// find is the index of a store's own entry.
func find(all []wire.CreateMetadata, storeID int, key string) int {
	return slices.IndexFunc(all, func(e wire.CreateMetadata) bool { return wire.V(e.StoreId) == storeID && wire.V(e.Key) == key })
}

func noMetadata(kind Entity, id int, key string) error {
	return fault.Newf(fault.NotFound, "The %s %d has no metadata %q of this store.", kind, id, key)
}

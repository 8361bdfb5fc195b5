package driver

import (
	"cmp"
	"context"
	"slices"

	"comanda/account"
	"comanda/internal/clock"
	"comanda/internal/db"
	"comanda/internal/fault"
)

const maxOfBrand = 1000

// Added is a driver whom staff add, or whose stores they change.
type Added struct {
	Name        string `json:"Name" maxLength:"100" doc:"What the brand calls them, until they choose a name themselves."`
	PhoneNumber string `json:"PhoneNumber" maxLength:"40" doc:"They sign in with it. Without a country code it is one of the brand's country."`
	StoreIDs    []int  `json:"StoreIds" doc:"Where they work, of the stores within the caller's reach: those that are left out, they leave."`
}

// Member is a driver as a brand's staff see them.
type Member struct {
	DriverID    int     `json:"DriverId" format:"int32"`
	Name        string  `json:"Name"`
	PhoneNumber string  `json:"PhoneNumber" doc:"E.164"`
	PictureURL  string  `json:"PictureUrl" doc:"Empty without a picture, and before the driver's first duty at the brand."`
	Stores      []Place `json:"Stores" doc:"Where they work, within the caller's reach."`
}

// Place is where a driver works, and whether they are there.
type Place struct {
	StoreID  int      `json:"StoreId" format:"int32"`
	Presence Presence `json:"Presence" enum:"Offline,Online"`
}

// Team lists the drivers of a brand who work at stores within the caller's reach, by id. Right: EditOrders.
func (d *Drivers) Team(ctx context.Context, c *account.Caller, appID string) ([]Member, error) {
	brand, err := d.accounts.Open(ctx, c, appID, account.EditOrders)
	if err != nil {
		return nil, err
	}
	var out []Member
	err = d.db.Read(ctx, func(tx *db.Tx) (err error) {
		out, err = members(tx, c, account.EditOrders, brand.ID, 0)
		return err
	})
	return out, faultOr("team", err)
}

// members are the drivers of a brand, or one of them, with their places where the caller has a right.
func members(tx *db.Tx, c *account.Caller, right account.Right, brand, id int) ([]Member, error) {
	rows, err := tx.Query(sqlTeam, brand, id)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	out := []Member{}
	for rows.Next() {
		var m Member
		var at int
		var online bool
		var since int64
		if err := rows.Scan(&m.DriverID, &m.Name, &m.PhoneNumber, &m.PictureURL, &at, &online, &since); err != nil {
			return nil, err
		}
		if c.Require(right, brand, at) != nil {
			continue
		}
		if since == 0 {
			m.PictureURL = ""
		}
		if n := len(out); n == 0 || out[n-1].DriverID != m.DriverID {
			out = append(out, m)
		}
		last := &out[len(out)-1]
		last.PictureURL = max(last.PictureURL, m.PictureURL)
		last.Stores = append(last.Stores, Place{at, presenceOf(online)})
	}
	return out, rows.Err()
}

// Add makes somebody with a phone number a driver of a brand's stores, or changes where they work; at least one store is
// named. Stores out of the caller's reach stay; what they had to deliver for those that they leave is nobody's then. Right: EditStores on each store.
func (d *Drivers) Add(ctx context.Context, c *account.Caller, appID string, in Added) (Member, error) {
	var out Member
	brand, err := d.accounts.Open(ctx, c, appID, account.EditStores)
	if err != nil {
		return out, err
	}
	name, nameErr := nameOf(in.Name)
	number, numberErr := d.numberOf(in.PhoneNumber, brand.CountryID)
	if err := cmp.Or(nameErr, numberErr); err != nil {
		return out, err
	}
	wanted := slices.Compact(slices.Sorted(slices.Values(in.StoreIDs)))
	if err := d.mayPlace(ctx, c, brand, wanted); err != nil {
		return out, err
	}
	id, err := d.db.NextID(ctx, "drivers")
	if err != nil {
		return out, err
	}
	err = d.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlInsertDriver, id, number, name, clock.Micros(clock.Now())); err != nil {
			return err
		}
		var id int
		if err := tx.QueryRow(sqlHoldDriver, number).Scan(&id); err != nil {
			return err
		}
		if _, err := tx.Exec(sqlPutBrand, id, brand.ID, name); err != nil {
			return err
		}
		var others int
		if err := tx.QueryRow(sqlCountOfBrand, brand.ID).Scan(&others); err != nil {
			return err
		}
		if others > maxOfBrand {
			return fault.Newf(fault.Conflict, "The brand has %d drivers, as many as it may.", maxOfBrand).With("Remove one who drives no more.")
		}
		if err := d.place(tx, c, brand, id, wanted); err != nil {
			return err
		}
		now, err := members(tx, c, account.EditStores, brand.ID, id)
		if err == nil {
			out = now[0]
		}
		return err
	})
	return out, faultOr("add", err)
}

// mayPlace refuses stores that are not the brand's or out of the caller's reach.
func (d *Drivers) mayPlace(ctx context.Context, c *account.Caller, brand account.Brand, wanted []int) error {
	if len(wanted) == 0 {
		return fault.BadField("StoreIds", "name one store at least")
	}
	all, err := d.stores.OfBrand(ctx, brand.ID)
	if err != nil {
		return err
	}
	var faults fault.Collector
	for _, id := range wanted {
		known := false
		for _, s := range all {
			known = known || s.ID == id
		}
		if !known || c.Require(account.EditStores, brand.ID, id) != nil {
			faults.Add("StoreIds", "there is no store %d within your reach", id)
		}
	}
	return faults.Err()
}

// place makes the wanted stores those where a driver works, of the ones within the caller's reach.
func (d *Drivers) place(tx *db.Tx, c *account.Caller, brand account.Brand, id int, wanted []int) error {
	now, err := storesOf(tx, id, brand.ID)
	if err != nil {
		return err
	}
	now = slices.DeleteFunc(now, func(at int) bool {
		return c.Require(account.EditStores, brand.ID, at) != nil || slices.Contains(wanted, at)
	})
	if err := d.leave(tx, c, brand, id, now); err != nil {
		return err
	}
	for _, at := range wanted {
		if _, err := tx.Exec(sqlAddStore, id, at, brand.ID); err != nil {
			return err
		}
	}
	return nil
}

// leave ends that a driver works at stores of a brand, and takes back what they have to deliver for them.
func (d *Drivers) leave(tx *db.Tx, c *account.Caller, brand account.Brand, id int, stores []int) error {
	for _, at := range stores {
		if _, err := tx.Exec(sqlRemoveStore, id, at); err != nil {
			return err
		}
	}
	return d.orders.TakeBack(tx, c, brand, id, stores)
}

// Works implements order.Roster.
func (d *Drivers) Works(tx *db.Tx, driver, store int) (bool, error) {
	n, err := tx.Exec(sqlHoldPlace, driver, store)
	return n == 1, err
}

func storesOf(tx *db.Tx, driver, brand int) ([]int, error) {
	return db.Column[int](tx, sqlStoresOf, driver, brand)
}

// Remove ends that somebody is a driver of a brand's stores within the caller's reach; what they had to deliver for those is
// nobody's then. Who works for the brand no more is signed
// out everywhere, because the phone may be lost, and who works nowhere any more is forgotten, with their picture. Right: EditStores.
func (d *Drivers) Remove(ctx context.Context, c *account.Caller, appID string, id int) error {
	brand, err := d.accounts.Open(ctx, c, appID, account.EditStores)
	if err != nil {
		return err
	}
	err = d.db.Write(ctx, func(tx *db.Tx) error {
		if _, err := tx.Exec(sqlHoldDriverID, id); err != nil {
			return err
		}
		stores, err := storesOf(tx, id, brand.ID)
		if err != nil {
			return err
		}
		all := len(stores)
		stores = slices.DeleteFunc(stores, func(at int) bool { return c.Require(account.EditStores, brand.ID, at) != nil })
		if len(stores) == 0 {
			return noDriver(id)
		}
		if err := d.leave(tx, c, brand, id, stores); err != nil || len(stores) < all {
			return err
		}
		for _, query := range []string{sqlDeleteSessions, sqlDeleteDevices} {
			if _, err := tx.Exec(query, id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(sqlRemoveBrand, id, brand.ID); err != nil {
			return err
		}
		return forget(tx, id)
	})
	return faultOr("remove", err)
}

func noDriver(id int) error {
	return fault.Newf(fault.NotFound, "There is no driver %d at stores within your reach.", id)
}

// forget deletes a driver whom no brand has.
func forget(tx *db.Tx, id int) error {
	var n int
	if err := tx.QueryRow(sqlWorksFor, id).Scan(&n); err != nil || n > 0 {
		return err
	}
	if _, err := tx.Exec(sqlDeleteDriver, id); err != nil {
		return err
	}
	return account.DropImages(tx, 0, pictureKind(id))
}

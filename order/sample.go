package order

import (
	"cmp"
	"context"
	crypto "crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"comanda/account"
	"comanda/internal/db"
	"comanda/internal/fault"
	"comanda/menu"
	"comanda/store"
	"comanda/wire"
)

// MaxSamples is how many sample orders one call places.
const MaxSamples = 20

// SampleOrders says what sample orders are wanted; what is left out is left to chance.
type SampleOrders struct {
	StoreId      *int               `json:"StoreId,omitempty" format:"int32" nullable:"true" required:"false" doc:"The store that the orders are for; left out, any that takes orders now."`
	DeliveryType *wire.DeliveryType `json:"DeliveryType,omitempty" enum:"Delivery,Pickup" nullable:"true" required:"false" doc:"Left out, any for which the store takes orders now."`
	Count        *int               `json:"Count,omitempty" format:"int32" minimum:"1" maximum:"20" nullable:"true" required:"false" doc:"How many; 1 when left out."`
}

// SampleOrder is a sample order that was placed.
type SampleOrder struct {
	OrderId       int          `json:"OrderId" format:"int32"`
	TrackingToken string       `json:"TrackingToken" doc:"Opens the order to its customer, at the storefront. It is told once."`
	Amount        wire.Decimal `json:"Amount" doc:"What the order costs, in the store's currency."`
}

// PlaceSamples places orders in a sandbox brand as diners would: of what the menu has now, by sample customers, by [Orders.Place].
// It returns those that were placed also when it could not place all; the error then says how many, and has them as its
// Data. Under an Idempotency-Key the chance is the same each time: while store and menu stay as they are, a repeat is
// answered with the same orders. Right: Develop.
func (o *Orders) PlaceSamples(ctx context.Context, caller *account.Caller, appID string, in SampleOrders) ([]SampleOrder, error) {
	brand, err := o.accounts.Open(ctx, caller, appID, account.Develop)
	if err != nil {
		return nil, err
	}
	if !brand.Sandbox {
		return nil, fault.New(fault.Forbidden, "This brand is live, and its cooks would cook sample orders.").
			With("Make a sandbox brand and place them there.")
	}
	count, err := in.check()
	if err != nil {
		return nil, err
	}
	key := cmp.Or(caller.Idempotent, crypto.Text())
	var out []SampleOrder
	for i := range count {
		seed := sha256.Sum256(fmt.Appendf(nil, "sample order %d of %s", i, key))
		own := sha256.Sum256(fmt.Appendf(seed[:], "%s", caller.Principal()))
		s := sampler{o: o, brand: brand, in: in, chance: rand.New(rand.NewChaCha8(seed))} //nolint:gosec // chance, not secrecy
		one, err := s.place(ctx, &account.Caller{
			Kind: account.Anonymous, IP: caller.IP, Request: caller.Request, Idempotent: base64.RawURLEncoding.EncodeToString(own[:]),
		})
		if err != nil {
			return out, short(out, count, err)
		}
		out = append(out, one)
	}
	return out, nil
}

func (in SampleOrders) check() (count int, err error) {
	var c fault.Collector
	if in.DeliveryType != nil && !slices.Contains(deliveryTypes, *in.DeliveryType) {
		c.Add("DeliveryType", "must be Delivery or Pickup")
	}
	count = 1
	if in.Count != nil {
		count = *in.Count
	}
	if count < 1 || count > MaxSamples {
		c.Add("Count", "must be from 1 to %d", MaxSamples)
	}
	return count, c.Err()
}

var deliveryTypes = []wire.DeliveryType{wire.DeliveryTypePickup, wire.DeliveryTypeDelivery}

// short says that only some of the orders were placed.
func short(placed []SampleOrder, count int, err error) error {
	f := (*fault.Error)(nil)
	if len(placed) == 0 || !errors.As(err, &f) && !errors.Is(err, db.ErrUnavailable) {
		return err
	}
	if f == nil {
		f = fault.New(fault.Unavailable, "The database is not available at this moment.")
	}
	told := *f
	told.Message = fmt.Sprintf("%d of %d orders were placed. %s", len(placed), count, f.Message)
	told.Data = placed
	return &told
}

// sampler draws one sample order.
type sampler struct {
	o      *Orders
	brand  account.Brand
	in     SampleOrders
	chance *rand.Rand
}

// DrawSample draws the basket of a sample order without placing it; of in, Count does not matter. It needs no right: what it
// looks at is what diners see.
func (o *Orders) DrawSample(ctx context.Context, appID string, in SampleOrders, chance *rand.Rand) (Basket, error) {
	brand, err := o.brand(ctx, appID)
	if err != nil {
		return Basket{}, err
	}
	if _, err := in.check(); err != nil {
		return Basket{}, err
	}
	s := sampler{o: o, brand: brand, in: in, chance: chance}
	return s.draw(ctx)
}

// place draws an order and places it, and draws another one where the shop moved in between.
func (s *sampler) place(ctx context.Context, diner *account.Caller) (one SampleOrder, err error) {
	for range redraws {
		var b Basket
		if b, err = s.draw(ctx); err != nil {
			return one, err
		}
		var answer []byte
		if answer, err = s.o.Place(ctx, diner, s.brand.AppID, b); err == nil {
			return one, json.Unmarshal(answer, &one)
		}
		if k := fault.KindOf(err); k != fault.Conflict && k != fault.Invalid {
			break
		}
	}
	return one, err
}

// offer is a store that takes orders of a delivery type now.
type offer struct {
	store *store.Store
	of    wire.DeliveryType
}

// draw makes a basket for one of the stores, or says why none takes orders and what to do about it.
func (s *sampler) draw(ctx context.Context) (Basket, error) {
	stores, err := s.stores(ctx)
	if err != nil {
		return Basket{}, err
	}
	now := s.brand.Now()
	var offers []offer
	var refused error
	refuse := func(err error) {
		if refused == nil {
			refused = err
		}
	}
	for _, st := range stores {
		for _, dt := range deliveryTypes {
			if s.in.DeliveryType != nil && *s.in.DeliveryType != dt {
				continue
			}
			if err := ready(st, dt, now); err != nil {
				refuse(err)
				continue
			}
			offers = append(offers, offer{st, dt})
		}
	}
	s.chance.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
	for _, of := range offers {
		m, err := s.o.menus.Load(ctx, of.store.MenuID)
		if err != nil {
			return Basket{}, err
		}
		if b := s.basket(ctx, of, m, now); len(b.Items) > 0 {
			return b, nil
		}
		refuse(fault.Newf(fault.Conflict, "Nothing on the menu of %s can be ordered now.", of.store.Name).
			With("Make an item available, or set the sandbox clock to a time at which the menu has some."))
	}
	return Basket{}, refused
}

// stores are those that the order may be for, one at least.
func (s *sampler) stores(ctx context.Context) ([]*store.Store, error) {
	if s.in.StoreId != nil {
		id := *s.in.StoreId
		st, err := s.o.stores.Load(ctx, id)
		if fault.KindOf(err) == fault.NotFound || err == nil && (st.Brand != s.brand.ID || st.Archived) {
			return nil, noStore(id)
		}
		return []*store.Store{st}, err
	}
	all, err := s.o.stores.OfBrand(ctx, s.brand.ID)
	if err == nil && len(all) == 0 {
		err = fault.New(fault.Conflict, "The brand has no store yet.").With("Make one that has a menu and hours, and publish it.")
	}
	return all, err
}

// ready says why a store takes no sample orders now, and how that is mended.
func ready(s *store.Store, dt wire.DeliveryType, now time.Time) error {
	no := func(mend, format string, args ...any) error {
		return fault.Newf(fault.Conflict, format, args...).With(mend)
	}
	of := fmt.Sprintf("/api/v1.0/stores/%d", s.ID)
	switch {
	case !s.Published:
		return no("Publish it with POST "+of+"/publish.", "%s is not published.", s.Name)
	case s.MenuID == 0:
		return no("Give it one with POST "+of+"/menu/{menuId}.", "%s has no menu.", s.Name)
	case dt == wire.DeliveryTypeDelivery && s.Wire().DeliveryEnabled && len(s.Zones()) == 0:
		return no("Draw one with POST "+of+"/deliveryzones, or choose another DeliveryType.", "%s has no delivery zone that is enabled.", s.Name)
	case !s.Offers(dt):
		return no(fmt.Sprintf("Set %sEnabled with POST %s, or choose another DeliveryType.", dt, of), "%s takes no orders for %s.", s.Name, dt)
	case !s.Taking(dt, now):
		if at, ok := s.Resumes(dt, now); ok {
			return no("Set the sandbox clock to that time, or resume with POST "+of+"/resume.", "%s is paused until %s.", s.Name, wire.At(at).Format())
		}
		return no(fmt.Sprintf("Set OpenFor%s with POST %s.", dt, of), "%s is paused and takes no orders for %s.", s.Name, dt)
	case !s.TakesCash(dt):
		return no(fmt.Sprintf("Set CashOrders%sEnabled with POST %s.", dt, of), "%s takes no cash for %s, which is how sample orders are paid.", s.Name, dt)
	case !s.OpenAt(now, dt):
		if at, ok := s.NextOpening(now, dt); ok {
			return no("Set the sandbox clock to that time, or change the hours.", "%s is closed now; it opens at %s.", s.Name, wire.At(at).Format())
		}
		return no("Set them with POST "+of+"/availability/"+string(dt)+".", "%s has no opening hours for %s.", s.Name, dt)
	}
	return nil
}

// basket draws one to four things that the menu has now, and more where the store asks for more. It is empty when nothing
// can be sold.
func (s *sampler) basket(ctx context.Context, of offer, m *menu.Menu, now time.Time) Basket {
	st := of.store
	b := Basket{StoreId: st.ID, DeliveryType: of.of, Contact: s.customer(st), Payment: &Payment{Method: Cash}}
	var items []*menu.Item
	for _, section := range m.ForCustomer(now, st.Location()).MenuSections {
		for _, it := range section.MenuItems {
			items = append(items, m.Item(it.PublicId))
		}
	}
	if of.of == wire.DeliveryTypePickup {
		b.PickupLocationType = s.pickup(st)
	} else {
		b.DeliveryLocation = s.address(st)
	}
	d := &draft{store: st}
	for want := 1 + s.chance.IntN(4); len(items) > 0 && len(b.Items) < MaxLines && (len(b.Items) < want || d.spent < d.least(&b)); {
		i := s.chance.IntN(len(items))
		more := b
		more.Items = append(slices.Clip(b.Items), s.entry(items[i]))
		items = slices.Delete(items, i, i+1)
		if with, err := s.o.draftOf(ctx, st, m, s.brand, &more, false, true); err == nil { // else it has a price that the store's currency has no coins for
			b, d = more, with
		}
	}
	if d.spent > 0 && d.spent < d.least(&b) {
		for i := range b.Items {
			b.Items[i].Quantity *= int((d.least(&b) + d.spent - 1) / d.spent)
		}
	}
	w := st.Wire()
	if tip := d.total.amount / 10 / 50 * 50; tip > 0 && w.TipsEnabled && s.chance.IntN(3) == 0 {
		b.TipAmount = wire.P(tip.Decimal(st.Currency))
	}
	if w.AllowChefNotes && s.chance.IntN(5) == 0 {
		b.ChefNote = wire.P(oneOf(s.chance, "No onions, please.", "Extra napkins, please.", "Please cut it in eight.", "Not too hot, please."))
	}
	return b
}

// entry draws how much of an item, and which options: as many of each choice as it needs, or up to two more.
func (s *sampler) entry(it *menu.Item) BasketItem {
	out := BasketItem{MenuItemPublicId: it.PublicId, Quantity: 1}
	if s.chance.IntN(5) == 0 {
		out.Quantity = 2
	}
	walk(it, func(set *menu.OptionSet) []*menu.Option {
		have := slices.DeleteFunc(slices.Clone(set.Options), func(o *menu.Option) bool { return !o.IsAvailable })
		s.chance.Shuffle(len(have), func(i, j int) { have[i], have[j] = have[j], have[i] })
		least := min(set.MinSelectCount, len(have))
		most := max(least, min(set.MaxSelectCount, len(have), least+2))
		have = have[:least+s.chance.IntN(most-least+1)]
		for _, o := range have {
			out.Options = append(out.Options, BasketOption{o.PublicId})
		}
		return have
	})
	return out
}

func (s *sampler) pickup(st *store.Store) *wire.PickupLocationType {
	served := slices.DeleteFunc([]wire.PickupLocationType{
		wire.PickupLocationTypeTakeOut, wire.PickupLocationTypeDineIn, wire.PickupLocationTypeTableService,
	}, func(p wire.PickupLocationType) bool { return !st.Serves(p) })
	if len(served) == 0 {
		return nil
	}
	return wire.P(oneOf(s.chance, served...))
}

// address is a place in one of the store's zones.
func (s *sampler) address(st *store.Store) *wire.DeliveryLocation {
	of := st.Wire().Address
	l := &wire.DeliveryLocation{
		Street: fmt.Sprintf("%d %s", 1+s.chance.IntN(120), oneOf(s.chance, "Sample Street", "Example Road", "Test Lane")),
		Town:   of.City, PostCode: of.Postcode,
	}
	if strings.TrimSpace(l.Town+l.PostCode) == "" {
		l.Town = "Sampletown"
	}
	zone := oneOf(s.chance, st.Zones()...)
	l.Coordinates = wire.P(zone.Somewhere(s.chance))
	return l
}

// samplePhones are numbers of the ranges that regulators keep free for films and examples, by country, to be completed with
// three digits. Other countries' samples have the British ones.
var samplePhones = map[string]string{
	"CA": "+16135550%03d", "DE": "+493023125%03d", "FR": "+33639980%03d", "GB": "+447700900%03d", "IE": "+353209100%03d", "US": "+12025550%03d",
}

// customer is one of a dozen people, who come back.
func (s *sampler) customer(st *store.Store) *Contact {
	names := strings.Fields("Ada Ben Cleo Dan Eve Finn Gita Hugo Iris Jude Kim Leo")
	i := s.chance.IntN(len(names))
	phone := cmp.Or(samplePhones[st.Wire().Address.CountryCode], samplePhones["GB"])
	return &Contact{
		Name: wire.P(names[i] + " Sample"), PhoneNumber: wire.P(fmt.Sprintf(phone, 100+i)),
		EmailAddress: wire.P(strings.ToLower(names[i]) + ".sample@example.com"),
	}
}

func oneOf[T any](chance *rand.Rand, all ...T) T { return all[chance.IntN(len(all))] }

package demo

import (
	"strconv"
	"strings"

	"github.com/google/uuid"

	"comanda/money"
	"comanda/wire"
)

// publicIDs is the namespace of the sample menu's PublicIds: they are the same in every demo, so that an integration's
// mapping survives a fresh start.
var publicIDs = uuid.MustParse("7f1d3a52-0000-4000-8000-c0a1da000000")

const noAllergens = "none of the fourteen"

// option is one choice: its name, its price in cents and its allergens.
type option struct {
	name      string
	price     int
	allergens string
}

type optionSet struct {
	name     string
	min, max int
	master   bool
	options  []option
}

type item struct {
	name, description string
	price             int // cents; 0 where a master option set has the price
	allergens         string
	sets              []optionSet
	spicy             wire.SpicinessRating
	alcohol, soldOut  bool
}

type section struct {
	name, description, tax string
	items                  []item
}

func pizza(name, description string, base int, allergens string) item {
	return item{name: name, description: description, allergens: allergens, sets: []optionSet{
		{"Size", 1, 1, true, []option{{"10 inch", base, ""}, {"12 inch", base + 300, ""}, {"14 inch", base + 600, ""}}},
		{"Base", 1, 1, false, []option{{"Classic sourdough", 0, "gluten"}, {"Wholemeal", 50, "gluten"}, {"Gluten free", 200, noAllergens}}},
		{"Extra toppings", 0, 5, false, []option{
			{"Extra mozzarella", 200, "milk"},
			{"Fior di latte", 250, "milk"},
			{"Mushrooms", 150, noAllergens},
			{"Roasted peppers", 150, noAllergens},
			{"Olives", 120, noAllergens},
			{"Artichokes", 180, noAllergens},
			{"Anchovies", 200, "fish"},
			{"Spicy ’nduja", 250, noAllergens},
			{"Prosciutto", 300, noAllergens},
			{"Rocket", 100, noAllergens},
		}},
	}}
}

func pasta(name, description string, price int, allergens string) item {
	return item{name: name, description: description, price: price, allergens: allergens, sets: []optionSet{
		{"Pasta", 1, 1, false, []option{
			{"Spaghetti", 0, "gluten"}, {"Rigatoni", 0, "gluten"}, {"Tagliatelle", 0, "gluten, egg"}, {"Gluten free penne", 150, noAllergens},
		}},
		{"Finish", 0, 2, false, []option{{"Parmesan", 80, "milk"}, {"Chilli oil", 0, noAllergens}, {"Toasted crumbs", 50, "gluten"}}},
	}}
}

func (i item) hot(s wire.SpicinessRating) item { i.spicy = s; return i }
func (i item) gone() item                      { i.soldOut = true; return i }

// sections is the whole sample menu of 40 items.
func sections() []section {
	return []section{
		{"Antipasti", "To share, or not.", "Food", []item{
			{name: "Garlic bread", description: "Sourdough, roasted garlic butter, parsley.", price: 550, allergens: "gluten, milk"},
			{name: "Garlic bread with mozzarella", description: "As above, under a blanket of fior di latte.", price: 700, allergens: "gluten, milk"},
			{name: "Bruschetta", description: "Grilled sourdough, vine tomatoes, basil, olive oil.", price: 750, allergens: "gluten"},
			{name: "Arancini", description: "Three saffron rice balls, smoked scamorza, tomato sauce.", price: 850, allergens: "gluten, milk, egg", sets: []optionSet{
				{"Dip", 0, 2, false, []option{{"Tomato", 0, noAllergens}, {"Garlic mayonnaise", 100, "egg, mustard"}}},
			}},
			{name: "Burrata", description: "A whole burrata, peach, pickled shallot, pistachio.", price: 1100, allergens: "milk, nuts"},
			{name: "Fritto misto", description: "Squid, prawns and courgette in semolina.", price: 1250, allergens: "gluten, crustaceans, molluscs"},
			{name: "Marinated olives", description: "Nocellara olives, lemon, fennel seed.", price: 450, allergens: noAllergens},
		}},
		{"Pizza", "Two-day dough, wood oven. Choose a size, a base, and what goes on top.", "Food", []item{
			pizza("Margherita", "San Marzano tomato, fior di latte, basil.", 950, "gluten, milk"),
			pizza("Marinara", "Tomato, garlic, oregano. No cheese.", 850, "gluten"),
			pizza("Diavola", "Tomato, mozzarella, spicy salami, chilli honey.", 1200, "gluten, milk").hot(wire.SpicinessRatingHot),
			pizza("Quattro formaggi", "Mozzarella, gorgonzola, taleggio, parmesan.", 1250, "gluten, milk"),
			pizza("Prosciutto e rucola", "Parma ham, rocket, shaved parmesan.", 1300, "gluten, milk"),
			pizza("Capricciosa", "Ham, mushroom, artichoke, olives.", 1250, "gluten, milk"),
			pizza("Vegetariana", "Aubergine, courgette, peppers, pesto.", 1200, "gluten, milk, nuts"),
			pizza("Napoletana", "Tomato, anchovies, capers, olives.", 1150, "gluten, fish, milk"),
			pizza("’Nduja e miele", "’Nduja, fior di latte, honey, rocket.", 1300, "gluten, milk").hot(wire.SpicinessRatingMedium),
			pizza("Tartufo", "Truffle cream, mushrooms, egg yolk.", 1450, "gluten, milk, egg").gone(),
		}},
		{"Pasta", "Made here each morning.", "Food", []item{
			pasta("Ragù alla bolognese", "Beef and pork, cooked for six hours.", 1450, "celery"),
			pasta("Carbonara", "Guanciale, egg yolk, pecorino, black pepper.", 1400, "egg, milk"),
			pasta("Amatriciana", "Guanciale, tomato, pecorino.", 1350, "milk").hot(wire.SpicinessRatingMild),
			pasta("Pesto genovese", "Basil, pine nuts, green beans, potato.", 1300, "milk, nuts"),
			{name: "Lasagne", description: "Baked in layers with béchamel.", price: 1400, allergens: "gluten, milk, egg, celery"},
			{name: "Gnocchi al gorgonzola", description: "Potato gnocchi, gorgonzola, walnut.", price: 1350, allergens: "gluten, milk, nuts"},
		}},
		{"Salads and sides", "Something green, something crisp.", "Food", []item{
			{name: "Caprese", description: "Buffalo mozzarella, tomato, basil.", price: 1000, allergens: "milk"},
			{name: "House salad", description: "Leaves, fennel, orange, lemon dressing.", price: 650, allergens: "mustard", sets: []optionSet{
				{"Make it a main", 0, 2, false, []option{{"Grilled chicken", 450, noAllergens}, {"Tuna", 400, "fish"}, {"Burrata", 500, "milk"}}},
			}},
			{name: "Rosemary fries", description: "Twice cooked, sea salt.", price: 500, allergens: noAllergens},
			item{name: "Grilled broccoli", description: "Chilli, garlic, almond.", price: 600, allergens: "nuts"}.hot(wire.SpicinessRatingMild),
		}},
		{"Dolci", "Leave room.", "Food", []item{
			{name: "Tiramisù", description: "Savoiardi, mascarpone, espresso.", price: 750, allergens: "gluten, milk, egg"},
			{name: "Panna cotta", description: "Vanilla, strawberry.", price: 650, allergens: "milk"},
			{name: "Affogato", description: "Vanilla gelato, a shot of espresso.", price: 550, allergens: "milk"},
			{name: "Gelato", description: "Two scoops.", price: 600, allergens: "milk", sets: []optionSet{
				{"Flavours", 2, 2, false, []option{
					{"Vanilla", 0, "milk"}, {"Chocolate", 0, "milk"}, {"Pistachio", 50, "milk, nuts"}, {"Lemon sorbet", 0, noAllergens}, {"Hazelnut", 50, "milk, nuts"},
				}},
			}},
			{name: "Cannoli", description: "Two, filled to order with ricotta.", price: 650, allergens: "gluten, milk, nuts"},
		}},
		{"Kids", "Smaller plates for smaller people.", "Food", []item{
			{name: "Kids margherita", description: "8 inch.", price: 650, allergens: "gluten, milk"},
			{name: "Kids pasta", description: "With tomato sauce or butter.", price: 600, allergens: "gluten", sets: []optionSet{
				{"Sauce", 1, 1, false, []option{{"Tomato", 0, noAllergens}, {"Butter", 0, "milk"}}},
			}},
		}},
		{"Drinks", "Cold.", "Drinks", []item{
			{name: "Sparkling water", description: "50 cl bottle.", price: 280, allergens: noAllergens},
			{name: "Cola", description: "33 cl can.", price: 250, allergens: noAllergens, sets: []optionSet{
				{"Kind", 1, 1, false, []option{{"Regular", 0, noAllergens}, {"Zero sugar", 0, noAllergens}}},
			}},
			{name: "Blood orange soda", description: "33 cl can.", price: 300, allergens: noAllergens},
			{name: "Alcohol-free spritz", description: "Bitter orange, soda, a green olive.", price: 550, allergens: noAllergens},
			{name: "Lager", description: "33 cl bottle. Over-18s only.", price: 550, allergens: "gluten", alcohol: true},
			{name: "Red wine", description: "Montepulciano, 75 cl. Over-18s only.", price: 2400, allergens: "sulphites", alcohol: true},
		}},
	}
}

// Menu is the sample menu in the shape of the contract's CreateNewMenuForApp. Each item and option carries the metadata
// that an integration maps by: a till number (pos_id) and the allergens.
func Menu() *wire.CreateFullMenu {
	m := &wire.CreateFullMenu{
		Name:                 wire.P("All day menu"),
		DisplaySectionLinks:  wire.P(true),
		MenuSectionBehaviour: wire.P(wire.MenuSectionBehaviourExpandMultiple),
		TaxType:              wire.P(wire.TaxTypeIncludedInBasePrice),
		IsIntegrated:         wire.P(true),
		TaxRates: []wire.CreateMenuTaxRate{
			{Name: wire.P("Food"), Rate: wire.P[wire.Decimal]("13.5")},
			{Name: wire.P("Drinks"), Rate: wire.P[wire.Decimal]("23")},
		},
	}
	plu := 1000
	for i, s := range sections() {
		sec := wire.CreateFullMenuSection{
			Name: wire.P(s.name), Description: wire.P(s.description), DisplayOrder: wire.P(i), IsAvailable: wire.P(true),
			IsHiddenFromCustomers: wire.P(false), PublicId: publicID("section", s.name),
		}
		for j, it := range s.items {
			plu++
			if it.spicy == "" {
				it.spicy = wire.SpicinessRatingNotRated
			}
			wi := wire.CreateFullMenuSectionItem{
				Name: wire.P(it.name), Description: wire.P(it.description), Price: cents(it.price), DisplayOrder: wire.P(j),
				IsAvailable: wire.P(!it.soldOut), Alcohol: wire.P(it.alcohol), SpicinessRating: wire.P(it.spicy),
				CellLayoutType: wire.P(wire.CellLayoutTypeMedium), TaxRateName: wire.P(s.tax), PublicId: publicID("item", it.name),
				Metadata: metadata(plu*100, it.allergens),
			}
			for k, set := range it.sets {
				wi.MenuItemOptionSets = append(wi.MenuItemOptionSets, set.wire(it.name, s.tax, k, plu*100+k*20))
			}
			sec.MenuItems = append(sec.MenuItems, wi)
		}
		m.MenuSections = append(m.MenuSections, sec)
	}
	return m
}

func (s optionSet) wire(itemName, tax string, order, plu int) wire.CreateFullMenuItemOptionSet {
	ws := wire.CreateFullMenuItemOptionSet{
		Name: wire.P(s.name), IsMasterOptionSet: wire.P(s.master), MinSelectCount: wire.P(s.min), MaxSelectCount: wire.P(s.max),
		DisplayOrder: wire.P(order), CellLayoutType: wire.P(wire.CellLayoutTypeSmall), PublicId: publicID("set", itemName, s.name),
	}
	for i, o := range s.options {
		ws.MenuItemOptionSetItems = append(ws.MenuItemOptionSetItems, wire.CreateFullMenuItemOptionSetItem{
			Name: wire.P(o.name), Price: cents(o.price), IsAvailable: wire.P(true), DisplayOrder: wire.P(i), TaxRateName: wire.P(tax),
			PublicId: publicID("option", itemName, s.name, o.name), Metadata: metadata(plu+i+1, o.allergens),
		})
	}
	return ws
}

func metadata(plu int, allergens string) []wire.CreateMetadata {
	out := []wire.CreateMetadata{{Key: wire.P("pos_id"), Value: wire.P("BN-" + strconv.Itoa(plu))}}
	if allergens != "" {
		out = append(out, wire.CreateMetadata{Key: wire.P("allergens"), Value: wire.P(allergens)})
	}
	return out
}

func publicID(path ...string) *wire.UUID {
	return wire.P(wire.UUID(uuid.NewSHA1(publicIDs, []byte(strings.Join(path, "/"))).String()))
}

func cents(c int) *wire.Decimal { return wire.P(money.Amount(c).Decimal("EUR")) }

package event

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"comanda/internal/clock"
	"comanda/internal/db"
)

// Query is a search of a brand's events. All of it must hold; the zero value of a member asks for nothing.
type Query struct {
	Sight    Sight     // what the reader may see; the zero Sight is not everything
	From, To time.Time // the CreateTime, To excluded
	ID       string    // the FlipdishEventId
	Names    []string  // any of these; nil = all, empty = none
	Except   []string  // none of these
	Stores   []int     // concerns one of these; nil = all, empty = none
	About    []About   // concerns each of these
	Request  string    // caused by this API request; to be given with a time, for no index has it
	Skip     int       // matches to pass over
	Limit    int       // matches to return
	Glance   bool      // nobody needs to know how many there are: the total ends one after the page
}

// About is something that an event concerns.
type About struct{ subject, ref string }

// AboutOrder is about an order: the subject of its events.
func AboutOrder(id int) About { return About{subject: "order/" + strconv.Itoa(id)} }

// AboutCustomer is about a customer, or an order of theirs.
func AboutCustomer(id int) About { return aboutID(refCustomer, id) }

// AboutUser is what an account did, never what was done to it.
func AboutUser(id int) About { return aboutID(refUser, id) }

// AboutUserEmail is what somebody with this e-mail address did; the whole of it, without regard to case.
func AboutUserEmail(address string) About { return aboutWord(refUserEmail, address) }

// AboutUserName is what somebody of this name did; the whole of it, without regard to case.
func AboutUserName(name string) About { return aboutWord(refUserName, name) }

// AboutStoreGroup is about a store group, or a store or an order of it.
func AboutStoreGroup(id int) About { return aboutID(refStoreGroup, id) }

// AboutMenu is about a menu, or its assignment to a store.
func AboutMenu(id int) About { return aboutID(refMenu, id) }

// AboutCampaign is about a campaign.
func AboutCampaign(id int) About { return aboutID(refCampaign, id) }

// AboutVoucher is about the voucher with this code, or an order that used it; without regard to case.
func AboutVoucher(code string) About { return aboutWord(refVoucher, code) }

func aboutID(letter byte, id int) About { return About{ref: string(letter) + strconv.Itoa(id)} }

func aboutWord(letter byte, word string) About { return About{ref: string(letter) + digest(word)} }

// Find returns the matches of a query, newest first: by CreateTime, and by Position where that is the same. total counts
// all of them, which takes the longer the more there are, or with Glance tells whether there are more.
func Find(tx *db.Tx, brand int, q Query) (page []Event, total int, err error) {
	if q.Names != nil && len(q.Names) == 0 || q.Stores != nil && len(q.Stores) == 0 ||
		!q.Sight.Whole && q.Sight.Stores != nil && len(q.Sight.Stores) == 0 {
		return nil, 0, nil
	}
	if q.Glance {
		page, err = q.read(tx, brand, q.Limit+1)
		total = q.Skip + len(page)
		return page[:min(len(page), q.Limit)], total, err
	}
	w := q.where(brand)
	if err := tx.QueryRow(sqlCountFound+w.text.String(), w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("event: count matches: %w", err)
	}
	if q.Skip >= total {
		return nil, total, nil
	}
	page, err = q.read(tx, brand, q.Limit)
	return page, total, err
}

// read returns so many matches.
func (q Query) read(tx *db.Tx, brand, limit int) ([]Event, error) {
	w := q.where(brand, limit, q.Skip)
	text := strings.Replace(sqlFound, "/* and */", w.text.String(), 1)
	if w.few {
		text = strings.Replace(text, "/* + 0 */", "+ 0", 1)
	}
	return scan(tx.Query(text, w.args...))
}

// where collects conditions.
type where struct {
	text strings.Builder
	args []any
	few  bool // another index than that of searches finds the few matches
}

// and adds a condition; each ? in it stands for the next argument.
func (w *where) and(condition string, args ...any) {
	w.text.WriteString(" and ")
	for before, after, more := strings.Cut(condition, "?"); ; before, after, more = strings.Cut(after, "?") {
		w.text.WriteString(before)
		if !more {
			break
		}
		w.args = append(w.args, args[0])
		args = args[1:]
		fmt.Fprintf(&w.text, "$%d", len(w.args))
	}
}

// in adds the condition that a column has one of some values; column may end in "not".
func in[T any](w *where, column string, values []T) {
	args := make([]any, len(values))
	for i, v := range values {
		args[i] = v
	}
	w.and(column+" in (?"+strings.Repeat(",?", len(values)-1)+")", args...)
}

// byName reports whether the index of names has all that a query for one name asks for; else it would read each event whole.
func (q Query) byName() bool {
	return q.Sight.Whole && q.Stores == nil && len(q.About) == 0 && q.ID == "" && q.Request == ""
}

// where makes the conditions of a query; args come before theirs.
func (q Query) where(args ...any) *where {
	w := &where{args: args}
	if !q.From.IsZero() {
		w.and("shown_at >= ?", clock.Micros(q.From))
	}
	if !q.To.IsZero() {
		w.and("shown_at < ?", clock.Micros(q.To))
	}
	if q.ID != "" {
		w.and("event_id = ?", q.ID)
		w.few = true
	}
	if q.Request != "" {
		w.and("request_id = ?", q.Request)
	}
	if names := slices.Compact(slices.Sorted(slices.Values(q.Names))); len(names) == 1 && q.byName() {
		w.and("name = ?", names[0])
	} else if q.Names != nil {
		in(w, "name || ''", names) // keeps the index of names out of it
	}
	if len(q.Except) > 0 {
		in(w, "name not", q.Except)
	}
	if q.Stores != nil {
		in(w, "store_id", q.Stores)
	}
	if !q.Sight.Whole {
		w.and("store_id <> 0")
		if q.Sight.Stores != nil {
			in(w, "store_id", q.Sight.Stores)
		}
	}
	for _, a := range q.About {
		if a.subject != "" {
			w.and("subject = ?", a.subject)
			w.few = true
			continue
		}
		w.and("refs like ?", "% "+a.ref+" %")
	}
	return w
}

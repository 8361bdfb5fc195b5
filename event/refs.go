package event

import (
	"crypto/sha256"
	"encoding/base32"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"comanda/wire"
)

// refs says what an event concerns, as the column of that name: signs of a letter and an id with blanks around each, such
// as " c12 u7 ". Names and addresses of who did it are in it as digests only, those of a customer not at all: so a customer
// stands in the body and nowhere else, and a redaction leaves refs as they are.
type refs struct{ text strings.Builder }

// The letters.
const (
	refCustomer   = 'c'
	refUser       = 'u' // who did it
	refUserEmail  = 'e' // digest
	refUserName   = 'n' // digest
	refStoreGroup = 'g'
	refMenu       = 'm'
	refCampaign   = 'p'
	refVoucher    = 'v' // digest of the code
)

func (r *refs) add(letter byte, id string) {
	if r.text.Len() == 0 {
		r.text.WriteByte(' ')
	}
	r.text.WriteByte(letter)
	r.text.WriteString(id)
	r.text.WriteByte(' ')
}

func (r *refs) id(letter byte, id int) {
	if id > 0 {
		r.add(letter, strconv.Itoa(id))
	}
}

func (r *refs) word(letter byte, word string) {
	if d := digest(word); d != "" {
		r.add(letter, d)
	}
}

var digestText = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// digest is 60 bits of a word's hash, without regard to case and blanks around it; empty for an empty word.
func digest(word string) string {
	word = strings.ToLower(strings.TrimSpace(word))
	if word == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(word))
	return digestText.EncodeToString(sum[:8])[:12]
}

// order adds what an order brings with it.
func (r *refs) order(o *wire.Order) {
	if o.Customer != nil {
		r.id(refCustomer, o.Customer.Id)
	}
	if o.Store != nil {
		r.id(refStoreGroup, o.Store.StoreGroupId)
	}
	if o.Voucher != nil {
		r.word(refVoucher, o.Voucher.Code)
	}
}

// user adds who did it.
func (r *refs) user(u *wire.UserEventInfo) {
	if u != nil {
		r.id(refUser, u.UserId)
		r.word(refUserEmail, u.UserEmail)
		r.word(refUserName, u.UserName)
	}
}

// part reads one member of a body.
func (r *refs) part(name string, v any) {
	switch v := v.(type) {
	case *wire.UserEventInfo:
		r.user(v)
	case *wire.Order:
		if v != nil {
			r.order(v)
		}
	case *wire.Menu:
		if v != nil {
			r.id(refMenu, v.MenuId)
		}
	case *wire.StoreGroup:
		if v != nil {
			r.id(refStoreGroup, v.StoreGroupId)
		}
	case *wire.Voucher:
		if v != nil {
			r.word(refVoucher, v.Code)
		}
	case *wire.LoyaltyCampaign:
		if v != nil {
			r.id(refCampaign, v.CampaignId)
		}
	case *wire.RetentionCampaign:
		if v != nil {
			r.id(refCampaign, v.CampaignId)
		}
	case int:
		switch name {
		case "MenuId":
			r.id(refMenu, v)
		case "StoreGroupId":
			r.id(refStoreGroup, v)
		case "CustomerId":
			r.id(refCustomer, v)
		}
	}
}

// members are the fields of a class of events that say what it concerns.
var members sync.Map // reflect.Type → []int

func membersOf(t reflect.Type) []int {
	if known, ok := members.Load(t); ok {
		return known.([]int)
	}
	var found []int
	for i := range t.NumField() {
		switch t.Field(i).Name {
		case "User", "Order", "Menu", "MenuId", "StoreGroup", "StoreGroupId", "CustomerId", "Voucher", "LoyaltyCampaign", "RetentionCampaign":
			found = append(found, i)
		}
	}
	members.Store(t, found)
	return found
}

// aboutUser returns the User of an event that is about them, not done by them.
func aboutUser(body wire.Event) *wire.UserEventInfo {
	switch e := body.(type) {
	case *wire.CustomerCreatedEvent:
		return e.User
	case *wire.CustomerUpdatedEvent:
		return e.User
	case *wire.CustomerConsentUpdatedEvent:
		return e.User
	case *wire.CustomerRedactedEvent:
		return e.User
	}
	return nil
}

// refsOf reads a body, the order that is to be put into it later, and who did it where the body does not say so, if any.
func refsOf(body wire.Event, later *wire.Order, actor *wire.UserEventInfo) string {
	var r refs
	r.user(actor)
	if customer := aboutUser(body); customer != nil {
		r.id(refCustomer, customer.UserId)
		return r.text.String()
	}
	v := reflect.ValueOf(body).Elem()
	for _, i := range membersOf(v.Type()) {
		r.part(v.Type().Field(i).Name, v.Field(i).Interface())
	}
	if later != nil {
		r.order(later)
	}
	return r.text.String()
}

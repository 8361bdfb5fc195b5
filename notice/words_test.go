package notice

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"comanda/wire"
)

func TestNamesCannotSpeakForThemselves(t *testing.T) {
	for name, want := range map[string][2]string{
		"Dame Street":                       {"Dame Street", "Dame Street"},
		"  O’Briens \t & Söhne (Döner)  ":   {"O'Briens & Söhne (Döner)", "O'Briens & Söhne (Döner)"},
		"St. Patrick's No. 5":               {"St. Patrick's No. 5", "St. Patrick's No. 5"},
		"Čevabdžinica Đorđe":                {"Čevabdžinica Đorđe", "Cevabdzinica ore"},
		"老四川":                               {"老四川", ""},
		"Kebab\r\nBcc: all@example.com":     {"Kebab Bcc all example com", "Kebab Bcc all example com"},
		"Win at https://evil.example/?a=b":  {"Win at https evil example a b", "Win at https evil example a b"},
		"www.evil.com":                      {"www evil com", "www evil com"},
		"<b>\u202egnihton\u2066\x00\ufeff!": {"b gnihton !", "b gnihton !"},
		strings.Repeat("long ", 40):         {strings.TrimSpace(strings.Repeat("long ", 16)), strings.TrimSpace(strings.Repeat("long ", 8)) + " lo"},
		"\x00\x01":                          {"", ""},
	} {
		if got := [2]string{inMail.clean(name), inText.clean(name)}; got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
	for text, want := range map[string]string{
		"+353 1 234 5678": "+353 1 234 5678", "(01) 234-5678": "(01) 234-5678", "": "", "call evil.com": "", "1+2": "", "12": "", strings.Repeat("1", 30): "", "01 2\n345": "01 2 345",
	} {
		if got := phoneOf(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A text message is one, whatever it says: 160 signs of its alphabet.
func TestATextMessageIsOne(t *testing.T) {
	l := letter{brand: strings.Repeat("Ößbrand ", 20), phone: "+353 1 234 5678 90123", in: time.UTC, now: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)}
	l.order = 1<<31 - 1
	l.store, l.Order.Store.Currency = strings.Repeat("Ñstreet ", 20), "EUR"
	l.Order.IsPreOrder = true
	l.Order.RequestedForTime = wire.At(time.Date(2026, 9, 30, 20, 0, 0, 0, time.UTC))
	l.Order.AcceptedFor = &l.Order.RequestedForTime
	l.Order.Amount, l.RefundedAmount, l.Order.RefundedAmount = "12345678.99", "12345678.99", wire.P(wire.Decimal("12345678.99"))
	check := func(kind string) {
		t.Helper()
		w, err := l.say(kind)
		if err != nil {
			t.Fatal(err)
		}
		text := l.text(w)
		if n := utf8.RuneCountInString(text); n > maxText {
			t.Errorf("%d signs: %s", n, text)
		}
		for _, r := range text {
			if basic(r) != string(r) {
				t.Errorf("%q is not in the alphabet: %s", r, text)
			}
		}
		if strings.ContainsAny(w.subject, "\r\n") || w.subject == "" {
			t.Errorf("subject %q", w.subject)
		}
	}
	for _, pickup := range []wire.PickupLocationType{wire.PickupLocationTypeTakeOut, wire.PickupLocationTypeDineIn} {
		l.Order.PickupLocationType = pickup
		for _, pay := range []wire.PaymentAccountType{wire.PaymentAccountTypeCash, wire.PaymentAccountTypeCard} {
			l.Order.PaymentAccountType = pay
			check(created)
			check(accepted)
			check(refunded)
			for _, r := range wire.RejectReason("").Values() {
				l.Reason = r
				check(rejected)
			}
			for _, state := range []wire.OrderState{wire.OrderStateRejectedAutomatically, wire.OrderStateCancelled} {
				l.Order.OrderState = state
				check(rejected)
			}
		}
	}
}

func TestWordsOfADelivery(t *testing.T) {
	dublin, err := time.LoadLocation("Europe/Dublin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 7, 3, 22, 50, 0, 0, time.UTC) // 23:50 in Dublin
	l := letter{brand: "Bella Napoli", in: dublin, now: now}
	l.order, l.store, l.Order.Store.Currency = 7, "Bella Napoli Dame Street", "JPY"
	l.Order.DeliveryType, l.Order.PaymentAccountType, l.Order.Amount = wire.DeliveryTypeDelivery, wire.PaymentAccountTypeCard, "1200"
	l.Order.AcceptedFor = wire.AtOrNil(now.Add(20 * time.Minute))
	write := func(kind string) (mail, text string) {
		t.Helper()
		w, err := l.say(kind)
		if err != nil {
			t.Fatal(err)
		}
		return l.mail(w), l.text(w)
	}
	if _, text := write(accepted); text != "Bella Napoli Dame Street: we have accepted your order 7. It will be with you on Saturday 4 July at about 00:10." {
		t.Error(text)
	}
	if mail, _ := write(created); !strings.Contains(mail, "Total 1200 JPY, by card\nTo be delivered as soon as possible") || strings.Contains(mail, "Questions") {
		t.Error(mail)
	}
	l.Order.IsPreOrder, l.Order.RequestedForTime = true, wire.At(now.Add(5*time.Minute))
	if mail, _ := write(created); !strings.Contains(mail, "\nTo be delivered at 23:55\n") {
		t.Error(mail)
	}
	l.Reason = string(wire.RejectReasonDontDeliverToArea)
	if _, text := write(rejected); text != "Bella Napoli Dame Street: we are sorry, we cannot take your order 7: we do not deliver to your area. Your card is not charged." {
		t.Error(text)
	}
}

package apptest

import (
	"strings"
	"testing"

	"comanda/internal/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestKit(t *testing.T) {
	Each(t, func(k *Kit) {
		k.Run(
			Call{Method: "GET", Path: "/api/v1.0/heartbeat", Status: 200, Want: Want{"Data": "Pong", "None.Of.That": nil}},
			Call{Method: "GET", Path: "/api/v1.0/nothing/here/at/all", Status: 404, Text: "no operation", Lacks: "Pong"},
		)
		if k.Brand.ID == k.Other.ID || k.Vars["appId"] != "bella-napoli" {
			t.Errorf("%+v %+v", k.Brand, k.Vars)
		}
	})
}

// The checker finds what typed clients fail on.
func TestCheckerFindsDifferences(t *testing.T) {
	for _, c := range []struct{ class, body, want string }{
		{"Coordinates", `{"Latitude":1.5,"Longitude":2}`, ""},
		{"Coordinates", `{"Latitude":1.5}`, "lacks Longitude"},
		{"Coordinates", `{"Latitude":"1.5","Longitude":2}`, "is no number"},
		{"Coordinates", `{"Latitude":1,"Longitude":2,"Height":3}`, "has Height"},
		{"RestApiIntegerResult", `{"Data":1}`, ""},
		{"RestApiIntegerResult", `{"Data":1.0}`, "the number 1.0 is no integer"},
		{"RestApiIntegerResult", `{"Data":null}`, "Data is null but required"},
		{"RestApiForbiddenResult", `{"Message":"No.","RequestId":"x","Details":""}`, ""},
		{"string", `"x"`, ""},
		{"integer/int32", `"x"`, "is no integer"},
		{"WebhookSubscription", `{"Id":1,"OwnerUserId":1,"Version":"1","EventNames":["a"],"CallbackUrl":"","Enabled":true,"VerifyToken":null}`, ""},
		{"NoSuchClass", `{}`, "no class"},
	} {
		got := strings.Join(CheckClass(c.class, []byte(c.body)), "; ")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %q, want %q", c.class, c.body, got, c.want)
		}
	}
	if got := CheckAnswer("AcceptOrder", 200, []byte("{}")); len(got) == 0 {
		t.Error("a body where the contract has none was accepted")
	}
	if got := CheckAnswer("Ping", 202, nil); len(got) == 0 {
		t.Error("a status that the contract does not have was accepted")
	}
	if got := CheckEvent("order.vanished", []byte("{}")); len(got) == 0 {
		t.Error("an event that the contract does not have was accepted")
	}
}

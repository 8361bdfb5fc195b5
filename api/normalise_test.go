package api

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

func TestPathAndQueryAreLenient(t *testing.T) {
	s := probe(t)
	for _, c := range []struct{ name, target, want string }{
		{"plain", "/api/v1.0/bella/probe/7", `{"AppID":"bella","Order":7,"IDs":null,"State":null,"From":null,"Page":1,"Flag":null,"Rate":null,"One":null}`},
		{"literal segments in any case, variables keep theirs", "/API/V1.0/BeLLa/PROBE/7", `"AppID":"BeLLa"`},
		{"doubled slash, trailing slash", "//api/v1.0//bella/probe/7/", `"Order":7`},
		{"escaped characters in a variable", "/api/v1.0/be%2Fl%20la%C3%A9/probe/7", `"AppID":"be/l laé"`},
		{"escaped characters in a literal", "/api/v1%2E0/bella/%70robe/7", `"Order":7`},
		{"TypeScript list", "/api/v1.0/b/probe/7?state%5B0%5D=Created&state%5B1%5D=Dispatched", `"State":["Created","Dispatched"]`},
		{"repeated list", "/api/v1.0/b/probe/7?state=Created&state=Dispatched", `"State":["Created","Dispatched"]`},
		{"empty brackets", "/api/v1.0/b/probe/7?state[]=Created", `"State":["Created"]`},
		{"empty entries are absent", "/api/v1.0/b/probe/7?state=&state=Created&page=", `"State":["Created"],"From":null,"Page":1`},
		{"names in any case", "/api/v1.0/b/probe/7?PAGE=2&PreOrderConfig.Flag=true", `"Page":2,"Flag":true`},
		{"numbers", "/api/v1.0/b/probe/7?physicalRestaurantId=1&physicalRestaurantId=2&rate=1.50", `"IDs":[1,2]`},
		{"enum in any case", "/api/v1.0/b/probe/7?one=readytoprocess", `"One":"ReadyToProcess"`},
		{"enum by number", "/api/v1.0/b/probe/7?one=2", `"One":"ReadyToProcess"`},
		{"JS Date", "/api/v1.0/b/probe/7?from=" + url.QueryEscape("Sun Nov 01 2026 00:00:00 GMT+0000 (Coordinated Universal Time)"), `"From":"2026-11-01T00:00:00Z"`},
		{"JS Date, other zone", "/api/v1.0/b/probe/7?from=" + url.QueryEscape("Sun Nov 01 2026 10:00:00 GMT-0500 (Eastern Standard Time)"), `"From":"2026-11-01T15:00:00Z"`},
		{"JS ISO", "/api/v1.0/b/probe/7?from=2026-11-01T00%3A00%3A00.000Z", `"From":"2026-11-01T00:00:00Z"`},
		{"PHP ISO", "/api/v1.0/b/probe/7?from=2026-11-01T02:00:00%2B02:00", `"From":"2026-11-01T00:00:00Z"`},
		{"plus sent bare", "/api/v1.0/b/probe/7?from=2026-11-01T02:00:00+02:00", `"From":"2026-11-01T00:00:00Z"`},
		{".NET round-trip, Z", "/api/v1.0/b/probe/7?from=2026-11-01T00:00:00.1234567Z", `"From":"2026-11-01T00:00:00.123456Z"`},
		{".NET round-trip, offset", "/api/v1.0/b/probe/7?from=2026-11-01T01:00:00.0000000%2B01:00", `"From":"2026-11-01T00:00:00Z"`},
		{".NET round-trip, nothing", "/api/v1.0/b/probe/7?from=2026-11-01T00:00:00.0000000", `"From":"2026-11-01T00:00:00Z"`},
		{"C# boolean", "/api/v1.0/b/probe/7?preOrderConfig.flag=True", `"Flag":true`},
		{"PHP boolean", "/api/v1.0/b/probe/7?preOrderConfig.flag=0", `"Flag":false`},
		{"unknown names are ignored", "/api/v1.0/b/probe/7?storeId=x&orderState=y&%zz=1", `"Order":7`},
		{"comma is not a separator", "/api/v1.0/b/probe/7?state=Created,Dispatched", `state: \"Created,Dispatched\" is not one of`},
		{"unknown enum", "/api/v1.0/b/probe/7?state=Lost", `"FieldName":"state"`},
		{"not a number", "/api/v1.0/b/probe/seven", `orderId: \"seven\" is not a whole number`},
		{"beyond int32", "/api/v1.0/b/probe/2147483648", `orderId: \"2147483648\" is out of range`},
		{"beyond int64", "/api/v1.0/b/probe/99999999999999999999", `out of range`},
		{"below minimum", "/api/v1.0/b/probe/7?page=0", `page: \"0\" is too small: it must be at least 1.`},
		{"not a time", "/api/v1.0/b/probe/7?from=yesterday", `from: \"yesterday\" is not a date-time: write it as 2026-11-21T10:00:00Z.`},
		{"not a boolean", "/api/v1.0/b/probe/7?preOrderConfig.flag=maybe", `is not a boolean`},
		{"NUL", "/api/v1.0/b%00/probe/7", `U+0000`},
		{"all at once", "/api/v1.0/b/probe/x?page=y&from=z", `(and 2 more, see Errors)`},
	} {
		w := send(t, s, get, c.target, "")
		if body := w.Body.String(); !strings.Contains(body, c.want) {
			t.Errorf("%s: %s: %d %s\nwant %s", c.name, c.target, w.Code, body, c.want)
		}
	}
	for path, want := range map[string]string{"true": "true", "True": "true", "1": "true", "false": "false", "0": "false", "": "false"} {
		if w := send(t, s, post, "/api/v1.0/probe/tax/show/"+path, ""); w.Body.String() != want {
			t.Errorf("boolean in the path %q: %s", path, w.Body)
		}
	}
}

func TestBodiesAreLenient(t *testing.T) {
	s := probe(t)
	for _, c := range []struct{ name, path, ct, body, want string }{
		{"exact", "thing", "application/json", `{"Name":"a"}`, `{"Name":"a","Count":null`},
		{"names in any case", "thing", "", `{"name":"a","COUNT":3}`, `{"Name":"a","Count":3`},
		{"text/json", "thing", "text/json; charset=utf-8", `{"Name":"a"}`, `{"Name":"a"`},
		{"unknown members", "thing", "", `{"Name":"a","Other":{"x":[1,{"y":"}"}]},"Count":1}`, `"Count":1`},
		{"null for optional", "thing", "", `{"Name":"a","Count":null,"Items":null,"Item":null,"Yes":null}`, `"Count":null`},
		{"null that is allowed", "thing", "", `{"Name":"a","Nullable":null}`, `"Nullable":null`},
		{"numbers in quotes", "thing", "", `{"Name":"a","Count":"7","Price":"12.50"}`, `"Count":7,"Price":12.50`},
		{"integral number", "thing", "", `{"Name":"a","Count":7.0,"Price":1.5e2}`, `"Count":7,"Price":150`},
		{"booleans", "thing", "", `{"Name":"a","Yes":"True"}`, `"Yes":true`},
		{"boolean 1", "thing", "", `{"Name":"a","Yes":1}`, `"Yes":true`},
		{"enum in any case", "thing", "", `{"Name":"a","State":"dispatched"}`, `"State":"Dispatched"`},
		{"enum by number", "thing", "", `{"Name":"a","State":1}`, `"State":"ReadyToProcess"`},
		{"JS date", "thing", "", `{"Name":"a","At":"Sun Nov 01 2026 00:00:00 GMT+0000 (Coordinated Universal Time)"}`, `"At":"2026-11-01T00:00:00Z"`},
		{
			"nested", "thing", "", ` { "Name" : "a\u0041" , "items" : [ { "quantity" : 2 , "x":null } ] , "TAGS":["x","y"], "Meta":{"Any Key":"v"} } `,
			`{"Name":"aA","Count":null,"Price":null,"At":null,"State":null,"Yes":null,"Id":null,"Nullable":null,"Items":[{"Quantity":2}],"Tags":["x","y"],"Meta":{"Any Key":"v"},"Item":null,"Code":null}`,
		},
		{"byte order mark", "thing", "", "\xef\xbb\xbf" + `{"Name":"a"}`, `{"Name":"a"`},
		{"form", "thing", "application/x-www-form-urlencoded", `name=a&Count=3&Tags=x&Tags=y&Other=1`, `{"Name":"a","Count":3,"Price":null,"At":null,"State":null,"Yes":null,"Id":null,"Nullable":null,"Items":null,"Tags":["x","y"]`},
		{"JSON sent as a form", "thing", "application/x-www-form-urlencoded", `{"Name":"a"}`, `{"Name":"a"`},
		{"string, quoted", "text", "", `"hello"`, `"hello"`},
		{"string, bare", "text", "application/json", `hello "you"`, `"hello \"you\""`},
		{"string, bare number", "text", "application/json", `12345`, `"12345"`},
		{"boolean, PHP", "bool", "application/json", `1`, `true`},
		{"boolean, C#", "bool", "application/json", `"False"`, `false`},
		{"boolean", "bool", "application/json", `true`, `true`},
		{"integer", "int", "", `5`, `5`},
		{"integers", "ints", "", `[1, "2" ,3.0]`, `[1,2,3]`},
		{"no body where it is optional", "opt", "", ``, `null`},

		{"no body where it is needed", "accept", "", ``, `body: is missing.`},
		{"null body", "accept", "", `null`, `body: is missing.`},
		{"empty object", "accept", "", `{}`, `{"EstimatedMinutesForDelivery":null}`},
		{"out of range", "accept", "", `{"EstimatedMinutesForDelivery":201}`, `EstimatedMinutesForDelivery: \"201\" is out of range: it must be between 0 and 200.`},
		{"required", "thing", "", `{"Count":1}`, `Name: is missing: it is required.`},
		{"required null", "thing", "", `{"Name":null}`, `Name: is missing`},
		{"nested required", "thing", "", `{"Name":"a","Items":[{},{"Quantity":1}]}`, `Items[0].Quantity: is missing`},
		{"nested wrong", "thing", "", `{"Name":"a","Items":[{"Quantity":1},{"Quantity":1.5}]}`, `Items[1].Quantity: \"1.5\" is not a whole number`},
		{"int32", "thing", "", `{"Name":"a","Count":2147483648}`, `Count: \"2147483648\" is out of range`},
		{"too long", "thing", "", `{"Name":"12345678901"}`, `Name: has 11 characters: at most 10 are allowed.`},
		{"form", "thing", "", `{"Name":"a","Code":"ABC"}`, `"Code":"ABC"`},
		{"wrong form", "thing", "", `{"Name":"a","Code":"AB"}`, `Code: \"AB\" has not the form of three capitals.`},
		{"text as number", "thing", "", `{"Name":"a","Count":"three"}`, `Count: \"three\" is not a whole number`},
		{"number as text", "thing", "", `{"Name":5}`, `Name: must be a text: put it in quotes.`},
		{"object as text", "thing", "", `{"Name":{"a":1}}`, `Name: must be a text, not a list or an object.`},
		{"text as list", "thing", "", `{"Name":"a","Items":"x"}`, `Items: must be a list`},
		{"text as object", "thing", "", `{"Name":"a","Item":"x"}`, `Item: must be an object`},
		{"list as body", "thing", "", `[]`, `body: must be an object`},
		{"unknown enum", "thing", "", `{"Name":"a","State":"Lost"}`, `State: \"Lost\" is not one of the known values: use one of Created, ReadyToProcess, Dispatched.`},
		{"enum number out of range", "thing", "", `{"Name":"a","State":3}`, `State: \"3\" is not one of`},
		{"bad uuid", "thing", "", `{"Name":"a","Id":"x"}`, `Id: \"x\" is not a uuid`},
		{"NUL", "thing", "", `{"Name":"a\u0000"}`, `Name: contains the character U+0000`},
		{"null in a list", "ints", "", `[1,null]`, `[1]: must not be null.`},
		{"truncated", "thing", "", "{\n  \"Name\":", `body: is not valid JSON at line 2, column 9 (offset 11).`},
		{"trailing comma", "thing", "", `{"Name":"a",}`, `body: is not valid JSON at line 1, column 13 (offset 13).`},
		{"XML", "thing", "application/xml", `<a/>`, `application/json`},
		{"UTF-16", "thing", "application/json; charset=utf-16", `{}`, `is not understood here`},
	} {
		h := []string{}
		if c.ct != "" {
			h = append(h, "Content-Type", c.ct)
		}
		w := send(t, s, post, "/api/v1.0/probe/"+c.path, c.body, h...)
		if body := w.Body.String(); !strings.Contains(body, c.want) {
			t.Errorf("%s: %s: %d %s\nwant %s", c.name, c.body, w.Code, body, c.want)
		}
	}
	if w := send(t, s, post, "/api/v1.0/probe/thing", `{"Name":"`+strings.Repeat("x", maxBody)+`"}`); w.Code != 413 {
		t.Errorf("huge body: %d %s", w.Code, w.Body)
	}
}

func TestCallers(t *testing.T) {
	s := probe(t)
	for _, c := range []struct {
		name, path string
		headers    []string
		status     int
	}{
		{"no token", "signedin", nil, 401},
		{"blank token", "signedin", []string{"Authorization", "Bearer "}, 401},
		{"unknown token", "signedin", []string{"Authorization", "Bearer nobody"}, 401},
		{"other scheme", "signedin", []string{"Authorization", "Basic b3duZXI6"}, 401},
		{"Authorization", "signedin", []string{"Authorization", "Bearer owner"}, 200},
		{"Authentication", "signedin", []string{"Authentication", "Bearer owner"}, 200},
		{"blank Authorization, then Authentication", "signedin", []string{"Authorization", "Bearer", "Authentication", "bearer owner"}, 200},
		{"Authorization counts first", "signedin", []string{"Authorization", "Bearer nobody", "Authentication", "Bearer owner"}, 401},
		{"with the right", "refund", []string{"Authorization", "Bearer owner"}, 200},
		{"without the right", "refund", []string{"Authorization", "Bearer staff"}, 403},
		{"stored bytes", "stored", nil, 200},
	} {
		w := send(t, s, get, "/api/v1.0/probe/"+c.path, "", c.headers...)
		if w.Code != c.status {
			t.Errorf("%s: %d %s", c.name, w.Code, w.Body)
		}
		if c.status >= 400 {
			var got struct{ Message string }
			if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.Message == "" {
				t.Errorf("%s: %s", c.name, w.Body)
			}
		}
	}
	if w := send(t, s, get, "/api/v1.0/probe/stored", ""); w.Body.String() != `{"Data":{"OrderId":1}}` {
		t.Errorf("stored: %s", w.Body)
	}
	if w := send(t, s, post, "/api/v1.0/probe/empty", ""); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("empty: %d %s", w.Code, w.Body)
	}
	for i, want := range []int{200, 200, 429} {
		if w := send(t, s, get, "/api/v1.0/probe/limited", ""); w.Code != want || want == 429 && w.Header().Get("Retry-After") == "" {
			t.Errorf("request %d: %d", i, w.Code)
		}
	}
}

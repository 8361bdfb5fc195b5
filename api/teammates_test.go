package api_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"comanda/internal/apptest"
	"comanda/internal/db"
	"comanda/wire"
)

const (
	teammates = "/api/v1.0/{appId}/teammates"
	mate      = teammates + "/{mate}"
	pending   = "/api/v1.0/teammates/pending-invitations"
	acceptAll = "/api/v1.0/teammates/acceptInvitations"
)

var inviteLink = regexp.MustCompile(`https://comanda\.test/identity/invite\?code=(\S+)`)

// mustCode reads the code out of the newest invitation to an address.
func mustCode(k *apptest.Kit, to string) string {
	k.Helper()
	m := inviteLink.FindStringSubmatch(k.MustMail(to).Text)
	if m == nil {
		k.Fatal("the mail has no link")
	}
	return m[1]
}

func TestTeammates(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		shop := k.MustShop()
		k.SetVar("second", shop.AddStore(t, "Second"))
		k.MustSignUp("ann")
		invited := apptest.Events{"teammate.invite.sent"}
		k.Run(
			apptest.Call{Name: "list", As: apptest.Owner, Method: "GET", Path: teammates, Status: 200, Want: apptest.Want{
				"Data.#": 4, "Data.0.Email": "owner@comanda.test", "Data.0.Name": "owner", "Data.0.AppAccessLevel": "Owner", "Data.0.InvitationStatus": "Accepted",
				"Data.0.HasAccessToAllStores": true, "Data.0.StoreIds.#": 0, "Data.0.PropertyIds.#": 0, "Data.0.UserId": apptest.Present, "Data.0.AppId": "{appId}",
			}, Lacks: "stranger", Save: map[string]string{"ownerMate": "Data.0.TeammateId"}},
			apptest.Call{
				Name: "invite", As: apptest.Owner, Method: "POST", Path: teammates, Status: 200, Events: invited,
				Body: `{"Email":" Ann@Comanda.test","AppAccessLevel":"StoreManager","StoreIds":[{second},{storeId},{storeId}]}`,
				Want: apptest.Want{
					"Data.Email": "ann@comanda.test", "Data.InvitationStatus": "Pending", "Data.UserId": nil, "Data.Name": "", "Data.LastActivity": nil,
					"Data.AppAccessLevel": "StoreManager", "Data.HasAccessToAllStores": false, "Data.StoreIds.#": 2, "Data.StoreIds.0": "{storeId}",
				}, Lacks: "cmd_in_", Save: map[string]string{"mate": "Data.TeammateId"},
			},
			apptest.Call{Name: "one", As: apptest.Owner, Method: "GET", Path: mate, Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Pending", "Data.TeammateId": "{mate}"}, Lacks: "cmd_in_"},
			apptest.Call{Name: "not yet", As: "ann", Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 403},
			apptest.Call{Name: "pending", As: "ann", Method: "GET", Path: pending, Status: 200, Want: apptest.Want{
				"Data.#": 1, "Data.0.AppName": "Bella Napoli", "Data.0.Email": "ann@comanda.test", "Data.0.CreatedAt": apptest.Present,
			}, Save: map[string]string{"handle": "Data.0.Otc"}},
			apptest.Call{Name: "nothing pending", As: apptest.Stranger, Method: "GET", Path: pending, Status: 200, Want: apptest.Want{"Data.#": 0}},
		)
		k.Vars["otc"] = mustCode(k, "ann@comanda.test")
		k.Run(
			apptest.Call{Name: "look", Method: "GET", Path: teammates + "/accept/{otc}", Status: 200, Want: apptest.Want{"Data.IsNewUser": false, "Data.InvitedEmailAddress": "ann@comanda.test"}},
			apptest.Call{Name: "look by handle", Method: "GET", Path: teammates + "/accept/{handle}", Status: 200, Want: apptest.Want{"Data.InvitedEmailAddress": "ann@comanda.test"}},
			apptest.Call{Name: "look, no such code", Method: "GET", Path: teammates + "/accept/cmd_in_x", Status: 404},
			apptest.Call{Name: "look, the id is no code", Method: "GET", Path: teammates + "/accept/{mate}", Status: 404},
			apptest.Call{Name: "look, another brand's", Method: "GET", Path: "/api/v1.0/{otherAppId}/teammates/accept/{otc}", Status: 404, Lacks: "ann"},
			apptest.Call{Name: "redeem, nobody", Method: "GET", Path: teammates + "/redeem/{otc}", Status: 401},
			apptest.Call{Name: "redeem, somebody else", As: apptest.Stranger, Method: "GET", Path: teammates + "/redeem/{otc}", Status: 403, Lacks: "ann@"},
			apptest.Call{Name: "redeem, another brand's", As: "ann", Method: "GET", Path: "/api/v1.0/{otherAppId}/teammates/redeem/{otc}", Status: 404},
			apptest.Call{Name: "redeem", As: "ann", Method: "GET", Path: teammates + "/redeem/{otc}", Status: 200, Want: apptest.Want{"Data.AppId": "{appId}", "Data.InvitationStatus": "Accepted"}, Events: apptest.Events{"teammate.invite.accepted"}},
			apptest.Call{Name: "redeem again", As: "ann", Method: "GET", Path: teammates + "/redeem/{otc}", Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Accepted"}},
			apptest.Call{Name: "redeem again, by handle", As: "ann", Method: "GET", Path: teammates + "/redeem/{handle}", Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Accepted"}},
			apptest.Call{Name: "redeem after it, somebody else", As: apptest.Stranger, Method: "GET", Path: teammates + "/redeem/{otc}", Status: 403},
			apptest.Call{Name: "now", As: "ann", Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 200},
			apptest.Call{Name: "the same id", As: apptest.Owner, Method: "GET", Path: mate, Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Accepted", "Data.Name": "ann", "Data.UserId": apptest.Present, "Data.StoreIds.#": 2}},
			apptest.Call{Name: "invite a teammate", As: apptest.Owner, Method: "POST", Path: teammates, Body: `{"Email":"ann@comanda.test","AppAccessLevel":"Owner"}`, Status: 409},

			apptest.Call{Name: "a manager lists", As: "ann", Method: "GET", Path: teammates, Status: 403, Lacks: "owner@"},
			apptest.Call{Name: "a manager invites", As: "ann", Method: "POST", Path: teammates, Body: `{"Email":"x@comanda.test","AppAccessLevel":"StoreStaff","StoreIds":[{storeId}]}`, Status: 403},
			apptest.Call{Name: "a manager promotes herself", As: "ann", Method: "POST", Path: mate, Body: `{"AppAccessLevel":"Owner"}`, Status: 403},
			apptest.Call{Name: "an integrator lists", As: apptest.Integrator, Method: "GET", Path: teammates, Status: 403},
			apptest.Call{Name: "a stranger lists", As: apptest.Stranger, Method: "GET", Path: teammates, Status: 403, Lacks: "ann@"},
			apptest.Call{Name: "a stranger, through their own brand", As: apptest.Stranger, Method: "GET", Path: "/api/v1.0/{otherAppId}/teammates/{mate}", Status: 404, Lacks: "ann"},
			apptest.Call{Name: "a stranger changes, through their own brand", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/{otherAppId}/teammates/{mate}", Body: `{"AppAccessLevel":"None"}`, Status: 404},
			apptest.Call{Name: "a stranger removes, through their own brand", As: apptest.Stranger, Method: "DELETE", Path: "/api/v1.0/{otherAppId}/teammates/{ownerMate}", Status: 404},
			apptest.Call{Name: "nobody", Method: "GET", Path: teammates, Status: 401},

			apptest.Call{Name: "narrow", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"StoreIds":[{second}]}`, Status: 200, Want: apptest.Want{"Data.StoreIds.#": 1, "Data.AppAccessLevel": "StoreManager"}, Events: apptest.Events{"teammate.updated"}},
			apptest.Call{Name: "narrow again", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"StoreIds":[{second}]}`, Status: 200},
			apptest.Call{Name: "nothing widens", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"StoreIds":[],"HasAccessToAllStores":false,"AppAccessLevel":null}`, Status: 200, Want: apptest.Want{"Data.StoreIds.#": 1}},
			apptest.Call{Name: "narrowed", As: "ann", Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 404},
			apptest.Call{Name: "widen", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"HasAccessToAllStores":true}`, Status: 200, Want: apptest.Want{"Data.HasAccessToAllStores": true, "Data.StoreIds.#": 0}, Events: apptest.Events{"teammate.updated"}},
			apptest.Call{Name: "all and some", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"HasAccessToAllStores":true,"StoreIds":[{second}]}`, Status: 400, Text: `"FieldName":"StoreIds"`},
			apptest.Call{Name: "a level for stores, without", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"AppAccessLevel":"StoreStaff"}`, Status: 400, Text: `"FieldName":"StoreIds"`},
			apptest.Call{Name: "by number", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"AppAccessLevel":5}`, Status: 200, Want: apptest.Want{"Data.AppAccessLevel": "Integrator"}, Events: apptest.Events{"teammate.updated"}},

			apptest.Call{Name: "grant to a teammate", As: apptest.Owner, Method: "POST", Path: teammates + "/grantaccess", Body: `{"Email":"ann@comanda.test","AppAccessLevel":"ManagedOwner"}`, Status: 200, Want: apptest.Want{"Data.TeammateId": "{mate}", "Data.InvitationStatus": "Accepted"}, Events: apptest.Events{"teammate.updated"}},
			apptest.Call{Name: "grant to somebody", As: apptest.Owner, Method: "POST", Path: teammates + "/grantaccess", Body: `{"Email":"bob@comanda.test","AppAccessLevel":"Onboarding"}`, Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Pending"}, Events: invited, Save: map[string]string{"bob": "Data.TeammateId"}},
			apptest.Call{Name: "change an invitation", As: apptest.Owner, Method: "POST", Path: teammates + "/{bob}", Body: `{"AppAccessLevel":"Support"}`, Status: 200, Want: apptest.Want{"Data.InvitationStatus": "Pending", "Data.AppAccessLevel": "Support"}, Events: apptest.Events{"teammate.updated"}},
			apptest.Call{Name: "invite again", As: "ann", Method: "POST", Path: teammates, Body: `{"Email":"bob@comanda.test","AppAccessLevel":"FinanceManger"}`, Status: 200, Want: apptest.Want{"Data.TeammateId": "{bob}"}, Events: invited},
			apptest.Call{Name: "still one", As: apptest.Owner, Method: "GET", Path: teammates, Status: 200, Want: apptest.Want{"Data.#": 6, "Data.5.AppAccessLevel": "FinanceManger"}},
			apptest.Call{Name: "withdraw", As: apptest.Owner, Method: "DELETE", Path: teammates + "/{bob}", Status: 200, Events: apptest.Events{"teammate.deleted"}},

			apptest.Call{Name: "remove", As: apptest.Owner, Method: "DELETE", Path: mate, Status: 200, Events: apptest.Events{"teammate.deleted"}},
			apptest.Call{Name: "remove again", As: apptest.Owner, Method: "DELETE", Path: mate, Status: 404},
			apptest.Call{Name: "removed", As: "ann", Method: "GET", Path: "/api/v1.0/stores/{storeId}", Status: 403},
			apptest.Call{Name: "the code is dead", As: "ann", Method: "GET", Path: teammates + "/redeem/{otc}", Status: 404},
			apptest.Call{Name: "the last owner stays", As: apptest.Owner, Method: "DELETE", Path: teammates + "/{ownerMate}", Status: 409},
			apptest.Call{Name: "the last owner stays an owner", As: apptest.Owner, Method: "POST", Path: teammates + "/{ownerMate}", Body: `{"AppAccessLevel":"ManagedOwner"}`, Status: 409},

			apptest.Call{Name: "audit", As: apptest.Owner, Method: "GET", Path: auditLog + "?action=teammate.&limit=2", Status: 200, Want: apptest.Want{
				"Data.0.Action": "teammate.deleted", "Data.0.Target": "teammate/{mate}", "Data.0.Detail": "ann@comanda.test, ManagedOwner on all stores",
			}, Lacks: "cmd_in_"},
		)
	})
}

func TestSomebodyNewAcceptsAllInvitationsAtOnce(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.Run(
			apptest.Call{Name: "invite", As: apptest.Owner, Method: "POST", Path: teammates, Body: `{"Email":"new@comanda.test","AppAccessLevel":"Integrator"}`, Status: 200, Events: apptest.Events{"teammate.invite.sent"}},
			apptest.Call{Name: "invite elsewhere", As: apptest.Stranger, Method: "POST", Path: "/api/v1.0/{otherAppId}/teammates", Body: `{"Email":"new@comanda.test","AppAccessLevel":"Support"}`, Status: 200, Events: apptest.Events{"teammate.invite.sent"}},
		)
		k.Vars["otc"] = mustCode(k, "new@comanda.test")
		k.Call(apptest.Call{Name: "look", Method: "GET", Path: "/api/v1.0/{otherAppId}/teammates/accept/{otc}", Status: 200, Want: apptest.Want{"Data.IsNewUser": true}})
		k.MustSignUp("new")
		k.Run(
			apptest.Call{Name: "accept", As: "new", Method: "POST", Path: acceptAll, Status: 200, Want: apptest.Want{
				"Data.#": 2, "Data.0.AppId": "{appId}", "Data.0.InvitationStatus": "Accepted", "Data.1.InvitationStatus": "Accepted",
			}, Events: apptest.Events{"teammate.invite.accepted", "teammate.invite.accepted"}},
			apptest.Call{Name: "accept nothing", As: "new", Method: "POST", Path: acceptAll, Status: 200, Want: apptest.Want{"Data.#": 0}},
			apptest.Call{Name: "both are there", As: "new", Method: "GET", Path: apps, Status: 200, Want: apptest.Want{"TotalRecordCount": 2}},
		)
	})
}

func TestInvitationsOfHostileInputAreRefused(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustShop()
		k.SetVar("otherStore", 999_999)
		many := strings.TrimSuffix(strings.Repeat("1,", 10_000), ",")
		for i, c := range []struct{ body, field string }{
			{`{}`, "Email"},
			{`{"AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":null,"AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":"ann","AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":"ann@comanda.test\r\nBcc: all@comanda.test","AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":"a@comanda.test, b@comanda.test","AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":"` + strings.Repeat("a", 300) + `@comanda.test","AppAccessLevel":"Owner"}`, "Email"},
			{`{"Email":"ann@comanda.test"}`, "AppAccessLevel"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"God"}`, "AppAccessLevel"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":99}`, "AppAccessLevel"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager"}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[0]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[-1]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[{otherStore}]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[` + many + `]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"StoreManager","StoreIds":[99999999999]}`, "StoreIds"},
			{`{"Email":"ann@comanda.test","AppAccessLevel":"PropertyOwner","StoreIds":[{storeId}],"PropertyIds":["p1"]}`, "PropertyIds"},
		} {
			k.Call(apptest.Call{Name: fmt.Sprint(i), As: apptest.Owner, Method: "POST", Path: teammates, Body: c.body, Status: 400, Text: `"FieldName":"` + c.field})
		}
		for _, otc := range []string{"%00", "'", "cmd_in_" + strings.Repeat("A", 43), strings.Repeat("A", 9000), "cmd_in_%ff"} {
			w := k.Send(apptest.Call{As: apptest.Owner, Method: "GET", Path: teammates + "/redeem/" + otc})
			if w.Code != 404 && w.Code != 400 {
				t.Errorf("%.20q is answered %d", otc, w.Code)
			}
		}
	})
}

// The invitation to a store of somebody else's brand would be access to it.
func TestAStoreOfAnotherBrandCannotBeGiven(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		shop := k.MustShop()
		other := shop.Another(t)
		k.SetVar("foreign", other.Store)
		k.MustSignUp("ann")
		k.MustMember("ann", wire.AppAccessLevelStoreStaff, shop.Store)
		k.Run(
			apptest.Call{Name: "list", As: apptest.Owner, Method: "GET", Path: teammates, Status: 200, Save: map[string]string{"mate": "Data.4.TeammateId"}},
			apptest.Call{Name: "change", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"StoreIds":[{storeId},{foreign}]}`, Status: 400, Text: "no store {foreign}"},
			apptest.Call{Name: "invite", As: apptest.Owner, Method: "POST", Path: teammates, Body: `{"Email":"x@comanda.test","AppAccessLevel":"StoreStaff","StoreIds":[{foreign}]}`, Status: 400, Text: "no store {foreign}"},
		)
	})
}

func TestCodesAreStoredHashed(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.Call(apptest.Call{As: apptest.Owner, Method: "POST", Path: teammates, Body: `{"Email":"ann@comanda.test","AppAccessLevel":"Support"}`, Status: 200, Events: apptest.Events{"teammate.invite.sent"}})
		code := mustCode(k, "ann@comanda.test")
		k.Must(k.DB.Read(k.Context(), func(tx *db.Tx) error {
			var digest []byte
			if err := tx.QueryRow(`select digest from teammate_invitations`).Scan(&digest); err != nil {
				return err
			}
			if len(digest) != 32 || strings.Contains(string(digest), code) {
				t.Errorf("%d bytes are stored of the code", len(digest))
			}
			return nil
		}))
		if len(code) != len("cmd_in_")+43 {
			t.Errorf("the code is %q", code)
		}
	})
}

func TestARemovedTeammatesTokensEndAtOnce(t *testing.T) {
	apptest.Each(t, func(k *apptest.Kit) {
		k.MustSignUp("dev")
		k.MustMember("dev", wire.AppAccessLevelOwner)
		w := k.Call(apptest.Call{Name: "create", As: "dev", Method: "POST", Path: clients, Body: `{"OauthAppName":"POS"}`, Status: 200})
		location := w.Header().Get("Location")
		k.Vars["id"] = location[strings.LastIndexByte(location, '/')+1:]
		k.Call(apptest.Call{Name: "token", As: "dev", Method: "GET", Path: client + "/accesstoken", Status: 200, Save: map[string]string{"token": "Data"}})
		token := k.Vars["token"]
		k.Run(
			apptest.Call{Name: "works", As: token, Method: "GET", Path: app, Status: 200},
			apptest.Call{Name: "list", As: apptest.Owner, Method: "GET", Path: teammates, Status: 200, Save: map[string]string{"mate": "Data.4.TeammateId"}, Want: apptest.Want{"Data.4.Email": "dev@comanda.test"}},
			apptest.Call{Name: "lower", As: apptest.Owner, Method: "POST", Path: mate, Body: `{"AppAccessLevel":"Support"}`, Status: 200, Events: apptest.Events{"teammate.updated"}},
			apptest.Call{Name: "reads", As: token, Method: "GET", Path: app, Status: 200},
			apptest.Call{Name: "changes nothing", As: token, Method: "POST", Path: app + "/config", Body: `{"MainColor":"#fff"}`, Status: 403},
			apptest.Call{Name: "remove", As: apptest.Owner, Method: "DELETE", Path: mate, Status: 200, Events: apptest.Events{"teammate.deleted"}},
			apptest.Call{Name: "is over", As: token, Method: "GET", Path: app, Status: 401},
		)
	})
}

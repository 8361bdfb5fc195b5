package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/pquerna/otp/totp"

	"comanda/account"
	"comanda/event"
	"comanda/internal/apptest"
	"comanda/internal/clock"
	"comanda/wire"
)

// toldElsewhere are the refusals that would take the tour too long; other tests cause them.
func toldElsewhere(op string, status int) bool {
	switch fmt.Sprint(op, " ", status) {
	case "CreateOAuthApp 409", "AddRedirectUri 409", "CreateWebhookSubscription 409", "AddDeliveryZone 409": // as many as there may be
		return true
	case "CreateTeammate 429", "grantaccess 429", "StreamEvents 429", "PullEvents 429":
		return true
	case "Login 429", "LoginWithPin 429", "LoginWithCode 429", "ChangePassword 429", "ChangePasswordWithPin 429", "PasswordResetWithToken 429": // failures enough
		return true
	case "AddDriver 409", "Drivers_DriverRequestLoginCodeSms 429", "Drivers_DriverLogin 429": // as many as there may be; failures enough
		return true
	case "CreateAccount 403", "ChangePassword 409": // another installation, another account
		return true
	case "Teammates_AcceptInvitation 410", "ChangePasswordWithPin 410": // time enough
		return true
	}
	return false
}

// all is the tour: a brand from its making to the end of its day.
func (t *tour) all() {
	t.Helper()
	t.heartbeat()
	t.people()
	t.brand()
	t.stores()
	t.storeSettings()
	t.menus()
	t.customers()
	t.vouchers()
	t.apps()
	t.orders()
	t.hooks()
	t.log()
	t.sandbox()
	t.ends()
}

func (t *tour) heartbeat() {
	t.show(
		show{op: "Ping"}, show{op: "HeadPing"}, show{op: "Hostname"}, show{op: "HeadHostname"},
		show{op: "GetEventSchema", vars: "eventName=store_group.created"},
		show{op: "GetSupportedCountries", as: apptest.Owner},
		show{op: "GetLocalisedTimeZones", as: apptest.Owner},
	)
}

func (t *tour) people() {
	step := cookies(t.call(show{op: "CreateAccount", body: `{"Email":"carla@comanda.test","StoreName":"Casa Nuova","LanguageId":"it"}`}))
	t.show(
		show{op: "CreateAccount", body: `{"Email":"carla","StoreName":"Casa Nuova"}`, refused: 400},
		show{op: "Login", body: `{"Email":"carla@comanda.test","Password":"correct horse"}`, refused: 401},
	)
	signed := cookies(t.call(show{
		op: "ChangePasswordWithPin", header: step, body: `{"Pin":` + pinMailed(t.Kit, "carla@comanda.test") + `,"NewPassword":"battery staple"}`, events: apptest.Events{"app.created"},
	}))
	t.show(
		show{op: "GetAccountDetails", header: signed},
		show{op: "UpdateAccount", header: signed, body: `{"Name":"Carla Rossi","Language":"it","TimeZoneInfoId":"W. Europe Standard Time","DisplayTimesInUserLocalTimeZone":true}`},
		show{op: "UpdateAccount", header: signed, body: `{"TimeZoneInfoId":"Mars"}`, refused: 400},
		show{op: "Logout", header: signed},
		show{op: "Login", body: `{"Email":"carla@comanda.test","Password":"battery staple"}`},
		show{op: "RequestLoginPin", body: `{"Email":"carla@comanda.test"}`},
	)
	pin := pinMailed(t.Kit, "carla@comanda.test")
	mine := cookies(t.call(show{op: "LoginWithPin", body: `{"Email":"carla@comanda.test","Pin":` + pin + `}`}))
	t.show(
		show{op: "LoginWithPin", body: `{"Email":"carla@comanda.test","Pin":` + pin + `}`, refused: 401},
		show{op: "GetSessions", header: mine, save: map[string]string{"session": "Data.1.Key"}},
		show{op: "EndSession", header: mine, vars: "key={session}", unknown: "key=nothing"},
		show{op: "EndOtherSessions", header: mine},
		show{op: "ChangePassword", header: mine, body: `{"OldPassword":"battery staple","NewPassword":"horse battery"}`},
		show{op: "ChangePassword", header: mine, body: `{"OldPassword":"wrong","NewPassword":"horse battery"}`, refused: 400},
		show{op: "CreateBasicAccount", header: with(mine, key()), body: `{"StoreName":"Trattoria Rossi"}`, events: apptest.Events{"app.created"}},
		show{op: "SendPinForPasswordReset", body: `{"Email":"carla@comanda.test"}`},
		show{op: "RequestPasswordReset", body: `{"Email":"carla@comanda.test"}`},
	)
	_, token, _ := strings.Cut(t.MustMail("carla@comanda.test").Text, "token=")
	token, _, _ = strings.Cut(token, "\n")
	t.show(
		show{op: "PasswordResetWithToken", body: `{"Token":"` + token + `","Password":"correct horse","PasswordConfirmation":"correct horse"}`},
		show{op: "PasswordResetWithToken", body: `{"Token":"` + token + `","Password":"correct horse","PasswordConfirmation":"correct horse"}`, refused: 400},
		show{op: "GetOwnAuditLog", as: apptest.Owner},
	)
	t.secondFactor()
}

// with joins headers.
func with(a, b http.Header) http.Header {
	out := a.Clone()
	for name, v := range b {
		out[name] = v
	}
	return out
}

func (t *tour) secondFactor() {
	t.MustSignUp("dora")
	dora := t.Caller("dora")
	setup, err := t.Accounts.BeginTOTP(t.Context(), dora)
	t.Must(err)
	code := func(after time.Duration) string {
		text, err := totp.GenerateCode(setup.Secret, clock.Now().Add(after))
		t.Must(err)
		return text
	}
	_, err = t.Accounts.ConfirmTOTP(t.Context(), dora, code(0))
	t.Must(err)
	step := cookies(t.call(show{op: "Login", body: `{"Email":"dora@comanda.test","Password":"correct horse"}`, refused: 403}))
	t.show(
		show{op: "LoginWithCode", body: `{"Code":"123456"}`, refused: 410},
		show{op: "LoginWithCode", header: step, body: `{"Code":"000000"}`, refused: 401},
		show{op: "LoginWithCode", header: step, body: `{"Code":"` + code(30*time.Second) + `"}`},
		show{op: "RequestLoginPin", body: `{"Email":"dora@comanda.test"}`},
	)
	t.show(show{op: "LoginWithPin", body: `{"Email":"dora@comanda.test","Pin":` + pinMailed(t.Kit, "dora@comanda.test") + `}`, refused: 403})
}

func (t *tour) brand() {
	logo, header := imageForm(t.Kit, "Image", pixels(t.Kit))
	large, largeHeader := imageForm(t.Kit, "Image", make([]byte, account.MaxImage+1))
	once := key()
	t.show(
		show{op: "CreateApp", as: apptest.Owner, header: once, body: `{"Name":"Bella Roma"}`, events: apptest.Events{"app.created"}},
		show{op: "CreateApp", as: apptest.Owner, header: once, body: `{"Name":"Bella Milano"}`, refused: 422},
		show{op: "CreateBasicAccount", as: apptest.Owner, header: once, body: `{"StoreName":"Bella Milano"}`, refused: 422},
		show{op: "CreateApp", as: apptest.Owner, body: `{"Name":""}`, refused: 400},
		show{op: "GetApps", as: apptest.Owner}, show{op: "GetApps", refused: 401},
		show{op: "GetApp", as: apptest.Owner}, show{op: "GetApp", as: apptest.Stranger, refused: 403},
		show{op: "GetAppName", as: apptest.Owner},
		show{op: "SetAppConfig", as: apptest.Owner, body: `{"MainColor":"#c0392b"}`, events: apptest.Events{"app.updated"}},
		show{op: "SetAppConfig", as: apptest.Owner, body: `{"MainColor":"red"}`, refused: 400},
		show{op: "SetAppLanguages", as: apptest.Owner, body: `[{"LanguageId":"en","Enabled":true,"DisplayOrder":0},{"LanguageId":"it","Enabled":true,"DisplayOrder":1}]`, events: apptest.Events{"app.updated"}},
		show{op: "UploadAppLogo", as: apptest.Owner, header: header, body: logo, events: apptest.Events{"app.updated"}},
		show{op: "UploadAppLogo", as: apptest.Owner, header: largeHeader, body: large, refused: 413},
		show{op: "UploadAppLogo", as: apptest.Owner, header: http.Header{"Content-Type": {"application/json"}}, body: `{}`, refused: 415},
		show{op: "GetSandboxClock", as: apptest.Owner},
		show{op: "SetSandboxClock", as: apptest.Owner, body: `{"AdvanceSeconds":3600}`, refused: 403},
		show{op: "PlaceSampleOrders", as: apptest.Owner, body: `{}`, refused: 403},
	)
	t.teammates()
}

func (t *tour) teammates() {
	t.MustSignUp("ann")
	invited, accepted := apptest.Events{"teammate.invite.sent"}, apptest.Events{"teammate.invite.accepted"}
	t.show(
		show{op: "CreateTeammate", as: apptest.Owner, body: `{"Email":"ann@comanda.test","AppAccessLevel":"Integrator","HasAccessToAllStores":true}`, events: invited, save: map[string]string{"mate": "Data.TeammateId"}},
		show{op: "CreateTeammate", as: apptest.Owner, body: `{"Email":"ann","AppAccessLevel":"Integrator"}`, refused: 400},
		show{op: "GetTeammateByAppIdAndTeammateId", as: apptest.Owner, vars: "id={mate}"},
		show{op: "Teammates_PendingInvitations", as: "ann"},
	)
	t.Vars["otc"] = mustCode(t.Kit, "ann@comanda.test")
	t.show(
		show{op: "Teammates_AcceptInvitation"},
		show{op: "RedeemInvitation", as: apptest.Stranger, refused: 403},
		show{op: "RedeemInvitation", as: "ann", events: accepted},
		show{op: "CreateTeammate", as: apptest.Owner, body: `{"Email":"ann@comanda.test","AppAccessLevel":"Support"}`, refused: 409},
		show{op: "GetTeammatesByAppId", as: apptest.Owner, save: map[string]string{"first": "Data.0.TeammateId"}},
		show{op: "UpdateTeammate", as: apptest.Owner, vars: "id={mate}", body: `{"AppAccessLevel":"Support"}`, events: apptest.Events{"teammate.updated"}},
		show{op: "UpdateTeammate", as: apptest.Owner, vars: "id={first}", body: `{"AppAccessLevel":"Support"}`, refused: 409},
		show{op: "DeleteTeammate", as: apptest.Owner, vars: "id={first}", refused: 409},
		show{op: "grantaccess", as: apptest.Owner, body: `{"Email":"ann@comanda.test","AppAccessLevel":"Integrator","HasAccessToAllStores":true}`, events: apptest.Events{"teammate.updated"}},
		show{op: "grantaccess", as: apptest.Owner, body: `{"Email":"owner@comanda.test","AppAccessLevel":"Support"}`, refused: 409},
		show{op: "grantaccess", as: apptest.Owner, body: `{"Email":"bob@comanda.test","AppAccessLevel":"Support"}`, events: invited},
	)
	t.MustSignUp("bob")
	t.show(
		show{op: "Teammates_AcceptInvitations", as: "bob", events: accepted},
		show{op: "DeleteTeammate", as: apptest.Owner, vars: "id={mate}", events: apptest.Events{"teammate.deleted"}},
		show{op: "GetAuditLog", as: apptest.Owner, query: "limit=2"},
	)
	t.MustSignUp("fay")
	t.show(show{op: "CreateTeammate", as: apptest.Owner, body: `{"Email":"fay@comanda.test","AppAccessLevel":"Support"}`, events: invited})
	t.Vars["otc"] = mustCode(t.Kit, "fay@comanda.test")
	t.MustMember("fay", wire.AppAccessLevelSupport)
	t.show(show{op: "RedeemInvitation", as: "fay", refused: 409})
	t.notRecently(
		show{op: "CreateTeammate", body: `{"Email":"eve@comanda.test","AppAccessLevel":"Support"}`},
		show{op: "grantaccess", body: `{"Email":"eve@comanda.test","AppAccessLevel":"Support"}`},
		show{op: "UpdateTeammate", vars: "id={first}", body: `{"AppAccessLevel":"Support"}`},
		show{op: "DeleteTeammate", vars: "id={first}"},
	)
}

// notRecently is refused to the owner with a session whose sign-in is longer ago than ten minutes.
func (t *tour) notRecently(calls ...show) {
	t.Helper()
	old := session(t.MustSession(apptest.Owner))
	clock.Shift(11 * time.Minute)
	defer clock.Shift(-11 * time.Minute)
	for _, c := range calls {
		c.header, c.refused = old, http.StatusForbidden
		t.show(c)
	}
}

func (t *tour) stores() {
	t.show(
		show{op: "CreateStoreGroup", as: apptest.Owner, vars: "appNameId={appId}", body: `{"Name":"Dublin","Currency":"EUR"}`, events: apptest.Events{"store_group.created"}, save: map[string]string{"storeGroupId": "Data.StoreGroupId"}},
		show{op: "CreateStoreGroup", as: apptest.Owner, vars: "appNameId={appId}", body: `{"Name":"Dublin","Currency":"Gold"}`, refused: 400},
		show{op: "GetStoreGroup", as: apptest.Owner},
		show{op: "GetStoreGroups", as: apptest.Owner, vars: "appNameId={appId}"},
		show{op: "CreateStore", as: apptest.Owner, query: "storeGroupId={storeGroupId}", body: `{"Name":"Dame Street"}`, events: apptest.Events{"store.created"}, save: map[string]string{"storeId": "Data.StoreId"}, unknown: "-"},
		show{op: "CreateStore", as: apptest.Owner, query: "storeGroupId=424242", body: `{"Name":"Dame Street"}`, refused: 404},
		show{op: "GetStoreById", as: apptest.Owner},
		show{op: "UpdateStoreAddress", as: apptest.Owner, body: `{"Line1":"12 Dame Street","City":"Dublin","Postcode":"D02 YX38"}`, events: apptest.Events{"store.address.updated"}},
		show{op: "UpdateStoreAddressCoordinates", as: apptest.Owner, body: `{"Latitude":53.3443,"Longitude":-6.2646}`, events: apptest.Events{"store.address.updated"}},
		show{op: "UpdateStoreAddressCoordinates", as: apptest.Owner, body: `{"Latitude":91,"Longitude":0}`, refused: 400},
	)
	for _, kind := range []string{"Pickup", "Delivery"} {
		for day := range 7 {
			t.show(show{op: "SetBusinessHours", as: apptest.Owner, vars: "deliveryType=" + kind, body: fmt.Sprintf(`{"DayOfWeek":%q,"StartTime":"08:00:00","Period":"15:00:00"}`, time.Weekday(day)), events: apptest.Events{"store.opening_hours.updated"}, unknown: "storeId=424242"})
		}
	}
	t.show(
		show{op: "SetBusinessHours", as: apptest.Owner, vars: "deliveryType=Pickup", body: `{"DayOfWeek":"Monday","StartTime":"25:00","Period":"1:00"}`, refused: 400},
		show{op: "GetBusinessHours", as: apptest.Owner, vars: "deliveryType=Pickup", unknown: "storeId=424242"},
		show{op: "GetBusinessHoursOverrideByStoreId", as: apptest.Owner},
		show{op: "PublishStore", as: apptest.Owner, events: apptest.Events{"store.published"}},
		show{op: "UnpublishStore", as: apptest.Owner, events: apptest.Events{"store.unpublished"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"PhoneNumber":"+353 1 234 5678"}`, events: apptest.Events{"store.updated"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"IsArchived":true}`, events: apptest.Events{"store.updated", "store.archived"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"IsArchived":false}`, events: apptest.Events{"store.updated", "store.unarchived"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"IsPublished":true}`, events: apptest.Events{"store.updated", "store.published"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"IsPublished":false}`, events: apptest.Events{"store.updated", "store.unpublished"}},
		show{op: "UpdateStore", as: apptest.Owner, body: `{"IsPublished":true}`, events: apptest.Events{"store.updated", "store.published"}},
		show{op: "GetStores", as: apptest.Owner}, show{op: "GetStoresByAppId", as: apptest.Owner}, show{op: "GetStoreHeadersByAppId", as: apptest.Owner},
		show{op: "GetStoreGroupsExtended", as: apptest.Owner, vars: "appNameId={appId}"},
		show{op: "GetStoreLeadTimes", as: apptest.Owner},
		show{op: "GetPreOrderConfig", as: apptest.Owner, vars: "deliveryType=Pickup", unknown: "storeId=424242"},
		show{op: "GetPreOrderPreview", as: apptest.Owner, vars: "deliveryType=Pickup", query: "preOrderConfig.intervalMinutes=30", unknown: "storeId=424242"},
		show{op: "GetStoreServiceCharge", as: apptest.Owner},
		show{op: "GetEndOfDayReport", as: apptest.Owner},
	)
	t.MustSignUp("manager")
	store := 0
	_, err := fmt.Sscan(t.Vars["storeId"], &store)
	t.Must(err)
	t.MustMember("manager", wire.AppAccessLevelStoreOwner, store)
	t.show(
		show{op: "CreateStoreGroup", as: "manager", vars: "appNameId={appId}", body: `{"Name":"Cork"}`, refused: 403},
		show{op: "CreateStore", as: "manager", query: "storeGroupId={storeGroupId}", body: `{"Name":"Cork"}`, refused: 403},
		show{op: "CreateNewMenuForApp", as: "manager", body: `{"Name":"All day"}`, refused: 403},
	)
}

const carta = `{"Name":"All day","TaxType":"IncludedInBasePrice","TaxRates":[{"Name":"Food","Rate":13.5}],"MenuSections":[{"Name":"Pizza","MenuItems":[
	{"Name":"Margherita","Price":8.5,"TaxRateName":"Food","PublicId":"` + string(apptest.Margherita) + `","Metadata":[{"Key":"posId","Value":"PIZZA-1"}],
	 "MenuItemOptionSets":[{"Name":"Extras","MinSelectCount":0,"MaxSelectCount":2,"MenuItemOptionSetItems":[
		{"Name":"Ham","Price":1.5,"PublicId":"` + string(apptest.Ham) + `"}]}]}]}]}`

func (t *tour) menus() {
	w := t.call(show{op: "CreateNewMenuForApp", as: apptest.Owner, body: carta, events: apptest.Events{"menu.created"}})
	t.Vars["menuId"] = w.Body.String()
	const item = "Data.MenuSections.0.MenuItems.0."
	own := func(c show) show { c.as = apptest.Owner; return c }
	t.show(
		own(show{op: "CreateNewMenuForApp", body: `{"Name":"All day","MenuSections":[{"Name":"Pizza","MenuItems":[{"Name":"Margherita","Price":-1}]}]}`, refused: 400}),
		own(show{op: "GetMenuById", save: map[string]string{
			"menuSectionId": "Data.MenuSections.0.MenuSectionId", "menuSectionItemId": item + "MenuItemId", "menuItemId": item + "MenuItemId",
			"optionSetId": item + "MenuItemOptionSets.0.MenuItemOptionSetId", "menuItemOptionSetItemId": item + "MenuItemOptionSets.0.MenuItemOptionSetItems.0.MenuItemOptionSetItemId",
			"optionSetItemId": item + "MenuItemOptionSets.0.MenuItemOptionSetItems.0.MenuItemOptionSetItemId",
		}}),
		own(show{op: "AssignMenu", events: apptest.Events{"store.menu.assigned"}}),
		own(show{op: "GetMenusByAppId"}), own(show{op: "GetMenuName"}), own(show{op: "GetMenuStoreNames"}), own(show{op: "GetMenuTaxDetails"}),
		own(show{op: "Menus_GetMenuBulkShowHide", query: "isAvailable=true"}),
		own(show{op: "SetMenuItemMetadata", body: `{"Key":"posId","Value":"PIZZA-1-DUB"}`, events: apptest.Events{"menu.section_item.updated"}}),
		own(show{op: "GetMenuItemMetadata"}),
		own(show{op: "GetMenuItemMetadataByKey", vars: "key=posId", unknown: "key=till"}),
		own(show{op: "SetMenuItemOptionSetItemMetadata", body: `{"Key":"posId","Value":"HAM"}`, events: apptest.Events{"menu.option_set_item.updated"}}),
		own(show{op: "GetMenuItemOptionSetItemMetadata"}),
		own(show{op: "GetAllMenuMetadataByMenuIdAndStoreId"}),
		own(show{op: "DeleteMenuItemMetadata", vars: "key=posId", events: apptest.Events{"menu.section_item.updated"}, unknown: "key=till"}),
		own(show{op: "GetMenuSections"}), own(show{op: "GetMenuSectionById"}), own(show{op: "GetMenuItems"}), own(show{op: "GetMenuItemById"}),
		own(show{op: "UpdateMenuSectionItem", body: `{"IsAvailable":false}`, events: apptest.Events{"menu.section_item.updated"}}),
		own(show{op: "UpdateMenuSectionItem", body: `{"Price":-1}`, refused: 400}),
		own(show{op: "UpdateMenuSectionItem", body: `{"IsAvailable":true}`, events: apptest.Events{"menu.section_item.updated"}}),
		own(show{op: "GetMenuItemOptionSets"}), own(show{op: "GetMenuItemOptionSetById"}), own(show{op: "GetMenuItemOptionSetItems"}), own(show{op: "GetMenuItemOptionSetItemById"}),
		own(show{op: "UpdateMenuItemOptionSetItem", body: `{"Price":1.25}`, events: apptest.Events{"menu.option_set_item.updated"}}),
		own(show{op: "UpdateMenuItemOptionSetItem", body: `{"Price":1.5}`, events: apptest.Events{"menu.option_set_item.updated"}}),
		own(show{op: "CreateStore", query: "storeGroupId={storeGroupId}", body: `{"Name":"Temple Bar"}`, events: apptest.Events{"store.created"}, save: map[string]string{"second": "Data.StoreId"}}),
		own(show{op: "AssignMenu", vars: "storeId={second}", events: apptest.Events{"store.menu.assigned"}}),
	)
	t.menuParts()
}

func (t *tour) apps() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	picture, header := imageForm(t.Kit, "Image", pixels(t.Kit))
	large, largeHeader := imageForm(t.Kit, "Image", make([]byte, account.MaxImage+1))
	once := key()
	made := t.call(own(show{op: "CreateOAuthApp", header: once, body: `{"OauthAppName":"Till","Flow":"AuthorizationCode"}`}))
	location := made.Header().Get("Location")
	t.Vars["oauthAppId"] = location[strings.LastIndexByte(location, '/')+1:]
	t.show(
		own(show{op: "CreateOAuthApp", header: once, body: `{"OauthAppName":"Other"}`, refused: 422}),
		own(show{op: "CreateOAuthApp", body: `{"OauthAppName":""}`, refused: 400}),
		own(show{op: "GetOAuthApps"}), own(show{op: "OAuthClients_GetApplications"}), own(show{op: "GetOAuthClientByClientId"}),
		own(show{op: "UpdateOAuthApp", body: `{"LogoUri":"https://till.example/logo.png","AccessTokenLifetime":7200}`}),
		own(show{op: "UpdateOAuthApp", body: `{"AccessTokenLifetime":-1}`, refused: 400}),
		own(show{op: "AddRedirectUri", body: `"https://client.example/back"`, save: map[string]string{"uriId": "Data.Id"}}),
		own(show{op: "AddRedirectUri", body: `"http://till.example/back"`, refused: 400}),
		own(show{op: "GetRedirectUris"}),
		own(show{op: "GetOAuthClientSettings"}),
		own(show{op: "UpdateOAuthClientSettings", body: `{"PostLogoutRedirectUris":["https://till.example/bye"]}`}),
		show{op: "UpdateOAuthClientSettings", as: apptest.Integrator, body: `{"ClientType":"Public"}`, refused: 403},
		own(show{op: "UpdateOAuthClientSettings", body: `{"AccessLevel":"King"}`, refused: 400}),
		own(show{op: "UploadOAuthClientLogo", header: header, body: picture}),
		own(show{op: "UploadOAuthClientLogo", header: largeHeader, body: large, refused: 413}),
		own(show{op: "GetOAuthClientSecret"}),
	)
	t.show(own(show{op: "GetOauthAccessToken", header: once, save: map[string]string{"token": "Data"}}))
	other := t.call(own(show{op: "CreateOAuthApp", body: `{"OauthAppName":"Board"}`})).Header().Get("Location")
	t.Vars["otherApp"] = other[strings.LastIndexByte(other, '/')+1:]
	delegated := t.delegated()
	token := t.Vars["token"]
	t.show(
		own(show{op: "GetOauthAccessToken", vars: "oauthAppId={otherApp}", header: once, refused: 422}),
		show{op: "GetOauthAccessToken", as: delegated, refused: 403},
		show{op: "GetOAuthClientSecret", as: delegated, refused: 403},
		own(show{op: "GetAuthorizationTokens", save: map[string]string{"key": "Data.0.Key"}}),
		show{op: "GetAccountDetails", as: token, refused: 403},
		show{op: "UpdateAccount", as: token, body: `{"Name":"Till"}`, refused: 403},
		show{op: "CreateApp", as: token, body: `{"Name":"Till"}`, refused: 403},
		show{op: "CreateBasicAccount", as: token, body: `{"StoreName":"Till"}`, refused: 403},
		show{op: "ChangePassword", as: token, body: `{"OldPassword":"correct horse","NewPassword":"battery staple"}`, refused: 403},
		show{op: "GetSessions", as: token, refused: 403},
		show{op: "EndOtherSessions", as: token, refused: 403},
		show{op: "EndSession", as: token, vars: "key={session}", refused: 403},
		show{op: "GetOwnAuditLog", as: token, refused: 403},
		show{op: "GetMyConnectedApps", as: token, refused: 403},
		own(show{op: "GetMyConnectedApps", save: map[string]string{"grantId": "Data.0.GrantId"}}),
		own(show{op: "GetConnectedApps"}),
		own(show{op: "RevokeToken", unknown: "key=nothing"}),
		own(show{op: "RemoveRedirectUri"}),
	)
	t.notRecently(show{op: "RevokeConnectedApp"}, show{op: "GetOAuthClientSecret"})
	t.show(own(show{op: "RevokeConnectedApp", events: apptest.Events{"appstore.configuration.deleted"}}))
}

// delegated is a token that the owner gave to the OAuth app.
func (t *tour) delegated() string {
	t.Helper()
	code := allow(t.Kit)
	secret, err := t.OAuth.Secret(t.Context(), t.Caller(apptest.Owner), t.Brand.AppID, t.Vars["oauthAppId"])
	t.Must(err)
	return tokenBy(t.Kit, t.Vars["oauthAppId"], secret, url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}})
}

const dinner = `{"StoreId":{storeId},"DeliveryType":"Pickup","Items":[{"MenuItemPublicId":"` + string(apptest.Margherita) + `","Quantity":1,"Options":[{"MenuItemOptionPublicId":"` + string(apptest.Ham) + `"}]}],
	"TipAmount":0.5,"Contact":{"Name":"Ann Diner","PhoneNumber":"087 123 4567"},"Payment":{"Method":"Cash"},"ExpectedAmount":10.5}`

// sold is an order of a marketplace.
const sold = `{"StoreId":{storeId},"CurrencyCode":"EUR","ChannelOrderId":"M-1001","ChannelPublicOrderId":"1001",
	"Cart":{"LineItems":[{"ExternalId":"` + string(apptest.Margherita) + `","Name":"Margherita","Quantity":2,"Price":{"Amount":9.9}}],"CartAmount":{"Amount":19.8}},
	"FulfillmentInfo":{"DispatchType":"Pickup"},"PaymentInfo":{"Paid":true,"PaymentType":"Card"},"Contact":{"FirstName":"Bo","LastName":"Market","PhoneNumber":"087 123 9999"}}`

func (t *tour) orders() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	once, accepted := key(), key()
	t.show(
		show{op: "GetStorefrontStores", unknown: "appId=nothing"}, show{op: "GetStorefrontStore"},
		show{op: "GetStorefrontSlots", query: "DeliveryType=Pickup"}, show{op: "GetStorefrontSlots", query: "DeliveryType=Drone", refused: 400},
		show{op: "QuoteOrder", body: dinner}, show{op: "QuoteOrder", body: strings.Replace(dinner, "{storeId}", "424242", 1), refused: 404},
		show{op: "PlaceOrder", header: once, body: dinner, events: apptest.Events{"customer.created", "order.created"}, save: map[string]string{"one": "Data.OrderId", "trackingToken": "Data.TrackingToken"}, unknown: "-"},
		show{op: "PlaceOrder", header: once, body: strings.Replace(dinner, "0.5", "0.6", 1), refused: 422},
		show{op: "PlaceOrder", header: key(), body: strings.Replace(dinner, "10.5", "9.5", 1), refused: 409},
		show{op: "PlaceOrder", header: key(), body: strings.Replace(dinner, "{storeId}", "424242", 1), refused: 404},
		show{op: "PlaceOrder", header: key(), body: strings.Replace(dinner, `"Quantity":1`, `"Quantity":0`, 1), refused: 400},
		show{op: "TrackOrder"},
		own(show{op: "GetReadyToProcess"}), own(show{op: "GetOrders"}), own(show{op: "GetOrderById", vars: "id={one}"}),
		own(show{op: "GetOrders", query: "limit=0", refused: 400}),
		own(show{op: "GetOrdersSummary", query: "searchQuery=ann&state=ReadyToProcess"}), own(show{op: "GetOrdersSummary", query: "page=0", refused: 400}),
		own(show{op: "GetOrdersSummaryNew", query: "limit=1"}), own(show{op: "GetOrdersSummaryNew", query: "limit=0", refused: 400}),
		own(show{op: "GetOrderCalculation", vars: "orderId={one}", unknown: "orderId=424242"}),
		show{op: "CancelMyOrder", refused: 409},
		show{op: "RateOrder", body: `{"Rating":4}`, refused: 409},
		show{op: "ChangeOrderTip", header: once, body: `{"TipAmount":2}`, events: apptest.Events{"order.tip.updated"}},
		show{op: "ChangeOrderTip", header: once, body: `{"TipAmount":3}`, refused: 422},
		own(show{op: "DispatchOrder", vars: "id={one}", refused: 409}),
		own(show{op: "RefundOrder", vars: "id={one}", body: `{"RefundAmount":1,"NotifyCustomer":true}`, refused: 409}),
		own(show{op: "AcceptOrder", vars: "id={one}", header: accepted, body: `{"EstimatedMinutesForDelivery":30}`, events: apptest.Events{"order.accepted"}}),
		own(show{op: "AcceptOrder", vars: "id={one}", header: accepted, body: `{"EstimatedMinutesForDelivery":40}`, refused: 422}),
		own(show{op: "AcceptOrder", vars: "id={one}", body: `{"EstimatedMinutesForDelivery":30}`, refused: 409}),
		own(show{op: "AcceptOrder", vars: "id={one}", body: `{"EstimatedMinutesForDelivery":-1}`, refused: 400}),
		own(show{op: "RejectOrder", vars: "id={one}", body: `{"RejectReason":"TooBusy"}`, refused: 409}),
		own(show{op: "CancelOrder", vars: "id={one}", body: `{}`, refused: 409}), own(show{op: "GetKitchenOrders", query: "storeId={storeId}"}),
		own(show{op: "DispatchOrder", vars: "id={one}", header: once, events: apptest.Events{"order.dispatched"}}),
		show{op: "ChangeOrderTip", body: `{"TipAmount":3}`, refused: 409},
		show{op: "RateOrder", header: accepted, body: `{"Rating":4}`, events: apptest.Events{"order.rating.updated"}},
		show{op: "RateOrder", header: accepted, body: `{"Rating":5}`, refused: 422},
		own(show{op: "RefundOrder", vars: "id={one}", header: accepted, body: `{"RefundAmount":1.25,"NotifyCustomer":true,"RefundReason":"The pizza was cold."}`, events: apptest.Events{"order.refunded"}}),
		own(show{op: "RefundOrder", vars: "id={one}", header: accepted, body: `{"RefundAmount":2,"NotifyCustomer":true}`, refused: 422}),
	)
	t.show(
		show{
			op: "PlaceOrder", header: key(), body: strings.Replace(dinner, `"Contact":{`, `"Contact":{"EmailAddress":"ann@example.com","MarketingEnabled":true,`, 1),
			events: apptest.Events{"customer.updated", "customer.consent.updated", "order.created"}, save: map[string]string{"two": "Data.OrderId", "ann": "Data.Customer.Id"},
		},
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}, save: map[string]string{"three": "Data.OrderId"}},
		own(show{op: "EraseCustomer", vars: "customerId={ann}", refused: 409}),
		own(show{op: "EraseCustomer", unknown: "customerId=424242"}),
		own(show{op: "RejectOrder", vars: "id={two}", header: once, body: `{"RejectReason":"TooBusy"}`, events: apptest.Events{"order.rejected"}}),
		own(show{op: "RejectOrder", vars: "id={two}", header: once, body: `{"RejectReason":"TooSoon"}`, refused: 422}),
		own(show{op: "AcceptOrder", vars: "id={three}", body: `{}`, events: apptest.Events{"order.accepted"}}),
		own(show{op: "DispatchOrder", vars: "id={three}", header: once, refused: 422}),
		own(show{op: "RejectOrder", vars: "id={three}", query: "afterAccept=true", body: `{"RejectReason":"UnableToDeliver"}`, events: apptest.Events{"order.rejected", "order.refunded"}}),
	)
	t.show(
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}, save: map[string]string{"orderId": "Data.OrderId"}},
		own(show{op: "GetDeliveryInformation", refused: 404}), own(show{op: "GetFulfillmentState", refused: 404}),
		own(show{op: "UpdateDeliveryInformation", body: `{"Status":"OnTheWay"}`, refused: 409}),
		own(show{op: "UpdateFulfillmentState", body: `{"StatusId":"Preparing"}`, refused: 409}),
		own(show{op: "AcceptOrder", vars: "id={orderId}", body: `{}`, events: apptest.Events{"order.accepted"}}),
		own(show{op: "GetFulfillmentStatusWithDetailsAndActions"}),
		own(show{op: "UpdateFulfillmentState", header: once, body: `{"StatusId":"Preparing"}`, events: apptest.Events{"order.fulfillment.status.updated"}}),
		own(show{op: "UpdateFulfillmentState", header: once, body: `{"StatusId":"Ready"}`, refused: 422}),
		own(show{op: "UpdateFulfillmentState", body: `{"StatusId":"Eaten"}`, refused: 400}),
		own(show{op: "GetFulfillmentState"}),
		own(show{op: "SearchFulfillmentStatuses", query: "orderIds={one},{orderId}"}),
		own(show{op: "SearchFulfillmentStatuses", query: "orderIds=one", refused: 400}),
		own(show{
			op: "UpdateDeliveryInformation", header: once, body: `{"ExternalReferenceId":"job-77","TrackUrl":"https://courier.example/77","Status":"OnTheWay","IntegrationCode":"courier","IntegrationName":"Courier"}`,
			events: apptest.Events{"order.dispatched", "order.deliverytracking.status.updated"},
		}),
		own(show{op: "UpdateDeliveryInformation", header: once, body: `{"Status":"Delivered"}`, refused: 422}),
		own(show{op: "UpdateDeliveryInformation", body: `{"TrackUrl":"courier.example/77"}`, refused: 400}),
		own(show{op: "GetDeliveryInformation"}),
		own(show{op: "UpdateDeliveryInformation", body: `{"Status":"Delivered"}`, events: apptest.Events{"order.deliverytracking.status.updated"}}),
		own(show{op: "GetReceipt"}),
	)
	t.batches()
	t.show(
		own(show{op: "SubmitNewOrder", vars: "appNameId={appId}", body: sold, events: apptest.Events{"customer.created", "order.created"}, unknown: "-"}),
		own(show{op: "SubmitNewOrder", vars: "appNameId={appId}", body: strings.Replace(sold, `"Paid":true`, `"Paid":false`, 1), refused: 422}),
		own(show{op: "SubmitNewOrder", vars: "appNameId={appId}", body: strings.NewReplacer("M-1001", "M-1002", "19.8", "20").Replace(sold), refused: 400}),
		own(show{op: "SubmitNewOrder", vars: "appNameId={appId}", body: strings.NewReplacer("M-1001", "M-1002", "{storeId}", "424242").Replace(sold), refused: 404}),
	)
	t.show(
		own(show{op: "ReviewOrder", vars: "id={three}", body: `{"Action":"Release"}`, refused: 409}),
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}, save: map[string]string{"six": "Data.OrderId"}},
		own(show{op: "AcceptOrder", vars: "id={six}", body: `{}`, events: apptest.Events{"order.accepted"}}),
		own(show{op: "ReviewOrder", vars: "id={six}", header: once, body: `{"Action":"Hold","Note":"Three cards in a row."}`, events: apptest.Events{"order.fulfillment.status.updated"}}),
		own(show{op: "ReviewOrder", vars: "id={six}", header: once, body: `{"Action":"Release"}`, refused: 422}),
		own(show{op: "ReviewOrder", vars: "id={six}", body: `{"Action":"Wait"}`, refused: 400}),
		own(show{op: "ReviewOrder", vars: "id={six}", body: `{"Action":"Reject","RejectReason":"UnknownReason"}`, events: apptest.Events{"order.rejected", "order.refunded"}}),
		own(show{op: "GetStoreDeadlines"}),
		own(show{op: "SetStoreDeadlines", body: `{"RejectAfterMinutes":20,"CancelUntilAccepted":true}`, events: apptest.Events{"store.updated"}}),
		own(show{op: "SetStoreDeadlines", body: `{"WarnAfterMinutes":20}`, refused: 400}),
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}, save: map[string]string{"four": "Data.OrderId", "fourToken": "Data.TrackingToken"}},
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}, save: map[string]string{"five": "Data.OrderId", "fiveToken": "Data.TrackingToken"}},
		show{op: "CancelMyOrder", vars: "trackingToken={fourToken}", header: once, events: apptest.Events{"order.rejected"}},
		show{op: "CancelMyOrder", vars: "trackingToken={fiveToken}", header: once, refused: 422},
		own(show{op: "CancelOrder", vars: "id={five}", header: accepted, body: `{"DoNotNotifyCustomer":true}`, events: apptest.Events{"order.rejected"}}),
		own(show{op: "CancelOrder", vars: "id={five}", header: accepted, body: `{}`, refused: 422}),
		own(show{op: "SetStoreDeadlines", body: `{"RejectAfterMinutes":13,"CancelUntilAccepted":false}`, events: apptest.Events{"store.updated"}}),
	)
	t.show(
		own(show{op: "UpdateStore", body: `{"AutomaticallyAcceptOrders":true}`, events: apptest.Events{"store.updated"}}),
		show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created", "order.accepted"}},
		own(show{op: "UpdateMenuSectionItem", body: `{"IsAvailable":false}`, events: apptest.Events{"menu.section_item.updated"}}),
		show{op: "QuoteOrder", body: dinner, refused: 409},
		own(show{op: "SubmitNewOrder", vars: "appNameId={appId}", body: strings.Replace(sold, "M-1001", "M-1002", 1), refused: 409}),
		own(show{op: "UpdateMenuSectionItem", body: `{"IsAvailable":true}`, events: apptest.Events{"menu.section_item.updated"}}),
		own(show{
			op: "SubmitNewOrder", vars: "appNameId={appId}", body: strings.NewReplacer("M-1001", "M-1003", `"Contact":{`, `"Contact":{"Email":"bo@example.com",`).Replace(sold),
			events: apptest.Events{"customer.updated", "order.created", "order.accepted"},
		}),
	)
}

// batches lets a store send a delivery out with others.
func (t *tour) batches() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	delivery := strings.Replace(dinner, `"Pickup"`, `"Delivery","DeliveryLocation":{"Building":"1","Street":"Dame Street","Town":"Dublin","Coordinates":{"Latitude":53.34,"Longitude":-6.26}}`, 1)
	delivers := func(on bool) {
		(&apptest.Shop{DB: t.DB, Store: atoi(t.Kit, "storeId")}).EditStore(t.TB, func(w map[string]any) { w["DeliveryEnabled"] = on })
	}
	delivers(true)
	t.show(
		own(show{op: "AddDeliveryZone", body: `{"WellKnownText":"CIRCLE (-6.26 53.34 2500)"}`, events: apptest.Events{"store.delivery_zone.created"}}),
		own(show{op: "Post", body: `{"Enabled":true}`, events: apptest.Events{"store.updated"}}),
		show{op: "PlaceOrder", header: key(), body: delivery, events: apptest.Events{"order.created"}, save: map[string]string{"four": "Data.OrderId"}},
		own(show{op: "AcceptOrder", vars: "id={four}", body: `{}`, events: apptest.Events{"order.accepted"}}),
	)
	_, err := t.Orders.MeetDeadlines(t.Context())
	t.Must(err)
	t.show(
		own(show{op: "GetAllOrderBatches", save: map[string]string{"orderBatchId": "Data.0.Id"}}),
		own(show{op: "GetAllOrderBatches", query: "createdFrom=2026-02-01T00:00:00Z&createdTo=2026-01-01T00:00:00Z", refused: 400}),
		own(show{op: "GetOrderBatch"}),
		own(show{op: "Post", body: `{"Enabled":false}`, events: apptest.Events{"store.updated"}}),
	)
	delivers(false)
	t.Vars["orderId"] = t.Vars["four"]
	t.drivers()
}

// drivers makes somebody a driver, who delivers the order {four}.
func (t *tour) drivers() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	tracked := apptest.Events{"order.deliverytracking.status.updated"}
	once := key()
	dan := `{"Name":"Dan Driver","PhoneNumber":"087 765 4321","StoreIds":[{storeId}]}`
	t.show(
		own(show{op: "AddDriver", body: dan, save: map[string]string{"driverId": "Data.DriverId"}}),
		own(show{op: "AddDriver", body: strings.Replace(dan, "087 765 4321", "12", 1), refused: 400}),
		own(show{op: "GetDrivers"}),
		show{op: "Drivers_DriverRequestLoginCodeSms", body: `{"PhoneNumber":"+353 87 765 4321"}`},
		show{op: "Drivers_DriverRequestLoginCodeSms", body: `{"PhoneNumber":"87"}`, refused: 400},
		show{op: "Drivers_DriverLogin", body: `{"PhoneNumber":"+353 87 765 4321","Code":"000000"}`, refused: 401},
	)
	pin := regexp.MustCompile(`\d{6}`).FindString(t.MustMail("+353877654321").Text)
	t.show(show{op: "Drivers_DriverLogin", body: `{"PhoneNumber":"+353 87 765 4321","Code":"` + pin + `"}`, save: map[string]string{"driverToken": "Data.AccessToken"}})
	token := http.Header{"Authorization": {"Bearer " + t.Vars["driverToken"]}}
	drive := func(c show) show { c.header = with(token, c.header); return c }
	picture, header := imageForm(t.Kit, "Image", pixels(t.Kit))
	t.Vars["presence"], t.Vars["deliveryTrackingStatus"] = "Online", "Accepted"
	t.show(
		drive(show{op: "Drivers_GetDriverProfile"}), own(show{op: "Drivers_GetDriverProfile", refused: 403}), drive(show{op: "GetApps", refused: 403}),
		drive(show{op: "Drivers_UpdateDriverProfile", body: `{"Name":"Dan"}`}), drive(show{op: "Drivers_UpdateDriverProfile", body: `{"Name":" "}`, refused: 400}),
		drive(show{op: "Drivers_SetDriverProfileImage", header: header, body: picture}), drive(show{op: "Drivers_DeleteDriverProfileImage"}),
		drive(show{op: "Drivers_GetStoresForDriver"}),
		drive(show{op: "Drivers_SetDriverPresenceForStore", unknown: "storeId=424242"}),
		drive(show{op: "Drivers_AddDriverNotificationToken", body: `{"PushNotificationsToken":"device-1"}`}),
		drive(show{op: "Drivers_RemoveDriverNotificationToken", body: `{"PushNotificationsToken":"device-1"}`}),
		own(show{op: "AssignDriver", header: once, body: `{"DriverId":{driverId}}`, events: tracked}),
		own(show{op: "AssignDriver", header: once, body: `{"DriverId":null}`, refused: 422}),
		own(show{op: "AssignDriver", body: `{"DriverId":424242}`, refused: 400}),
		own(show{op: "AssignDriver", vars: "orderId={three}", body: `{"DriverId":{driverId}}`, refused: 409}),
		drive(show{op: "GetOrdersOfDriver"}),
		drive(show{op: "Drivers_UpdateDeliveryTrackingStatus", events: tracked, unknown: "orderId=424242"}),
		drive(show{op: "Drivers_UpdateDeliveryTrackingStatus", header: once, vars: "deliveryTrackingStatus=OnTheWay", events: apptest.Events{"order.dispatched", tracked[0]}}),
		drive(show{op: "Drivers_UpdateDeliveryTrackingStatus", header: once, vars: "deliveryTrackingStatus=ArrivedAtLocation", refused: 422}),
		drive(show{op: "Drivers_UpdateDeliveryTrackingStatus", vars: "deliveryTrackingStatus=Carrying", refused: 409}),
		drive(show{op: "Drivers_UpdateDeliveryTrackingStatus", vars: "deliveryTrackingStatus=Eaten", refused: 400}),
		own(show{op: "AddDriver", body: strings.Replace(dan, "{storeId}", "{second}", 1), events: tracked}),
		own(show{op: "AddDriver", body: dan}), own(show{op: "AssignDriver", body: `{"DriverId":{driverId}}`, events: tracked}),
		own(show{op: "RemoveDriver", events: tracked}),
	)
}

// cards pays by card: an order whose customer is asked by their bank, one that is declined, one that is never paid.
func (t *tour) cards() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	by := func(token string) string {
		return strings.NewReplacer(`{"Method":"Cash"}`, `{"Method":"Card","Token":"`+token+`"}`, "10.5", "9.5").Replace(dinner)
	}
	t.show(
		own(show{op: "GetPaymentSettings"}), own(show{op: "SetPaymentSettings", body: `{"Provider":"Simulator"}`}),
		own(show{op: "SetPaymentSettings", body: `{"Provider":"Stripe"}`, refused: 400}),
		own(show{op: "UpdateStore", body: `{"CardOrdersPickupEnabled":true}`, events: apptest.Events{"store.updated"}}),
		show{op: "PlaceOrder", header: key(), body: by("sim_challenge"), save: map[string]string{"carded": "Data.OrderId", "cardedToken": "Data.TrackingToken"}},
		show{op: "ContinuePayment", vars: "trackingToken={cardedToken}", body: `{"Answer":"approve"}`, events: apptest.Events{"order.created", "voucher.applied", "order.accepted"}},
		show{op: "ContinuePayment", body: `{}`, refused: 409}, // in cash
		show{op: "PlaceOrder", header: key(), body: by("sim_decline"), refused: 409},
		own(show{op: "GetOrderPaymentInformation", vars: "orderId={carded}"}),
	)
}

func (t *tour) hooks() {
	t.Callback = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") }
	own := func(c show) show { c.as = apptest.Owner; return c }
	once := key()
	created, updated := apptest.Events{"webhook_subscription.created"}, apptest.Events{"webhook_subscription.updated"}
	t.show(
		own(show{op: "GetWebhookEventNames"}),
		own(show{op: "CreateWebhookSubscription", header: once, body: `{"CallbackUrl":"https://till.example/comanda","EventNames":["order.created","order.accepted"],"VerifyToken":"a-word-of-yours"}`, events: created, save: map[string]string{"webhookSubscriptionId": "Data"}, unknown: "oauthAppId=9999999999999999999999"}),
		own(show{op: "CreateWebhookSubscription", header: once, body: `{"CallbackUrl":"https://till.example/other"}`, refused: 422}),
		own(show{op: "CreateWebhookSubscription", body: `{"CallbackUrl":"till","EventNames":["order.eaten"]}`, refused: 400}),
		own(show{op: "CreateWebhookSubscription", body: `{"CallbackUrl":"https://till.example/second"}`, events: created, save: map[string]string{"hook2": "Data"}}),
		own(show{op: "GetWebhookSubscriptions"}),
		own(show{op: "UpdateWebhookSubscription", body: `{"EventNames":["order.created","order.accepted","order.rejected"]}`, events: updated}),
		own(show{op: "GetWebhookEventNamesBySubscriptionId"}),
		own(show{op: "CreateWebhookSubscriptionEventNames", vars: "eventName=order.refunded", events: updated, unknown: "webhookSubscriptionId=424242"}),
		own(show{op: "CreateWebhookSubscriptionEventNames", vars: "eventName=order.refunded", refused: 409}),
		own(show{op: "CreateWebhookSubscriptionEventNames", vars: "eventName=order.eaten", refused: 400}),
		own(show{op: "DeleteWebhookSubscriptionEventName", vars: "eventName=order.refunded", events: updated, unknown: "eventName=order.dispatched"}),
		own(show{op: "GetWebhookEventSample", vars: "eventName=store_group.created", unknown: "webhookSubscriptionId=424242"}),
		own(show{op: "GetWebhookPublicKey", refused: 404}),
		own(show{op: "GetWebhookSettings"}),
		own(show{op: "UpdateWebhookSettings", body: `{"StoreIds":[{storeId}],"RatePerSecond":20,"Signatures":["v1","v1a"]}`, events: updated}),
		own(show{op: "UpdateWebhookSettings", body: `{"RatePerSecond":-1}`, refused: 400}),
		own(show{op: "GetWebhookPublicKey"}),
		own(show{op: "GetWebhookSecret"}),
		own(show{op: "RotateWebhookSecret", header: once, events: updated}),
		own(show{op: "RotateWebhookSecret", vars: "webhookSubscriptionId={hook2}", header: once, refused: 422}),
		own(show{op: "TestWebhook", vars: "eventName=order.created", unknown: "webhookSubscriptionId=424242"}),
		own(show{op: "CheckWebhookSignature", body: `{"Headers":{"webhook-id":"0198c0de-0000-7000-8000-000000000001","webhook-timestamp":"1793620800","webhook-signature":"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},"Body":"{}"}`}),
		own(show{op: "CheckWebhookSignature", body: `{}`, refused: 400}),
	)
	t.deliver()
	t.show(
		own(show{op: "GetWebhookLogs", query: "start=2026-11-01T00:00:00Z&end=2026-11-03T00:00:00Z"}),
		own(show{op: "GetWebhookAttempts", query: "kind=live", save: map[string]string{"attemptId": "Data.0.AttemptId"}}),
		own(show{op: "GetWebhookAttempt", unknown: "webhookSubscriptionId={hook2}"}),
		own(show{op: "GetWebhookPending"}), own(show{op: "GetWebhookHealth"}), own(show{op: "GetWebhookExpired"}),
		own(show{op: "CreateWebhookReplay", header: once, body: `{"FromPosition":1,"EventNames":["order.created"]}`, save: map[string]string{"replayId": "Data.ReplayId"}}),
		own(show{op: "CreateWebhookReplay", header: once, body: `{"FromPosition":2}`, refused: 422}),
		own(show{op: "CreateWebhookReplay", body: `{}`, refused: 400}),
		own(show{op: "GetWebhookReplays"}), own(show{op: "GetWebhookReplay"}), own(show{op: "CancelWebhookReplay"}),
		own(show{op: "PauseWebhook", events: updated}),
		own(show{op: "CreateWebhookReplay", body: `{"FromPosition":1}`, refused: 409}),
		own(show{op: "ResumeWebhook", events: updated}),
		own(show{op: "UpdateWebhookSubscription", body: `{"Enabled":false}`, events: updated}),
		own(show{op: "PauseWebhook", refused: 409}), own(show{op: "ResumeWebhook", refused: 409}),
		own(show{op: "UpdateWebhookSubscription", body: `{"Enabled":true}`, events: updated}),
	)
	t.busy()
	t.notRecently(show{op: "GetWebhookSecret"}, show{op: "RotateWebhookSecret"})
}

// busy sends tests until there have been too many.
func (t *tour) busy() {
	again := apptest.Call{As: apptest.Owner, Method: "POST", Path: hooks + "/{webhookSubscriptionId}/events/order.created/test"}
	for n := 0; n < 1000 && t.Send(again).Code == http.StatusOK; n++ {
	}
	own := func(c show) show { c.as = apptest.Owner; c.refused = 429; return c }
	t.show(
		own(show{op: "TestWebhook", vars: "eventName=order.created"}),
		own(show{op: "CreateWebhookSubscription", query: "verify=true", body: `{"CallbackUrl":"https://till.example/third"}`}),
		own(show{op: "UpdateWebhookSubscription", query: "verify=true", body: `{"CallbackUrl":"https://till.example/fourth"}`}),
	)
}

// deliver sends what there is to the subscription: one order that arrives and one that does not.
func (t *tour) deliver() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	stop := delivering(t.Kit)
	defer stop()
	count := func(path string) int64 {
		w := t.Send(apptest.Call{As: apptest.Owner, Method: "GET", Path: hooks + "/{webhookSubscriptionId}/" + path})
		return int64(strings.Count(w.Body.String(), `"EventId"`))
	}
	until := func(done func() bool) {
		for n := 0; !done(); n++ {
			if n > 500 {
				t.Fatal("nothing was delivered")
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	t.show(own(show{op: "UpdateStore", body: `{"AutomaticallyAcceptOrders":false}`, events: apptest.Events{"store.updated"}}))
	t.show(show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}})
	until(func() bool { return count("attempts?kind=live") == 1 })
	t.Callback = func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the till is closed", http.StatusServiceUnavailable)
	}
	t.show(show{op: "PlaceOrder", header: key(), body: dinner, events: apptest.Events{"order.created"}})
	until(func() bool { return count("attempts?kind=live") == 2 && count("pending") == 1 })
}

func (t *tour) log() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	lost := event.Cursor{Position: 1 << 40}.String()
	gone := "after=" + lost
	t.show(
		own(show{op: "GetEvents", query: "eventType=order.created&limit=1"}), own(show{op: "GetEvents", query: "eventType=order.eaten", refused: 400}),
		own(show{op: "GetOrderEventsByCustomer", query: "customerId=1001&eventType=order.tip.updated&limit=1"}),
		own(show{op: "GetOrderEvents", vars: "orderId={one}", query: "eventType=order.rating.updated&limit=1"}),
		own(show{op: "GetStoreEvents", query: "eventType=store.published&limit=1"}),
		own(show{op: "GetMenuEvents", query: "eventType=menu.created&limit=1"}),
		own(show{op: "GetCustomerEvents", vars: "customerId=1001", query: "eventType=order.dispatched&limit=1"}),
		own(show{op: "GetUserEvents", vars: "userId=1001", query: "eventType=store_group.created"}),
		own(show{op: "GetWhiteLabelEvents", vars: fmt.Sprintf("whitelabelId=%d", t.Brand.ID), query: "eventType=app.updated&limit=1"}),
		own(show{op: "GetEventLog", query: "name=store.published&limit=1"}),
		own(show{op: "GetEventLog", query: gone, refused: 410}),
		own(show{op: "GetEventLog", query: "name=order.eaten", refused: 400}),
		own(show{op: "PullEvents", body: `{"Consumer":"till","EventNames":["store.published"],"From":"oldest","Limit":1}`, save: map[string]string{"ack": "Events.0.AckId", "event": "Events.0.Event.FlipdishEventId"}}),
		own(show{op: "PullEvents", body: `{"Consumer":"till","EventNames":["order.rejected"]}`, refused: 409}),
		own(show{op: "PullEvents", body: `{"Consumer":"board","From":"` + lost + `"}`, refused: 410}),
		own(show{op: "PullEvents", body: `{"Consumer":"a till"}`, refused: 400}),
		own(show{op: "ExtendEvents", body: `{"Consumer":"till","AckIds":["{ack}"],"Extend":120}`, unknown: "-"}),
		own(show{op: "ExtendEvents", body: `{"Consumer":"oven","AckIds":["{ack}"],"Extend":120}`, refused: 404}),
		own(show{op: "ExtendEvents", body: `{"Consumer":"till","AckIds":["{ack}"]}`, refused: 400}),
		own(show{op: "GetEventConsumers"}),
		own(show{op: "AckEvents", body: `{"Consumer":"till","AckIds":["{ack}"]}`, unknown: "-"}),
		own(show{op: "AckEvents", body: `{"Consumer":"oven","AckIds":["{ack}"]}`, refused: 404}),
		show{op: "DeleteEventConsumer", as: "manager", vars: "name=till", query: "owner=account/1", refused: 403},
		own(show{op: "DeleteEventConsumer", vars: "name=till"}),
		own(show{op: "GetEventsById", vars: "eventId={event}"}),
		own(show{op: "StreamEvents", query: gone, refused: 410}),
	)
	t.stream()
	made := t.call(own(show{op: "SetAppConfig", body: `{"MainColor":"#27ae60"}`, events: apptest.Events{"app.updated"}}))
	t.Vars["requestId"] = made.Header().Get("X-Request-Id")
	written(t.Kit)
	t.show(own(show{op: "GetRequests", query: "method=POST&limit=1"}), own(show{op: "GetRequest"}))
}

// stream listens for a moment.
func (t *tour) stream() {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	path := t.Expand("/api/v1.0/{appId}/events/stream?after=oldest&name=store.published")
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "https://comanda.test"+path, nil)
	r.Header.Set("Authorization", "Bearer "+apptest.Owner)
	w := httptest.NewRecorder()
	t.API.ServeHTTP(w, r)
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "event: store.published") {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	first, _, _ := strings.Cut(w.Body.String(), "\n\n")
	w.Body = bytes.NewBufferString(first + "\n\n")
	t.keep(show{op: "StreamEvents"}, map[string]string{"appId": t.Brand.AppID, "after": "oldest", "name": "store.published"}, w)
}

func (t *tour) sandbox() {
	trial(t.Kit)
	own := func(c show) show { c.as = apptest.Owner; return c }
	once, again := http.Header{"Idempotency-Key": {"sample"}}, http.Header{"Idempotency-Key": {"sample-again"}} // of the key comes who orders
	t.Run(readAnew)
	t.show(
		own(show{op: "PlaceSampleOrders", header: once, body: `{"DeliveryType":"Pickup"}`, events: apptest.Events{"customer.created", "order.created"}, unknown: "-"}),
		own(show{op: "SetBusinessHours", vars: "storeId={second} deliveryType=Pickup", body: `{"DayOfWeek":"Monday","StartTime":"08:00:00","Period":"15:00:00"}`, events: apptest.Events{"store.opening_hours.updated"}}),
		own(show{op: "PublishStore", vars: "storeId={second}", events: apptest.Events{"store.published"}}),
		own(show{op: "PlaceSampleOrders", header: once, body: `{"StoreId":{second}}`, refused: 422}),
		own(show{op: "PlaceSampleOrders", body: `{"StoreId":424242}`, refused: 404}),
		own(show{op: "PlaceSampleOrders", body: `{"Count":21}`, refused: 400}),
		own(show{op: "UpdateStore", body: `{"AutomaticallyAcceptOrders":true}`, events: apptest.Events{"store.updated"}}),
		own(show{op: "CreateVoucher", body: `{"VoucherType":"LumpDiscount","LumpDiscountDetails":{"DiscountAmount":1},"IsAutomaticallyApplied":true,"Code":"HELLO"}`, events: apptest.Events{"voucher.created"}}),
		own(show{op: "PlaceSampleOrders", header: again, body: `{"StoreId":{storeId}}`, events: apptest.Events{"order.created", "voucher.applied", "order.accepted"}}),
		show{op: "PlaceOrder", header: key(), body: strings.Replace(dinner, "10.5", "9.5", 1), events: apptest.Events{"order.created", "voucher.applied", "order.accepted"}, save: map[string]string{"trackingToken": "Data.TrackingToken"}},
	)
	t.cards()
	t.show(
		own(show{op: "SetSandboxClock", body: `{"AdvanceSeconds":43200}`}), // midnight
		own(show{op: "SetSandboxClock", body: `{"Time":"2020-01-01T00:00:00Z"}`, refused: 409}),
		own(show{op: "SetSandboxClock", body: `{}`, refused: 400}),
		own(show{op: "PlaceSampleOrders", body: `{}`, refused: 409}),
	)
}

func (t *tour) ends() {
	own := func(c show) show { c.as = apptest.Owner; return c }
	t.show(
		own(show{op: "DeleteWebhookSubscription", events: apptest.Events{"webhook_subscription.deleted"}}),
		own(show{op: "DeleteOAuthApp", events: apptest.Events{"webhook_subscription.deleted"}}),
	)
}

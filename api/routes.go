package api

import (
	"net/http"

	"comanda/account"
)

// routes is every operation that is served: operation id, method, path, who may call it, the handler, what it does.
// Access says who gets past the door; whether this order or that store is within reach is the domain method's question.
func (s *server) routes() []group {
	return []group{
		{"Heartbeat", "Whether the server answers.", []row{
			on("Ping", get, "/api/v1.0/heartbeat", anyone, s.ping, "Answers Pong"),
			on("HeadPing", head, "/api/v1.0/heartbeat", anyone, s.ping, "Answers without a body"),
			on("Hostname", get, "/api/v1.0/heartbeat/Hostname", anyone, s.hostname, "Names the node that answers"),
			on("HeadHostname", head, "/api/v1.0/heartbeat/Hostname", anyone, s.hostname, "Answers without a body"),
		}},
		{"Apps", "Brands.", []row{
			on("GetApps", get, "/api/v1.0/apps", signedIn, s.getApps, "Lists the brands within reach"),
			on("CreateApp", post, "/api/v1.0/apps", signedIn, s.createApp, "Makes a brand and its creator the Owner"),
			on("GetSupportedCountries", get, "/api/v1.0/apps/supportedcountries", signedIn, s.getSupportedCountries, "Lists the countries that a brand can be in"),
			on("GetApp", get, "/api/v1.0/apps/{appId}", can(account.ReadApp), s.getApp, "Shows a brand, with what the caller may do there"),
			on("GetAppName", get, "/api/v1.0/apps/{appId}/name", can(account.ReadApp), s.getAppName, "Tells the name of a brand"),
			on("SetAppConfig", post, "/api/v1.0/apps/{appId}/config", can(account.EditApp), s.setAppConfig, "Changes the given settings of a brand"),
			on("SetAppLanguages", post, "/api/v1.0/apps/{appId}/config/languages", can(account.EditApp), s.setAppLanguages, "Replaces the languages of a brand"),
			on("UploadAppLogo", post, "/api/v1.0/apps/{appId}/logo", can(account.EditApp), s.uploadAppLogo, "Replaces the logo of a brand"),
		}},
		{"OAuthClients", "OAuth apps: the credentials of integrations.", []row{
			on("GetOAuthApps", get, "/api/v1.0/{appId}/oauthclients", can(account.Develop), s.getOAuthApps, "Lists the OAuth apps of a brand"),
			on("CreateOAuthApp", post, "/api/v1.0/{appId}/oauthclients", can(account.Develop), s.createOAuthApp, "Registers an OAuth app; Location names it"),
			on("OAuthClients_GetApplications", get, "/api/v1.0/{appId}/oauthclients/appnames", can(account.Develop), s.getOAuthAppNames, "Lists the names of a brand's OAuth apps"),
			on("GetOAuthClientByClientId", get, "/api/v1.0/{appId}/oauthclients/{oauthAppId}", can(account.Develop), s.getOAuthApp, "Shows an OAuth app"),
			on("UpdateOAuthApp", post, "/api/v1.0/{appId}/oauthclients/{oauthAppId}", can(account.Develop), s.updateOAuthApp, "Changes the given members of an OAuth app"),
			on("DeleteOAuthApp", del, "/api/v1.0/{appId}/oauthclients/{oauthAppId}", can(account.Develop), s.deleteOAuthApp, "Deletes an OAuth app; its tokens stop working"),
			on("GetOauthAccessToken", get, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/accesstoken", can(account.Develop), s.getOAuthAccessToken, "Makes an access token for an OAuth app"),
			on("GetOAuthClientSecret", get, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/secret", can(account.ReadApp), s.getOAuthSecret, "Reveals the secret: to an Owner, or to the app itself"),
			on("GetRedirectUris", get, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/redirecturis", can(account.Develop), s.getRedirectURIs, "Lists the redirect URIs of an OAuth app"),
			on("AddRedirectUri", post, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/redirecturis", can(account.Develop), s.addRedirectURI, "Adds a redirect URI; one that is there is answered as it is"),
			on("RemoveRedirectUri", del, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/redirecturis/{uriId}", can(account.Develop), s.removeRedirectURI, "Removes a redirect URI"),
		}},
		{"OAuthClientSettings", "What an OAuth app has beyond the contract: how it authenticates, its keys, where people land after signing out.", []row{
			on("GetOAuthClientSettings", get, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/settings", can(account.Develop), s.getClientSettings, "Reads the settings of an OAuth app"),
			on("UpdateOAuthClientSettings", put, "/api/v1.0/{appId}/oauthclients/{oauthAppId}/settings", can(account.Develop), s.updateClientSettings, "Changes the given settings of an OAuth app"),
		}},
		{"ConnectedApps", "What people allowed OAuth apps to do for them.", []row{
			on("GetMyConnectedApps", get, "/api/v1.0/accounts/connectedapps", signedIn, s.getMyConnectedApps, "Lists what the caller allowed OAuth apps"),
			on("GetConnectedApps", get, "/api/v1.0/{appId}/connectedapps", can(account.EditTeammates), s.getConnectedApps, "Lists what people allowed OAuth apps on a brand"),
			on("RevokeConnectedApp", del, "/api/v1.0/accounts/connectedapps/{grantId}", signedIn, s.revokeConnectedApp, "Takes back what was allowed; the app's tokens stop working"),
		}},
		{"AuthorizationTokens", "Access tokens that an OAuth app holds.", []row{
			on("GetAuthorizationTokens", get, "/api/v1.0/{appId}/authorizationtokens/{oauthAppId}", can(account.Develop), s.getAuthorizationTokens, "Lists the live access tokens of an OAuth app"),
			on("RevokeToken", del, "/api/v1.0/{appId}/authorizationtokens/{key}", can(account.Develop), s.revokeToken, "Ends an access token"),
		}},
		{"Webhooks", "Where events go.", []row{
			on("GetWebhookEventNames", get, "/api/v1.0/{appId}/webhooks/events", can(account.Develop), s.getWebhookEventNames, "Lists the event names that can be subscribed to"),
			on("GetWebhookSubscriptions", get, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions", can(account.Develop), s.getWebhookSubscriptions, "Lists an OAuth app's webhook subscriptions"),
			on("CreateWebhookSubscription", post, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions", can(account.Develop), s.createWebhookSubscription, "Subscribes a URL to events from now on and answers the subscription's id"),
			on("UpdateWebhookSubscription", put, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}", can(account.Develop), s.updateWebhookSubscription, "Changes a subscription; absent members stay"),
			on("DeleteWebhookSubscription", del, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}", can(account.Develop), s.deleteWebhookSubscription, "Ends a subscription at once"),
			on("GetWebhookEventNamesBySubscriptionId", get, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/events", can(account.Develop), s.getWebhookEventNamesBySubscriptionID, "Lists a subscription's event names"),
			on("CreateWebhookSubscriptionEventNames", post, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/events/{eventName}", can(account.Develop), s.createWebhookSubscriptionEventNames, "Adds an event name to a subscription"),
			on("DeleteWebhookSubscriptionEventName", del, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/events/{eventName}", can(account.Develop), s.deleteWebhookSubscriptionEventName, "Takes an event name from a subscription"),
			on("GetWebhookEventSample", get, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/events/{eventName}/test", can(account.Develop), s.getWebhookEventSample, "Shows what a delivery of an event looks like"),
			on("GetWebhookLogs", get, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/logs", can(account.Develop), s.getWebhookLogs, "Lists delivery attempts, newest first, for 28 days"),
		}},
		{"WebhookSecrets", "The keys that sign deliveries, by the Standard Webhooks specification.", []row{
			on("GetWebhookSecret", get, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/secret", can(account.Develop), s.getWebhookSecret, "Reveals a subscription's signing secret"),
			on("RotateWebhookSecret", post, "/api/v1.0/{appId}/webhooks/{oauthAppId}/subscriptions/{webhookSubscriptionId}/secret", can(account.Develop), s.rotateWebhookSecret, "Makes a new signing secret; the old one signs too for a day"),
		}},
		{"Teammates", "Who may do what for a brand, and who is invited to.", []row{
			on("GetTeammatesByAppId", get, "/api/v1.0/{appId}/teammates", can(account.EditTeammates), s.getTeammates, "Lists the teammates of a brand and the invitations"),
			on("CreateTeammate", post, "/api/v1.0/{appId}/teammates", can(account.EditTeammates), s.createTeammate, "Invites a person by mail; an open invitation of the address is replaced"),
			on("GetTeammateByAppIdAndTeammateId", get, "/api/v1.0/{appId}/teammates/{id}", can(account.EditTeammates), s.getTeammate, "Shows a teammate"),
			on("UpdateTeammate", post, "/api/v1.0/{appId}/teammates/{id}", can(account.EditTeammates), s.updateTeammate, "Changes the given members of what a teammate may do"),
			on("DeleteTeammate", del, "/api/v1.0/{appId}/teammates/{id}", can(account.EditTeammates), s.deleteTeammate, "Takes a teammate off the brand, or withdraws an invitation"),
			on("grantaccess", post, "/api/v1.0/{appId}/teammates/grantaccess", can(account.EditTeammates), s.grantAccess, "Changes the teammate of an address, or invites the person"),
			on("Teammates_PendingInvitations", get, "/api/v1.0/teammates/pending-invitations", signedIn, s.pendingInvitations, "Lists the invitations that wait for the caller"),
			on("Teammates_AcceptInvitations", post, "/api/v1.0/teammates/acceptInvitations", signedIn, s.acceptInvitations, "Accepts all invitations that wait for the caller"),
			on("Teammates_AcceptInvitation", get, "/api/v1.0/{appId}/teammates/accept/{otc}", diner, s.acceptInvitation, "Tells the holder of a code whom the invitation is for; accepts nothing"),
			on("RedeemInvitation", get, "/api/v1.0/{appId}/teammates/redeem/{otc}", signedIn, s.redeemInvitation, "Accepts an invitation for the caller"),
		}},
		{"AuditLog", "Who did what to the settings, the people and the credentials of a brand, and when. Nothing changes or deletes an entry.", []row{
			on("GetAuditLog", get, "/api/v1.0/{appId}/auditlog", can(account.EditTeammates), s.getAuditLog, "Lists what was done to a brand, newest first"),
			on("GetOwnAuditLog", get, "/api/v1.0/accounts/auditlog", signedIn, s.getOwnAuditLog, "Lists what the caller did to their own account, newest first"),
		}},
		{"StoreGroups", "Groups of stores that share a currency and settings.", []row{
			on("GetStoreGroup", get, "/api/v1.0/storegroups/{storeGroupId}", can(account.ReadStores), s.getStoreGroup, "Reads a store group"),
			on("GetStoreGroups", get, "/api/v1.0/{appNameId}/storegroups", can(account.ReadStores), s.getStoreGroups, "Lists the store groups of a brand"),
			on("GetStoreGroupsExtended", get, "/api/v1.0/{appNameId}/storegroups/extended", can(account.ReadStores), s.getStoreGroupsExtended, "Lists the store groups with their stores and places"),
			on("CreateStoreGroup", post, "/api/v1.0/{appNameId}/storegroups", can(account.EditStores), s.createStoreGroup, "Makes a store group"),
		}},
		{"Stores", "Restaurants: address, hours, publication.", []row{
			on("GetStores", get, "/api/v1.0/stores", can(account.ReadStores), s.getStores, "Lists the stores of all brands within reach"),
			on("GetStoresByAppId", get, "/api/v1.0/{appId}/stores", can(account.ReadStores), s.getStoresByAppID, "Lists the stores of a brand"),
			on("GetStoreHeadersByAppId", get, "/api/v1.0/{appId}/stores/header", can(account.ReadStores), s.getStoreHeaders, "Lists the stores of a brand by id and name"),
			on("GetStoreById", get, "/api/v1.0/stores/{storeId}", can(account.ReadStores), s.getStore, "Reads a store"),
			on("CreateStore", post, "/api/v1.0/stores", can(account.EditStores), s.createStore, "Makes a store in a store group"),
			on("UpdateStore", post, "/api/v1.0/stores/{storeId}", can(account.EditStores), s.updateStore, "Changes a store: name, contact, what it offers and takes"),
			on("UpdateStoreAddress", post, "/api/v1.0/stores/{storeId}/address", can(account.EditStores), s.updateStoreAddress, "Changes the address"),
			on("UpdateStoreAddressCoordinates", post, "/api/v1.0/stores/{storeId}/address/coordinates", can(account.EditStores), s.updateStoreCoordinates, "Changes the place on the map"),
			on("GetBusinessHours", get, "/api/v1.0/stores/{storeId}/availability/{deliveryType}", can(account.ReadStores), s.getBusinessHours, "Reads the weekly opening hours"),
			on("SetBusinessHours", post, "/api/v1.0/stores/{storeId}/availability/{deliveryType}", can(account.EditStores), s.setBusinessHours, "Sets the opening hours of one weekday"),
			on("GetBusinessHoursOverrideByStoreId", get, "/api/v1.0/stores/{storeId}/businesshoursoverrides", can(account.ReadStores), s.getBusinessHoursOverrides, "Lists the exceptions from the weekly hours"),
			on("PublishStore", post, "/api/v1.0/stores/{storeId}/publish", can(account.EditStores), s.publishStore, "Shows the store to diners"),
			on("UnpublishStore", post, "/api/v1.0/stores/{storeId}/unpublish", can(account.EditStores), s.unpublishStore, "Hides the store from diners"),
			on("AssignMenu", post, "/api/v1.0/stores/{storeId}/menu/{menuId}", can(account.EditStores), s.assignMenu, "Lets the store sell from a menu"),
			on("GetEndOfDayReport", get, "/api/v1.0/stores/{storeId}/endofdayreport", can(account.ReadOrders), s.getEndOfDayReport, "Sums up what a store sold on one day of its zone"),
			on("GetStoreLeadTimes", get, "/api/v1.0/stores/{storeId}/leadTimes", can(account.ReadStores), s.getStoreLeadTimes, "Reads how long orders take"),
			on("GetPreOrderConfig", get, "/api/v1.0/stores/{storeId}/preorderconfig/{deliveryType}", can(account.ReadStores), s.getPreOrderConfig, "Reads how pre-orders work"),
			on("GetPreOrderPreview", get, "/api/v1.0/stores/{storeId}/preorderconfig/{deliveryType}/preview", can(account.ReadStores), s.getPreOrderPreview, "Lists the times that pre-order settings would give"),
			on("GetStoreServiceCharge", get, "/api/v1.0/stores/{storeId}/servicecharge", can(account.ReadStores), s.getStoreServiceCharge, "Reads the service charge"),
		}},
		{"Menus", "Menus and what hangs on a whole menu.", []row{
			on("GetMenusByAppId", get, "/api/v1.0/{appId}/menus", can(account.ReadMenus), s.getMenusByAppID, "Lists the menus of a brand"),
			on("CreateNewMenuForApp", post, "/api/v1.0/{appId}/menus", can(account.EditMenus), s.createMenu, "Makes a whole menu and answers its id"),
			on("GetMenuById", get, "/api/v1.0/menus/{menuId}", can(account.ReadMenus), s.getMenu, "Reads a whole menu"),
			on("GetMenuName", get, "/api/v1.0/menus/{menuId}/name", can(account.ReadMenus), s.getMenuName, "Reads the name of a menu"),
			on("GetMenuStoreNames", get, "/api/v1.0/menus/{menuId}/stores", can(account.ReadMenus), s.getMenuStoreNames, "Names the stores that sell from a menu"),
			on("GetMenuTaxDetails", get, "/api/v1.0/menus/{menuId}/tax", can(account.ReadMenus), s.getMenuTaxDetails, "Reads the tax rates of a menu and what has which"),
			on("Menus_GetMenuBulkShowHide", get, "/api/v1.0/menus/{menuId}/bulkshowhide/list", can(account.ReadMenus), s.getMenuBulkShowHide, "Lists what is available, or what is not, by name"),
			on("GetAllMenuMetadataByMenuIdAndStoreId", get, "/api/v1.0/menus/{menuId}/metadata/store/{storeId}", can(account.ReadMenus), s.getAllMenuMetadata, "Reads all metadata of a menu for a store"),
			on("GetMenuItemMetadata", get, "/api/v1.0/menus/{menuId}/menuitem/{menuItemId}/metadata/store/{storeId}", can(account.ReadMenus), s.getMenuItemMetadata, "Reads the metadata of an item for a store"),
			on("SetMenuItemMetadata", put, "/api/v1.0/menus/{menuId}/menuitem/{menuItemId}/metadata/store/{storeId}", can(account.EditMenus), s.setMenuItemMetadata, "Writes one key of an item for a store"),
			on("GetMenuItemMetadataByKey", get, "/api/v1.0/menus/{menuId}/menuitem/{menuItemId}/metadata/{key}/store/{storeId}", can(account.ReadMenus), s.getMenuItemMetadataByKey, "Reads one key of an item for a store"),
			on("DeleteMenuItemMetadata", del, "/api/v1.0/menus/{menuId}/menuitem/{menuItemId}/metadata/{key}/store/{storeId}", can(account.EditMenus), s.deleteMenuItemMetadata, "Removes one key of an item for a store"),
			on("GetMenuItemOptionSetItemMetadata", get, "/api/v1.0/menus/{menuId}/optionsetitem/{optionSetItemId}/metadata/store/{storeId}", can(account.ReadMenus), s.getOptionMetadata, "Reads the first key of an option for a store"),
			on("SetMenuItemOptionSetItemMetadata", put, "/api/v1.0/menus/{menuId}/optionsetitem/{optionSetItemId}/metadata/store/{storeId}", can(account.EditMenus), s.setOptionMetadata, "Writes one key of an option for a store"),
		}},
		{"MenuSections", "The sections of a menu.", []row{
			on("GetMenuSections", get, "/api/v1.0/menus/{menuId}/sections", can(account.ReadMenus), s.getMenuSections, "Lists the sections of a menu"),
			on("GetMenuSectionById", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}", can(account.ReadMenus), s.getMenuSection, "Reads a section"),
		}},
		{"MenuSectionItems", "The dishes of a section.", []row{
			on("GetMenuItems", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems", can(account.ReadMenus), s.getMenuItems, "Lists the items of a section"),
			on("GetMenuItemById", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}", can(account.ReadMenus), s.getMenuItem, "Reads an item"),
			on("UpdateMenuSectionItem", post, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}", can(account.EditMenus), s.updateMenuItem, "Changes an item: availability, price and so on"),
		}},
		{"MenuOptionSets", "The choices of a dish.", []row{
			on("GetMenuItemOptionSets", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}/optionsets", can(account.ReadMenus), s.getOptionSets, "Lists the option sets of an item"),
			on("GetMenuItemOptionSetById", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}/optionsets/{optionSetId}", can(account.ReadMenus), s.getOptionSet, "Reads an option set"),
		}},
		{"MenuOptionSetItems", "The options of a choice.", []row{
			on("GetMenuItemOptionSetItems", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}/optionsets/{optionSetId}/optionsetitems", can(account.ReadMenus), s.getOptions, "Lists the options of a set"),
			on("GetMenuItemOptionSetItemById", get, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}/optionsets/{optionSetId}/optionsetitems/{menuItemOptionSetItemId}", can(account.ReadMenus), s.getOption, "Reads an option"),
			on("UpdateMenuItemOptionSetItem", post, "/api/v1.0/menus/{menuId}/sections/{menuSectionId}/sectionitems/{menuSectionItemId}/optionsets/{optionSetId}/optionsetitems/{menuItemOptionSetItemId}", can(account.EditMenus), s.updateOption, "Changes an option: availability, price and so on"),
		}},
		{"Orders", "Orders: read, accept, reject, refund, dispatch.", []row{
			on("GetOrders", get, "/api/v1.0/orders", can(account.ReadOrders), s.getOrders, "Lists orders, newest first"),
			on("GetOrderById", get, "/api/v1.0/orders/{id}", can(account.ReadOrders), s.getOrder, "Reads an order"),
			on("AcceptOrder", post, "/api/v1.0/orders/{id}/accept", can(account.EditOrders), s.acceptOrder, "Accepts a new order"),
			on("RejectOrder", post, "/api/v1.0/orders/{id}/reject", can(account.EditOrders), s.rejectOrder, "Rejects a new order"),
			on("DispatchOrder", post, "/api/v1.0/orders/{id}/dispatch", can(account.EditOrders), s.dispatchOrder, "Sends an accepted order out"),
			on("RefundOrder", post, "/api/v1.0/orders/{id}/refund", can(account.RefundOrders), s.refundOrder, "Refunds an accepted order, in whole or in part"),
			on("GetReadyToProcess", get, "/api/v1.0/{appId}/orders/ready_to_process", can(account.ReadOrders), s.readyToProcess, "Lists the orders that wait for an answer"),
		}},
		{"Storefront", "What a diner's page or app needs: no token, limited by address.", []row{
			on("GetStorefrontStores", get, "/api/v1.0/{appId}/storefront/stores", diner, s.getShops, "Lists the stores that take orders"),
			on("GetStorefrontStore", get, "/api/v1.0/{appId}/storefront/stores/{storeId}", diner, s.getShop, "Reads a store and its menu"),
			on("QuoteOrder", post, "/api/v1.0/{appId}/storefront/quotes", diner, s.quoteOrder, "Prices a basket"),
			on("PlaceOrder", post, "/api/v1.0/{appId}/storefront/orders", diner, s.placeOrder, "Places an order").answers(http.StatusCreated),
			on("TrackOrder", get, "/api/v1.0/{appId}/storefront/orders/{trackingToken}", diner, s.trackOrder, "Follows an order"),
			on("ChangeOrderTip", post, "/api/v1.0/{appId}/storefront/orders/{trackingToken}/tip", diner, s.changeTip, "Sets the tip of an order"),
			on("RateOrder", post, "/api/v1.0/{appId}/storefront/orders/{trackingToken}/rating", diner, s.rateOrder, "Rates an order"),
		}},
	}
}

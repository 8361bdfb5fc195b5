package api

import "comanda/account"

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
			// account
		}},
		{"OAuthClients", "OAuth apps: the credentials of integrations.", []row{
			// account
		}},
		{"AuthorizationTokens", "Tokens that a brand's people have granted.", []row{
			// account
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
		{"StoreGroups", "Groups of stores that share a currency and settings.", []row{
			// shop
		}},
		{"Stores", "Restaurants: address, hours, publication.", []row{
			// shop
		}},
		{"Menus", "Menus and what hangs on a whole menu.", []row{
			// shop
		}},
		{"MenuSections", "The sections of a menu.", []row{
			// shop
		}},
		{"MenuSectionItems", "The dishes of a section.", []row{
			// shop
		}},
		{"MenuOptionSets", "The choices of a dish.", []row{
			// shop
		}},
		{"MenuOptionSetItems", "The options of a choice.", []row{
			// shop
		}},
		{"Orders", "Orders: read, accept, reject, refund, dispatch.", []row{
			// order
		}},
		{"Storefront", "What a diner's page or app needs: no token, limited by address.", []row{
			// order
		}},
	}
}

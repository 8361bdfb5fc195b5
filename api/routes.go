package api

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
			// webhook
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

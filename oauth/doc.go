// Package oauth is the authorization server: OAuth apps with their secrets and redirect URIs, access tokens, and the
// endpoints below /identity. It tells the API's door who a bearer token stands for.
//
// It owns the tables oauth_apps, oauth_secrets, oauth_redirect_uris and oauth_tokens. Package api calls
// [Server.Authenticate] for each request and the management methods for the contract's operations; package webhook asks
// [Server.CheckApp].
//
//	POST /identity/connect/token                          client_credentials, by HTTP Basic or in the body
//	GET  /identity/.well-known/openid-configuration       what is served, and nothing else
//
// What a token may do is decided when it is used, not when it is issued: the OAuth app's own bounds, cut to what the app's
// owner may do at that moment, cut to what the person had who asked for it.
//
//	client credentials   app's levels ∩ owner's level now
//	portal-made          app's levels ∩ owner's level now ∩ asker's level now ∩ asker's levels then
package oauth

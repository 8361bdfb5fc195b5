// Package oauth is the authorization server: OAuth apps with their secrets and redirect URIs, what people allowed them, the
// tokens and ID tokens that came of it, and the endpoints below /identity that clients call. It tells the API's door who
// an access token stands for. The pages that people see on the way are package identity's.
//
// It owns the tables oauth_apps, oauth_secrets, oauth_redirect_uris, oauth_grants, oauth_authorizations, oauth_codes,
// oauth_tokens, oauth_pushed, oauth_devices, oauth_replays and oauth_keys, and the events appstore.configuration.created
// and .deleted. Package api calls [Server.Authenticate] for each request and the management methods for the contract's
// operations; package identity calls [Server.Authorize], [Server.Decide], [Server.DeviceRequest] and [Server.EndSession];
// package webhook asks [Server.CheckApp].
//
//	/identity/.well-known/openid-configuration     metadata: what is served, and nothing else; also at
//	/.well-known/oauth-authorization-server/identity
//	/identity/.well-known/jwks                     keys.go         the keys that ID tokens are signed with
//	/identity/connect/authorize  (page)            request.go, authorize.go    code, hybrid, implicit; by query, fragment, form_post
//	/identity/connect/par                          par.go          requests pushed ahead (RFC 9126)
//	/identity/connect/token                        endpoint.go     code, refresh token, client credentials, device code
//	/identity/connect/deviceauthorization          device.go       devices without a browser (RFC 8628)
//	/identity/connect/userinfo                     userinfo.go
//	/identity/connect/introspect, /revocation      introspect.go   (RFC 7662, RFC 7009)
//	/identity/connect/endsession (page)            endsession.go   sign-out that an app asks for
//
// A person's consent is a grant, one per app, person and brand. Each time the app is let in under it, an authorization is
// stored, and each code and token that comes of it names it: ending one row ends them all.
//
//	person ─ consents → grant ─ each sign-in → authorization ─→ code ─ once → access token
//	                                                  └──────────────────────→ refresh token ─ once → …
//
// What a token may do is decided when it is used, not when it is issued:
//
//	client credentials   app's levels ∩ owner's level now ∩ scopes
//	portal-made          app's levels ∩ owner's level now ∩ asker's level now ∩ asker's levels then
//	delegated            person's level now ∩ stores of the grant ∩ scopes
package oauth

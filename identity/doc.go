// Package identity is the door that people sign in at: the pages below /identity, and the HTTP side of the authorization
// and end-session endpoints, which talk to people. Every other path below /identity is package oauth's.
//
// It owns no table. What it shows and does is of packages account and oauth; here are the
// pages, the session cookie, and who is sent where.
//
//	GET       /identity                    → the account
//	GET  POST /identity/login              password; the other ways in start here
//	POST      /identity/login/pin/send     mail a code          POST /identity/login/pin       enter it
//	POST      /identity/login/second       code of an authenticator app, or a recovery code
//	POST      /identity/login/passkey…     by script: what to sign, and the signature
//	GET  POST /identity/signup  reset      and  POST /identity/verify, the code that both mail; /identity/reset/link
//	GET  POST /identity/invite             and  POST /identity/invite/join, for who has no account yet
//	GET  POST /identity/connect/authorize  (cross-site by protocol) → sign-in, consent, or the answer to the app
//	POST      /identity/consent            approve or deny
//	GET  POST /identity/device             code of a device     POST /identity/device/decide
//	GET  POST /identity/connect/endsession (cross-site by protocol) → /identity/logout
//	GET  POST /identity/logout             asks, signs out, says so
//	GET       /identity/account            profile, password, two-step sign-in, passkeys, sessions, connected apps;
//	POST      /identity/account/…          changes of these
//	GET       /identity/assets/…           styles and scripts
//
// A page reads with GET, changes with POST and then redirects (303) to a page that says what was done, so that a reload
// repeats nothing; a refused form comes back at once with what was sent. Where to go after a sign-in travels as "return",
// a path on this server. No personal datum and no secret stands in an address. Everything but passkeys works without
// script.
package identity

// Package portal is the door for people who run a brand or build for it: the pages below /portal. It owns no table. Whatever
// a page does is a call of the business or of a promise to other systems, which the API makes too.
//
//	GET       /portal                          → the developer tools of the first brand, or a new brand's form
//	GET  POST /portal/new                      make a brand
//	GET       /portal/{appId}                  → the first page there that the person may see
//	GET       /portal/assets/…                 scripts
//
// routes.go is the table of the rest: method, path, the right that a person must have on the brand, the page. A page reads
// with GET, changes with POST and then redirects (303) to a page that says what was done; a refused form comes back with
// what was sent. No secret and no personal datum stands in an address.
package portal

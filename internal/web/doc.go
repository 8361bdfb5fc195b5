// Package web holds what every door to the network needs: who is on the other end and over which scheme ([Origin]), and
// for the doors with pages the whole way from a template to an answer.
//
//	[Pages]      a door's templates over the layout and parts here; its static files under addresses that carry their hash
//	[Page]       one answer: rendered completely before the first byte leaves, under a strict content policy
//	[Form]       what a form shows again: the values that were sent, and beside each what is wrong with it
//	[Protect]    refuses unsafe requests that another site's page sends
//	[LocalPath]  tells a path on this server from an address elsewhere
//	[SetSession] and its siblings: the cookie of a signed-in browser
//
// The look (assets/, templates/) is one for all doors: paper, ink, one red button a view. Pages have no inline style, load
// nothing from another host, and work without script unless they say so.
package web

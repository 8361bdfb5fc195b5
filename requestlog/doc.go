// Package requestlog is the log of API requests, for developers who look for what their app sent and what came of it. It is a
// help for people: it never holds up a request, and what it cannot take or write is dropped and counted.
//
// It knows a request by its line (method, path, status, who, how long), never by its bodies, headers or query. Variables of a
// path that are no ids, such as tracking tokens, stand in it by their names. Of callers without an account neither address nor
// program is kept, and what they sent takes a small part of a brand's share, so that no stranger can push out what the brand's own
// programs asked.
//
// It owns the table request_blocks.
package requestlog

// Package webhook sends the events of a brand's log to the URLs that its integrations subscribed: each at least once, in
// sequence per subject (one order), for up to 24 hours, signed.
//
// It owns the tables webhook_subscriptions, webhook_event_names, webhook_revision, webhook_pending, webhook_expired,
// webhook_health, webhook_attempt_blocks and webhook_replays, the followers named webhook/<subscription id>, the leases named
// webhook/<shard> and webhook-replay, the events webhook_subscription.created, .updated and .deleted, and of our own .failing,
// .recovered, .expired and .disabled. The API calls the use cases of [Webhooks]; app calls [Webhooks.Run].
//
// # The log is the queue
//
// No row is written for an event that is delivered well. A subscription has a cursor in the log; its stream reads on
// within a window, and settlement moves the cursor over what is done:
//
//	log ─ tail of the brand ─→ pump ─→ stream (window, lines, rows) ─→ attempt ─→ endpoint
//	                                     ↑          │ settle: cursor + rows,      │
//	                                     └──────────┴─ one guarded transaction ←──┘ outcome
//
//	dispatcher  one per node that holds the lease: starts and stops pumps, stops in an orderly way
//	pump        moves one subscription: feeds its stream, runs its attempts
//	stream      the rules, without clock, database or network: what may be sent now, and what its outcome means
//	settler     stores the progress of many streams at once; while it fails nothing new is sent
//	endpoint    builds, signs and makes one request; the attempt log hears of it, apart from settlement
//
// What fails becomes a row (webhook_pending) and is tried again by the schedule; later events of its subject are held
// behind it. An endpoint that is down is probed by one attempt at a time, and its cursor stops. A change of a
// subscription cuts at the position of the event that reports it.
//
// What the owner is to be told (an outage, its end, events given up) and the figures of [Health] are the stream's to know
// as well; they are stored, appended and mailed by the settlement that stores their cause. While all goes well that is one
// more row every few seconds.
//
// A replay reads a part of the log for itself and sends it beside all this, in batches that it settles one by one; it shares
// only the endpoint and the attempt log.
//
// After a crash what was sent but not settled is sent again: at most the window and the rows in flight of each
// subscription. The new owner goes on from the stored cursor; an old owner cannot store anything any more.
package webhook

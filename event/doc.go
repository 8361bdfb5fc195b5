// Package event is the log: per brand, an append-only sequence of events with a gap-free Position in commit order.
// Commands change aggregates and append events in one transaction; everything else follows the log. It knows names and
// bytes, not orders.
//
// It owns the tables log_heads, log_events, log_nodes, log_leases, log_members and log_followers. Business packages call
// [Log.Append]; webhook delivery, the API's readers and streams call the rest.
//
// # Writing
//
//	Encode (outside the transaction) → Log.Append(tx) only buffers → db.Write flushes last: heads, events, COMMIT
//
// A head row is locked from the flush to the end of the COMMIT, so positions are taken in commit order and a reader that
// saw n has seen everything before n. A rolled-back transaction takes no position.
//
// # Reading
//
//	Read, ByID, Head, Resolve                 in a transaction of the caller
//	Log.Read, Log.Next                        forward from any position through this node's tail of the brand
//	Log.Wake(brand), Log.Watch()              hints that one brand, or any brand, moved
//
// What a reader outside may see of a log is a [Sight]; account.OpenLog decides it.
//
// The tail is one per brand and node: the first reader that misses something asks the database, the others find it in a
// small ring in memory. Hints come from local commits at once, from other nodes by NOTIFY, and every 250 ms from one
// query of the heads (see [Log.Run]); no answer depends on them, only when it comes. Take the Wake channel before
// reading, so that nothing committed in between is missed.
//
// Events do not change, but that [Log.Redact] takes a person out of them who is erased.
//
// Events are deleted when they are old, in the order of their positions; see [Log.Retain].
//
// # Owning
//
// Work that one node at a time may do runs under a named [Lease] ("webhook"; or several names where nodes share the
// load: the unit of ownership is the name). A node keeps one heartbeat row while it holds leases; another node takes
// over when it has seen the same beat for the lease time on its own clock. The epoch of a lease rises with each owner.
//
//	lease, err := log.Acquire(ctx, "webhook")  // waits for its turn
//	defer lease.Release()
//	if lease.Valid() { send }                  // before each effect outside the database
//	db.Write(… lease.Guard(tx) …)              // in each transaction that settles; ErrFenced rolls it back
//
// Guard locks the lease's row in the settling transaction, and a take-over updates that row: one of the two comes first,
// so a fenced node never settles. What it may still do is end a send that it began while the lease was valid.
//
// [Log.Share] splits one piece of work into shards, a lease each, and lets every node own its fair share of them.
//
// On SQLite the process lock on the data folder is the lease: the first Acquire of a process evicts the dead one before
// it, and no beats are written.
//
// # Followers
//
// A follower is a durable cursor: (name, brand) → all events up to here are settled. Readers keep as many as they like
// under one lease ("webhook/1234" for subscription 1234), create them in the transaction that creates the reader
// ([Log.PlaceAtHead], [Place]) and move them with [Lease.Save], which guards. Placing a cursor anew, or dropping it, makes every
// Save of the older one answer false, so an API call on any node and the owner never overwrite each other. An owner
// learns of new followers by the log itself: the event that reports the creation stands in the brand's log, and
// [Log.Watch] names every brand that moved, followed or not.
//
// [Log.Follow] is all of this for a reader that wants every brand's log and only stores something because of it: its cursors are
// moved in the transaction that stores, so that each event takes effect once.
package event

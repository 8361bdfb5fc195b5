// Package sink copies every brand's log to destinations of the operator's choice, such as a NATS stream or a Kafka topic:
// each event at least once, in the sequence of its brand, with an id by which a repetition is known.
//
// It owns the tables sinks and sink_lost, and for a sink named nats the lease sink/nats and the followers sink/nats, one a
// brand. app makes a [Sinks] of the addresses in --sink and calls [Sinks.Run]; sink/jetstream and sink/kafka are the
// destinations.
//
//	log.Watch ─→ worker (one per sink, on the node that holds its lease)
//	               └─→ lane = brand mod 4: read a batch of a brand ─→ Destination.Send ─→ settle: cursors, lost ranges
//
// A batch is sent only when the one before it is settled or was not taken, so the log's sequence is the destination's. A
// brand whose batch is not taken waits longer and longer and then sends the same one again; the others go on. What a
// destination will never take (a message that is too large) and what the log deleted before it was sent is stored as a
// lost range, told in the process's log and counted.
package sink

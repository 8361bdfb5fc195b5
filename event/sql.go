package event

const (
	sqlAdvanceHead = `insert into log_heads (brand_id, position) values ($1, $2)
		on conflict (brand_id) do update set position = log_heads.position + excluded.position`

	// $2 is how far below the new head the event stands.
	sqlInsertEvent = `insert into log_events
		(brand_id, position, event_id, name, subject, store_id, shown_at, created_at, redacted, body, refs, request_id)
		select brand_id, position - cast($2 as integer), $3, $4, $5, cast($6 as integer), cast($7 as bigint),
			cast($8 as bigint), false, $9, $10, $11
		from log_heads where brand_id = $1`

	sqlHead   = `select position from log_heads where brand_id = $1`
	sqlHeads  = `select brand_id, position from log_heads`
	sqlOldest = `select position, event_id from log_events where brand_id = $1 order by position limit 1`

	sqlRead = `select brand_id, position, event_id, name, subject, store_id, shown_at, created_at, redacted, body, request_id
		from log_events where brand_id = $1 and position > $2 order by position limit $3`

	// Query.where puts its conditions behind the first and in place of the comment of the second. The positions come from
	// the index for searches alone; bodies are read for the page only. A cross join, because SQLite keeps to its order.
	// With "+ 0" the index does not serve the order: for searches that another index answers, or SQLite walks the whole
	// log in this one to spare itself a sort of three rows.
	sqlCountFound = `select count(*) from log_events where brand_id = $1`
	sqlFound      = `select e.brand_id, e.position, event_id, name, subject, store_id, e.shown_at, created_at, redacted, body, request_id
		from (select position from log_events where brand_id = $1 /* and */
			order by shown_at /* + 0 */ desc, position desc limit $2 offset $3) found
		cross join log_events e where e.brand_id = $1 and e.position = found.position
		order by e.shown_at desc, e.position desc`

	sqlByID = `select brand_id, position, event_id, name, subject, store_id, shown_at, created_at, redacted, body, request_id
		from log_events where event_id = $1 and brand_id = $2`

	sqlOfSubject = `select brand_id, position, event_id, name, subject, store_id, shown_at, created_at, redacted, body, request_id
		from log_events where brand_id = $1 and subject = $2 order by position`
	sqlRedact = `update log_events set body = $3, redacted = true where brand_id = $1 and position = $2`

	sqlAges         = `select position, created_at from log_events where brand_id = $1 order by position limit $2`
	sqlDeleteEvents = `delete from log_events where brand_id = $1 and position <= $2`

	// The newest event of each brand stands at its head, and is the newest but for a moment.
	sqlNewest = `select coalesce(max(created_at), 0) from log_heads h join log_events e on e.brand_id = h.brand_id and e.position = h.position`

	sqlIDAt      = `select event_id from log_events where brand_id = $1 and position = $2`
	sqlCreatedAt = `select created_at from log_events where brand_id = $1 and position = $2`
)

// Nodes and leases.
const (
	sqlInsertNode = `insert into log_nodes (node_id, beat) values ($1, 1)`
	sqlBeat       = `update log_nodes set beat = beat + 1 where node_id = $1`
	sqlNodes      = `select node_id, beat from log_nodes where node_id <> $1`
	sqlEvictNode  = `delete from log_nodes where node_id = $1 and beat = $2`
	sqlEvictAll   = `delete from log_nodes`
	sqlRemoveNode = `delete from log_nodes where node_id = $1`

	sqlJoin         = `insert into log_members (name, node_id) values ($1, $2) on conflict (name, node_id) do nothing`
	sqlLeave        = `delete from log_members where name = $1 and node_id = $2`
	sqlLeaveAll     = `delete from log_members where node_id = $1`
	sqlEvictMembers = `delete from log_members`
	sqlCountMembers = `select count(*) from log_members where name = $1`
	// $2 is the length of the prefix $1.
	sqlOwners = `select name, owner from log_leases where substr(name, 1, $2) = $1`

	sqlFreeAllLeases = `update log_leases set owner = '', epoch = epoch + 1 where owner <> ''`
	sqlFreeLeasesOf  = `update log_leases set owner = '', epoch = epoch + 1 where owner = $1`
	sqlLeaseOwner    = `select owner from log_leases where name = $1`
	sqlCreateLease   = `insert into log_leases (name, owner, epoch) values ($1, '', 0) on conflict (name) do nothing`
	sqlClaimLease    = `update log_leases set owner = $2, epoch = epoch + 1
		where name = $1 and (owner = '' or owner = $2) returning epoch`
	sqlReleaseLease = `update log_leases set owner = '', epoch = epoch + 1 where name = $1 and owner = $2 and epoch = $3`
	// Changes nothing but takes the row's lock, which a take-over needs too.
	sqlGuardLease = `update log_leases set epoch = epoch where name = $1 and owner = $2 and epoch = $3`
)

// Followers.
const (
	sqlPlace = `insert into log_followers (name, brand_id, cursor_position, epoch) values ($1, $2, $3, 1)
		on conflict (name, brand_id) do update
		set cursor_position = excluded.cursor_position, epoch = log_followers.epoch + 1`
	sqlPlaceNew = `insert into log_followers (name, brand_id, cursor_position, epoch) values ($1, $2, $3, 1)
		on conflict (name, brand_id) do nothing`
	// A brand without events has no head row yet: its head is 0.
	sqlPlaceAtHead = `insert into log_followers (name, brand_id, cursor_position, epoch)
		select cast($1 as text), cast($2 as integer),
			coalesce((select position from log_heads where brand_id = cast($2 as integer)), 0), 1
		where true
		on conflict (name, brand_id) do update
		set cursor_position = excluded.cursor_position, epoch = log_followers.epoch + 1`
	sqlDrop = `delete from log_followers where name = $1 and brand_id = $2`
	sqlSave = `update log_followers set cursor_position = $4 where name = $1 and brand_id = $2 and epoch = $3`

	sqlFollower = `select name, brand_id, cursor_position, epoch from log_followers where name = $1 and brand_id = $2`
	// $2 is the length of the prefix $1, brand 0 is every brand.
	sqlFollowers = `select name, brand_id, cursor_position, epoch from log_followers
		where substr(name, 1, $2) = $1 and (cast($3 as integer) = 0 or brand_id = $3) order by brand_id, name`
)

// Consumers.
const (
	sqlConsumer = `select id, filter, secret, cursor_position, lost, created_at, used_at from event_consumers
		where brand_id = $1 and owner = $2 and name = $3`
	// Takes the row's lock, too.
	sqlLockConsumer = `update event_consumers set used_at = $4 where brand_id = $1 and owner = $2 and name = $3
		returning id, filter, secret, cursor_position, lost, created_at, used_at`
	// Changes nothing but takes the lock of the brand's head: one row, so that two who wait for it never wait in a circle.
	sqlHoldHead       = `update log_heads set position = position where brand_id = $1`
	sqlCountConsumers = `select count(*) from event_consumers where brand_id = $1`
	sqlInsertConsumer = `insert into event_consumers
		(id, brand_id, owner, name, filter, secret, cursor_position, lost, created_at, used_at)
		values ($1, $2, $3, $4, $5, $6, $7, 0, $8, $8) on conflict (brand_id, owner, name) do nothing`
	sqlMoveConsumer   = `update event_consumers set cursor_position = $2, lost = $3 where id = $1`
	sqlDeleteConsumer = `delete from event_consumers where id = $1`
	sqlIdleConsumers  = `select id from event_consumers where used_at < $1 limit $2`
	// Changes nothing but takes the lock of a consumer that is still idle.
	sqlHoldIdle = `update event_consumers set lost = lost where id = $1 and used_at < $2`

	// Owner '' is every owner, $3 is now.
	sqlConsumers = `select owner, name, filter, cursor_position, lost, created_at, used_at,
			(select count(*) from event_consumer_messages m where m.consumer_id = c.id and m.due_at > $3),
			(select count(*) from event_consumer_messages m where m.consumer_id = c.id and m.due_at <= $3)
		from event_consumers c where brand_id = $1 and (cast($2 as text) = '' or owner = $2) order by owner, name`

	sqlMessages = `select position, subject, attempt, due_at from event_consumer_messages
		where consumer_id = $1 order by position`
	sqlInsertMessage = `insert into event_consumer_messages (consumer_id, position, subject, attempt, due_at)
		values ($1, $2, $3, $4, $5)`
	sqlLeaseMessage = `update event_consumer_messages set attempt = $3, due_at = $4
		where consumer_id = $1 and position = $2`
	sqlDeleteMessage  = `delete from event_consumer_messages where consumer_id = $1 and position = $2 and attempt = $3`
	sqlDeleteMessages = `delete from event_consumer_messages where consumer_id = $1`
)

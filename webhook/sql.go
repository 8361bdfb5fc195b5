package webhook

// Subscriptions.
const (
	sqlEnabledURLs = `select distinct callback_url from webhook_subscriptions where enabled`

	sqlInsertSubscription = `insert into webhook_subscriptions
		(id, brand_id, oauth_app_id, owner_id, version, callback_url, enabled, verify_token, secret, old_secret,
			old_secret_until, created_at, revision)
		select cast($1 as integer), cast($2 as integer), $3, cast($4 as integer), $5, $6, cast($7 as boolean), $8, $9, $10,
			0, cast($11 as bigint), 1
		where (select count(*) from webhook_subscriptions where brand_id = $2 and oauth_app_id = $3) < cast($12 as integer)`

	sqlSelect = `select id, brand_id, oauth_app_id, owner_id, version, callback_url, enabled, verify_token, secret,
			old_secret, old_secret_until, revision, settings, paused_at, signing_seed, old_signing_seed
		from webhook_subscriptions`
	sqlSubscription         = sqlSelect + ` where id = $1`
	sqlSubscriptionsOf      = sqlSelect + ` where brand_id = $1 and oauth_app_id = $2 order by id limit $3 offset $4`
	sqlSubscriptionsOfBrand = sqlSelect + ` where brand_id = $1 order by id limit $2 offset $3`
	sqlCountOfBrand         = `select count(*) from webhook_subscriptions where brand_id = $1`
	sqlCountSubscriptions   = `select count(*) from webhook_subscriptions where brand_id = $1 and oauth_app_id = $2`
	sqlEnabled              = `select id, revision, brand_id, oauth_app_id from webhook_subscriptions where enabled = true order by id`

	// $2 is the revision that the change was made from: no row means that somebody was faster.
	sqlUpdateSubscription = `update webhook_subscriptions
		set version = $3, callback_url = $4, enabled = $5, verify_token = $6, revision = revision + 1
		where id = $1 and revision = $2`
	sqlTouchSubscription = `update webhook_subscriptions set revision = revision + 1 where id = $1 and revision = $2`
	sqlRotateSecret      = `update webhook_subscriptions
		set secret = $3, old_secret = $4, old_secret_until = $5, revision = revision + 1
		where id = $1 and revision = $2`
	// A seed becomes the old one as the secret does; where there is none, there is no old one.
	sqlRotateSeed         = `update webhook_subscriptions set old_signing_seed = signing_seed, signing_seed = $2 where id = $1`
	sqlPutSeed            = `update webhook_subscriptions set signing_seed = $2 where id = $1`
	sqlUpdateSettings     = `update webhook_subscriptions set settings = $3, revision = revision + 1 where id = $1 and revision = $2`
	sqlLockSubscription   = `update webhook_subscriptions set revision = revision where id = $1`
	sqlDeleteSubscription = `delete from webhook_subscriptions where id = $1 and revision = $2`

	sqlCountByApp   = `select oauth_app_id, count(*) from webhook_subscriptions where brand_id = $1 group by oauth_app_id`
	sqlRevision     = `select revision from webhook_revision where id = 1`
	sqlNextRevision = `update webhook_revision set revision = revision + 1 where id = 1`
)

// Event names. A name counts from the position of the event that reports its adding; until that position is known, at the
// end of the transaction, it stands as unplaced.
const (
	sqlAddName = `insert into webhook_event_names (subscription_id, name, brand_id, from_position)
		values ($1, $2, $3, -1) on conflict (subscription_id, name) do nothing`
	sqlPlaceNames = `update webhook_event_names
		set from_position = (select position from log_heads where log_heads.brand_id = webhook_event_names.brand_id)
		where subscription_id = $1 and from_position = -1`
	sqlRemoveName  = `delete from webhook_event_names where subscription_id = $1 and name = $2`
	sqlRemoveNames = `delete from webhook_event_names where subscription_id = $1`
	sqlNames       = `select name, from_position from webhook_event_names where subscription_id = $1 order by name`
)

// Delivery.
const (
	sqlPending = `select p.position, p.subject, p.state, p.attempts, p.due_at, p.first_failed_at, e.name, e.store_id, e.created_at
		from webhook_pending p join log_events e on e.brand_id = p.brand_id and e.position = p.position
		where p.subscription_id = $1 order by p.position`
	sqlPutPending = `insert into webhook_pending
		(subscription_id, position, brand_id, subject, state, attempts, due_at, first_failed_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (subscription_id, position) do update set state = excluded.state, attempts = excluded.attempts,
			due_at = excluded.due_at, first_failed_at = excluded.first_failed_at`
	sqlDropPending    = `delete from webhook_pending where subscription_id = $1 and position = $2`
	sqlDropAllPending = `delete from webhook_pending where subscription_id = $1`
	// A range that was stored although the answer to its COMMIT was lost comes again, and may have grown meanwhile.
	sqlPutExpired = `insert into webhook_expired (subscription_id, from_position, to_position, brand_id, expired_at)
		values ($1, $2, $3, $4, $5) on conflict (subscription_id, from_position) do update
		set to_position = excluded.to_position where webhook_expired.to_position < excluded.to_position`
	sqlDropExpired = `delete from webhook_expired where subscription_id = $1`
)

// Health.
const (
	sqlHealth = `select state, since, last_attempt_at, last_status, last_error, last_success_at, failing_since, told_failing,
			mailed_failing, untold_from, untold_to, told_expired
		from webhook_health where subscription_id = $1`
	sqlPutHealth = `insert into webhook_health
		(subscription_id, brand_id, state, since, last_attempt_at, last_status, last_error, last_success_at, failing_since,
			told_failing, mailed_failing, untold_from, untold_to, told_expired)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
		on conflict (subscription_id) do update set state = excluded.state, since = excluded.since,
			last_attempt_at = excluded.last_attempt_at, last_status = excluded.last_status, last_error = excluded.last_error,
			last_success_at = excluded.last_success_at, failing_since = excluded.failing_since,
			told_failing = excluded.told_failing, mailed_failing = excluded.mailed_failing,
			untold_from = excluded.untold_from, untold_to = excluded.untold_to, told_expired = excluded.told_expired`
	sqlDropHealth = `delete from webhook_health where subscription_id = $1`

	// A change between enabled and disabled ends what the streams before it had found.
	sqlHealthDisabled = `insert into webhook_health (subscription_id, brand_id, disabled_since, disabled_reason, replay_from)
		values ($1, $2, $3, $4, $5)
		on conflict (subscription_id) do update set state = 'streaming', since = 0, failing_since = 0, told_failing = 0,
			untold_from = 0, untold_to = 0, disabled_since = excluded.disabled_since,
			disabled_reason = excluded.disabled_reason, replay_from = excluded.replay_from, replay_to = 0`
	sqlHealthEnabled = `update webhook_health set since = $2,
			replay_to = case when replay_from = 0 then 0 else (
				select position from log_heads where log_heads.brand_id = webhook_health.brand_id) end
		where subscription_id = $1`
	sqlOldestPending = `select coalesce(min(position), 0) from webhook_pending where subscription_id = $1`

	sqlDisabled     = `select disabled_since, disabled_reason, replay_from, replay_to from webhook_health where subscription_id = $1`
	sqlCreatedAt    = `select created_at from webhook_subscriptions where id = $1`
	sqlCountPending = `select count(*), coalesce(sum(case when state = 'held' then 1 else 0 end), 0), coalesce(min(e.created_at), 0)
		from webhook_pending p join log_events e on e.brand_id = p.brand_id and e.position = p.position
		where p.subscription_id = $1`
	sqlWaiting = `select p.position, e.event_id, e.name, p.subject, e.created_at, p.state, p.attempts, p.first_failed_at, p.due_at
		from webhook_pending p join log_events e on e.brand_id = p.brand_id and e.position = p.position
		where p.subscription_id = $1 order by p.position limit $2 offset $3`
	sqlCountWaiting = `select count(*) from webhook_pending p
		join log_events e on e.brand_id = p.brand_id and e.position = p.position where p.subscription_id = $1`
	sqlCountExpired = `select coalesce(sum(to_position - from_position + 1), 0) from webhook_expired
		where subscription_id = $1 and expired_at >= $2`
	sqlBehind = `select position, name, store_id, created_at from log_events
		where brand_id = $1 and position > $2 order by position limit $3`
	sqlExpired = `select from_position, to_position, expired_at from webhook_expired
		where subscription_id = $1 and expired_at >= $2 order by from_position desc limit $3 offset $4`
	sqlCountRanges = `select count(*) from webhook_expired where subscription_id = $1 and expired_at >= $2`
	sqlTrimExpired = `delete from webhook_expired where (subscription_id, from_position) in (
		select subscription_id, from_position from webhook_expired where expired_at < $1 limit $2)`

	// $2 is the revision that the answer was given to: no row means that a person was faster.
	sqlDisableGone = `update webhook_subscriptions set enabled = false, revision = revision + 1
		where id = $1 and revision = $2 and enabled = true`
	sqlUnpause = `update webhook_subscriptions set paused_at = 0 where id = $1`
	sqlPause   = `update webhook_subscriptions set paused_at = $3, revision = revision + 1 where id = $1 and revision = $2`
)

// The attempt log.
const (
	sqlInsertBlock = `insert into webhook_attempt_blocks
		(subscription_id, last_at, salt, brand_id, kind, first_at, low_position, high_position, attempts, failed, bytes, body)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing`

	// Blocks with attempts from $2 to $3 that end before ($4, $5), the newest first; $6 = '' or the kind, $7 = 1 only those
	// with failed ones, $8 = 0 or a position that they may have.
	sqlBlocks = `select last_at, salt, first_at, attempts, failed, kind from webhook_attempt_blocks
		where subscription_id = $1 and last_at >= $2 and first_at <= $3 and (last_at, salt) < ($4, $5)
			and (cast($6 as text) = '' or kind = $6) and failed >= $7
			and (cast($8 as bigint) = 0 or low_position <= $8 and high_position >= $8)
		order by last_at desc, salt desc limit $9`
	sqlBlock = `select body, kind from webhook_attempt_blocks where subscription_id = $1 and last_at = $2 and salt = $3`

	// Attempts from $2 to $3: how many are in blocks that lie within, and the blocks that lie across an edge.
	sqlCountWithin = `select cast(coalesce(sum(attempts), 0) as bigint) from webhook_attempt_blocks
		where subscription_id = $1 and first_at >= $2 and last_at >= $2 and last_at <= $3`
	sqlBlocksAcross = `select body from webhook_attempt_blocks
		where subscription_id = $1 and last_at >= $2 and first_at <= $3 and (first_at < $2 or last_at > $3)`

	sqlTrimAge = `delete from webhook_attempt_blocks where (last_at, subscription_id, salt) in (
		select last_at, subscription_id, salt from webhook_attempt_blocks where last_at < $1 order by last_at limit $2)`
	sqlLogBytes  = `select cast(coalesce(sum(bytes), 0) as bigint) from webhook_attempt_blocks`
	sqlLogShares = `select subscription_id, cast(sum(bytes) as bigint) from webhook_attempt_blocks
		group by subscription_id having sum(bytes) > $1`
	sqlOldestBlocks = `select subscription_id, last_at, salt, bytes from webhook_attempt_blocks
		where cast($1 as integer) = 0 or subscription_id = $1 order by last_at, subscription_id, salt limit $2`
	sqlDropBlock = `delete from webhook_attempt_blocks where subscription_id = $1 and last_at = $2 and salt = $3`
)

const sqlSubject = `select subject from log_events where brand_id = $1 and position = $2`

// Replays.
const (
	sqlInsertReplay = `insert into webhook_replays (id, brand_id, subscription_id, target_id, owner_id, selection, state, reason,
			settled, delivered, failed, missing, created_at, ended_at)
		select cast($1 as integer), cast($2 as integer), cast($3 as integer), cast($4 as integer), cast($5 as integer), $6,
			'running', '', 0, 0, 0, 0, cast($7 as bigint), 0
		where (select count(*) from webhook_replays where target_id = $4 and state = 'running') < cast($8 as integer)`
	sqlReplay = `select id, brand_id, subscription_id, target_id, selection, state, reason, settled, delivered, failed, missing,
			created_at, ended_at
		from webhook_replays where id = $1`
	sqlReplaysOf = `select id, brand_id, subscription_id, target_id, selection, state, reason, settled, delivered, failed, missing,
			created_at, ended_at
		from webhook_replays where subscription_id = $1 order by id desc limit $2 offset $3`
	sqlCountReplays   = `select count(*) from webhook_replays where subscription_id = $1`
	sqlRunningReplays = `select id from webhook_replays where state = 'running' order by id`
	// $2 is how far it was when the batch was read: no row means that it is not running any more.
	sqlSettleReplay = `update webhook_replays
		set settled = $3, delivered = delivered + $4, failed = failed + $5, missing = missing + $6
		where id = $1 and settled = $2 and state = 'running'`
	sqlEndReplay    = `update webhook_replays set state = $2, reason = $3, ended_at = $4 where id = $1 and state = 'running'`
	sqlDropReplays  = `delete from webhook_replays where subscription_id = $1`
	sqlTrimReplays  = `delete from webhook_replays where state <> 'running' and ended_at < $1`
	sqlExpiredSpans = `select from_position, to_position from webhook_expired
		where subscription_id = $1 and expired_at >= $2 order by from_position`
)

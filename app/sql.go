package app

const (
	sqlClaimKey = `insert into installation (name, value) values ('master key fingerprint', $1) on conflict do nothing`
	sqlReadKey  = `select value from installation where name = 'master key fingerprint'`
)

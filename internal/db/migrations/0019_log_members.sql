-- The nodes that share the shards of a named piece of work; a node's fair share is their number over that of its members.
create table log_members (
	name text not null,
	node_id text not null,
	primary key (name, node_id)
);

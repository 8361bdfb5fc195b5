// Stores what oidc-provider hands out in PostgreSQL: one table, a row per token, statements prepared once a connection.
import pg from 'pg';

export const pool = new pg.Pool({ connectionString: process.env.PEER_DATABASE, max: 16 });

const seconds = () => Math.floor(Date.now() / 1000);

export async function prepare() {
  await pool.query(`
    create table if not exists models (
      kind text not null, id text not null, payload jsonb not null, grant_id text, uid text, user_code text,
      consumed_at bigint, expires_at bigint, primary key (kind, id))`);
  await pool.query('create index if not exists models_by_grant on models (grant_id) where grant_id is not null');
  await pool.query('create index if not exists models_by_expiry on models (expires_at)');
  await pool.query('create unique index if not exists models_by_uid on models (uid) where uid is not null');
  await pool.query('create unique index if not exists models_by_user_code on models (user_code) where user_code is not null');
}

const live = ({ rows: [row] }) => row && { ...row.payload, ...(row.consumed_at ? { consumed: Number(row.consumed_at) } : {}) };

export class Adapter {
  constructor(kind) {
    this.kind = kind;
  }

  upsert(id, payload, expiresIn) {
    return pool.query({
      name: 'upsert',
      text: `insert into models (kind, id, payload, grant_id, uid, user_code, expires_at) values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (kind, id) do update set payload = excluded.payload, expires_at = excluded.expires_at`,
      values: [this.kind, id, JSON.stringify(payload), payload.grantId ?? null, payload.uid ?? null, payload.userCode ?? null,
        expiresIn ? seconds() + expiresIn : null],
    });
  }

  async #by(column, value) {
    return live(await pool.query({
      name: `find by ${column}`,
      text: `select payload, consumed_at from models where kind = $1 and ${column} = $2 and (expires_at is null or expires_at > $3)`,
      values: [this.kind, value, seconds()],
    }));
  }

  find(id) {
    return this.#by('id', id);
  }

  findByUid(uid) {
    return this.#by('uid', uid);
  }

  findByUserCode(code) {
    return this.#by('user_code', code);
  }

  consume(id) {
    return pool.query({
      name: 'consume', text: 'update models set consumed_at = $3 where kind = $1 and id = $2', values: [this.kind, id, seconds()],
    });
  }

  destroy(id) {
    return pool.query({ name: 'destroy', text: 'delete from models where kind = $1 and id = $2', values: [this.kind, id] });
  }

  revokeByGrantId(grant) {
    return pool.query({ name: 'revoke', text: 'delete from models where grant_id = $1', values: [grant] });
  }
}

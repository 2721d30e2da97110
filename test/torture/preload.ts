import pg from 'pg'

/** Fills the log with events of times past, by the million, and ticks them; indexes are made afterwards. */
export async function preload(url: string, schema: string, events: number): Promise<void> {
  const connect = async () => {
    const client = new pg.Client({
      connectionString: url,
      options: `-c search_path=${schema} -c synchronous_commit=off`,
    })
    await client.connect()
    return client
  }
  const one = await connect()
  const other = await connect()
  try {
    await one.query(`
      set maintenance_work_mem = '512MB';
      alter table events drop constraint events_pkey;
      drop index events_xid;
      insert into streams (stream, version) select 'old ' || s, ${events} / 50000 from generate_series(0, 49999) s;`)
    const half = Math.floor(events / 2)
    await Promise.all([insertOld(one, 0, half, '1 month'), insertOld(other, half, events, '0')])
    await one.query('alter table events add constraint events_pkey primary key (position, at)')
    await one.query('create index events_xid on events (xid, position)')
    await one.query('vacuum (analyze) events')
    await one.query('vacuum (analyze) streams')
    await one.query('checkpoint')
  } finally {
    await Promise.all([one.end(), other.end()])
  }
}

async function insertOld(client: pg.Client, from: number, to: number, ago: string): Promise<void> {
  const chunk = 250_000
  for (let start = from; start < to; start += chunk) {
    await client.query(`
      insert into events (era, id, stream, version, type, data, at)
      select (select era from log where started = pg_postmaster_start_time()), gen_random_uuid(), 'old ' || n % 50000, 1 + n / 50000,
        'happened', jsonb_build_object('n', n, 'postId', 'post_01kab0000000000000000' || n % 1000), date_trunc('month', now()) - interval '${ago}' + interval '1 hour'
      from generate_series(${start}, ${Math.min(start + chunk, to) - 1}) n`)
  }
}

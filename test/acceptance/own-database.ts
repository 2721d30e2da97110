import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** An empty database on a server, dropped when its block ends, with the roles that migrations made for it (they are named for it). */
export async function ownDatabase(
  serverUrl: string,
): Promise<{ readonly ownerUrl: string } & AsyncDisposable> {
  const name = `plaza_test_${randomBytes(6).toString('hex')}`
  await onServer(serverUrl, client => client.query(`create database ${name}`))
  const url = new URL(serverUrl)
  url.pathname = `/${name}`
  return {
    ownerUrl: url.href,
    [Symbol.asyncDispose]: () =>
      onServer(serverUrl, async client => {
        await client.query(`drop database ${name} with (force)`)
        const { rows } = await client.query<{ rolname: string }>(
          'select rolname from pg_roles where starts_with(rolname, $1)',
          [`${name}_`],
        )
        for (const { rolname } of rows) await client.query(`drop role ${client.escapeIdentifier(rolname)}`)
      }),
  }
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

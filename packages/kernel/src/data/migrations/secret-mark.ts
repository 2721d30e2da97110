import type pg from 'pg'
import { deriveKey } from '../../security/sealing.ts'

/**
 * Throws when this database was set up with another `PLAZA_SECRET`: its roles would get passwords that no other process knows, and what
 * is sealed would open for nobody. Kept is a mark that only the secret gives, never the secret.
 */
export async function assertSameSecret(owner: pg.Client, secret: string): Promise<void> {
  const { rows } = await owner.query(`select to_regclass('plaza.secret') is not null as there`)
  if (!rows[0].there) return
  const known = await owner.query<{ mark: string }>('select mark from plaza.secret')
  if (known.rows.length === 0 || known.rows[0]!.mark === markOf(secret)) return
  throw new Error(
    'This database was set up with another PLAZA_SECRET: every process needs that one. If it is lost, empty plaza.secret and auth.signing_keys: everybody has to log in again.',
  )
}

/** Keeps the mark of the first secret; call it under the lock of `migrate`, with the schema `plaza` there. */
export async function keepSecretMark(owner: pg.Client, secret: string): Promise<void> {
  await owner.query('create table if not exists plaza.secret (mark text primary key)')
  await owner.query(
    'insert into plaza.secret select $1 where not exists (select from plaza.secret) on conflict do nothing',
    [markOf(secret)],
  )
}

const markOf = (secret: string) => deriveKey(secret, 'secret mark').toString('hex')

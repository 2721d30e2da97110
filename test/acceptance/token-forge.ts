import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { open } from '@plaza/kernel/security'
import pg from 'pg'

type Part = Readonly<Record<string, unknown>>

/** Makes access tokens that Plaza itself would never make. */
export interface TokenForge {
  /** A token like this one, rightly signed, with these parts of header and claims changed. */
  resigned(token: string, changes: { readonly header?: Part; readonly claims?: Part }): string
}

/** Opens Plaza's current signing key, which takes both its database's owner and its secret. */
export async function openTokenForge(ownerUrl: string, secret: string): Promise<TokenForge> {
  const client = new pg.Client({ connectionString: ownerUrl })
  await client.connect()
  try {
    const { rows } = await client.query<{ kid: string; sealed_private_key: Buffer }>(
      'select kid, sealed_private_key from auth.signing_keys order by number desc limit 3',
    )
    const keys = new Map(
      rows.map(row => {
        const key = open(secret, 'token signing key', row.kid, row.sealed_private_key)
        return [row.kid, createPrivateKey({ key, format: 'der', type: 'pkcs8' })]
      }),
    )
    return {
      resigned: (token, { header = {}, claims = {} }) => {
        const [head, body] = partsOf(token)
        return signed({ ...head, ...header }, { ...body, ...claims }, keys.get(String(head?.kid))!)
      },
    }
  } finally {
    await client.end()
  }
}

/** Header and claims of a token. */
export function partsOf(token: string): [Part, Part] {
  const [header = '', claims = ''] = token.split('.')
  const read = (part: string): Part => JSON.parse(Buffer.from(part, 'base64url').toString())
  return [read(header), read(claims)]
}

export const encoded = (part: Part) => Buffer.from(JSON.stringify(part)).toString('base64url')

/** A JWT, ES256. */
export function signed(header: Part, claims: Part, key: KeyObject): string {
  const text = `${encoded(header)}.${encoded(claims)}`
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' })
  return `${text}.${signature.toString('base64url')}`
}

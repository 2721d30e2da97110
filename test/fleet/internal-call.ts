import { createHmac, hkdfSync } from 'node:crypto'

/** What may be wrong with an internal token. */
export interface TokenOptions {
  readonly secret: string
  /** The service it is for. */
  readonly audience: string
  /** Seconds ago that it was made; it lives for 30. */
  readonly age?: number
}

/** The `Authorization` of a call between processes, made as its format is written down: HS256, 30 s, one service, a key by HKDF of PLAZA_SECRET. */
export function internalToken({ secret, audience, age = 0 }: TokenOptions): string {
  const issuedAt = Math.floor(Date.now() / 1000) - age
  const header = encoded({ alg: 'HS256', typ: 'plaza-rpc+jwt' })
  const claims = encoded({ iss: 'a-test@nowhere:1', aud: audience, iat: issuedAt, exp: issuedAt + 30 })
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'plaza rpc token', 32))
  const signature = createHmac('sha256', key).update(`${header}.${claims}`).digest('base64url')
  return `Bearer ${header}.${claims}.${signature}`
}

export interface InternalCall {
  /** The process's address for other processes. */
  readonly url: string
  readonly service: string
  readonly operation: string
  readonly input: unknown
  /** As whom. */
  readonly userId?: string
  readonly caller?: 'edge' | 'service'
  /** The `Authorization` header; none when undefined. */
  readonly authorization: string | undefined
}

export interface InternalAnswer {
  readonly status: number
  readonly text: string
  /** What the one call gave, when it was let in. */
  readonly output: unknown
  /** Whether the answer says that nothing has begun. */
  readonly isNotBegun: boolean
}

/** One call to one process, past every client of ours. */
export async function callProcess(call: InternalCall): Promise<InternalAnswer> {
  const { url, service, operation, input, userId, authorization, caller = 'edge' } = call
  const identity = userId && { userId, sessionId: 'a-test', roles: ['user'] }
  const one = { id: 1, operation, input, left: 20_000, caller, requestId: 'a-test', identity }
  const answer = await fetch(`${url}/rpc`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(authorization && { authorization }) },
    body: JSON.stringify({ service, client: 'a-test', calls: [one] }),
    signal: AbortSignal.timeout(30_000),
  })
  const text = await answer.text()
  const { output } = answer.status === 200 ? (JSON.parse(text) as { output?: unknown }) : {}
  return { status: answer.status, text, output, isNotBegun: answer.headers.has('plaza-not-begun') }
}

const encoded = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')

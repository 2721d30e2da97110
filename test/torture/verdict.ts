import pg from 'pg'

/** An event as the log has it: the truth that subscribers are compared with. */
export interface Truth {
  readonly ids: ReadonlyMap<string, { readonly committedAt: number; readonly position: number }>
}

export interface SubscriberVerdict {
  readonly name: string
  readonly events: number
  readonly lost: number
  readonly twice: number
  readonly turnedRound: number
  /** Handled, and not in the log: what was rolled back must not be heard. */
  readonly unknown: number
  readonly p50: number
  readonly p99: number
  readonly max: number
}

/** Every event of the log above a position, with the time of its commit. */
export async function readTruth(url: string, schema: string, above: number): Promise<Truth> {
  const rows = await queryAll(
    url,
    `select id, position, extract(epoch from pg_xact_commit_timestamp(xid::xid)) * 1000 as committed
     from ${schema}.events where position > $1`,
    [above],
  )
  return {
    ids: new Map(
      rows.map(row => [
        String(row.id),
        { committedAt: Number(row.committed), position: Number(row.position) },
      ]),
    ),
  }
}

export async function judge(
  name: string,
  url: string,
  schema: string,
  truth: Truth,
): Promise<SubscriberVerdict> {
  const effects = await queryAll(
    url,
    `select event, stream, version, seen_at from ${schema}.effects order by n`,
    [],
  )
  const seen = new Set<string>()
  const versions = new Map<string, number>()
  const delays: number[] = []
  const counts = { twice: 0, turnedRound: 0, unknown: 0 }
  for (const { event, stream, version, seen_at } of effects) {
    const id = String(event)
    if (seen.has(id)) counts.twice++
    seen.add(id)
    const known = truth.ids.get(id)
    if (known === undefined) counts.unknown++
    else delays.push(Number(seen_at) - known.committedAt)
    const key = String(stream)
    if (Number(version) <= (versions.get(key) ?? 0)) counts.turnedRound++
    versions.set(key, Number(version))
  }
  let lost = 0
  for (const id of truth.ids.keys()) if (!seen.has(id)) lost++
  delays.sort((a, b) => a - b)
  const at = (share: number) =>
    delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? Number.NaN
  return { name, events: effects.length, lost, ...counts, p50: at(0.5), p99: at(0.99), max: at(1) }
}

export async function countOf(url: string, text: string, values: readonly unknown[] = []): Promise<number> {
  const [row] = await queryAll(url, text, values)
  return Number(Object.values(row ?? {})[0] ?? 0)
}

async function queryAll(
  url: string,
  text: string,
  values: readonly unknown[],
): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(text, values as unknown[])).rows
  } finally {
    await client.end()
  }
}

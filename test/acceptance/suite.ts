import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { SharedWorld, type Topology, World } from './world.ts'

/** Tests by the sentence each of them proves. */
export type Cases = Readonly<Record<string, (world: World) => Promise<void>>>

/** What became of one test, and which operations answered it or refused it. */
export interface Result {
  readonly name: string
  passed: boolean
  answered: readonly string[]
  refused: readonly string[]
}

/** Runs every case of every subject against a running Plaza, HTTP only. The tests of one subject run side by side. */
export async function runSuite(
  context: TestContext,
  topology: Topology,
  subjects: Readonly<Record<string, Cases>>,
): Promise<{ readonly results: readonly Result[]; readonly documented: readonly string[] }> {
  const names = Object.values(subjects).flatMap(cases => Object.keys(cases))
  assert.equal(new Set(names).size, names.length, 'two tests have one name')
  using shared = await SharedWorld.open(topology)
  const results: Result[] = []
  for (const [subject, cases] of Object.entries(subjects)) {
    await context.test(subject, { concurrency: 4 }, async subjectContext => {
      const running = Object.entries(cases).map(([name, run]) =>
        subjectContext.test(name, { timeout: 60_000 }, async () => {
          const world = new World(shared)
          const result: Result = { name, passed: false, answered: [], refused: [] }
          results.push(result)
          try {
            await run(world)
            result.passed = true
          } finally {
            result.answered = [...world.api.calls.answered].sort()
            result.refused = [...world.api.calls.refused].sort()
          }
        }),
      )
      await Promise.all(running)
    })
  }
  return { results, documented: shared.agreement.operations() }
}

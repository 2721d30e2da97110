import { globSync } from 'node:fs'
import { join } from 'node:path'
import { run } from 'node:test'
import { spec, type TestEvent } from 'node:test/reporters'
import { styleText } from 'node:util'
import { embeddedServer, server15, type TestServer, usesDatabase } from './test-databases.ts'

// npm test [-- words…] [--quick]: every *.test.ts whose path holds one of the words. Files named *.heavy.test.ts
// (whole servers, kill -9, load) come last and one at a time; --quick leaves them out, and says so.
const root = join(import.meta.dirname, '..')
const words = process.argv.slice(2).filter(word => !word.startsWith('--'))
const quick = process.argv.includes('--quick')
const requireAll = process.env.PLAZA_TEST_REQUIRE_ALL === '1'

const minute = 60_000
const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(name, () => stop.abort())

const tally = { passed: 0, failures: [] as string[], skips: [] as { name: string; reason: string }[] }
const files = testFiles()
const heavy = files.filter(path => path.endsWith('.heavy.test.ts'))
const light = files.filter(path => !heavy.includes(path))
if (files.length === 0) {
  console.error(
    words.length ? `No test file's path holds ${words.join(' or ')}.` : 'There are no test files.',
  )
  process.exit(1)
}

const started = Date.now()
const together = { atOnce: 2, limit: 3 * minute }
const alone = { atOnce: 1, limit: 20 * minute }
const onDatabase: string[] = []
for (const path of light) if (await usesDatabase(join(root, path))) onDatabase.push(path)
await runAll(
  light.filter(path => !onDatabase.includes(path)),
  together,
)
for (const open of onDatabase.length ? [embeddedServer, server15] : []) await runOn(await open())
if (!quick) await runAll(heavy, alone)
close()

function testFiles(): string[] {
  return globSync(['{packages,services,apps}/*/**/*.test.ts', '{bench,test,scripts}/**/*.test.ts'], {
    cwd: root,
    exclude: path => /(^|\/)(node_modules|\.plaza)$|^test\/bad$/.test(path),
  })
    .filter(path => words.length === 0 || words.some(word => path.includes(word)))
    .sort()
}

/** What makes databases runs on every kind of server that Plaza supports. */
async function runOn(server: TestServer): Promise<void> {
  await using _ = server
  if ('url' in server) await runAll(onDatabase, { ...together, server })
  else
    for (const path of onDatabase)
      tally.skips.push({ name: `${path} on ${server.name}`, reason: server.reason })
}

interface How {
  atOnce: number
  /** Milliseconds a file may take. */
  limit: number
  server?: { name: string; url: string }
}

async function runAll(paths: string[], how: How): Promise<void> {
  const waiting = [...paths]
  const lane = async () => {
    for (let path = waiting.shift(); path && !stop.signal.aborted; path = waiting.shift())
      await runFile(path, how)
  }
  await Promise.all(Array.from({ length: how.atOnce }, lane))
}

/** One file in a process of its own, its report printed whole when it ends; one that does not end is killed. */
async function runFile(path: string, { limit, server }: How): Promise<void> {
  const title = server ? `${path} on ${server.name}` : path
  const began = Date.now()
  if (limit > 5 * minute) console.log(styleText('dim', `${title} …`))
  const tooLate = AbortSignal.timeout(limit)
  const stream = run({
    files: [join(root, path)],
    signal: AbortSignal.any([stop.signal, tooLate]),
    env: { ...process.env, ...(server && { PLAZA_TEST_DATABASE_URL: server.url }) },
  })
  const report = new spec()
  const text = report.setEncoding('utf8').toArray()
  for await (const event of stream as AsyncIterable<TestEvent>) {
    if (!tooLate.aborted) count(path, title, event)
    if (!isClosingFigure(event)) report.write(event)
  }
  report.end()
  if (tooLate.aborted) tally.failures.push(`${title}: had not ended after ${limit / 1000} s, killed`)
  const seconds = ((Date.now() - began) / 1000).toFixed(1)
  console.log(`${styleText('bold', title)}  ${seconds} s\n${(await text).join('').trim()}\n`)
}

function count(path: string, title: string, { type, data }: TestEvent): void {
  if ((type !== 'test:pass' && type !== 'test:fail') || data.details.type === 'suite') return
  // The runner reports a file as a test only if no test of its own spoke: an empty file, or one that fell over.
  const isFile = data.name === join(root, path)
  if (type === 'test:fail') tally.failures.push(isFile ? `${title} as a whole` : `${data.name}  (${title})`)
  else if (isFile) tally.failures.push(`${path} holds no test`)
  else if (data.skip !== undefined || data.todo !== undefined)
    tally.skips.push({
      name: data.name,
      reason: typeof data.skip === 'string' && data.skip ? data.skip : 'no reason given',
    })
  else tally.passed++
}

function isClosingFigure({ type, data }: TestEvent): boolean {
  if (type === 'test:summary') return true
  const figure = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/
  return type === 'test:diagnostic' && figure.test(data.message)
}

function close(): void {
  const { passed, failures, skips } = tally
  const lines: string[] = []
  for (const [reason, tests] of Map.groupBy(skips, skip => skip.reason))
    lines.push(
      styleText('yellow', `Not run (${tests.length}): ${reason}`),
      ...tests.map(({ name }) => `  - ${name}`),
    )
  if (quick && heavy.length) lines.push(styleText('yellow', `Not run (--quick): ${heavy.join(', ')}`))
  for (const failure of failures) lines.push(styleText('red', `Failed: ${failure}`))
  if (requireAll && skips.length)
    lines.push(styleText('red', 'PLAZA_TEST_REQUIRE_ALL=1: a skip is a failure.'))
  if (stop.signal.aborted) lines.push(styleText('red', 'Stopped before the end.'))
  const ran = files.length - (quick ? heavy.length : 0)
  lines.push(`${ran} test file${ran === 1 ? '' : 's'} in ${Math.round((Date.now() - started) / 1000)} s`)
  lines.push(`${passed} passed, ${failures.length} failed, ${skips.length} skipped`)
  console.log(lines.join('\n'))
  const failed =
    failures.length > 0 || passed === 0 || stop.signal.aborted || (requireAll && skips.length > 0)
  process.exitCode = failed ? 1 : 0
}

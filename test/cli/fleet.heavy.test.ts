import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { ownerUrlOf } from '@plaza/kernel/postgres'
import { HttpSender } from '../acceptance/http-answer.ts'
import type { Page, Post, SignedIn } from '../acceptance/shapes.ts'
import { eventually } from '../eventually.ts'
import { type FleetRow, fleetTable } from '../fleet-table.ts'
import { serverProcesses } from '../kill/server-processes.ts'
import { type PlazaProcess, runPlaza, startPlaza, temporaryFolder } from '../plaza-process.ts'

const secret = 'a secret of the fleet tests alone, long enough'
const cheap = { PLAZA_BCRYPT_COST: '10', LOG_LEVEL: 'warn', PLAZA_SECRET: secret }
const usual = { timeout: 600_000 }
/** A process starts again within this time even on a machine that is five times slower (ms). */
const long = 60_000

test('a fleet from its first start to its last request', usual, async context => {
  await using folder = await temporaryFolder()
  const fleet = await startFleet(folder.path, '--replicas', 'posts=2,gateway=2')
  const rows = fleetTable(fleet.output())
  const sender = new HttpSender(...rows.flatMap(each => each.http ?? []))
  try {
    const ana = await register(sender)

    await context.test('it shows what runs where, and the first admin once', () => {
      const names = rows.map(each => `${each.services.join('+')} ${each.replica}`)
      const single = ['timelines', 'search', 'moderation', 'privacy', 'analytics'].map(name => `${name} 1`)
      const wanted = ['auth 1', 'users 1', 'posts 1', 'posts 2', ...single, 'gateway 1', 'gateway 2']
      assert.deepEqual(names, wanted)
      assert.ok(rows.every(each => isAlive(each.pid)))
      assert.equal(fleet.output().match(/\(shown this once\)/g)?.length, 1)
    })

    await context.test('the file that says so is for its owner alone and holds no secret', async () => {
      const path = join(folder.path, `fleet.${fleet.pid}.json`)
      assert.equal((await stat(path)).mode & 0o777, 0o600)
      const text = await readFile(path, 'utf8')
      assert.ok(text.includes(String(rows[0]?.pid)))
      assert.doesNotMatch(text, /postgres:|secret|password/)
    })

    await context.test('plaza doctor finds every process and all well', async () => {
      const { code, output } = await runPlaza(['doctor'], { PLAZA_DATA: folder.path, PLAZA_SECRET: secret })
      assert.equal(code, 0, output)
      assert.match(output, /ok +posts: 2 of 2 instances ready/)
      assert.match(output, /ok +whoever answers accepts our PLAZA_SECRET/)
      assert.match(output, /ok +every instance has version/)
      assert.match(output, /ok +every instance has the contracts that we have/)
      assert.match(output, /ok +clocks at most \d+ ms apart/)
      assert.match(output, /ok +connections: at most 45 by Plaza, of \d+ that are not reserved/)
      assert.equal(output.match(/ok +gateway at http\S+ answers 200/g)?.length, 2)
    })

    await context.test(
      'a process that is killed comes back at its address, and its double serves meanwhile',
      async () => {
        const [auth, , posts] = rows
        process.kill(posts!.pid, 'SIGKILL')
        for (let n = 0; n < 5; n++) await write(sender, ana, `without a double ${n}`)
        process.kill(auth!.pid, 'SIGKILL')
        await eventually(() => register(sender), long)
        await eventually(async () => assert.equal((await readiness(posts!)).status, 200), long)
        assert.match(fleet.output(), /posts\.1 ended by itself \(SIGKILL\); it is started again/)
      },
    )

    await context.test('PostgreSQL that is killed comes back, and everything with it', async () => {
      const [postmaster] = await serverProcesses(folder.path)
      process.kill(postmaster!, 'SIGKILL')
      await eventually(() => write(sender, ana, 'after PostgreSQL came back'), long)
    })

    await context.test('a service with another secret is refused its database', async () => {
      const { code, output } = await runPlaza(['start', '--services', 'posts'], {
        ...addresses(rows),
        PLAZA_DATA: folder.path,
        PLAZA_SECRET: 'another secret than that of the fleet',
        DATABASE_URL: await ownerUrlOf(folder.path),
        RPC_PORT: '0',
      })
      assert.equal(code, 1, output)
      assert.match(output, /was set up with another PLAZA_SECRET/)
      await write(sender, ana, 'the fleet goes on')
    })

    await context.test('a doctor with another secret is told so, a fleet process logs it', async () => {
      const wrong = { PLAZA_DATA: folder.path, PLAZA_SECRET: 'another secret than that of the fleet' }
      const { code, output } = await runPlaza(['doctor'], wrong)
      assert.equal(code, 1, output)
      assert.match(output, /fail +posts at http\S+:.*\n +It does not accept our PLAZA_SECRET/)
      assert.match(output, /fail +9 do not accept our PLAZA_SECRET/)
      await eventually(async () => assert.match(fleet.output(), /A request to \/rpc was refused/), long)
    })

    await context.test('a second fleet on the same data is refused, and says which and why', async () => {
      const { code, output } = await runPlaza(['fleet'], { ...cheap, PLAZA_DATA: folder.path, PORT: '0' })
      assert.equal(code, 1, output)
      assert.ok(output.includes(folder.path) && output.includes(String(fleet.pid)), output)
      await write(sender, ana, 'the first one goes on')
    })

    await context.test('--only adds a gateway that lives on the addresses of the others', async () => {
      await using elsewhere = await temporaryFolder()
      const added = await startPlaza({
        dataFolder: elsewhere.path,
        command: ['fleet', '--only', 'gateway'],
        env: { ...cheap, ...addresses(rows) },
      })
      try {
        const through = new HttpSender(added.url)
        await write(through, ana, 'through a gateway that came later')
        through.close()
      } finally {
        assert.deepEqual(await added.stop(), { code: 0, signal: null })
      }
    })

    await context.test(
      'SIGTERM drains it: nothing that runs is answered with a failure, and nothing stays',
      async () => {
        const requests = Array.from({ length: 60 }, (_, n) =>
          post(sender, ana, `before the end ${n}`, n).then(
            answer => answer.status,
            (error: NodeJS.ErrnoException) => error.code,
          ),
        )
        await Promise.race(requests)
        const pids = fleetPids(await readFile(join(folder.path, `fleet.${fleet.pid}.json`), 'utf8'))
        assert.deepEqual(await fleet.stop(), { code: 0, signal: null })
        for (const outcome of await Promise.all(requests))
          assert.ok([201, 'ECONNREFUSED', 'ECONNRESET'].includes(outcome!), String(outcome))
        assert.deepEqual(pids.filter(isAlive), [])
        await assert.rejects(stat(join(folder.path, `fleet.${fleet.pid}.json`)), { code: 'ENOENT' })
        await assert.rejects(stat(join(folder.path, 'postgres/postmaster.pid')), { code: 'ENOENT' })
      },
    )
  } finally {
    sender.close()
    await fleet.stop()
  }
})

test(
  'when the supervisor is killed its processes end, and the next fleet has everything',
  usual,
  async () => {
    await using folder = await temporaryFolder()
    const first = await startFleet(folder.path, '--groups', 'auth,users;posts,timelines')
    const rows = fleetTable(first.output())
    const before = new HttpSender(first.url)
    const ana = await register(before)
    const written = await write(before, ana, 'kept')
    before.close()
    await first.kill()
    await eventually(async () => assert.deepEqual(rows.map(each => each.pid).filter(isAlive), []), long)

    const second = await startFleet(folder.path)
    const after = new HttpSender(second.url)
    try {
      const { body } = await after.send({ method: 'GET', path: `/api/v1/users/${ana.user.id}/posts` })
      assert.deepEqual(
        (body as Page<Post>).items.map(each => each.id),
        [written.id],
      )
      assert.doesNotMatch(second.output(), /shown this once/)
    } finally {
      after.close()
      assert.deepEqual(await second.stop(), { code: 0, signal: null })
    }
  },
)

test('what cannot be a fleet, or a part of one, is refused with what is allowed', async () => {
  const { code, output } = await runPlaza(['fleet', '--replicas', 'pots=2'], {})
  assert.equal(code, 1)
  assert.match(
    output,
    /"pots=2" is not valid.*auth, users, posts, timelines, search, moderation, privacy, analytics, gateway/,
  )
  const alone = await runPlaza(['start', '--services', 'posts'], {})
  assert.equal(alone.code, 1)
  assert.match(alone.output, /PLAZA_URL_AUTH is not set/)
  const elsewhere = ['AUTH', 'USERS', 'TIMELINES', 'SEARCH', 'MODERATION', 'PRIVACY', 'ANALYTICS']
  const urls = Object.fromEntries(elsewhere.map(name => [`PLAZA_URL_${name}`, 'http://a:1']))
  const bare = await runPlaza(['start', '--services', 'posts'], urls)
  assert.equal(bare.code, 1)
  assert.match(bare.output, /PLAZA_SECRET is not set.*\n.*DATABASE_URL is not set, and posts needs/)
})

function startFleet(dataFolder: string, ...options: readonly string[]): Promise<PlazaProcess> {
  return startPlaza({ dataFolder, command: ['fleet', ...options], env: cheap, patience: 180_000 })
}

function addresses(rows: readonly FleetRow[]): Record<string, string> {
  const known: Record<string, string> = {}
  for (const { services, rpc } of rows) {
    const variable = `PLAZA_URL_${services[0]?.toUpperCase()}`
    if (rpc !== undefined) known[variable] = [known[variable], rpc].filter(Boolean).join(',')
  }
  return known
}

let people = 0
let turn = 0

async function register(sender: HttpSender): Promise<SignedIn> {
  const username = `person_${Date.now().toString(36)}_${people++}`
  const wanted = { username, email: `${username}@plaza.example`, password: 'correct horse battery staple' }
  const answer = await sender.send({
    method: 'POST',
    path: '/api/v1/auth/register',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(wanted),
    turn: turn++,
  })
  assert.equal(answer.status, 201, answer.text)
  return answer.body as SignedIn
}

async function write(sender: HttpSender, who: SignedIn, text: string): Promise<Post> {
  const answer = await post(sender, who, text, turn++)
  assert.equal(answer.status, 201, answer.text)
  return answer.body as Post
}

// With a key, for whoever is killed under way may have done it: then it is asked again, and done once.
function post(sender: HttpSender, { accessToken }: SignedIn, text: string, at: number) {
  return sender.send({
    method: 'POST',
    path: '/api/v1/posts',
    headers: {
      'Content-Type': 'application/json',
      Authorization: `Bearer ${accessToken}`,
      'Idempotency-Key': randomUUID(),
    },
    body: JSON.stringify({ text }),
    turn: at,
  })
}

const readiness = ({ rpc }: FleetRow) => fetch(`${rpc}/health/ready`)

function fleetPids(text: string): number[] {
  const { processes } = JSON.parse(text) as { processes: { pid: number }[] }
  return processes.map(each => each.pid)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

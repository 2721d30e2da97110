import assert from 'node:assert/strict'
import { once } from 'node:events'
import { copyFile, open, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { startPostgres } from '../../src/data/postgres/start-postgres.ts'
import {
  ask,
  killServer,
  lives,
  makeTemplate,
  ownFolder,
  serverProcesses,
  spawnAnother,
  startAnother,
} from './another-plaza.ts'

let template: Awaited<ReturnType<typeof makeTemplate>>
before(async () => {
  template = await makeTemplate()
})
after(() => template?.remove())

test('a first start gives an empty database plaza, durable, whose text is Unicode', async t => {
  await using server = await startPostgres({ dataDir: await ownFolder(t) })
  const [row] = await ask(
    server.ownerUrl,
    `select current_user as role, current_database() as database, lower('ÀÉÖ ΣΑΣ') as lower, 'Z' < 'a' as by_code,
            current_setting('server_version_num')::int / 10000 as major, current_setting('fsync') as fsync,
            current_setting('synchronous_commit') as commit, current_setting('data_checksums') as checksums,
            (select rolsuper from pg_roles where rolname = current_user) as super,
            to_tsvector('simple', '“Ärger” — straße…')::text as words`,
  )
  assert.deepEqual(row, {
    role: 'plaza',
    database: 'plaza',
    lower: 'àéö σασ',
    by_code: true,
    major: 18,
    fsync: 'on',
    commit: 'on',
    checksums: 'on',
    super: false,
    words: "'straße':2 'ärger':1",
  })
})

test('nobody gets in without the password, or from another machine', async t => {
  await using server = await startPostgres({ dataDir: await template.copy(t) })
  await assert.rejects(ask(server.url('plaza', 'guess'), 'select 1'), { code: '28P01' })
  await assert.rejects(ask(`postgres://postgres:@127.0.0.1:${server.port}/postgres`, 'select 1'), /password/)
  const tcp = server.ownerUrl.replace(/@[^/]*/, `@127.0.0.1:${server.port}`)
  assert.equal((await ask(tcp, 'select 1 as one'))[0]?.one, 1)
  const others = Object.values(networkInterfaces()).flatMap(each => each ?? [])
  for (const { address, internal } of others) {
    if (internal) continue
    const [error] = await once(connect(server.port, address), 'error')
    assert.equal((error as NodeJS.ErrnoException).code, 'ECONNREFUSED', address)
  }
  for (const file of ['postgres/plaza.json', 'postgres.log'])
    assert.equal((await stat(join(server.dataDirectory, '..', file))).mode & 0o777, 0o600, file)
})

test('the server is not told the environment of Plaza, which holds secrets', async t => {
  process.env.PLAZA_SECRET_OF_THIS_TEST = 'hidden'
  t.after(() => delete process.env.PLAZA_SECRET_OF_THIS_TEST)
  await using server = await startPostgres({ dataDir: await template.copy(t) })
  assert.doesNotMatch(await readFile(`/proc/${server.pid}/environ`, 'utf8'), /hidden/)
})

test('stop ends the server though sessions are open, and the next start finds the data', async t => {
  const dataDir = await template.copy(t)
  const first = await startPostgres({ dataDir })
  await ask(first.ownerUrl, 'create table kept as select 7 as n')
  const session = new pg.Client(first.ownerUrl)
  session.on('error', () => {})
  await session.connect()
  await session.query('begin')
  await Promise.all([first.stop(), first.stop()])
  assert.equal(await lives(first.pid), false)
  assert.deepEqual(await serverProcesses(first.dataDirectory), [])

  await using second = await startPostgres({ dataDir })
  assert.equal(second.adopted, false)
  assert.equal(second.ownerUrl, first.ownerUrl)
  assert.deepEqual(await ask(second.ownerUrl, 'select n from kept'), [{ n: 7 }])
})

test('after kill -9 of Plaza alone, its server is adopted with all that was committed', async t => {
  const dataDir = await template.copy(t)
  const killed = await startAnother(t, dataDir)
  await ask(killed.said.ownerUrl, 'create table kept as select 7 as n')
  await killed.kill('SIGKILL')

  const server = await startPostgres({ dataDir })
  assert.equal(server.adopted, true)
  assert.equal(server.pid, killed.said.pid)
  assert.deepEqual(await ask(server.ownerUrl, 'select n from kept'), [{ n: 7 }])
  await server.stop()
  assert.equal(await lives(server.pid), false)
})

test('after kill -9 of everything, the next start recovers all that was committed', async t => {
  const dataDir = await template.copy(t)
  const killed = await startAnother(t, dataDir)
  await ask(killed.said.ownerUrl, 'create table kept as select 7 as n')
  await Promise.all([killed.kill('SIGKILL'), killServer(dataDir)])

  await using server = await startPostgres({ dataDir })
  assert.equal(server.adopted, false)
  assert.deepEqual(await ask(server.ownerUrl, 'select n from kept'), [{ n: 7 }])
})

test('a busy process of a killed server is ended before a new server starts', async t => {
  const dataDir = await template.copy(t)
  const killed = await startAnother(t, dataDir)
  const busy = new pg.Client(killed.said.ownerUrl)
  busy.on('error', () => {})
  await busy.connect()
  const [{ pid }] = (await busy.query('select pg_backend_pid() as pid')).rows
  process.kill(pid, 'SIGSTOP') // holds the shared memory, and notices nothing
  process.kill(killed.said.pid, 'SIGKILL')
  await killed.kill('SIGKILL')

  await using server = await startPostgres({ dataDir })
  assert.equal(server.adopted, false)
  assert.equal(await lives(pid), false)
  await busy.end().catch(() => {})
})

test('a server that dies while Plaza lives is started again at the same address', async t => {
  await using server = await startPostgres({ dataDir: await template.copy(t) })
  const { pid } = server
  process.kill(pid, 'SIGKILL')
  while (server.pid === pid) await sleep(20)
  assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
})

test('a start that is given up at any moment leaves no server', async t => {
  const dataDir = await template.copy(t)
  for (const after of [0, 15, 30, 45, 60, 75]) {
    const signal = AbortSignal.timeout(after)
    await startPostgres({ dataDir, signal }).then(
      server => server.stop(),
      error => assert.equal(error, signal.reason),
    )
    assert.deepEqual(await serverProcesses(join(dataDir, 'postgres')), [])
  }
})

test('Ctrl-C reaches Plaza and not its server, which must outlive the draining', async t => {
  const dataDir = await template.copy(t)
  const plaza = await startAnother(t, dataDir, { detached: true })
  const ended = once(plaza.process, 'exit')
  process.kill(-(plaza.process.pid ?? 0), 'SIGINT')
  await ended
  await using server = await startPostgres({ dataDir })
  assert.equal(server.adopted, true)
})

test('a server of other settings is not adopted but started again', async t => {
  const dataDir = await template.copy(t)
  const killed = await startAnother(t, dataDir)
  await killed.kill('SIGKILL')
  await using server = await startPostgres({ dataDir, settings: { max_prepared_transactions: '3' } })
  assert.equal(server.adopted, false)
  assert.deepEqual(await ask(server.ownerUrl, 'show max_prepared_transactions'), [
    { max_prepared_transactions: '3' },
  ])
})

test('a postmaster.pid that names a living foreign process is no obstacle', async t => {
  const dataDir = await template.copy(t)
  await using other = await startPostgres({ dataDir: await template.copy(t) })
  const { uid, gid } = await stat(other.dataDirectory)
  const stranger = spawnAnother(t, '/dev/null', {
    uid,
    gid,
    source: 'data:text/javascript,await new Promise(() => setInterval(() => {}, 1e6))',
  })
  await (await startPostgres({ dataDir })).stop()

  for (const pid of [stranger.pid, other.pid, process.pid]) {
    // As after a reboot: the file of the crashed server, its pid now somebody else's.
    await writeFile(
      join(dataDir, 'postgres/postmaster.pid'),
      `${pid}\n/somewhere\n1700000000\n20000\n\n127.0.0.1\n 1234 5\nready   \n`,
    )
    await using server = await startPostgres({ dataDir })
    assert.equal(server.adopted, false)
    assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
  }
  assert.equal(await lives(other.pid), true)
})

test('a copy of the folder is another database, though the first one runs', async t => {
  const dataDir = await template.copy(t)
  const copy = await template.copy(t) // with the same passwords and port
  await using first = await startPostgres({ dataDir })
  await copyFile(join(dataDir, 'postgres/postmaster.pid'), join(copy, 'postgres/postmaster.pid'))
  await using second = await startPostgres({ dataDir: copy })
  assert.equal(second.adopted, false)
  assert.notEqual(second.port, first.port)
  await ask(second.ownerUrl, 'create table mine ()')
  assert.deepEqual(await ask(first.ownerUrl, `select to_regclass('mine') as found`), [{ found: null }])
})

test('a port that was taken meanwhile is exchanged for another', async t => {
  const dataDir = await template.copy(t)
  const before = await startPostgres({ dataDir })
  await before.stop()
  const thief = createServer().listen(before.port, '127.0.0.1')
  await once(thief, 'listening')
  t.after(() => thief.close())
  await using server = await startPostgres({ dataDir })
  assert.notEqual(server.port, before.port)
  assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
})

test('a start killed at any moment leaves nothing in the way of the next', async t => {
  const dataDir = await ownFolder(t)
  for (const after of [150, 500, 900, 250, 220, 190]) {
    const plaza = spawnAnother(t, dataDir)
    const ended = once(plaza, 'exit')
    await sleep(after)
    plaza.kill('SIGKILL')
    await ended
  }
  await using server = await startPostgres({ dataDir })
  assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
  assert.deepEqual((await readdir(dataDir)).sort(), [
    'plaza.pid',
    'postgres',
    'postgres.lock',
    'postgres.log',
  ])
})

test('a long path gives addresses over TCP, for a socket path must be short', async t => {
  const dataDir = await template.copy(t, 'a'.repeat(100))
  await using server = await startPostgres({ dataDir })
  assert.match(server.ownerUrl, /@127\.0\.0\.1:/)
  assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
})

test('the log of the server does not grow without bound', async t => {
  const dataDir = await template.copy(t)
  await (await startPostgres({ dataDir })).stop()
  const log = join(dataDir, 'postgres.log')
  const file = await open(log, 'a')
  await file.truncate(9_000_000)
  await file.close()
  await using server = await startPostgres({ dataDir })
  while ((await stat(log)).size > 1_000_000) await sleep(20)
  assert.ok((await stat(`${log}.1`)).size >= 9_000_000)
  assert.ok(server.pid > 0)
})

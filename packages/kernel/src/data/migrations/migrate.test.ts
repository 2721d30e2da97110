import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { pathToFileURL } from 'node:url'
import pg from 'pg'
import { scratchDatabase } from '../scratch-database.ts'
import { migrate } from './migrate.ts'
import { derivedPasswords } from './role-passwords.ts'
import { roleOf, serviceUrl } from './service-role.ts'

const quiet = { info: () => {}, warn: () => {} }

async function folderOf(files: Record<string, string>) {
  const path = await mkdtemp(join(tmpdir(), 'plaza-migrations-'))
  for (const [name, sql] of Object.entries(files)) await writeFile(join(path, name), sql)
  return {
    path,
    url: pathToFileURL(`${path}/`),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  }
}

async function connectAs(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return Object.assign(client, { [Symbol.asyncDispose]: () => client.end() })
}

const stateOf = (error: unknown) => (error as { code?: string }).code

test('each service gets its schema, its tables and a role that can use them, and a second run changes nothing', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({
    '0001-things.sql': 'create table things (id int primary key); create sequence numbers;',
    '0002-more.sql': `create function one() returns int language sql as 'select 1';`,
  })
  await using data = await folderOf({})
  const lines: string[] = []
  const log = { ...quiet, info: (...words: unknown[]) => lines.push(words.join(' ')) }
  const run = () =>
    migrate({
      ownerUrl: scratch.ownerUrl,
      services: [
        { name: 'posts', migrations: files.url },
        { name: 'users', migrations: undefined },
      ],
      passwords: derivedPasswords('a secret of this test, long enough', data.path),
      log: log as never,
    })
  const urls = await run()
  await using posts = await connectAs(urls.get('posts')!)
  await posts.query('insert into things values (1)')
  await posts.query(`select nextval('numbers'), one()`)
  await posts.query('delete from things')
  const { rows } = await posts.query('select name from migrations order by at')
  assert.deepEqual(
    rows.map(row => row.name).filter(name => !name.startsWith('kernel/')),
    ['0001-things.sql', '0002-more.sql'],
  )
  assert.ok(rows[0].name.startsWith('kernel/'), 'the kernel comes first')
  const { rows: ceilings } = await posts.query(
    `select current_setting('statement_timeout') s, current_setting('lock_timeout') l, current_setting('idle_in_transaction_session_timeout') i`,
  )
  assert.deepEqual(ceilings[0], { s: '15s', l: '5s', i: '10s' })

  lines.length = 0
  assert.deepEqual([...(await run())], [...urls])
  assert.deepEqual(lines, [], 'nothing was applied again')
  await dropRoles(scratch.ownerUrl, scratch.name)
})

test('no role, not even by set role, reads or changes what another owns, creates anything, or reads secrets', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({
    '0001-things.sql': 'create table things (id int primary key); create sequence numbers;',
  })
  const posts = await scratch.open({ name: 'posts', migrations: files.url })
  await scratch.open({ name: 'users', migrations: files.url })
  const users = roleOf(scratch.name, 'users')
  const refused = [
    'select * from users.things',
    'insert into users.things values (1)',
    "select nextval('users.numbers')",
    `set role ${users}`,
    'set role postgres',
    `set session authorization ${users}`,
    'create table users.mine (id int)',
    'create table public.mine (id int)',
    'create table posts.mine (id int)',
    'create temporary table mine (id int)',
    'create schema mine',
    'create role mine',
    'select * from pg_authid',
    'select * from pg_shadow',
    'select * from plaza.roles',
    'drop table things',
    'truncate things',
    'delete from migrations',
    "select pg_read_file('/etc/passwd')",
    "copy things to program 'true'",
    `alter role ${users} password 'x'`,
  ]
  for (const statement of refused) {
    const client = await posts.connect()
    try {
      await assert.rejects(
        client.query(statement),
        error => stateOf(error) === '42501',
        `${statement} was not refused`,
      )
    } finally {
      await client.end()
    }
  }
})

test('machines that share nothing but the secret give a role one password; one that stands in roles.json goes before', async () => {
  await using bare = await folderOf({})
  await using other = await folderOf({ 'roles.json': '{"plaza_posts":"given"}' })
  const roles = ['plaza_posts', 'plaza_users']
  const passwordsOf = (secret: string, folder: string) => derivedPasswords(secret, folder)(roles)
  const here = await passwordsOf('one secret', bare.path)
  const there = await passwordsOf('one secret', other.path)
  const elsewhere = await passwordsOf('another secret', bare.path)
  assert.equal(there.get('plaza_posts'), 'given')
  assert.equal(there.get('plaza_users'), here.get('plaza_users'))
  assert.equal(new Set([...here.values(), ...elsewhere.values()]).size, 4)
  await using damaged = await folderOf({ 'roles.json': 'x' })
  await assert.rejects(passwordsOf('one secret', damaged.path), /roles\.json is damaged/)
})

test('a database that was set up with another secret is refused before anything is changed', async () => {
  await using scratch = await scratchDatabase()
  const run = (secret: string) =>
    migrate({
      ownerUrl: scratch.ownerUrl,
      services: [{ name: 'posts', migrations: undefined }],
      passwords: async roles => new Map(roles.map(role => [role, secret])),
      secret,
      log: quiet,
    })
  try {
    const urls = await run('the secret of the first start')
    await assert.rejects(run('the secret of somebody else'), /another PLAZA_SECRET/)
    await using posts = await connectAs(urls.get('posts')!)
    await posts.query('select 1')
    assert.deepEqual(await run('the secret of the first start'), urls)
  } finally {
    await dropRoles(scratch.ownerUrl, scratch.name)
  }
})

test('a password that was lost is made anew, and the role takes it', async () => {
  await using scratch = await scratchDatabase()
  const service = { name: 'posts', migrations: undefined }
  const warnings: string[] = []
  const log = { ...quiet, warn: (line: string) => warnings.push(line) } as never
  const withPassword = (password: string) => async (roles: readonly string[]) =>
    new Map(roles.map(role => [role, password]))
  await migrate({ ownerUrl: scratch.ownerUrl, services: [service], passwords: withPassword('first'), log })
  await using owner = await connectAs(scratch.ownerUrl)
  const verifier = async () =>
    (
      await owner.query('select rolpassword from pg_authid where rolname = $1', [
        roleOf(scratch.name, 'posts'),
      ])
    ).rows[0].rolpassword
  const before = await verifier()
  await migrate({ ownerUrl: scratch.ownerUrl, services: [service], passwords: withPassword('second'), log })
  assert.notEqual(await verifier(), before)
  assert.match(warnings.join(), /set up anew/)
  await dropRoles(scratch.ownerUrl, scratch.name)
})

test('two processes that migrate at once: one waits, and each file is applied once', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({
    '0001-slow.sql':
      'create table things (id serial primary key); select pg_sleep(0.3); insert into things default values;',
  })
  const waits: string[] = []
  const log = { ...quiet, info: (line: unknown) => waits.push(String(line)) } as never
  const service = { name: 'posts', migrations: files.url }
  const passwords = async (roles: readonly string[]) => new Map(roles.map(role => [role, 'same']))
  await Promise.all(
    [1, 2, 3].map(() => migrate({ ownerUrl: scratch.ownerUrl, services: [service], passwords, log })),
  )
  await using owner = await connectAs(scratch.ownerUrl)
  assert.equal((await owner.query('select count(*)::int as n from posts.things')).rows[0].n, 1)
  assert.equal(waits.filter(line => line.includes('waiting')).length, 2)
  await dropRoles(scratch.ownerUrl, scratch.name)
})

test('a file that fails leaves nothing of itself, and is applied once it is right', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({ '0001-things.sql': 'create table things (id int); select nonsense;' })
  const service = { name: 'posts', migrations: files.url }
  await assert.rejects(
    scratch.open(service),
    /Could not apply 0001-things.sql to posts: column "nonsense" does not exist/,
  )
  await writeFile(join(files.path, '0001-things.sql'), 'create table things (id int);')
  await scratch.open(service)
})

test('a file that ends its transaction itself is refused: it could not be undone', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({ '0001-things.sql': 'create table things (id int); commit; begin;' })
  await assert.rejects(
    scratch.open({ name: 'posts', migrations: files.url }),
    /Could not apply 0001-things.sql to posts: savepoint "file" does not exist/,
  )
})

test('a changed file, a lost one and a late one stop the start; a newer database does not', async () => {
  await using scratch = await scratchDatabase()
  await using files = await folderOf({ '0001-a.sql': 'select 1', '0003-c.sql': 'select 3' })
  const service = { name: 'posts', migrations: files.url }
  const file = (name: string) => join(files.path, name)
  await scratch.open(service)
  await writeFile(file('0001-a.sql'), 'select 1\r\n'.trimEnd())
  await scratch.open(service)
  await writeFile(file('0001-a.sql'), 'select 2')
  await assert.rejects(scratch.open(service), /posts: 0001-a.sql was changed after it was applied/)
  await writeFile(file('0001-a.sql'), 'select 1')
  await writeFile(file('0002-b.sql'), 'select 2')
  await assert.rejects(scratch.open(service), /posts: 0002-b.sql comes before 0003-c.sql/)
  await rm(file('0002-b.sql'))
  await rm(file('0001-a.sql'))
  await assert.rejects(scratch.open(service), /posts: the database has had 0001-a.sql/)
  await writeFile(file('0001-a.sql'), 'select 1')
  await rm(file('0003-c.sql'))
  await scratch.open(service)
})

test('an owner without rights is told which; one who may create roles and owns the database suffices', async () => {
  await using scratch = await scratchDatabase()
  await using admin = await connectAs(scratch.ownerUrl)
  const plain = `${scratch.name}_plain`
  const url = new URL(scratch.ownerUrl)
  url.username = plain
  url.password = 'plain'
  const run = () =>
    migrate({
      ownerUrl: url.href,
      services: [{ name: 'posts', migrations: undefined }],
      passwords: async roles => new Map(roles.map(role => [role, 'p'])),
      log: quiet,
    })
  await admin.query(`create role ${plain} login password 'plain'`)
  await assert.rejects(run(), /may not create schemas. As the database's owner run: grant create on database/)
  await admin.query(`alter database ${scratch.name} owner to ${plain}`)
  await assert.rejects(run(), /may not create roles. As a superuser run: alter role/)
  await admin.query(`alter role ${plain} createrole`)
  const urls = await run()
  await using posts = await connectAs(urls.get('posts')!)
  await posts.query('select from migrations')
  await assert.rejects(
    posts.query('create temporary table mine (id int)'),
    error => stateOf(error) === '42501',
  )
  await posts.end()
  await dropRoles(scratch.ownerUrl, scratch.name)
})

test('a service URL keeps everything of the owner URL but who logs in', () => {
  const cases = {
    'postgres://me:secret@db.example:6432/shop?sslmode=verify-full':
      'postgres://shop_posts:p%2Fw@db.example:6432/shop?sslmode=verify-full',
    'postgres://me:p%40w@[::1]/shop': 'postgres://shop_posts:p%2Fw@[::1]/shop',
    'postgres://db.example/shop?user=me&password=x&application_name=a':
      'postgres://shop_posts:p%2Fw@db.example/shop?application_name=a',
    'postgresql:///shop?host=%2Frun%2Fpg': 'postgresql://shop_posts:p%2Fw@/shop?host=%2Frun%2Fpg',
    'postgres://shop@%2Frun%2Fpg': 'postgres://shop_posts:p%2Fw@%2Frun%2Fpg/shop',
  }
  for (const [owner, service] of Object.entries(cases))
    assert.equal(serviceUrl(owner, 'posts', 'p/w'), service)
})

async function dropRoles(ownerUrl: string, database: string): Promise<void> {
  await using owner = await connectAs(ownerUrl)
  const { rows } = await owner.query(`select rolname from pg_roles where rolname like $1 || '\\_%'`, [
    database,
  ])
  for (const { rolname } of rows) {
    await owner.query(`reassign owned by ${rolname} to current_user`)
    await owner.query(`drop owned by ${rolname}`)
  }
  for (const { rolname } of rows) await owner.query(`drop role ${rolname}`)
}

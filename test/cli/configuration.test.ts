import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runPlaza } from '../plaza-process.ts'

test('a wrong variable stops the start with its name, its value and what is allowed', async () => {
  const wrong = {
    PORT: 'http',
    PLAZA_BCRYPT_COST: '3',
    PLAZA_CORS_ORIGINS: 'square.example',
    LOG_LEVEL: 'loud',
    PLAZA_OPEN_SELLING: 'yes',
  }
  const { code, output } = await runPlaza(['start'], wrong)
  assert.equal(code, 1)
  for (const [name, value] of Object.entries(wrong))
    assert.ok(output.includes(`${name}="${value}"`), `${name}: ${output}`)
  assert.match(output, /PORT.* a whole number from 0 to 65535/)
  assert.match(output, /PLAZA_BCRYPT_COST.* a whole number from 10 to 14/)
  assert.match(output, /LOG_LEVEL.* one of trace, debug, info/)
  assert.match(output, /PLAZA_OPEN_SELLING.* true or false/)
  assert.doesNotMatch(output, /\bat .*:\d+:\d+/, 'no stack for what is not a bug')
})

test('a wrong secret is named and not shown', async () => {
  const secrets = {
    PLAZA_SECRET: 'hunter2',
    DATABASE_URL: 'mysql://root:hunter2@db/plaza',
    PLAZA_ADMIN_PASSWORD: 'hunter2',
  }
  const { code, output } = await runPlaza(['start'], secrets)
  assert.equal(code, 1)
  for (const name of Object.keys(secrets)) assert.ok(output.includes(name), output)
  assert.doesNotMatch(output, /hunter2/)
})

test('plaza config shows every setting, its value and where it came from; secrets are masked', async () => {
  const env = {
    PORT: '9000',
    PLAZA_SECRET: 'a secret that is long enough, 40 letters',
    DATABASE_URL: 'postgres://owner:hunter2@db.example:5433/plaza',
  }
  const { code, output } = await runPlaza(['config'], env)
  assert.equal(code, 0, output)
  assert.match(output, /^PORT +9000 +environment /m)
  assert.match(output, /^HOST +127\.0\.0\.1 +default /m)
  assert.match(output, /^PLAZA_DATA +\.plaza +default /m)
  assert.match(output, /^DATABASE_URL +postgres:\/\/owner:••••@db\.example:5433\/plaza +environment /m)
  assert.doesNotMatch(output, /hunter2|long enough/)
})

test('which services are where is checked and shown like every setting', async () => {
  const env = { PLAZA_SERVICES: 'users,pots', PLAZA_URL_POSTS: 'posts:8081' }
  const wrong = await runPlaza(['config'], env)
  assert.equal(wrong.code, 1)
  assert.match(
    wrong.output,
    /PLAZA_SERVICES="users,pots".* auth, users, posts, timelines, search, moderation, privacy, analytics, gateway/,
  )
  assert.match(wrong.output, /PLAZA_URL_POSTS="posts:8081".* http:\/\/host:port/)
  assert.match(wrong.output, /PLAZA_URL_AUTH is not set/)
  const { code, output } = await runPlaza(['config'], { PLAZA_URL_POSTS: 'http://a:1,http://b:2' })
  assert.equal(code, 0, output)
  assert.match(output, /^PLAZA_URL_POSTS +http:\/\/a:1,http:\/\/b:2 +environment /m)
  assert.match(
    output,
    /^PLAZA_SERVICES +auth,users,posts,timelines,search,moderation,privacy,analytics,gateway +default /m,
  )
})

test('a command that is none says so, and which there are', async () => {
  const { code, output } = await runPlaza(['strat'], {})
  assert.equal(code, 1)
  assert.match(output, /unknown command 'strat'/)
  for (const command of ['start', 'fleet', 'migrate', 'demo', 'config', 'doctor', 'dead-letters', 'events'])
    assert.match(output, new RegExp(`^ +${command}\\b`, 'm'))
})

test('a demo without a Plaza says how to start one', async () => {
  const { code, output } = await runPlaza(['demo', '--url', 'http://127.0.0.1:9'], {})
  assert.equal(code, 1)
  assert.match(output, /No Plaza answers at http:\/\/127\.0\.0\.1:9\. Start one with: npm start/)
  assert.equal((await runPlaza(['demo', '--people', 'many'], {})).code, 1)
})

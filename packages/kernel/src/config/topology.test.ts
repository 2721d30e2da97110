import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeConfig, toConfig } from './config.ts'
import { parseAddresses } from './topology.ts'

const known = ['auth', 'users', 'posts', 'gateway']
const topologyOf = (env: Record<string, string>) => toConfig(env, known).topology

test('with nothing set everything is hosted here', () => {
  assert.deepEqual(topologyOf({}).hosted, known)
  assert.equal(topologyOf({}).urls.size, 0)
})

test('a part is hosted here, the rest is where its variables say', () => {
  const { hosted, urls } = topologyOf({
    PLAZA_SERVICES: ' users, gateway',
    PLAZA_URL_AUTH: 'http://auth:8081/',
    PLAZA_URL_POSTS: 'http://a:1, http://b:2,http://a:1',
  })
  assert.deepEqual(hosted, ['users', 'gateway'])
  assert.deepEqual(urls.get('auth'), ['http://auth:8081'])
  assert.deepEqual(urls.get('posts'), ['http://a:1', 'http://b:2'])
})

test('an address that is missing, wrong or of no service, and a name that is none, are all told at once', () => {
  const env = {
    PLAZA_SERVICES: 'users,pots',
    PLAZA_URL_POSTS: 'http://user:hunter2@posts:8081',
    PLAZA_URL_POTS: 'http://a:1',
    AUTH_DATABASE_URL: 'mysql://root:hunter2@db/auth',
  }
  assert.throws(
    () => topologyOf(env),
    ({ message }: Error) => {
      assert.match(
        message,
        /PLAZA_SERVICES="users,pots" .* names among auth, users, posts, gateway.*"pots" is not/,
      )
      assert.match(message, /PLAZA_URL_AUTH is not set: auth is not hosted here/)
      assert.match(message, /PLAZA_URL_POSTS="http:\/\/••••@posts:8081" .* http:\/\/host:port/)
      assert.match(
        message,
        /PLAZA_URL_POTS names no service: .* PLAZA_URL_AUTH, PLAZA_URL_USERS, PLAZA_URL_POSTS/,
      )
      assert.match(message, /AUTH_DATABASE_URL=\(hidden\)/)
      assert.doesNotMatch(message, /hunter2|PLAZA_URL_GATEWAY/)
      return true
    },
  )
})

test('what is no address of a service is refused', () => {
  for (const text of ['posts', 'ftp://a:1', 'http://a:1/rpc', 'http://a:1?x', ',', 'http://a:1,b'])
    assert.throws(() => parseAddresses(text), /http:\/\/host:port/, text)
})

test('plaza config shows them, with the passwords of databases masked', () => {
  const env = { PLAZA_SERVICES: 'auth,users,posts', POSTS_DATABASE_URL: 'postgres://owner:hunter2@db/posts' }
  const found = new Map(describeConfig(env, known).map(each => [each.env, each]))
  assert.deepEqual(found.get('PLAZA_SERVICES')?.value, 'auth,users,posts')
  assert.deepEqual(found.get('POSTS_DATABASE_URL')?.value, 'postgres://owner:••••@db/posts')
  assert.deepEqual(found.get('PLAZA_URL_USERS')?.origin, 'default')
})

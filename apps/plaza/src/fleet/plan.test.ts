import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planFleet } from './plan.ts'

const known = ['auth', 'users', 'posts', 'gateway']
const namesOf = (options: Parameters<typeof planFleet>[1]) => planFleet(known, options).map(each => each.name)

test('each service has a process of its own, the gateway too', () => {
  assert.deepEqual(namesOf({}), ['auth', 'users', 'posts', 'gateway'])
})

test('replicas are numbered; what has none is not', () => {
  assert.deepEqual(namesOf({ replicas: 'posts=2, gateway=3' }), [
    'auth',
    'users',
    'posts.1',
    'posts.2',
    'gateway.1',
    'gateway.2',
    'gateway.3',
  ])
  assert.deepEqual(planFleet(known, { replicas: 'posts=2' })[3], {
    name: 'posts.2',
    services: ['posts'],
    replica: 2,
  })
})

test('groups share a process, whatever is in none has its own; a group is doubled by any of its names', () => {
  assert.deepEqual(namesOf({ groups: 'posts,auth', replicas: 'posts=2' }), [
    'auth+posts.1',
    'auth+posts.2',
    'users',
    'gateway',
  ])
  assert.deepEqual(namesOf({ groups: 'auth,users;posts,gateway;' }), ['auth+users', 'posts+gateway'])
})

test('only those that host what was named are started', () => {
  assert.deepEqual(namesOf({ only: 'gateway,posts', replicas: 'posts=2' }), ['posts.1', 'posts.2', 'gateway'])
  assert.deepEqual(namesOf({ only: 'users', groups: 'auth,users' }), ['auth+users'])
})

test('what is wrong is named, with what is allowed', () => {
  const wrong: [Parameters<typeof planFleet>[1], RegExp][] = [
    [{ replicas: 'pots=2' }, /"pots=2".*auth, users, posts, gateway/],
    [{ replicas: 'posts=0' }, /"posts=0".*from 1 to 16/],
    [{ replicas: 'posts=17' }, /from 1 to 16/],
    [{ replicas: 'posts' }, /service=number/],
    [{ replicas: 'posts=1,posts=2' }, /posts twice/],
    [{ groups: 'auth,pots' }, /--groups: "pots" is no service/],
    [{ groups: 'auth,posts;posts' }, /names posts twice/],
    [{ only: '' }, /--only: "" is no service/],
  ]
  for (const [options, message] of wrong) assert.throws(() => planFleet(known, options), message)
})

import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import Type, { type TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { type AppError, isAppError } from './app-error.ts'
import { command } from './contract.ts'
import { explain } from './explain.ts'
import { Closed, Id, Nullable, PageInput, Timestamp } from './schemas.ts'
import { inputChecker } from './validation.ts'

const NewPost = Closed({
  text: Type.String({ minLength: 1, maxLength: 5 }),
  replyTo: Type.Optional(Id.post),
  visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('followers')])),
  tags: Type.Optional(Type.Array(Type.String({ maxLength: 3 }), { maxItems: 2 })),
  at: Type.Optional(Nullable(Timestamp)),
  password: Type.Optional(Type.String({ minLength: 10 })),
  ...PageInput,
})

test('what the schema allows passes', () => {
  const id = 'post_01h455vb4pex5vsknk084sn02q'
  refusalOf(
    NewPost,
    { text: 'hello', replyTo: id, visibility: 'public', tags: ['a'], at: null, limit: 1 },
    [],
  )
  refusalOf(NewPost, { text: '😀😀😀😀😀' }, [])
})

test('every problem is named at once, with its pointer and what is allowed', () => {
  const input = {
    text: 'too long',
    replyTo: 'user_01h455vb4pex5vsknk084sn02q',
    visibility: 'all',
    tags: ['ok', 'long'],
    at: 'today',
    limit: 101,
    colour: 'red',
  }
  refusalOf(NewPost, input, [
    ['/text', 'must be text of 1 to 5 characters, not "too long"'],
    [
      '/replyTo',
      'must be an id such as post_01h455vb4pex5vsknk084sn02q, not "user_01h455vb4pex5vsknk084sn02q"',
    ],
    ['/visibility', 'must be one of "public", "followers", not "all"'],
    ['/tags/1', 'must be text of at most 3 characters, not "long"'],
    ['/at', 'must be a time such as 2026-01-31T12:00:00Z or null, not "today"'],
    ['/limit', 'must be a whole number from 1 to 100, not 101'],
    ['/colour', 'is not known here; known: text, replyTo, visibility, tags, at, password, limit, cursor'],
  ])
})

test('a missing property is named with what belongs there', () => {
  refusalOf(NewPost, {}, [['/text', 'is required: text of 1 to 5 characters']])
})

test('what is no object at all is refused as a whole', () => {
  refusalOf(NewPost, [], [['', 'must be an object, not a list of 0']])
  refusalOf(NewPost, undefined, [['', 'must be an object, not nothing']])
})

test('a password never comes back in an answer', () => {
  refusalOf(NewPost, { text: 'a', password: 'hunter2' }, [
    ['/password', 'must be text of at least 10 characters'],
  ])
})

test('of a union of objects the nearest alternative is explained', () => {
  const Order = Closed({
    what: Type.Union([Closed({ cartId: Type.String() }), Closed({ items: Type.Array(Type.Integer()) })]),
  })
  refusalOf(Order, { what: { items: ['x'] } }, [['/what/items/0', 'must be a whole number, not "x"']])
})

test('NUL and lone surrogates are refused in every text', () => {
  refusalOf(NewPost, { text: 'a\0' }, [['/text', 'must not contain NUL']])
  refusalOf(NewPost, { text: 'a', tags: ['\ud800'] }, [
    ['/tags/0', 'must be Unicode: half a surrogate pair is not'],
  ])
  refusalOf(Closed({ any: Type.Unknown() }), { any: [{ deep: '\udfff' }] }, [
    ['/any/0/deep', 'must be Unicode: half a surrogate pair is not'],
  ])
})

test('names that JavaScript gives a meaning are refused, also where a schema is open', () => {
  refusalOf(Closed({ any: Type.Unknown() }), { any: JSON.parse('{"__proto__": {"a": 1}}') }, [
    ['/any/__proto__', 'has a name that is not allowed'],
  ])
  refusalOf(Closed({}), JSON.parse('{"__proto__": 1}'), [
    ['/__proto__', 'is not known here'],
    ['/__proto__', 'has a name that is not allowed'],
  ])
})

test('what is nested too deeply is refused without a stack overflow', () => {
  const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
  const [problem] = problemsOf(Closed({ any: Type.Unknown() }), { any: deep })
  assert.match(problem?.detail ?? '', /nested more than 32 deep/)
})

test('problems are bounded', () => {
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`x${i}`, i]))
  assert.equal(problemsOf(NewPost, { text: 'a', ...many }).length, 50)
})

test('a megabyte of nonsense is refused in no time', () => {
  const lists = Closed({ numbers: Type.Array(Type.Integer()), open: Type.Unknown() })
  const began = performance.now()
  const late = problemsOf(lists, { numbers: [...Array(500_000).fill(1), 'x'], open: null })
  assert.deepEqual(late, [{ pointer: '', detail: 'has a wrong entry far down in a long list' }])
  assert.equal(problemsOf(lists, { numbers: Array(500_000).fill('x'), open: null }).length, 50)
  assert.equal(problemsOf(lists, { numbers: [], open: Array(300_000).fill('\0') }).length, 50)
  assert.ok(performance.now() - began < 3_000)
})

test('a problem is found exactly when the schema refuses the value', () => {
  const anything = fc.record(
    {
      text: fc.oneof(fc.string({ maxLength: 7 }), fc.integer()),
      tags: fc.oneof(fc.array(fc.string({ maxLength: 4 }), { maxLength: 3 }), fc.jsonValue()),
      visibility: fc.oneof(fc.constantFrom('public', 'followers', 'all'), fc.jsonValue()),
      at: fc.oneof(fc.constantFrom(null, '2026-01-31T12:00:00Z', 'x'), fc.jsonValue()),
      limit: fc.oneof(fc.integer({ min: -1, max: 102 }), fc.jsonValue()),
      other: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(anything, value => {
      assert.equal(explain(NewPost, value).length === 0, Check(NewPost, value))
    }),
  )
})

function problemsOf(schema: TSchema, input: unknown) {
  const check = inputChecker(command({ access: 'public', input: schema, output: Type.Null() }))
  try {
    check(input)
    return []
  } catch (error) {
    assert.ok(isAppError(error))
    assert.equal((error as AppError).code, 'invalid-input')
    return (error as AppError).details?.errors ?? []
  }
}

function refusalOf(schema: TSchema, input: unknown, expected: readonly (readonly [string, string])[]) {
  const found = problemsOf(schema, input)
  assert.deepEqual(
    found.map(({ pointer, detail }) => [pointer, detail]),
    expected,
  )
}

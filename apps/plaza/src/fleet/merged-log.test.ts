import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { MergedLog } from './merged-log.ts'

function logTo(isTerminal: boolean) {
  const lines: string[] = []
  const write = (text: string) => lines.push(text)
  return { lines, log: new MergedLog({ write, isTerminal, names: ['posts.1', 'auth'] }) }
}

test('on a terminal each whole line has its process’s name before it, in the colour its service always has', () => {
  const { lines, log } = logTo(true)
  const [first, second] = [log.source('posts.1', 'posts'), log.source('posts.2', 'posts')]
  first.push('one\ntw')
  log.source('auth', 'auth').push('between\n')
  first.push('o\n')
  second.push('last words')
  second.end()
  assert.deepEqual(lines.map(stripVTControlCharacters), [
    'posts.1 one\n',
    'auth    between\n',
    'posts.1 two\n',
    'posts.2 last words\n',
  ])
  const colour = (line = '') => line.slice(0, line.indexOf('p'))
  assert.notEqual(colour(lines[0]), '')
  assert.equal(colour(lines[0]), colour(lines[3]))
})

test('on a terminal a log line is shown as people read it, an error with its stack', () => {
  const { lines, log } = logTo(true)
  const error = { stack_trace: 'Error: no\n    at here' }
  const line = { '@timestamp': '2026-01-02T03:04:05.678Z', 'log.level': 'warn', message: 'It is late', error }
  log.source('auth', 'auth').push(`${JSON.stringify(line)}\n`)
  assert.equal(
    lines.map(stripVTControlCharacters).join(''),
    'auth    03:04:05.678 WARN It is late\nError: no\n    at here\n',
  )
})

test('elsewhere every line is JSON that names service and process, also what a process only printed', () => {
  const { lines, log } = logTo(false)
  const source = log.source('posts.1', 'posts')
  source.push('{"message":"ready","service.name":"posts"}\n{"message":"started"}\nnot {json}\n')
  const [own, started, printed] = lines.map(line => JSON.parse(line))
  assert.deepEqual(
    [own['service.name'], own['service.node.name'], own.message],
    ['posts', 'posts.1', 'ready'],
  )
  assert.equal(started['service.name'], 'posts.1')
  assert.deepEqual([printed['service.name'], printed.message], ['posts.1', 'not {json}'])
})

test('a line without an end is cut, not gathered for ever', () => {
  const { lines, log } = logTo(true)
  const source = log.source('auth', 'auth')
  for (let i = 0; i < 100; i++) source.push('x'.repeat(10_000))
  assert.ok(lines.length > 10)
})

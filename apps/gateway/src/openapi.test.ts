import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { auth } from '@plaza/auth/contract'
import { Closed, contract, query, Type } from '@plaza/kernel/contract'
import { openApiOf } from '@plaza/kernel/http'
import { posts } from '@plaza/posts/contract'
import { timelines } from '@plaza/timelines/contract'
import { users } from '@plaza/users/contract'
import { gateway } from './contract.ts'

const contracts = [auth, users, posts, timelines, gateway]
const openApi = openApiOf({ contracts, version: '1.2.3', url: undefined })

test('the document passes the recommended rules of Redocly without a warning', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'plaza-openapi-'))
  const file = join(folder, 'openapi.json')
  await writeFile(file, JSON.stringify(openApi))
  const { code, output } = await redocly('lint', '--extends', 'recommended', '--max-problems', '1000', file)
  assert.equal(code, 0, output)
  assert.doesNotMatch(output, /warning/i)

  await writeFile(file, JSON.stringify({ ...openApi, paths: { '/a': { get: { responses: {} } } } }))
  assert.notEqual((await redocly('lint', '--extends', 'recommended', file)).code, 0, 'the lint must bite')
  await rm(folder, { recursive: true })
})

test('every operation with a route is described under its own id, the others are not', () => {
  const described = Object.values(openApi.paths).flatMap(each =>
    Object.values(each).map(one => one.operationId),
  )
  const expected = contracts.flatMap(({ name, operations }) =>
    Object.entries(operations).flatMap(([key, each]) => (each.route ? [`${name}.${key}`] : [])),
  )
  assert.deepEqual(described.toSorted(), expected.toSorted())
})

test('the version of If-Match is a header, never a property', () => {
  assert.doesNotMatch(JSON.stringify(openApi), /ifVersion/)
  const edit = openApi.paths['/api/v1/posts/{id}']?.patch as { parameters: { name: string }[] }
  assert.ok(edit.parameters.some(each => each.name === 'If-Match'))
})

test('two different schemas of one title are a mistake', () => {
  const get = (path: string, output: ReturnType<typeof Closed>) =>
    query({ route: `GET /${path}`, access: 'public', input: Closed({}), output })
  const twice = contract('twice', {
    a: get('a', Closed({ x: Type.String() }, 'Thing')),
    b: get('b', Closed({ y: Type.String() }, 'Thing')),
  })
  assert.throws(() => openApiOf({ contracts: [twice], version: '1', url: undefined }), /titled Thing/)
})

function redocly(...args: string[]): Promise<{ code: number | null; output: string }> {
  const cli = join(import.meta.dirname, '../../../node_modules/@redocly/cli/bin/cli.js')
  const child = spawn(process.execPath, [cli, ...args], {
    // Nothing of it needs a network: no telemetry, no look for a newer version.
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', CI: 'true' },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      output += chunk
    })
  }
  return new Promise(resolve => child.on('close', code => resolve({ code, output })))
}

import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { houseRules } from './house-rules.ts'

const root = join(import.meta.dirname, '..')
const bad = join(root, 'test', 'bad')

test('each bad example is refused, by its rule, at its line, and nothing else is', () => {
  const expected = globSync('{packages,services,apps}/**/*.ts', { cwd: bad }).flatMap(path =>
    readFileSync(join(bad, path), 'utf8')
      .split('\n')
      .flatMap((text, index) =>
        [...text.matchAll(/\/\/ refused: ([a-z-]+)/g)].map(([, rule]) => `${path}:${index + 1} ${rule}`),
      ),
  )
  const found = houseRules(bad).breaches.map(({ path, line, rule }) => `${path}:${line} ${rule}`)
  assert.ok(expected.length > 20)
  assert.deepEqual(found.sort(), expected.sort())
})

test('Biome refuses what its rules must refuse', () => {
  for (const path of globSync('style/*.ts', { cwd: bad })) {
    const text = readFileSync(join(bad, path), 'utf8')
    const rule = text.match(/refused by Biome: (\S+)/)![1]!
    const { stdout, stderr, status } = spawnSync(
      join(root, 'node_modules', '.bin', 'biome'),
      ['lint', '--error-on-warnings', '--stdin-file-path=services/posts/src/bad.ts'],
      { cwd: root, input: text, encoding: 'utf8' },
    )
    assert.ok(
      status !== 0 && `${stdout}${stderr}`.includes(rule),
      `${path} was not refused by ${rule}:\n${stdout}${stderr}`,
    )
  }
})

test('a file beyond 400 lines and a service beyond 2,500 are refused, longer than 300 draws advice', () => {
  const house = houseOf({
    'services/posts/src/long.ts': 401,
    'services/posts/src/advised.ts': 301,
    ...Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`services/users/src/part-${i}.ts`, 280])),
  })
  try {
    const { breaches, advice } = houseRules(house)
    assert.deepEqual(
      breaches.map(({ path, rule }) => `${path} ${rule}`),
      ['services/posts/src/long.ts file-size', 'services/users service-size'],
    )
    assert.equal(advice.length, 1)
    assert.match(advice[0]!, /^services\/posts\/src\/advised\.ts has 301 lines/)
  } finally {
    rmSync(house, { recursive: true })
  }
})

function houseOf(lines: Record<string, number>): string {
  const house = mkdtempSync(join(tmpdir(), 'plaza-house-'))
  for (const [path, count] of Object.entries(lines)) {
    mkdirSync(dirname(join(house, path)), { recursive: true })
    writeFileSync(join(house, path), '// line\n'.repeat(count))
  }
  return house
}

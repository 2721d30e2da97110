import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { runPlaza } from '../plaza-process.ts'

const read = (path: string) => readFile(new URL(`../../${path}`, import.meta.url), 'utf8')

test('every npm command that the documents and the banner name is a script', async () => {
  const { scripts } = JSON.parse(await read('package.json')) as { scripts: Record<string, string> }
  for (const path of ['README.md', 'ARCHITECTURE.md', 'docs/API.md', 'apps/plaza/src/banner.ts']) {
    const named = [...(await read(path)).matchAll(/\bnpm (start|test|run ([\w:-]+))/g)]
    for (const [command, short, long] of named) assert.ok((long ?? short)! in scripts, `${path}: ${command}`)
  }
})

test('every plaza command that the README names is there', async () => {
  const named = [...(await read('README.md')).matchAll(/`npm run plaza -- ([\w-]+)(?: ([a-z-]+))?/g)]
  assert.ok(named.length >= 4)
  for (const [, command, sub] of named) {
    const { code, output } = await runPlaza([command!, ...(sub ? [sub] : []), '--help'], {})
    assert.equal(code, 0, output)
    assert.match(output, new RegExp(`Usage: plaza ${command}${sub ? ` ${sub}` : ''}`))
  }
})

test('the README’s first post is the banner’s', async () => {
  const commands = (text: string) =>
    [...text.matchAll(/curl -s \S*?(\/api\/v1\/\S+)/g)].map(([, path]) => path).slice(0, 3)
  const banner = commands(await read('apps/plaza/src/banner.ts'))
  assert.equal(banner.length, 3)
  assert.deepEqual(commands(await read('README.md')), banner)
})

test('every link of the README to a file of ours leads somewhere', async () => {
  for (const [, path] of (await read('README.md')).matchAll(/\]\((?!https?:)([^)#]+)\)/g)) {
    const found = await read(path!).catch(error => (error as NodeJS.ErrnoException).code)
    assert.notEqual(found, 'ENOENT', `${path} is not there`)
  }
})

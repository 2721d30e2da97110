import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { styleText } from 'node:util'
import { houseRules } from './house-rules.ts'

// npm run check: types, style, house rules and dead code, side by side; prints in full only what failed.
const root = join(import.meta.dirname, '..')
const inColour = process.stdout.isTTY

interface Outcome {
  name: string
  ok: boolean
  seconds: number
  output: string
}

const outcomes = await Promise.all([
  tool('types', 'tsc', '-p', '.', ...(inColour ? ['--pretty'] : [])),
  tool('style', 'biome', 'ci', '--error-on-warnings', `--colors=${inColour ? 'force' : 'off'}`),
  tool('dead code', 'knip', '--no-progress', '--no-config-hints'),
  ourRules(),
])

for (const { name, ok, output } of outcomes) {
  if (output && !ok) console.log(`${styleText('bold', `── ${name} `.padEnd(80, '─'))}\n${output.trim()}\n`)
}
for (const { name, ok, seconds, output } of outcomes) {
  const verdict = ok ? styleText('green', 'ok    ') : styleText('red', 'FAILED')
  console.log(`${verdict} ${name.padEnd(12)} ${seconds.toFixed(1)} s${ok && output ? `   ${output}` : ''}`)
}
process.exitCode = outcomes.every(({ ok }) => ok) ? 0 : 1

async function tool(name: string, command: string, ...args: string[]): Promise<Outcome> {
  const started = performance.now()
  const child = spawn(join(root, 'node_modules', '.bin', command), args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...(inColour && { FORCE_COLOR: '1' }) },
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', chunk => chunks.push(chunk))
  const ok = await new Promise<boolean>(resolve => {
    child.on('error', error => resolve(!chunks.push(error.message)))
    child.on('close', code => resolve(code === 0))
  })
  return { name, ok, seconds: (performance.now() - started) / 1000, output: ok ? '' : chunks.join('') }
}

async function ourRules(): Promise<Outcome> {
  const started = performance.now()
  const { breaches, advice, files } = houseRules(root)
  const output = breaches.map(({ path, line, rule, message }) => `${path}:${line} ${rule}: ${message}`)
  return {
    name: 'house rules',
    ok: breaches.length === 0,
    seconds: (performance.now() - started) / 1000,
    output: breaches.length ? output.join('\n') : [`${files} files`, ...advice].join('\n       '),
  }
}

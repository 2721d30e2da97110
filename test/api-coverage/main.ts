import { join } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { styleText } from 'node:util'
import { type CallRecord, digestOfCode, findRecord } from '../acceptance/call-record.ts'
import { readApiDocument } from './api-document.ts'
import { lines, rows } from './claims.ts'
import { judge, type OperationVerdict } from './judge.ts'
import { faultsOfSentences } from './judge-sentences.ts'
import { sentences } from './sentences.ts'

// npm run api:coverage: each row of docs/API.md with the tests that call it, each sentence of its conventions with those that prove it. It reads what the acceptance suite noted when it ran on
// this very code, and runs the suite when there is no such record.
const known = await findRecord('one-process')
const record = known?.digest === (await digestOfCode()) ? known : await runSuite()
const document = await readApiDocument()
const verdict = judge(document, rows, lines, record)
const faults = [...verdict.faults, ...faultsOfSentences(document.text, sentences, record)]
const operations = verdict.rows.flatMap(row => row.operations)

for (const { row, operations } of verdict.rows) {
  console.log(styleText('bold', row))
  for (const each of operations) console.log(`  ${lineOf(each)}`)
}
console.log(styleText('bold', '\nConventions'))
for (const { says, tests = [], files = [], later } of sentences) {
  const [first, ...others] = [...tests, ...files]
  const more = others.length > 0 ? ` and ${others.length} more` : ''
  console.log(`  ${first === undefined ? '·' : '✓'} ${says.length > 60 ? `${says.slice(0, 59)}…` : says}`)
  console.log(
    styleText(
      'dim',
      `      ${[first && `${first}${more}`, later && `later: ${later}`].filter(Boolean).join('; ')}`,
    ),
  )
}

const faulty = operations.filter(each => each.fault !== undefined)
const later = operations.filter(each => each.later !== undefined)
console.log(`
${verdict.rows.length} rows, ${operations.length} operations: ${operations.length - later.length} claimed, ${later.length} later; ${sentences.length} sentences`)
for (const fault of faults) console.log(styleText('red', fault))
for (const each of faulty) console.log(styleText('red', `${each.operation} ${each.fault}`))
if (faults.length + faulty.length > 0) process.exitCode = 1

function lineOf({ operation, tests, later, refusedOnly, fault }: OperationVerdict): string {
  const name = operation.padEnd(40)
  if (fault !== undefined) return styleText('red', `✗ ${name} ${fault}`)
  if (later !== undefined) return styleText('dim', `· ${name} later: ${later}`)
  const [first, ...others] = tests
  if (refusedOnly !== undefined)
    return `○ ${name} ${first} ${styleText('dim', `(refused only: ${refusedOnly})`)}`
  return `✓ ${name} ${first}${others.length > 0 ? styleText('dim', ` and ${others.length} more`) : ''}`
}

async function runSuite(): Promise<CallRecord> {
  console.log('The acceptance suite has not run on this code yet: it runs now.\n')
  const began = Date.now()
  const file = join(import.meta.dirname, '../acceptance/one-process.heavy.test.ts')
  const tests = run({ files: [file], testNamePatterns: ['the suite passes with everything in one process'] })
  for await (const chunk of tests.compose(new spec())) process.stdout.write(chunk)
  const record = await findRecord('one-process')
  if (record === undefined || record.at < began)
    throw new Error('The acceptance suite did not come to its end: see above.')
  return record
}

import type { CallRecord } from '../acceptance/call-record.ts'
import type { ApiDocument } from './api-document.ts'
import type { Claim } from './claims.ts'

export interface OperationVerdict extends Claim {
  /** The passing tests that it answered, or where it can only refuse here, refused. */
  readonly tests: readonly string[]
  readonly fault?: string
}

interface RowVerdict {
  readonly row: string
  readonly operations: readonly OperationVerdict[]
}

export interface Verdict {
  readonly rows: readonly RowVerdict[]
  /** What makes the claims wrong as a whole; empty when nothing does. */
  readonly faults: readonly string[]
}

type Claims = Readonly<Record<string, readonly Claim[]>>

/** Holds what is claimed of the document's rows against what a run of the suite called, and against what the server says it has. */
export function judge(document: ApiDocument, claimed: Claims, lines: Claims, record: CallRecord): Verdict {
  const documented = new Set(record.documented.map(withoutPrefix))
  const answered = testsByOperation(record, 'answered')
  const refused = testsByOperation(record, 'refused')
  const rows = Object.entries({ ...claimed, ...lines }).map(([row, claims]) => ({
    row,
    operations: claims.map(claim => {
      const tests = (claim.refusedOnly === undefined ? answered : refused).get(claim.operation) ?? []
      const isThere = documented.has(claim.operation) || answered.has(claim.operation)
      return { ...claim, tests, ...faultOf(claim, isThere, tests.length > 0, answered.has(claim.operation)) }
    }),
  }))
  const named = new Set(rows.flatMap(each => each.operations.map(({ operation }) => operation)))
  return {
    rows,
    faults: [
      ...document.rows
        .filter(row => !(row in claimed))
        .map(row => `API.md has a row that no claim names: ${row}`),
      ...Object.keys(claimed)
        .filter(row => !document.rows.includes(row))
        .map(row => `API.md has no such row: ${row}`),
      ...Object.keys(lines)
        .filter(line => !document.text.includes(line))
        .map(line => `API.md has no such line: ${line}`),
      ...[...documented]
        .filter(operation => !named.has(operation))
        .map(operation => `/openapi.json has an operation that no row of API.md names: ${operation}`),
      ...record.results
        .filter(each => !each.passed)
        .map(each => `a test failed, so what it called does not count: ${each.name}`),
    ],
  }
}

function faultOf(
  { later, refusedOnly }: Claim,
  isThere: boolean,
  isCalled: boolean,
  isAnswered: boolean,
): { fault?: string } {
  if (later !== undefined) return isThere ? { fault: 'is there after all: claim it' } : {}
  if (refusedOnly !== undefined && isAnswered) return { fault: 'is said only to refuse, and answers' }
  return isCalled ? {} : { fault: 'is claimed, and no passing test gets an answer from it' }
}

function testsByOperation({ results }: CallRecord, kind: 'answered' | 'refused'): Map<string, string[]> {
  const tests = new Map<string, string[]>()
  for (const result of results) {
    if (!result.passed) continue
    for (const call of result[kind].map(withoutPrefix))
      tests.set(call, [...(tests.get(call) ?? []), result.name])
  }
  return tests
}

const withoutPrefix = (operation: string) => operation.replace(' /api/v1/', ' /')

import assert from 'node:assert/strict'
import type { Answer } from './http-answer.ts'

/** Throws unless the answer has this status; says what came instead. */
export function expectStatus<T>(answer: Answer<T>, status: number): Answer<T> {
  assert.equal(answer.status, status, `${answer.method} ${answer.path}: ${answer.text.slice(0, 1_000)}`)
  return answer
}

export interface ProblemBody {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly requestId: string
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

/** Throws unless the answer is this problem (RFC 9457), one that points there, and gives nothing of our insides away. */
export function expectProblem(
  answer: Answer,
  status: number,
  code: string,
  ...pointers: string[]
): ProblemBody {
  expectStatus(answer, status)
  assert.equal(answer.headers['content-type'], 'application/problem+json')
  const problem = answer.body as ProblemBody
  assert.equal(problem.code, code, answer.text)
  assert.equal(problem.status, status)
  assert.ok(problem.title !== '' && problem.detail !== '' && problem.type.endsWith(`#${code}`), answer.text)
  assert.equal(problem.requestId, answer.headers['x-request-id'])
  assertTellsNothing(answer.text)
  const given = (problem.errors ?? []).map(each => each.pointer)
  for (const pointer of pointers)
    assert.ok(given.includes(pointer), `${pointer} is not among ${given}: ${answer.text}`)
  for (const { detail } of problem.errors ?? []) assert.notEqual(detail, '')
  return problem
}

/** Throws if a text holds a stack trace, SQL or a place on the server. */
export function assertTellsNothing(text: string): void {
  assert.doesNotMatch(text, /\bat .+:\d+:\d+|node_modules|\.ts\b|\/apps\/|\/services\//)
  assert.doesNotMatch(
    text,
    /\b(select .+ from|insert into|update .+ set|relation "|constraint|violates|sqlstate|pg_)\b/i,
  )
}
